import type { Context } from '../kernel/context.js';
import { Chain } from './chain.js';
import { eventOf } from './events.js';
import { history, type Walk } from './history.js';
import { type Burial, overAt, type Run, runsOf } from './runs.js';
import type { StateEvent } from './schemas.js';

/** How one run led to another. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /**
   * `next`: on the same branch, what ended the one asks for the other. `later`: on the same branch, something else asked afterwards, such as a person. `fan-out`:
   * `aynig-parent-run` of the request names it. `join`: its branch was merged, or waited for, by the other run.
   */
  readonly kind: 'next' | 'later' | 'fan-out' | 'join';
}

export interface Graph {
  /** By the time of their leases, oldest first. */
  readonly runs: readonly Run[];
  readonly edges: readonly Edge[];
}

/** A merge, with the lines that it brought in as they become known. */
interface Merge {
  readonly lane: string;
  readonly commit: string;
  readonly at: number;
  readonly lanes: string[];
}

/** Most runs that are put together. */
export const mostRuns = 20_000;

/**
 * The runs of branches and how they led to each other. Undefined where there are more than {@link mostRuns} since `since`, in
 * seconds since the epoch. Throws as {@link history} does.
 */
export async function readGraph(context: Context, walk: Pick<Walk, 'tips' | 'trunk'>, since = 0): Promise<Graph | undefined> {
  const merges: Merge[] = [];
  const awaited = new Map<string, Merge[]>();
  const chain = new Chain();
  const tips = new Set(walk.tips.map(({ oid }) => oid));
  const newest = new Map<string, Burial>();
  const burials = new WeakMap<StateEvent, Burial>();
  async function* events(): AsyncGenerator<StateEvent> {
    for await (const step of history(context, { ...walk, merged: true })) {
      if (step.kind === 'ended') chain.end(step.lane, step);
      else {
        const { lane, commit } = step;
        const mergedBy = awaited.get(commit.oid) ?? [];
        for (const merge of mergedBy) merge.lanes.push(lane);
        awaited.delete(commit.oid);
        const [, ...others] = commit.parents;
        if (others.length > 0) {
          const merge = { lane, commit: commit.oid, at: commit.committedAt, lanes: [] };
          merges.push(merge);
          for (const other of others) awaited.set(other, [...(awaited.get(other) ?? []), merge]);
        }
        const event = eventOf(lane, commit);
        // At the tip of any branch a lease is in force there, whatever else stands on it.
        const above = newest.get(lane) ?? mergedBy.at(-1);
        if (event?.state === 'working' && above !== undefined && !tips.has(commit.oid)) burials.set(event, above);
        newest.set(lane, { commit: commit.oid, at: commit.committedAt });
        if (event !== undefined) chain.take(lane, event);
      }
      yield* chain.ready();
    }
    chain.endAll();
    yield* chain.ready();
  }
  const runs: Run[] = [];
  for await (const run of runsOf(events(), (lease) => burials.get(lease))) {
    if ((overAt(run) ?? run.lease.at) < since) continue;
    runs.push(run);
    if (runs.length > mostRuns) return undefined;
  }
  // In the order of history first: within a second, or where clocks disagree, the dates know nothing of it.
  runs.reverse();
  const edges = edgesOf(runs, merges);
  return { runs: runs.sort((a, b) => a.lease.at - b.lease.at), edges };
}

const nameOf = ({ lease }: Run): string => lease.commit;

/** `runs` in the order of the history of each branch, oldest first. */
function edgesOf(runs: readonly Run[], merges: readonly Merge[]): Edge[] {
  const edges = new Map<string, Edge>();
  const add = (from: Run, to: Run, kind: Edge['kind']): void => {
    const key = `${nameOf(from)} ${nameOf(to)}`;
    if (from !== to && !edges.has(key)) edges.set(key, { from: nameOf(from), to: nameOf(to), kind });
  };
  const byBranch = new Map<string, Run[]>();
  for (const run of runs) byBranch.set(run.branch, [...(byBranch.get(run.branch) ?? []), run]);
  const byId = new Map(runs.map((run) => [run.runId, run]));
  for (const own of byBranch.values())
    own.forEach((run, index) => {
      const before = own[index - 1];
      if (before === undefined) return;
      add(before, run, before.end !== null && before.end.commit === run.request?.commit ? 'next' : 'later');
    });
  for (const run of runs) {
    const parent = run.parentRun === null ? undefined : byId.get(run.parentRun);
    if (parent === undefined || parent.branch === run.branch) continue;
    // Later runs of the branch carry the trailer on; the first is the one that was asked for.
    if (byBranch.get(run.branch)?.[0] === run) add(parent, run, 'fan-out');
  }
  const lastBefore = (lane: string, at: number): Run | undefined =>
    byBranch.get(lane)?.findLast((run) => (overAt(run) ?? Number.POSITIVE_INFINITY) <= at);
  for (const { lane, at, lanes } of merges) {
    const into = byBranch.get(lane)?.find((run) => run.lease.at <= at && at <= (overAt(run) ?? Number.POSITIVE_INFINITY));
    if (into === undefined) continue;
    for (const other of lanes) {
      const last = other === lane ? undefined : lastBefore(other, at);
      if (last !== undefined) add(last, into, 'join');
    }
  }
  for (const own of byBranch.values()) {
    const [first] = own;
    const last = own.at(-1);
    const parent = first?.parentRun == null ? undefined : byId.get(first.parentRun);
    const endedAt = last === undefined ? undefined : overAt(last);
    if (
      last === undefined ||
      endedAt === undefined ||
      first == null ||
      parent === undefined ||
      parent.branch === first.branch ||
      first.correlationId === null
    )
      continue;
    const waiting = byBranch
      .get(parent.branch)
      ?.find((run) => run.correlationId === first.correlationId && run !== parent && (run.request ?? run.lease).at >= endedAt);
    if (waiting !== undefined) add(last, waiting, 'join');
  }
  return [...edges.values()];
}

/** Whom a run led to, and what led to it, on whichever branch; all of what is joined with the runs of a branch. */
export function around({ runs, edges }: Graph, chosen: (run: Run) => boolean): Graph {
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  const taken = new Set<string>();
  const open = runs.filter(chosen).map(nameOf);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (taken.has(name)) continue;
    taken.add(name);
    open.push(...(neighbours.get(name) ?? []));
  }
  return only({ runs, edges }, (run) => taken.has(nameOf(run)));
}

/** The runs that are chosen, and the edges between them. */
export function only({ runs, edges }: Graph, chosen: (run: Run) => boolean): Graph {
  const kept = runs.filter(chosen);
  const names = new Set(kept.map(nameOf));
  return { runs: kept, edges: edges.filter(({ from, to }) => names.has(from) && names.has(to)) };
}
