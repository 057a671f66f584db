import type { Oid } from '../../git/names.js';
import type { Context } from '../../kernel/context.js';
import { printable } from '../../printable.js';
import type { TraceBar, TraceRun } from '../../trace-page/data.js';
import { type Run, runsOf } from '../runs.js';
import type { Found } from './found.js';
import { logLimits, readLog } from './logs.js';

/** The runs of events that come oldest first, with the logs that this clone has of them. */
export async function tracedRuns(
  context: Context,
  found: readonly Found[],
  bars: readonly TraceBar[],
  logs: boolean,
): Promise<{ readonly runs: TraceRun[]; readonly problem: string | undefined }> {
  const byCommit = new Map(found.map(({ event }, index) => [event.commit, index]));
  const live = new Set(bars.filter(({ phase }) => phase === 'live').map(({ event }) => event));
  const folder = context.places.logsPath();
  const runs: TraceRun[] = [];
  let room = logLimits.total;
  let unread = 0;
  for await (const run of runsOf([...found].reverse().map(({ event }) => event))) {
    const lease = byCommit.get(run.lease.commit) as number;
    // The log is called by the commit that asked, which the lease stands on.
    const request = found[lease]?.parent;
    const log = logs && request !== undefined && room > 0 ? readLog(folder, request, Math.min(logLimits.each, room)) : null;
    room -= log?.text.length ?? 0;
    if (logs && room <= 0) unread++;
    runs.push({ ...pageRun(run, byCommit, lease, live.has(lease)), log });
  }
  const problem = unread > 0 ? `The logs of ${unread} older runs are left out: the page holds no more.` : undefined;
  return { runs: runs.reverse(), problem };
}

function pageRun(run: Run, byCommit: ReadonlyMap<string, number>, lease: number, live: boolean): Omit<TraceRun, 'log'> {
  const placeOf = (event: Run['request']): number | null => (event === null ? null : (byCommit.get(event.commit) ?? null));
  return {
    runId: printable(run.runId),
    runnerId: run.runnerId === null ? null : printable(run.runnerId),
    state: printable(run.state),
    attempt: run.attempt,
    outcome: run.outcome === 'running' && !live ? 'lost' : run.outcome,
    lease,
    request: placeOf(run.request),
    end: placeOf(run.end),
    renewals: run.renewals,
    waitedSeconds: run.waitedSeconds,
    ranSeconds: run.ranSeconds,
  };
}

/** Refs that keep work of runs, with what they name; there are as many as people have not looked after. */
export async function keptRefs({ repository }: Context): Promise<ReadonlyMap<string, Oid>> {
  const listed = await repository.git(['for-each-ref', '--format=%(refname) %(objectname)', `--count=${mostKept}`, 'refs/aynig/kept/']);
  const lines = listed.stdout.toString('utf8').split('\n');
  return new Map(lines.filter((line) => line !== '').map((line) => line.split(' ') as [string, Oid]));
}

const mostKept = 10_000;
