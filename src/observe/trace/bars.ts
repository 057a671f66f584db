import type { Phase, TraceBar } from '../../trace-page/data.js';
import type { StateEvent } from '../schemas.js';

/** An event with its place in the trace. */
export interface Placed {
  readonly index: number;
  readonly event: Pick<StateEvent, 'at' | 'kind' | 'state' | 'runId'>;
}

/** How a line ends. */
export interface LineEnd {
  /** Seconds since the epoch. */
  readonly at: number;
  /** It has not ended: `at` is now. */
  readonly open: boolean;
  /** What its tip means now, as `aynig status` says it; null for a line that has no branch. */
  readonly reading: string | null;
}

/** The phases of one line, whose events come oldest first: each lasts until the next begins. */
export function barsOf(lane: number, events: readonly Placed[], end: LineEnd): TraceBar[] {
  const bars: TraceBar[] = [];
  let at = 0;
  while (at < events.length) {
    const first = events[at] as Placed;
    let next = at + 1;
    const ticks: number[] = [];
    if (first.event.state === 'working')
      while (isRenewalOf(first, events[next])) {
        ticks.push((events[next] as Placed).event.at);
        next++;
      }
    const after = events[next];
    const last = after === undefined;
    // Another host's clock may have been ahead: no phase ends before it begins.
    const to = Math.max(first.event.at, ...ticks.slice(-1), last ? end.at : after.event.at);
    bars.push({
      lane,
      from: first.event.at,
      to,
      open: last && end.open,
      phase: phaseOf(first.event, after?.event, end),
      event: first.index,
      ticks,
    });
    at = next;
  }
  return bars;
}

const isRenewalOf = (lease: Placed, next: Placed | undefined): boolean =>
  next?.event.state === 'working' && next.event.runId === lease.event.runId;

function phaseOf(event: Placed['event'], next: Placed['event'] | undefined, { open, reading }: LineEnd): Phase {
  if (event.kind === 'invalid') return 'invalid';
  if (event.state === 'stalled') return 'stalled';
  if (event.state === 'working') {
    if (next === undefined) return open && reading !== 'expired' ? 'live' : 'broken';
    return next.kind === 'completion' ? 'finished' : 'broken';
  }
  if (next !== undefined) return next.state === 'working' ? 'queued' : 'person';
  return reading !== null && startable.has(reading) ? 'queued' : 'resting';
}

/** Readings of a request that a runner would take, here or elsewhere, or once somebody allows it. */
const startable = new Set(['ready', 'untrusted', 'remote']);
