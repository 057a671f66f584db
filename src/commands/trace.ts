import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { branchRef } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import { packageRoot } from '../install/rendered.js';
import { openContext } from '../kernel/open-context.js';
import { collectTrace } from '../observe/trace/collect.js';
import { pageMark, pageWith } from '../observe/trace/page.js';
import { printable } from '../printable.js';
import type { TraceData } from '../trace-page/data.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';
import { outputPath, writeOutput } from './output-file.js';
import { sinceArgument } from './since.js';
import { version } from './version.js';

export interface TraceFlags {
  readonly cwd: string;
  readonly branch?: string | undefined;
  readonly all: boolean;
  readonly merged: boolean;
  readonly since?: string | undefined;
  readonly limit: number;
  /** A file; `-` is standard output. */
  readonly output: string;
  readonly force: boolean;
  readonly logs: boolean;
  readonly diffs: boolean;
}

/** `aynig trace`: one page with the timeline of a branch or of all, to be looked at anywhere. */
export async function trace(flags: TraceFlags, io: Io): Promise<number> {
  const { cwd, force, output, limit, logs, diffs, merged } = flags;
  const target = output === '-' ? undefined : outputPath({ cwd, path: output, mark: pageMark, force });
  const built = readFileSync(join(packageRoot(), 'dist/trace-page.html'), 'utf8');
  const context = await openContext({ cwd, startedBy: 'hook' });
  try {
    const { repository } = context;
    const branch = flags.all ? undefined : await branchArgument(repository, flags.branch);
    const tips = await readBranchTips(repository.git, branch === undefined ? undefined : [branchRef(branch)]);
    const since = flags.since === undefined ? undefined : await sinceArgument(repository, flags.since);
    const scope = branch === undefined ? 'all branches' : branch;
    const data = await collectTrace(
      context,
      { tips, merged, since, limit, logs, diffs },
      { repository: nameOf(repository), scope, version },
    );
    const page = pageWith(built, data);
    if (target === undefined) await io.write(page);
    else {
      writeOutput(target, page, { mark: pageMark, force });
      io.out(printable(target));
    }
    io.err(summary(data, page.length));
    for (const sentence of data.omitted) io.err(sentence);
    return 0;
  } finally {
    await context.objects.close();
  }
}

const nameOf = ({ mainRoot, commonDir }: Repository): string => basename(mainRoot ?? commonDir);

function summary({ events, lanes, runs }: TraceData, size: number): string {
  if (events.length === 0) return 'There is no state event to show; the page says so.';
  const megabytes = (size / 1024 / 1024).toFixed(1);
  const count = (all: readonly unknown[], one: string): string => `${all.length} ${one}${all.length === 1 ? '' : 's'}`;
  return `${count(events, 'event')} and ${count(runs, 'run')} on ${count(lanes, 'line')}, ${megabytes} MB. Open it in a browser.`;
}
