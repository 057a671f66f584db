import { resolve } from 'node:path';
import { Failure } from '../failure.js';
import { openContext } from '../kernel/open-context.js';
import { expositionLines } from '../observe/metrics/exposition.js';
import { readMetrics } from '../observe/metrics/metrics.js';
import { printable } from '../printable.js';
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
  const context = await openContext({ cwd: flags.cwd, startedBy: 'hook' });
  try {
    const since = await sinceArgument(context.repository, flags.since);
    const text = `${[...expositionLines(await readMetrics(context, since))].join('\n')}\n`;
    if (flags.textfile === undefined) await io.write(text);
    else writeTextfile(resolve(flags.cwd, flags.textfile), text, io);
    return 0;
  } finally {
    await context.objects.close();
  }
}

/** Whoever collects it is another user, and reads whenever it likes: it finds the old file or the new one, whole. */
function writeTextfile(path: string, text: string, io: Io): void {
  try {
    writeDurably(path, text, { sync: false, mode: 0o644 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new Failure('metrics-file', `The metrics could not be written to ${path}: ${error.message}.`, {
      hint: 'See that its folder is there and that you may write to it; the file is as it was.',
      cause: error,
    });
  }
  if (!path.endsWith('.prom'))
    io.err(printable(`${path} does not end in .prom, and the textfile collector of node_exporter reads no other.`));
}
