import type { TraceBar, TraceData, TraceEvent } from './data.js';
import { axisHeight, type Box, barHeight, boxOf, narrowest, rowHeight, type View, visibleRows } from './geometry.js';
import type { Look, Palette } from './palette.js';
import type { Row } from './rows.js';
import { dayWords, tickWords } from './time.js';
import { middleCut } from './words.js';

/** A mark of the axis. */
export interface Tick {
  readonly at: Date;
  readonly x: number;
}

/** What is drawn. */
export interface Scene {
  readonly data: TraceData;
  readonly rows: readonly Row[];
  readonly matches: readonly boolean[];
  readonly view: View;
  readonly palette: Palette;
  readonly ticks: readonly Tick[];
  readonly links: readonly Link[];
  readonly selectedRow: number | undefined;
}

/** A run that asked for work on another branch. */
export interface Link {
  readonly fromRow: number;
  readonly fromAt: number;
  readonly toRow: number;
  readonly toAt: number;
}

const font = '12px system-ui, sans-serif';
/** About the width of a letter: measuring every text would take most of the time of a frame. */
const letter = 6.3;
/** Narrower bars have no text. */
const roomForText = 26;
/** Of what is not looked for. */
const faintness = 0.22;

export function paint(to: CanvasRenderingContext2D, scene: Scene): void {
  const { view, rows, palette } = scene;
  const { width, height, gutter } = view;
  const [first, end] = visibleRows(view, rows.length);
  to.font = font;
  to.textBaseline = 'middle';
  to.fillStyle = palette.ground;
  to.fillRect(0, 0, width, height);
  stripes(to, scene, first, end);
  to.save();
  to.beginPath();
  to.rect(gutter, 0, width - gutter, height);
  to.clip();
  axis(to, scene);
  to.beginPath();
  to.rect(gutter, axisHeight, width - gutter, height - axisHeight);
  to.clip();
  for (const link of scene.links) curve(to, scene, link);
  for (let row = first; row < end; row++) paintRow(to, scene, row);
  to.restore();
  names(to, scene, first, end);
}

function stripes(to: CanvasRenderingContext2D, { view, palette, selectedRow }: Scene, first: number, end: number): void {
  for (let row = first; row < end; row++) {
    if (row % 2 === 0 && row !== selectedRow) continue;
    to.globalAlpha = row === selectedRow ? 1 : 0.55;
    to.fillStyle = palette.stripe;
    to.fillRect(0, axisHeight + row * rowHeight - view.top, view.width, rowHeight);
  }
  to.globalAlpha = 1;
}

function axis(to: CanvasRenderingContext2D, { view, palette, ticks, data }: Scene): void {
  const step = ticks.length > 1 ? Number(ticks[1]?.at) - Number(ticks[0]?.at) : 1_000;
  let day = '';
  for (const { at, x } of ticks) {
    to.fillStyle = palette.line;
    to.fillRect(Math.round(x), axisHeight - 6, 1, view.height - axisHeight + 6);
    to.fillStyle = palette.faint;
    to.textAlign = 'center';
    to.fillText(tickWords(at, step), x, axisHeight - 13);
    const itsDay = dayWords(at);
    if (step < 86_400_000 && itsDay !== day && x > view.gutter) {
      day = itsDay;
      to.fillStyle = palette.text;
      to.fillText(itsDay, Math.max(x, view.gutter + 40), 11);
    }
  }
  const now = view.x(data.madeAt);
  to.strokeStyle = palette.link;
  to.setLineDash([3, 3]);
  to.beginPath();
  to.moveTo(now, axisHeight - 6);
  to.lineTo(now, view.height);
  to.stroke();
  to.setLineDash([]);
  to.textAlign = 'left';
}

/** Narrow bars and signs come last: what took no time would else lie under what followed it. */
function paintRow(to: CanvasRenderingContext2D, scene: Scene, row: number): void {
  const { view, rows, matches, palette, data } = scene;
  const narrow: (readonly [TraceBar, Box])[] = [];
  const signed: (readonly [TraceEvent, Box, number])[] = [];
  for (const bar of rows[row]?.bars ?? []) {
    const box = boxOf(view, row, bar);
    if (box.left > view.width || box.left + box.width < view.gutter) continue;
    const alpha = matches[bar.event] ? 1 : faintness;
    const event = data.events[bar.event] as TraceEvent;
    if (hasSign(event, data)) signed.push([event, box, alpha]);
    if (box.width <= narrowest) {
      narrow.push([bar, box]);
      continue;
    }
    to.globalAlpha = alpha;
    const left = Math.max(box.left, view.gutter - 6);
    const width = Math.min(box.left + box.width, view.width + 6) - left;
    paintBar(to, palette.phase[bar.phase], left, box.top, width);
    if (width >= roomForText)
      label(to, palette.phase[bar.phase], event, data, { left: Math.max(left, view.gutter) + 6, top: box.top, right: left + width });
    renewals(to, palette, view, bar, box.top);
  }
  paintNarrow(to, scene, narrow);
  for (const [event, box, alpha] of signed) {
    to.globalAlpha = alpha;
    marks(to, palette, data, event, box);
  }
  to.globalAlpha = 1;
}

/** Hundreds of bars may begin on one pixel: those that would look the same are drawn once. */
function paintNarrow(to: CanvasRenderingContext2D, { matches, palette }: Scene, bars: readonly (readonly [TraceBar, Box])[]): void {
  let last = '';
  for (const [{ phase, event }, { left, top, width }] of bars) {
    const alpha = matches[event] ? 1 : faintness;
    const look = `${Math.round(left)} ${phase} ${alpha}`;
    if (look === last) continue;
    last = look;
    to.globalAlpha = alpha;
    paintBar(to, palette.phase[phase], left, top, width);
  }
}

function paintBar(to: CanvasRenderingContext2D, look: Look, left: number, top: number, width: number): void {
  to.beginPath();
  if (width > 8) to.roundRect(left, top, width, barHeight, 4);
  else to.rect(left, top, width, barHeight);
  to.fillStyle = look.fill;
  to.fill();
  if (look.pattern !== null && width > 5) {
    to.fillStyle = look.pattern;
    to.fill();
  }
  if (width > 4) {
    to.strokeStyle = look.edge;
    to.lineWidth = 1;
    to.stroke();
  } else {
    // Too narrow to have an inside: the edge is what can be seen.
    to.fillStyle = look.edge;
    to.fill();
  }
}

function label(
  to: CanvasRenderingContext2D,
  look: Look,
  event: TraceEvent,
  data: TraceData,
  { left, top, right }: { readonly left: number; readonly top: number; readonly right: number },
): void {
  const run = event.run === null ? undefined : data.runs[event.run];
  const attempt = (event.attempt ?? 1) > 1 ? ` ×${event.attempt}` : '';
  const words = `${(event.kind === 'lease' || event.kind === 'stall' ? (run?.state ?? event.originState) : event.state) ?? 'invalid'}${attempt}`;
  const room = Math.floor((right - left - 4) / letter);
  if (room < 2) return;
  const text = words.length <= room ? words : `${words.slice(0, room - 1)}…`;
  if (look.pattern !== null) {
    // Letters are not read through a hatch.
    to.fillStyle = look.fill;
    to.fillRect(left - 2, top + 3, to.measureText(text).width + 4, barHeight - 6);
  }
  to.fillStyle = look.text;
  to.fillText(text, left, top + barHeight / 2 + 0.5);
}

const isRetry = ({ kind, run }: TraceEvent, { runs }: TraceData): boolean =>
  kind === 'lease' && run !== null && (runs[run]?.attempt ?? 1) > 1;

const hasSign = (event: TraceEvent, data: TraceData): boolean => event.takeover || event.kept.length > 0 || isRetry(event, data);

/** Signs above the beginning of a bar, each of its own shape. */
function marks(to: CanvasRenderingContext2D, palette: Palette, data: TraceData, event: TraceEvent, { left, top }: Box): void {
  let x = left + 4;
  const shape = (colour: string, ...points: readonly (readonly [number, number])[]): void => {
    to.fillStyle = colour;
    to.strokeStyle = palette.ground;
    to.lineWidth = 1;
    to.beginPath();
    for (const [dx, dy] of points) to.lineTo(x + dx, top + dy);
    to.closePath();
    to.stroke();
    to.fill();
    x += 10;
  };
  if (isRetry(event, data)) shape(palette.retry, [-4, 3], [0, -5], [4, 3]);
  if (event.takeover) shape(palette.takeover, [-3, -6], [5, -3], [-1, 0], [-1, 5], [-3, 5]);
  if (event.kept.length > 0) shape(palette.kept, [-4, -1], [0, -5], [4, -1], [0, 3]);
}

function renewals(to: CanvasRenderingContext2D, palette: Palette, view: View, bar: TraceBar, top: number): void {
  if (bar.ticks.length === 0) return;
  to.fillStyle = palette.phase[bar.phase].text;
  let last = Number.NEGATIVE_INFINITY;
  for (const at of bar.ticks) {
    const x = Math.round(view.x(at));
    if (x - last < 3 || x < view.gutter || x > view.width) continue;
    to.fillRect(x, top + barHeight - 6, 1.5, 5);
    last = x;
  }
}

function curve(to: CanvasRenderingContext2D, { view, palette }: Scene, { fromRow, fromAt, toRow, toAt }: Link): void {
  const y = (row: number): number => axisHeight + row * rowHeight - view.top + rowHeight / 2;
  const [x0, y0, x1, y1] = [view.x(fromAt), y(fromRow), view.x(toAt), y(toRow)];
  const bend = Math.max(12, Math.min(60, Math.abs(x1 - x0) / 2));
  to.strokeStyle = palette.link;
  to.globalAlpha = 0.55;
  to.lineWidth = 1.25;
  to.beginPath();
  to.moveTo(x0, y0);
  to.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
  to.stroke();
  to.globalAlpha = 1;
}

function names(to: CanvasRenderingContext2D, { view, rows, palette, selectedRow }: Scene, first: number, end: number): void {
  const { gutter, top, height } = view;
  to.fillStyle = palette.faint;
  to.fillText('UTC', 10, axisHeight - 13);
  to.save();
  to.beginPath();
  to.rect(0, axisHeight, gutter, height - axisHeight);
  to.clip();
  const room = Math.floor((gutter - 32) / letter);
  for (let row = first; row < end; row++) {
    const { name, bars } = rows[row] as Row;
    const y = axisHeight + row * rowHeight - top + rowHeight / 2;
    const last = bars.at(-1);
    if (last !== undefined) dot(to, palette.phase[last.phase], y);
    to.fillStyle = palette.text;
    to.font = row === selectedRow ? `600 ${font}` : font;
    to.fillText(middleCut(name, room), 24, y + 0.5);
  }
  to.font = font;
  to.restore();
  to.fillStyle = palette.line;
  to.fillRect(gutter - 1, 0, 1, height);
  to.fillRect(0, axisHeight - 1, view.width, 1);
}

/** The phase that a line is in now, beside its name. */
function dot(to: CanvasRenderingContext2D, { fill, edge }: Look, y: number): void {
  to.beginPath();
  to.arc(13, y, 4.5, 0, Math.PI * 2);
  to.fillStyle = fill;
  to.fill();
  to.strokeStyle = edge;
  to.lineWidth = 1;
  to.stroke();
}
