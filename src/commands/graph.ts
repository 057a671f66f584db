import { Failure } from '../failure.js';
import { readBranchTips } from '../git/refs.js';
import { openContext } from '../kernel/open-context.js';
import { type CriticalPath, criticalPath, spentOnAll } from '../observe/critical-path.js';
import { around, type Graph, mostRuns, only, readGraph } from '../observe/graph.js';
import { dotLines, mermaidLines } from '../observe/graph-pictures.js';
import { graphLines } from '../observe/graph-text.js';
import type { GraphReport } from '../observe/schemas.js';
import { trunkOf } from '../observe/trunk.js';
import { jsonText } from '../printable.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';
import { sinceArgument } from './since.js';

export interface GraphFlags {
  readonly cwd: string;
  readonly branch?: string | undefined;
  readonly since?: string | undefined;
  readonly correlation?: string | undefined;
  readonly format: 'text' | 'mermaid' | 'dot' | 'json';
}

/** `aynig graph`: which run led to which, and where time went. */
export async function graph(flags: GraphFlags, io: Io): Promise<number> {
  const context = await openContext({ cwd: flags.cwd, startedBy: 'person' });
  try {
    const branch = flags.branch === undefined ? undefined : await branchArgument(context.repository, flags.branch);
    const tips = (await readBranchTips(context.repository.git)).map(({ branch: lane, oid }) => ({ lane, oid }));
    const trunk = await trunkOf(context);
    const since = flags.since === undefined ? undefined : await sinceArgument(context.repository, flags.since);
    const whole = await readGraph(context, { tips, ...(trunk === undefined ? {} : { trunk }) }, since);
    if (whole === undefined)
      throw new Failure('too-many-runs', `There are more than ${mostRuns} runs, which is more than a graph can show.`, {
        hint: "Show fewer, for example: aynig graph --since '2 weeks ago'",
      });
    const joined = branch === undefined ? whole : around(whole, (run) => run.branch === branch);
    const chosen = flags.correlation === undefined ? joined : only(joined, (run) => run.correlationId === flags.correlation);
    const now = context.now();
    const path = criticalPath(chosen, now);
    if (chosen.runs.length === 0 && flags.format === 'text') io.err('There are no such runs.');
    for (const line of linesOf(flags.format, chosen, path, now)) await io.write(`${line}\n`);
    return 0;
  } finally {
    await context.objects.close();
  }
}

function linesOf(format: GraphFlags['format'], chosen: Graph, path: CriticalPath | undefined, now: number): string[] {
  switch (format) {
    case 'text':
      return graphLines(chosen, path, now);
    case 'mermaid':
      return mermaidLines(chosen, path);
    case 'dot':
      return dotLines(chosen, path);
    case 'json':
      return [jsonText(reportOf(chosen, path, now))];
  }
}

const reportOf = ({ runs, edges }: Graph, path: CriticalPath | undefined, now: number): GraphReport => ({
  schema: 'aynig.graph/1',
  runs: runs.map(({ request, lease, end, ...run }) => ({
    id: lease.commit,
    ...run,
    request: request === null ? null : { commit: request.commit, at: request.at, title: request.title },
    lease: { commit: lease.commit, at: lease.at },
    end:
      end === null
        ? null
        : { commit: end.commit, at: end.at, state: end.state, exitCode: end.exitCode, signal: end.signal, title: end.title },
  })),
  edges: [...edges],
  criticalPath: path === undefined ? null : { runs: path.runs.map(({ lease }) => lease.commit), seconds: path.seconds, spent: path.spent },
  spent: spentOnAll(runs, now),
});
