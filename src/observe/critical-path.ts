import type { Graph } from './graph.js';
import { overAt, type Run } from './runs.js';

/** Where time went, in seconds. */
export interface Spent {
  /** Commands at work that completed. */
  readonly running: number;
  /** Between a request and its lease. */
  readonly waiting: number;
  /** Runs that stalled or were lost, recovery, and the waits for these. */
  readonly retrying: number;
  /** Between the end of a run and a request that a person, or another branch, made later. */
  readonly idle: number;
}

export interface CriticalPath {
  /** Oldest first. */
  readonly runs: readonly Run[];
  readonly spent: Spent;
  /** From the first request to the last end. */
  readonly seconds: number;
}

const beginOf = ({ request, lease }: Run): number => (request ?? lease).at;
const endOf = (run: Run, now: number): number => Math.max(run.lease.at, overAt(run) ?? now);
const isRetry = ({ outcome, state }: Run): boolean => outcome === 'stalled' || outcome === 'lost' || state === 'stalled';

/**
 * The chain of runs that the last of all waited for: from it backwards always the one that ended last among those that led to it.
 * Nothing else would have made the whole end earlier. Undefined where nothing ran. `now` in seconds since the epoch.
 */
export function criticalPath({ runs, edges }: Graph, now: number): CriticalPath | undefined {
  const byName = new Map(runs.map((run) => [run.lease.commit, run]));
  const into = new Map<string, Run[]>();
  for (const { from, to } of edges) {
    const run = byName.get(from);
    if (run !== undefined) into.set(to, [...(into.get(to) ?? []), run]);
  }
  const later = (a: Run, b: Run): Run => (endOf(b, now) >= endOf(a, now) ? b : a);
  const [first, ...others] = runs;
  if (first === undefined) return undefined;
  const path: Run[] = [];
  const seen = new Set<Run>();
  let at: Run | undefined = others.reduce(later, first);
  // Clocks that disagree could make a circle.
  while (at !== undefined && !seen.has(at)) {
    seen.add(at);
    path.unshift(at);
    const [before, ...more]: Run[] = into.get(at.lease.commit) ?? [];
    at = before === undefined ? undefined : more.reduce(later, before);
  }
  const [begin = first] = path;
  const last = path.at(-1) ?? first;
  return { runs: path, spent: spentOn(path, now), seconds: Math.max(0, endOf(last, now) - beginOf(begin)) };
}

function spentOn(path: readonly Run[], now: number): Spent {
  const spent = { running: 0, waiting: 0, retrying: 0, idle: 0 };
  let reached: number | undefined;
  for (const run of path) {
    // What runs side by side counts once.
    const from = Math.max(beginOf(run), reached ?? beginOf(run));
    if (reached !== undefined && beginOf(run) > reached) spent.idle += beginOf(run) - reached;
    const lease = Math.max(from, run.lease.at);
    const end = Math.max(lease, endOf(run, now));
    spent[isRetry(run) ? 'retrying' : 'waiting'] += lease - from;
    spent[isRetry(run) ? 'retrying' : 'running'] += end - lease;
    reached = end;
  }
  return spent;
}

/** The same of all runs, each counted whole: side by side they take more than the clock. */
export function spentOnAll(runs: readonly Run[], now: number): Omit<Spent, 'idle'> {
  const spent = { running: 0, waiting: 0, retrying: 0 };
  for (const run of runs) {
    const waited = Math.max(0, run.lease.at - beginOf(run));
    const ran = endOf(run, now) - run.lease.at;
    if (isRetry(run)) spent.retrying += waited + ran;
    else {
      spent.waiting += waited;
      spent.running += ran;
    }
  }
  return spent;
}
