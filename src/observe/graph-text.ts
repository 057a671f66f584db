import { printable } from '../printable.js';
import { type CriticalPath, spentOnAll } from './critical-path.js';
import type { Graph } from './graph.js';
import type { Run } from './runs.js';
import { exactSpan } from './spans.js';

/** What a run is called in a graph. */
export const labelOf = ({ state, attempt }: Run): string => `${state}${attempt > 1 ? ` #${attempt}` : ''}`;

/** How a run went, in a few words. */
export function courseOf({ outcome, waitedSeconds, ranSeconds, end, buriedBy }: Run): string {
  const waited = waitedSeconds === null ? '' : `waited ${exactSpan(waitedSeconds)}, `;
  if (outcome === 'running' || ranSeconds === null) return `${waited}not ended`;
  if (outcome === 'completed') return `${waited}ran ${exactSpan(ranSeconds)}, then ${end?.state ?? 'invalid'}`;
  if (outcome === 'lost') return `${waited}lost after ${exactSpan(ranSeconds)} (${buriedBy?.commit.slice(0, 8)} stands on its lease)`;
  const how = end?.exitCode != null ? `exit ${end.exitCode}` : (end?.signal ?? 'no next state');
  return `${waited}stalled after ${exactSpan(ranSeconds)} (${how})`;
}

const kinds = { next: 'after', later: 'later than', 'fan-out': 'asked by', join: 'joins' } as const;

/** The graph as lines: a run each, `*` where it is on the critical path, then where time went. */
export function graphLines({ runs, edges }: Graph, path: CriticalPath | undefined, now: number): string[] {
  const name = (commit: string): string => commit.slice(0, 8);
  const into = new Map<string, string[]>();
  for (const { from, to, kind } of edges) into.set(to, [...(into.get(to) ?? []), `${kinds[kind]} ${name(from)}`]);
  const width = (text: (run: Run) => string): number => Math.max(0, ...runs.map((run) => text(run).length));
  const branch = (run: Run): string => printable(run.branch);
  const [branches, labels] = [width(branch), width(labelOf)];
  const lines = runs.map((run) => {
    const mark = path?.runs.includes(run) ? '*' : ' ';
    const because = into.get(run.lease.commit)?.join(', ') ?? '';
    const what = `${mark} ${name(run.lease.commit)}  ${branch(run).padEnd(branches)}  ${labelOf(run).padEnd(labels)}  ${courseOf(run)}`;
    return printable(because === '' ? what : `${what}  <- ${because}`);
  });
  if (path === undefined) return lines;
  const all = spentOnAll(runs, now);
  const { running, waiting, retrying, idle } = path.spent;
  return [
    ...lines,
    '',
    printable(`Critical path (*), ${exactSpan(path.seconds)}: ${path.runs.map((run) => `${run.branch} ${labelOf(run)}`).join(' -> ')}`),
    `  running ${exactSpan(running)}, waiting ${exactSpan(waiting)}, retrying ${exactSpan(retrying)}, idle ${exactSpan(idle)}`,
    `All ${runs.length} run${runs.length === 1 ? '' : 's'}, side by side or not: running ${exactSpan(all.running)}, waiting ${exactSpan(all.waiting)}, retrying ${exactSpan(all.retrying)}`,
  ];
}
