import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, type Stats } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../failure.js';
import { failureOf } from '../git/causes.js';
import { GitError } from '../git/gate.js';
import { isOid, type Oid } from '../git/names.js';
import type { Repository } from '../git/repository.js';
import { quoted } from '../printable.js';
import { removeFile, writeDurably } from '../runner/durable-file.js';
import { type Lock, waitForLock } from '../runner/lock.js';
import { makeTemporaryFolder } from '../runner/temporary-folder.js';
import { atOnce } from './at-once.js';
import type { Here } from './here.js';

/** So long another install of the same working tree is waited for, in milliseconds. */
const patienceMs = 10_000;
/** git may take so long to write some hundred files, in milliseconds. */
const checkoutMs = 5 * 60_000;
/** Each is two processes of git. */
const lookedAtAtOnce = 4;

/** Written before the first file is touched, and gone when the last one stands: what is there in between is put back. */
const journalSchema = z.object({ before: z.string().check(z.refine(isOid)), after: z.string().check(z.refine(isOid)) });
const folderOf = ({ gitDir }: Repository): string => join(gitDir, 'aynig');
const journalPath = (repository: Repository): string => join(folderOf(repository), 'packs-being-written.json');

/** One install at a time in one working tree. Throws {@link Failure} lock-timeout. */
export async function lockCheckout(repository: Repository): Promise<Lock> {
  mkdirSync(folderOf(repository), { recursive: true });
  return waitForLock(join(folderOf(repository), 'packs.lock'), patienceMs);
}

/**
 * Brings index and working tree from HEAD's tree to `after`, by git's own two-tree merge (git-read-tree(1)): it looks at every
 * file before it writes the first, writes through no link, and keeps what a person has staged elsewhere. A failure in the
 * middle puts everything back. Throws {@link Failure} pack-in-the-way, pack-undone, or what git's failure is called.
 */
export async function checkOut(repository: Repository, here: Here, after: Oid): Promise<void> {
  const touched = await differing(here, here.tree, after);
  const blocked = touched.find((one) => one.before === undefined && isBlocked(here, one.path));
  if (blocked !== undefined) throw inTheWay(blocked.path);
  mkdirSync(folderOf(repository), { recursive: true });
  writeDurably(journalPath(repository), JSON.stringify({ before: here.tree, after }));
  // read-tree takes a file for changed whose owner or time is another one than the index has seen; what holds the index it says itself.
  await here.git(['update-index', '-q', '--refresh'], { ok: [0, 1, 128] });
  try {
    await here.git(['-c', 'submodule.recurse=false', 'read-tree', '-m', '-u', here.tree, after], { timeoutMs: checkoutMs });
  } catch (error) {
    const left = await putBack(repository, here, here.tree, after);
    throw causeOf(error, here.top, left);
  }
  removeFile(journalPath(repository));
}

/**
 * Brings back files that are committed and were deleted since, into the index and the working tree; what stands at such a path by now
 * is left. Throws {@link Failure} pack-in-the-way for that, or what git's failure is called.
 */
export async function bringBack({ git, files, top }: Here, deleted: readonly string[]): Promise<void> {
  if (deleted.length === 0) return;
  const entries = deleted.flatMap((path) => {
    const file = files.get(path);
    return file === undefined ? [] : [`${file.mode} ${file.blob}\t.aynig/${path}\0`];
  });
  try {
    await git(['update-index', '-z', '--index-info'], { input: entries.join('') });
    // Without --force it writes over nothing.
    await git(['checkout-index', '--index', '--quiet', '-z', '--stdin'], { input: deleted.map((path) => `.aynig/${path}\0`).join('') });
  } catch (error) {
    throw causeOf(error, top, []);
  }
  const missing = deleted.find((path) => whatIsAt(join(top, '.aynig', path)) === undefined);
  if (missing !== undefined) throw inTheWay(`.aynig/${missing}`);
}

/** What a path names; undefined where nothing is, also because a file is where a folder would have to be. */
function whatIsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Whether a new file would take the place of something that git does not know: read-tree writes over ignored files. */
function isBlocked({ top, files }: Here, path: string): boolean {
  const isKnown = (name: string): boolean => files.has(name.slice('.aynig/'.length));
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    const above = whatIsAt(join(top, folder));
    if (above !== undefined && !above.isDirectory() && !isKnown(folder)) return true;
  }
  const there = whatIsAt(join(top, path));
  if (there === undefined) return false;
  if (!there.isDirectory()) return !isKnown(path);
  const inside = readdirSync(join(top, path), { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  return inside.some((entry) => !files.has(relative(join(top, '.aynig'), join(entry.parentPath, entry.name))));
}

const inTheWay = (path: string, rest = '', cause?: unknown): Failure =>
  new Failure('pack-in-the-way', `${path} is here and not committed, so nothing was written.${rest}`, {
    hint: `Commit it or move it away, then try again: git status --ignored -- ${quoted(`:/${path}`)}`,
    cause,
  });

/** Finishes what an install left that was killed; answers the files that it could not put back, undefined where there was none. */
export async function healCheckout(repository: Repository, here: Pick<Here, 'git' | 'top'>): Promise<readonly string[] | undefined> {
  const path = journalPath(repository);
  if (!existsSync(path)) return undefined;
  const read = journalSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!read.success) {
    removeFile(path);
    return undefined;
  }
  const { before, after } = read.data;
  if (!(await wasInterrupted(here, before as Oid, after as Oid))) {
    removeFile(path);
    return undefined;
  }
  return putBack(repository, here, before as Oid, after as Oid);
}

/**
 * Whether an install ended before git had written the index, which is what it writes last. A file that the index has otherwise than
 * before was brought there by git, which outlives us, or by a person who has gone on since: then nothing is to be put back.
 */
async function wasInterrupted(here: Pick<Here, 'git'>, before: Oid, after: Oid): Promise<boolean> {
  const [isAfterThere, isBeforeThere] = [await isThere(here, after), await isThere(here, before)];
  // gc keeps the tree of an install that came to nothing for two weeks (git-gc(1)).
  if (!isAfterThere || !isBeforeThere) return false;
  const touched = await differing(here, before, after);
  const diff = await here.git(['diff-index', '--cached', '-z', '--name-only', '--no-renames', before, '--', '.aynig']);
  const staged = new Set(diff.stdout.toString('utf8').split('\0'));
  return !touched.some(({ path }) => staged.has(path));
}

const isThere = async ({ git }: Pick<Here, 'git'>, tree: Oid): Promise<boolean> =>
  (await git(['cat-file', '-e', `${tree}^{tree}`], { ok: [0, 1, 128] })).exitCode === 0;

interface Touched {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Puts back every file that differs between the two trees; one that is neither is somebody's, and is answered. */
async function putBack(repository: Repository, here: Pick<Here, 'git' | 'top'>, before: Oid, after: Oid): Promise<readonly string[]> {
  const touched = await differing(here, before, after);
  const left: string[] = [];
  const restored: string[] = [];
  const isNew = ({ before: there }: Touched): boolean => there === undefined;
  // What was to be new goes first: it may be a folder where a file was.
  for (const some of [touched.filter(isNew), touched.filter((each) => !isNew(each))])
    for (const [index, ours] of (await atOnce(lookedAtAtOnce, some, (one) => isOurs(here, one))).entries()) {
      const { path, before: there } = some[index] as Touched;
      if (ours === 'not ours') left.push(path);
      else if (ours === 'untouched') continue;
      else if (there === undefined) removeWithFolders(here.top, path);
      else restored.push(path);
    }
  await restore(here, before, restored);
  removeFile(journalPath(repository));
  return left;
}

async function differing({ git }: Pick<Here, 'git'>, before: Oid, after: Oid): Promise<Touched[]> {
  const diff = await git(['diff-tree', '-r', '-z', '--no-renames', before, after]);
  const parts = diff.stdout.toString('utf8').split('\0');
  const found: Touched[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, , from = '', to = ''] = parts[at]?.split(' ') ?? [];
    const named = (name: string): string | undefined => (/^0+$/.test(name) ? undefined : name);
    found.push({ path: parts[at + 1] ?? '', before: named(from), after: named(to) });
  }
  return found;
}

/** A file that is `ours` is as it was to be, or a part of that, or gone: then nobody else has written it. `untouched`: it is as it was. */
async function isOurs(
  { git, top }: Pick<Here, 'git' | 'top'>,
  { path, before, after }: Touched,
): Promise<'ours' | 'untouched' | 'not ours'> {
  const file = join(top, path);
  const there = whatIsAt(file);
  if (there === undefined) return 'ours';
  if (!there.isFile()) return 'not ours';
  const bytes = readFileSync(file);
  if (bytes.length === 0) return 'ours';
  const name = (await git(['hash-object', `--path=${path}`, '--stdin'], { input: bytes })).stdout.toString('utf8').trim();
  // With another mode the content says nothing; it is written once more.
  if (name === before && before !== after) return 'untouched';
  if (name === before || name === after) return 'ours';
  if (after === undefined) return 'not ours';
  const whole = (await git(['cat-file', 'blob', after])).stdout;
  return whole.subarray(0, bytes.length).equals(bytes) ? 'ours' : 'not ours';
}

function removeWithFolders(top: string, path: string): void {
  removeFile(join(top, path));
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    try {
      rmdirSync(join(top, folder));
    } catch (error) {
      // Somebody else's files are in it, or it is gone already.
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
      throw error;
    }
  }
}

/** Writes files as they are in a tree, through the user's own conversions, and takes them out of the real index's changes. */
async function restore({ git }: Pick<Here, 'git'>, before: Oid, paths: readonly string[]): Promise<void> {
  const folder = makeTemporaryFolder('pack');
  try {
    const env = { GIT_INDEX_FILE: join(folder, 'index') };
    await git(['read-tree', before], { env });
    if (paths.length > 0)
      await git(['checkout-index', '--force', '--quiet', '-z', '--stdin'], { env, input: paths.map((path) => `${path}\0`).join('') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The folder of the working tree that git says it could not change. */
function unwritableIn(stderr: string, top: string): string | undefined {
  const said =
    /unable to (?:create (?:file|directory(?: at)?)|unlink(?: old)?|write(?: file)?) '?(.+?)'?: (?:Permission denied|Read-only file system)/;
  const path = said.exec(stderr)?.[1];
  if (path === undefined) return undefined;
  let folder = dirname(join(top, path));
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

function causeOf(error: unknown, top: string, left: readonly string[]): unknown {
  const rest = left.length === 0 ? '' : ` These were changed meanwhile and are left: ${left.join(', ')}.`;
  if (error instanceof GitError && /would be overwritten|would lose untracked/.test(error.stderr)) {
    return inTheWay(/'([^'\n]+)'/.exec(error.stderr)?.[1] ?? 'A file', rest, error);
  }
  if (error instanceof GitError && /index\.lock': File exists/.test(error.stderr))
    return new Failure('lock-timeout', `Another git holds the index, or one that died has left its lock. Everything is as it was.${rest}`, {
      hint: 'Wait for it, then try again; whether the lock may go is said by: aynig doctor',
      cause: error,
    });
  const unwritable = error instanceof GitError ? unwritableIn(error.stderr, top) : undefined;
  if (unwritable !== undefined)
    return new Failure('read-only', `${unwritable} cannot be written to. Everything is as it was.${rest}`, {
      hint: `Check its owner and its permissions, then try again: ls -ld ${quoted(unwritable)}`,
      cause: error,
    });
  const failure = failureOf(error);
  if (failure === undefined) return error;
  return new Failure(failure.code === 'git-failed' ? 'pack-undone' : failure.code, `${failure.message} Everything is as it was.${rest}`, {
    hint: failure.code === 'git-failed' ? 'See what git says, then try again: git status' : failure.hint,
    cause: error,
  });
}
