import { closeSync, linkSync, lstatSync, openSync, readSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Failure } from '../failure.js';

/** A file that a verb makes for a person. */
export interface Output {
  readonly cwd: string;
  readonly path: string;
  /** What the files of this verb begin with: those may be replaced. */
  readonly mark: string;
  readonly force: boolean;
}

/**
 * Where a file of ours may go, before the work for it is done; answers its absolute path, links resolved. Throws {@link Failure}
 * output-exists for what is not a file of this verb, and output-folder where there is no folder for it.
 */
export function outputPath(output: Output): string {
  try {
    return placeOf(output);
  } catch (error) {
    throw named(error, output.path);
  }
}

function placeOf({ cwd, path, mark, force }: Output): string {
  const wanted = resolve(cwd, path);
  if (statSync(dirname(wanted), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw badFolder(`There is no folder ${dirname(wanted)}.`);
  const isThere = lstatSync(wanted, { throwIfNoEntry: false }) !== undefined;
  const found = isThere ? statSync(wanted, { throwIfNoEntry: false }) : undefined;
  if (isThere && found === undefined) throw inTheWay(path, 'a link that leads nowhere');
  if (found === undefined) return wanted;
  if (!found.isFile()) throw inTheWay(path, found.isDirectory() ? 'a folder' : 'no ordinary file');
  if (!force && !beginsWith(wanted, mark))
    throw new Failure('output-exists', `${path} is there already and was not made by this verb; nothing was written.`, {
      hint: 'Name another file with -o, or replace it with: --force',
    });
  return realpathSync(wanted);
}

const badFolder = (sentence: string, cause?: unknown): Failure =>
  new Failure('output-folder', sentence, { hint: 'Name a file in another folder with -o', cause });

const inTheWay = (path: string, what: string): Failure =>
  new Failure('output-exists', `${path} is ${what}; nothing was written.`, { hint: 'Name another file with -o, or -o - to print it' });

function beginsWith(path: string, mark: string): boolean {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(Buffer.byteLength(mark));
    return readSync(file, start) === start.length && start.toString('utf8') === mark;
  } finally {
    closeSync(file);
  }
}

/** Writes the whole file or nothing, for its owner alone: logs are not for everyone. `path` is what {@link outputPath} answered. */
export function writeOutput(path: string, text: string, { mark, force }: Pick<Output, 'mark' | 'force'>): void {
  // A name may be as long as the file system takes, and this one is longer.
  const temporary = join(dirname(path), `.${basename(path).slice(0, 50)}.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined && linked(temporary, path)) return;
    // It came while we were at work.
    outputPath({ cwd: '/', path, mark, force });
    renameSync(temporary, path);
  } catch (error) {
    throw named(error, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT']);
/** Those have a name of their own. */
const full = new Set(['ENOSPC', 'EDQUOT']);

/** What the file system said, as a {@link Failure}; what it has not said as it is. */
function named(error: unknown, path: string): unknown {
  const code = error instanceof Failure ? undefined : (error as NodeJS.ErrnoException).code;
  if (code === undefined || full.has(code)) return error;
  if (unwritable.has(code)) return badFolder(`Nothing can be written in ${dirname(path)}.`, error);
  return badFolder(`${path} cannot be written: ${code}.`, error);
}

/** Unlike a rename, a link never takes the place of what came meanwhile. False where there is something, or a file system without links. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}
