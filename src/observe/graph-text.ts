import { printable } from '../printable.js';
import { type CriticalPath, spentOnAll } from './critical-path.js';
import type { Graph } from './graph.js';
import type { Run } from './runs.js';

/** A length of time as people read it. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** What a run is called in a graph. */
export const labelOf = ({ state, attempt }: Run): string => `${state}${attempt > 1 ? ` #${attempt}` : ''}`;

/** How a run went, in a few words. */
export function courseOf({ outcome, waitedSeconds, ranSeconds, end }: Run): string {
  const waited = waitedSeconds === null ? '' : `waited ${duration(waitedSeconds)}, `;
  if (outcome === 'running' || ranSeconds === null) return `${waited}not ended`;
  if (outcome === 'completed') return `${waited}ran ${duration(ranSeconds)}, then ${end?.state ?? 'invalid'}`;
  const how = end?.exitCode != null ? `exit ${end.exitCode}` : (end?.signal ?? 'no next state');
  return `${waited}stalled after ${duration(ranSeconds)} (${how})`;
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
    printable(`Critical path (*), ${duration(path.seconds)}: ${path.runs.map((run) => `${run.branch} ${labelOf(run)}`).join(' -> ')}`),
    `  running ${duration(running)}, waiting ${duration(waiting)}, retrying ${duration(retrying)}, idle ${duration(idle)}`,
    `All ${runs.length} runs, side by side or not: running ${duration(all.running)}, waiting ${duration(all.waiting)}, retrying ${duration(all.retrying)}`,
  ];
}
