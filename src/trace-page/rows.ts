import type { TraceBar, TraceData } from './data.js';

/** How rows are ordered, with the words for it. */
export const orders = { lineage: 'main first', latest: 'latest first', earliest: 'earliest first', name: 'by name' } as const;
export type Order = keyof typeof orders;

/** A line of the drawing. */
export interface Row {
  readonly lane: number;
  readonly name: string;
  /** In the order of time. */
  readonly bars: readonly TraceBar[];
}

/** The rows that have something that matches, in an order. */
export function rowsOf({ lanes, bars }: TraceData, matches: readonly boolean[], order: Order): Row[] {
  const byLane = new Map<number, TraceBar[]>();
  for (const bar of bars) {
    const found = byLane.get(bar.lane);
    if (found === undefined) byLane.set(bar.lane, [bar]);
    else found.push(bar);
  }
  const rows = [...byLane]
    .filter(([, row]) => row.some(({ event }) => matches[event]))
    .map(([lane, row]) => ({ lane, name: lanes[lane]?.name ?? '', bars: row }));
  return rows.sort(comparators[order]);
}

const first = ({ bars }: Row): number => bars[0]?.from ?? 0;
const last = ({ bars }: Row): number => bars.at(-1)?.from ?? 0;
const comparators: Readonly<Record<Order, (a: Row, b: Row) => number>> = {
  lineage: (a, b) => a.lane - b.lane,
  latest: (a, b) => last(b) - last(a) || a.lane - b.lane,
  earliest: (a, b) => first(a) - first(b) || a.lane - b.lane,
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.lane - b.lane),
};

/** Some bar of a row: its place in the list of rows, and in the row. */
export interface Spot {
  readonly row: number;
  readonly bar: number;
}

/** The bar that began with an event, or that the event lies in. */
export function spotOf(rows: readonly Row[], lane: number, event: number): Spot | undefined {
  const row = rows.findIndex((one) => one.lane === lane);
  if (row < 0) return undefined;
  const bar = (rows[row] as Row).bars.findLastIndex((one) => one.event <= event);
  return bar < 0 ? undefined : { row, bar };
}

/** The next bar of a row that matches, in a direction; undefined at the end. */
export function beside(rows: readonly Row[], { row, bar }: Spot, step: 1 | -1, matches: readonly boolean[]): Spot | undefined {
  const bars = rows[row]?.bars ?? [];
  for (let at = bar + step; at >= 0 && at < bars.length; at += step) if (matches[(bars[at] as TraceBar).event]) return { row, bar: at };
  return undefined;
}

/** The bar of a row that matches and began nearest to a time. */
export function nearest(rows: readonly Row[], row: number, at: number, matches: readonly boolean[]): Spot | undefined {
  let found: Spot | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (const [bar, { from, event }] of (rows[row]?.bars ?? []).entries())
    if (matches[event] && Math.abs(from - at) < distance) {
      distance = Math.abs(from - at);
      found = { row, bar };
    }
  return found;
}
