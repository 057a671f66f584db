import { type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '../failure.js';
import { openContext } from '../kernel/open-context.js';
import { expositionLines } from '../observe/metrics/exposition.js';
import { readMetrics } from '../observe/metrics/metrics.js';
import { printable, quoted } from '../printable.js';
import { writeDurably } from '../runner/durable-file.js';
import type { Io } from './io.js';
import { sinceArgument } from './since.js';

export interface MetricsFlags {
  readonly cwd: string;
  /** Where to write it; default: standard output. */
  readonly textfile?: string | undefined;
  readonly since: string;
}

/** `aynig metrics`: figures of the branches and of the runs of a window, for Prometheus and what reads its format. Throws {@link Failure} metrics-file. */
export async function metrics(flags: MetricsFlags, io: Io): Promise<number> {
  const target = flags.textfile === undefined ? undefined : filePath(resolve(flags.cwd, flags.textfile));
  const context = await openContext({ cwd: flags.cwd, startedBy: 'hook' });
  try {
    const since = await sinceArgument(context.repository, flags.since);
    const text = `${[...expositionLines(await readMetrics(context, since))].join('\n')}\n`;
    if (target === undefined) await io.write(text);
    else writeTextfile(target, text, io);
    return 0;
  } finally {
    await context.objects.close();
  }
}

/** The path, where a file may be put there. A rename would take the place of a device or of a link to a folder. */
function filePath(path: string): string {
  let found: Stats | undefined;
  try {
    found = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unwritable(path, error);
  }
  if (found === undefined || found.isFile()) return path;
  const [what, other] = found.isDirectory() ? ['a folder', join(path, 'aynig.prom')] : ['no ordinary file', '<path>.prom'];
  throw new Failure('metrics-file', `${path} is ${what}; nothing was written.`, {
    hint: `Name a file: aynig metrics --textfile ${quoted(other)}`,
  });
}

/** Whoever collects it is another user, and reads whenever it likes: it finds the old file or the new one, whole. */
function writeTextfile(path: string, text: string, io: Io): void {
  try {
    writeDurably(path, text, { sync: false, mode: 0o644 });
  } catch (error) {
    throw unwritable(path, error);
  }
  if (!path.endsWith('.prom'))
    io.err(printable(`${path} does not end in .prom, and the textfile collector of node_exporter reads no other.`));
}

/** What the file system said, as a {@link Failure}; what it has not said as it is. */
function unwritable(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  return new Failure('metrics-file', `The metrics could not be written to ${path}: ${reasonOf(error, dirname(path))}.`, {
    hint: 'See that its folder is there and that you may write to it; the file is as it was.',
    cause: error,
  });
}

function reasonOf(error: Error & { readonly code?: unknown }, folder: string): string {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no folder ${folder}`;
    case 'EACCES':
    case 'EPERM':
      return `you may not write in ${folder}`;
    default:
      return error.message;
  }
}
