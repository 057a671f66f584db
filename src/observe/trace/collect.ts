import type { BranchTip } from '../../git/refs.js';
import type { Context } from '../../kernel/context.js';
import { printable } from '../../printable.js';
import type { TraceBar, TraceData, TraceEvent } from '../../trace-page/data.js';
import { readEvents } from '../events.js';
import { byLineage } from '../lanes.js';
import { trunkOf } from '../trunk.js';
import { barsOf, type Placed } from './bars.js';
import { type Found, newestEvents } from './found.js';
import { endOfMerged, endsOf, type Line } from './lines.js';
import { type Beside, Pieces } from './pieces.js';
import { keptRefs, tracedRuns } from './runs.js';
import { Changes } from './steps.js';

/** What is traced. */
export interface Traced {
  readonly tips: readonly BranchTip[];
  readonly merged: boolean;
  /** Seconds since the epoch: no event that is older. */
  readonly since?: number | undefined;
  /** So many events at most, the newest. */
  readonly limit: number;
  /** Whether the page gets what commands printed, and what commits changed. */
  readonly logs: boolean;
  readonly diffs: boolean;
}

/** What the page calls itself. */
export type Naming = Pick<TraceData, 'repository' | 'scope' | 'version'>;

/** Everything the page shows of a repository. Reads and never writes. Throws as {@link readEvents} does. */
export async function collectTrace(context: Context, traced: Traced, naming: Naming): Promise<TraceData> {
  const trunk = await trunkOf(context);
  const tips = traced.tips.map(({ branch: lane, oid }) => ({ lane, oid }));
  const events = readEvents(context, {
    tips,
    merged: traced.merged,
    ...(trunk === undefined ? {} : { trunk }),
    ...(traced.since === undefined ? {} : { since: traced.since }),
  });
  const { found, more } = await newestEvents(context, events, traced.limit);
  found.reverse();
  const { names, placed, bars, lines } = await linesOf(context, traced.tips, found, trunk);
  const { runs, problem: noLogs } = await tracedRuns(context, found, bars, traced.logs);
  const pieces = new Pieces(found, placed, runs, await keptRefs(context));
  const changes = new Changes();
  if (traced.diffs) await pieces.ask(context, changes);
  const noDiffs = await changes.read(context);
  const lanes = new Map(names.map((name, index) => [name, index]));
  return {
    schema: 'aynig.trace/1',
    repository: printable(naming.repository),
    scope: printable(naming.scope),
    version: naming.version,
    madeAt: context.now(),
    lanes: names.map((name, index) => ({
      name: printable(name),
      reading: lines[index]?.reading ?? null,
      detail: nullOr(lines[index]?.detail),
    })),
    events: found.map((one, index) => pageEvent(one, lanes.get(one.event.branch) ?? 0, pieces.of(index, changes))),
    bars,
    runs,
    diffs: changes.all,
    omitted: [
      ...(more ? [`Older events are left out: the page has the newest ${found.length}. More with --limit.`] : []),
      ...(traced.since === undefined ? [] : [`Events before ${momentWords(traced.since)} are left out (--since).`]),
      ...(traced.logs ? [] : ['What commands printed is left out (--no-logs).']),
      ...(traced.diffs ? [] : ['What commits changed is left out (--no-diffs).']),
      ...[noLogs, noDiffs].flatMap((one) => (one === undefined ? [] : [printable(one)])),
    ],
  };
}

const momentWords = (seconds: number): string =>
  Math.abs(seconds) <= 8.64e12 ? `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC` : `@${seconds}`;

const nullOr = (text: string | null | undefined): string | null => (text === null || text === undefined ? null : printable(text));

/** The lines in the order of their lineage, each with its events and its phases. */
async function linesOf(context: Context, tips: readonly BranchTip[], found: readonly Found[], trunk: string | undefined) {
  const names = [...new Set(found.map(({ event }) => event.branch))].sort(byLineage(trunk));
  const lanes = new Map(names.map((name, index) => [name, index]));
  const placed: Placed[][] = names.map(() => []);
  for (const [index, { event }] of found.entries()) placed[lanes.get(event.branch) ?? 0]?.push({ index, event });
  const ends = await endsOf(
    context,
    tips.filter(({ branch }) => lanes.has(branch)),
  );
  const bars: TraceBar[] = [];
  const lines: Line[] = [];
  for (const [lane, line] of placed.entries()) {
    const name = names[lane] ?? '';
    const end = ends.get(name) ?? (await endOfMerged(context, name, line.at(-1)?.event.at ?? 0));
    lines.push(end);
    bars.push(...barsOf(lane, line, end));
  }
  return { names, placed, bars, lines };
}

function pageEvent({ event, body }: Found, lane: number, beside: Beside): TraceEvent {
  return {
    lane,
    commit: event.commit,
    at: event.at,
    kind: event.kind,
    severity: event.severity,
    state: event.state,
    previousState: event.previousState,
    title: printable(event.title),
    body: printable(body, { lines: true }),
    author: printable(event.author),
    runId: nullOr(event.runId),
    runnerId: nullOr(event.runnerId),
    originState: nullOr(event.originState),
    attempt: event.attempt,
    runSeconds: event.runSeconds,
    correlationId: nullOr(event.correlationId),
    parentRun: nullOr(event.parentRun),
    exitCode: event.exitCode,
    signal: nullOr(event.signal),
    problems: event.problems.map((problem) => printable(problem)),
    trailers: event.trailers.map(({ key, value }) => ({ key: printable(key), value: printable(value) })),
    takeover: isTakeover(event),
    ...beside,
  };
}

/** Whoever holds the lease signs its stall with the id of the run; another can only name the run. */
const isTakeover = ({ kind, trailers }: Found['event']): boolean =>
  kind === 'stall' && !trailers.some(({ key }) => key.toLowerCase() === 'aynig-run-id');
