import { scaleUtc } from 'd3-scale';
import { select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity } from 'd3-zoom';
import type { TraceBar, TraceData } from './data.js';
import { find, make } from './dom.js';
import { axisHeight, boxOf, hit, rowHeight, type View } from './geometry.js';
import { linksOf } from './links.js';
import { type Link, paint } from './paint.js';
import { type Palette, readPalette } from './palette.js';
import { beside, nearest, type Row, type Spot, spotOf } from './rows.js';
import { around, interesting, type Span, whole } from './span.js';

/** What the drawing tells the page. */
export interface Told {
  /** A bar was chosen; `open`: its details are wanted. */
  chosen(event: number, open: boolean): void;
  /** One sentence about a bar, for who points at it. */
  sentence(bar: TraceBar): string;
}

/** The nearest that one can look: a second is this many pixels wide. */
const widestSecond = 120;
const zoomStep = 1.6;
/** So much of a bar is enough to see where it is, in pixels. */
const enough = 32;

/** The drawing: rows of bars on an axis of time, which is zoomed and panned by d3 and painted on a canvas. */
export class Timeline {
  readonly #data: TraceData;
  readonly #told: Told;
  readonly #root = find('timeline', HTMLDivElement);
  readonly #scroller = find('scroller', HTMLDivElement);
  readonly #spacer = find('spacer', HTMLDivElement);
  readonly #canvas = find('canvas', HTMLCanvasElement);
  readonly #cursor = find('cursor', HTMLDivElement);
  readonly #bubble = find('bubble', HTMLDivElement);
  readonly #probe = find('probe', HTMLElement);
  readonly #full: Span;
  readonly #zoom = zoom<HTMLCanvasElement, unknown>();
  #transform: ZoomTransform = zoomIdentity;
  #palette: Palette;
  #rows: readonly Row[] = [];
  #links: readonly Link[] = [];
  #matches: readonly boolean[] = [];
  #spot: Spot | undefined;
  #event: number | undefined;
  #width = 0;
  #height = 0;
  #gutter = 120;
  /** Letters of the longest name. */
  #longest = 8;
  #asked = false;
  /** The stretch of time in sight. */
  #seen: Span | undefined;

  constructor(data: TraceData, told: Told) {
    this.#data = data;
    this.#told = told;
    this.#full = whole(data.bars, data.madeAt);
    this.#palette = readPalette(this.#probe);
    this.#listen();
  }

  /** Rows to draw, and which events are looked for; the others are faint. */
  show(rows: readonly Row[], matches: readonly boolean[]): void {
    this.#rows = rows;
    this.#matches = matches;
    this.#links = linksOf(this.#data, rows);
    this.#spacer.style.height = `${axisHeight + rows.length * rowHeight}px`;
    this.#longest = rows.reduce((most, { name }) => Math.max(most, name.length), 8);
    this.#find();
    this.#resized();
    // Whoever looks for something wants to see it.
    if (!this.#anythingInSight()) this.fit();
  }

  /** Marks an event as chosen; `reveal` brings it into sight. */
  choose(event: number | undefined, { reveal }: { readonly reveal: boolean }): void {
    this.#event = event;
    this.#find();
    if (reveal) this.#reveal();
    this.#draw();
  }

  /** Colours have changed. */
  recolour(): void {
    this.#palette = readPalette(this.#probe);
    this.#draw();
  }

  /** Shows all that is looked for. */
  fit(): void {
    this.#showSpan(interesting(this.#wanted(), this.#data.madeAt));
  }

  #wanted(): TraceBar[] {
    return this.#rows.flatMap(({ bars }) => bars.filter(({ event }) => this.#matches[event]));
  }

  #anythingInSight(): boolean {
    const seen = this.#seen;
    const bars = this.#wanted();
    return seen === undefined || bars.length === 0 || bars.some(({ from, to, open }) => from <= seen.to && (open ? from : to) >= seen.from);
  }

  /** Shows the bar that is chosen as large as it can be. */
  closeUp(): void {
    const bar = this.#spot === undefined ? undefined : this.#barAt(this.#spot);
    if (bar !== undefined) this.#showSpan(around(bar, (this.#full.to - this.#full.from) / 20));
  }

  zoomBy(factor: number): void {
    const box = this.#spot === undefined ? undefined : this.#boxOf(this.#spot);
    const centre = (this.#gutter + this.#width) / 2;
    const inSight = box !== undefined && box.left > this.#gutter && box.left < this.#width;
    this.#zoom.scaleBy(select(this.#canvas), factor, [inSight ? box.left : centre, 0]);
  }

  panBy(share: number): void {
    this.#zoom.translateBy(select(this.#canvas), (-share * (this.#width - this.#gutter)) / this.#transform.k, 0);
  }

  /** A key that the drawing knows. True when it was one. */
  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const act = event.shiftKey && event.key.startsWith('Arrow') ? this.#shifted[event.key] : this.#keys[event.key];
    if (act === undefined) return false;
    act();
    return true;
  }

  readonly #shifted: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => this.panBy(-0.25),
    ArrowRight: () => this.panBy(0.25),
    ArrowUp: () => this.#scroller.scrollBy(0, -rowHeight * 4),
    ArrowDown: () => this.#scroller.scrollBy(0, rowHeight * 4),
  };

  readonly #keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => this.#step(-1),
    ArrowRight: () => this.#step(1),
    ArrowUp: () => this.#row(-1),
    ArrowDown: () => this.#row(1),
    Home: () => this.#go(this.#end(0, 1)),
    End: () => this.#go(this.#end(Number.MAX_SAFE_INTEGER, -1)),
    PageUp: () => this.panBy(-0.75),
    PageDown: () => this.panBy(0.75),
    '+': () => this.zoomBy(zoomStep),
    '=': () => this.zoomBy(zoomStep),
    '-': () => this.zoomBy(1 / zoomStep),
    '0': () => this.fit(),
    z: () => this.closeUp(),
    Enter: () => {
      if (this.#event === undefined) this.#go(this.#start());
      else this.#told.chosen(this.#event, true);
    },
  };

  #step(by: 1 | -1): void {
    this.#go(this.#spot === undefined ? this.#start() : (beside(this.#rows, this.#spot, by, this.#matches) ?? this.#spot));
  }

  #row(by: 1 | -1): void {
    this.#go(this.#spot === undefined ? this.#start() : this.#inRowBeside(this.#spot, by));
  }

  #inRowBeside(spot: Spot, by: 1 | -1): Spot | undefined {
    const at = this.#barAt(spot)?.from ?? 0;
    for (let row = spot.row + by; row >= 0 && row < this.#rows.length; row += by) {
      const found = nearest(this.#rows, row, at, this.#matches);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Where the keyboard begins: the newest of the first row that can be seen. */
  #start(): Spot | undefined {
    const row = Math.min(this.#rows.length - 1, Math.floor(this.#scroller.scrollTop / rowHeight));
    return nearest(this.#rows, Math.max(0, row), Number.MAX_SAFE_INTEGER, this.#matches);
  }

  #end(bar: number, by: 1 | -1): Spot | undefined {
    const row = this.#spot?.row ?? 0;
    const count = this.#rows[row]?.bars.length ?? 0;
    return beside(this.#rows, { row, bar: by === 1 ? -1 : Math.min(bar, count) }, by, this.#matches);
  }

  #go(spot: Spot | undefined): void {
    const bar = spot === undefined ? undefined : this.#barAt(spot);
    if (bar === undefined) return;
    this.choose(bar.event, { reveal: true });
    this.#told.chosen(bar.event, false);
  }

  #barAt = ({ row, bar }: Spot): TraceBar | undefined => this.#rows[row]?.bars[bar];

  #find(): void {
    const lane = this.#event === undefined ? undefined : this.#data.events[this.#event]?.lane;
    this.#spot = lane === undefined || this.#event === undefined ? undefined : spotOf(this.#rows, lane, this.#event);
  }

  #listen(): void {
    this.#zoom
      // The wheel alone scrolls the rows, as everywhere; with Ctrl it zooms, which is also what a pinch on a touchpad is.
      .filter((event: MouseEvent) => (event.type === 'wheel' ? event.ctrlKey || event.metaKey : event.button === 0))
      .on('zoom', ({ transform, sourceEvent }: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        this.#transform = transform;
        const scale = transform.rescaleX(this.#base());
        const [from, to] = [scale.invert(this.#gutter), scale.invert(this.#width)];
        this.#seen = { from: Number(from) / 1000, to: Number(to) / 1000 };
        if (sourceEvent instanceof MouseEvent && sourceEvent.type === 'mousemove') this.#scroller.scrollTop -= sourceEvent.movementY;
        this.#hover(undefined);
        this.#draw();
      });
    select(this.#canvas).call(this.#zoom);
    this.#canvas.addEventListener('click', (event) => {
      const spot = this.#spotAt(event);
      this.#root.focus({ preventScroll: true });
      const bar = spot === undefined ? undefined : this.#barAt(spot);
      if (bar === undefined) return;
      this.choose(bar.event, { reveal: false });
      this.#told.chosen(bar.event, false);
    });
    this.#canvas.addEventListener('mousemove', (event) => {
      if (event.buttons === 0) this.#hover(event);
    });
    this.#canvas.addEventListener('mouseleave', () => this.#hover(undefined));
    this.#canvas.addEventListener(
      'wheel',
      (event) => {
        const sideways = event.shiftKey ? event.deltaY + event.deltaX : event.deltaX;
        if (event.ctrlKey || event.metaKey || Math.abs(sideways) <= (event.shiftKey ? 0 : Math.abs(event.deltaY))) return;
        event.preventDefault();
        this.#zoom.translateBy(select(this.#canvas), -sideways / this.#transform.k, 0);
      },
      { passive: false },
    );
    this.#scroller.addEventListener('scroll', () => {
      this.#hover(undefined);
      this.#draw();
    });
    this.#root.addEventListener('keydown', (event) => {
      if (this.key(event)) event.preventDefault();
    });
    new ResizeObserver(() => this.#resized()).observe(this.#scroller);
  }

  #spotAt({ offsetX, offsetY }: MouseEvent): Spot | undefined {
    return hit(this.#view(), this.#rows, this.#matches, offsetX, offsetY);
  }

  #hover(event: MouseEvent | undefined): void {
    const spot = event === undefined ? undefined : this.#spotAt(event);
    const bar = spot === undefined ? undefined : this.#barAt(spot);
    this.#canvas.style.cursor = bar === undefined ? '' : 'pointer';
    this.#bubble.hidden = bar === undefined;
    if (bar === undefined || event === undefined) return;
    this.#bubble.replaceChildren(
      ...this.#told
        .sentence(bar)
        .split('\n')
        .map((line) => make('div', { text: line })),
    );
    const { offsetWidth, offsetHeight } = this.#bubble;
    this.#bubble.style.left = `${Math.max(4, Math.min(event.offsetX + 14, this.#width - offsetWidth - 8))}px`;
    const below = event.offsetY + 18;
    this.#bubble.style.top = `${below + offsetHeight > this.#height ? Math.max(2, event.offsetY - offsetHeight - 10) : below}px`;
  }

  #resized(): void {
    const { clientWidth, clientHeight } = this.#scroller;
    const seen = this.#seen;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#gutter = Math.round(Math.max(90, Math.min(260, this.#longest * 7.2 + 40, clientWidth * 0.34)));
    const ratio = window.devicePixelRatio;
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    this.#canvas.style.width = `${clientWidth}px`;
    this.#canvas.style.height = `${clientHeight}px`;
    const inner = Math.max(1, clientWidth - this.#gutter);
    const seconds = Math.max(1, this.#full.to - this.#full.from);
    this.#zoom
      .extent([
        [this.#gutter, 0],
        [this.#gutter + inner, clientHeight],
      ])
      .translateExtent([
        [this.#gutter, 0],
        [this.#gutter + inner, clientHeight],
      ])
      .scaleExtent([1, Math.max(1, (widestSecond * seconds) / inner)]);
    // The same stretch of time, whatever the width has become.
    if (seen === undefined) this.fit();
    else this.#showSpan(seen);
    this.#drawNow();
  }

  #showSpan({ from, to }: Span): void {
    const k = (this.#full.to - this.#full.from) / Math.max(0.01, to - from);
    const transform = zoomIdentity.translate(this.#gutter - k * this.#base()(from * 1000), 0).scale(k);
    this.#zoom.transform(select(this.#canvas), transform);
  }

  #base() {
    return scaleUtc([this.#full.from * 1000, this.#full.to * 1000], [this.#gutter, Math.max(this.#gutter + 1, this.#width)]);
  }

  #view(): View {
    const scale = this.#transform.rescaleX(this.#base());
    return {
      width: this.#width,
      height: this.#height,
      gutter: this.#gutter,
      top: this.#scroller.scrollTop,
      x: (at) => scale(at * 1000),
    };
  }

  #boxOf(spot: Spot) {
    const bar = this.#barAt(spot);
    return bar === undefined ? undefined : boxOf(this.#view(), spot.row, bar);
  }

  #reveal(): void {
    if (this.#spot === undefined) return;
    const top = this.#spot.row * rowHeight;
    const room = this.#height - axisHeight;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (top + rowHeight > this.#scroller.scrollTop + room) this.#scroller.scrollTop = top + rowHeight - room;
    const box = this.#boxOf(this.#spot);
    if (box === undefined) return;
    const inSight = Math.min(box.left + box.width, this.#width) - Math.max(box.left, this.#gutter);
    if (inSight >= Math.min(box.width, enough)) return;
    const at =
      box.left < this.#gutter ? this.#gutter + enough : this.#width - Math.min(box.width + enough, (this.#width - this.#gutter) / 2);
    this.#zoom.translateBy(select(this.#canvas), (at - box.left) / this.#transform.k, 0);
  }

  /** Paints before the next frame, once for all that has changed until then. */
  #draw(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#drawNow();
    });
  }

  #drawNow(): void {
    const to = this.#canvas.getContext('2d');
    if (to === null) return;
    const view = this.#view();
    const scale = this.#transform.rescaleX(this.#base());
    const wanted = Math.max(2, Math.floor((this.#width - this.#gutter) / 92));
    to.setTransform(window.devicePixelRatio, 0, 0, window.devicePixelRatio, 0, 0);
    paint(to, {
      data: this.#data,
      rows: this.#rows,
      matches: this.#matches,
      view,
      palette: this.#palette,
      ticks: scale.ticks(wanted).map((at) => ({ at, x: scale(at) })),
      links: this.#links,
      selectedRow: this.#spot?.row,
    });
    this.#place(view);
  }

  /** The mark of what is chosen is an element: it can be magnified and coloured by the reader's own settings. */
  #place(view: View): void {
    const bar = this.#spot === undefined ? undefined : this.#barAt(this.#spot);
    const box = this.#spot === undefined || bar === undefined ? undefined : boxOf(view, this.#spot.row, bar);
    const left = box === undefined ? 0 : Math.max(view.gutter, box.left);
    const right = box === undefined ? 0 : Math.min(view.width, box.left + box.width);
    const inSight = box !== undefined && right > view.gutter && left < view.width && box.top > axisHeight - box.height;
    this.#cursor.hidden = !inSight;
    if (!inSight) return;
    const { style } = this.#cursor;
    style.left = `${left}px`;
    style.top = `${box.top}px`;
    style.width = `${Math.max(3, right - left)}px`;
    style.height = `${box.height}px`;
  }
}
