import type { TraceBar } from './data.js';
import type { Row, Spot } from './rows.js';

/** Measures of the drawing, in pixels of the page. */
export const axisHeight = 38;
export const rowHeight = 32;
export const barHeight = 20;
/** A bar is never narrower: what took no time can still be seen and hit. */
export const narrowest = 3;
/** How far beside a bar a click still means it. */
const reach = 5;

/** What of the drawing is to be seen. */
export interface View {
  readonly width: number;
  readonly height: number;
  /** Width of the names at the left. */
  readonly gutter: number;
  /** How far the rows are scrolled. */
  readonly top: number;
  /** Where a time lies, in seconds since the epoch, from the left edge of the drawing. */
  readonly x: (at: number) => number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const boxOf = ({ x, top }: View, row: number, { from, to }: TraceBar): Box => {
  const left = x(from);
  return {
    left,
    top: axisHeight + row * rowHeight - top + (rowHeight - barHeight) / 2,
    width: Math.max(narrowest, x(to) - left),
    height: barHeight,
  };
};

/** The rows that can be seen, from the first to the one behind the last. */
export function visibleRows({ top, height }: View, count: number): readonly [first: number, end: number] {
  return [Math.max(0, Math.floor(top / rowHeight)), Math.max(0, Math.min(count, Math.ceil((top + height - axisHeight) / rowHeight)))];
}

/** The bar under a point, or the nearest in reach. As they are drawn, narrow ones lie on top, and later ones on earlier. */
export function hit(view: View, rows: readonly Row[], matches: readonly boolean[], px: number, py: number): Spot | undefined {
  if (px < view.gutter || py < axisHeight) return undefined;
  const row = Math.floor((py - axisHeight + view.top) / rowHeight);
  let found: Spot | undefined;
  let best = Number.POSITIVE_INFINITY;
  for (const [bar, one] of (rows[row]?.bars ?? []).entries()) {
    if (!matches[one.event]) continue;
    const { left, width } = boxOf(view, row, one);
    const away = Math.max(0, left - px, px - left - width);
    const rank = away > 0 ? 1 + away : width <= narrowest ? 0 : 1;
    if (away <= reach && rank <= best) {
      best = rank;
      found = { row, bar };
    }
  }
  return found;
}
