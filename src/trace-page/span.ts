import type { TraceBar } from './data.js';

/** A stretch of time, in seconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** No mark is drawn nearer than this to the next: what is shown at most from end to end. */
const shortest = 20;
/** Phases in which something is under way: they are followed until now, unless what happened would become too small to see. */
const underWay = new Set(['live', 'queued']);
const anHour = 3_600;
const aDay = 86_400;

/** What is worth seeing at first: everything that happened, and now where something is under way or it is not long ago. */
export function interesting(bars: readonly TraceBar[], now: number): Span {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  let live = false;
  // A clock that was far ahead must not make all else too small to see.
  const likely = bars.filter((bar) => bar.from <= now + aDay);
  for (const bar of likely.length > 0 ? likely : bars) {
    from = Math.min(from, bar.from);
    to = Math.max(to, bar.open ? bar.from : bar.to, ...bar.ticks.slice(-1));
    live ||= bar.open && underWay.has(bar.phase);
  }
  if (from > to) return { from: now - shortest, to: now };
  const length = Math.max(to - from, shortest);
  const until = live ? Math.max(4 * length, anHour) : length / 4;
  const end = now > to && now - to < until ? now : to + length / 12;
  return { from: from - (end - from) / 60, to: Math.max(end, from + shortest) + (end - from) / 60 };
}

/** One bar with a little of what is beside it; of one that goes on its beginning, where it is much longer than `most`. */
export function around({ from, to, open }: TraceBar, most: number): Span {
  const length = Math.max(shortest / 4, open ? Math.min(to - from, most) : to - from);
  return { from: from - length, to: from + 2 * length };
}

/** All of the time that anything lies in. */
export function whole(bars: readonly TraceBar[], now: number): Span {
  const seen = interesting(bars, now);
  let { from, to } = seen;
  for (const bar of bars) to = Math.max(to, bar.to);
  const margin = (to - from) / 40;
  return { from: from - margin, to: to + margin };
}
