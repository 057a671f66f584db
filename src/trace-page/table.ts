import type { TraceData, TraceEvent } from './data.js';
import { find, make } from './dom.js';
import { duration, utc } from './time.js';
import { nameOf, outcomeWords } from './words.js';

/** So many rows at once: a table that stays quick with any number of events. */
const pageSize = 100;

/** All events as a table, newest first, a page at a time: what the drawing shows, for who does not see it. */
export class EventTable {
  readonly #data: TraceData;
  readonly #choose: (event: number) => void;
  readonly #body = find('table-body', HTMLTableSectionElement);
  readonly #words = find('table-words', HTMLElement);
  readonly #newer = find('table-newer', HTMLButtonElement);
  readonly #older = find('table-older', HTMLButtonElement);
  #shown: readonly number[] = [];
  #page = 0;
  #chosen: number | undefined;

  constructor(data: TraceData, choose: (event: number) => void) {
    this.#data = data;
    this.#choose = choose;
    this.#newer.addEventListener('click', () => this.#turn(-1));
    this.#older.addEventListener('click', () => this.#turn(1));
  }

  show(matches: readonly boolean[]): void {
    this.#shown = this.#data.events.flatMap((_, index) => (matches[index] ? [index] : [])).reverse();
    this.#page = 0;
    this.#fill();
  }

  /** Turns to the page with an event and marks it. */
  choose(event: number | undefined): void {
    this.#chosen = event;
    const at = event === undefined ? -1 : this.#shown.indexOf(event);
    if (at >= 0) this.#page = Math.floor(at / pageSize);
    this.#fill();
  }

  #turn(by: number): void {
    this.#page += by;
    this.#fill();
  }

  #fill(): void {
    const start = this.#page * pageSize;
    const page = this.#shown.slice(start, start + pageSize);
    this.#body.replaceChildren(...page.map((index) => this.#row(index)));
    this.#words.textContent = page.length === 0 ? 'No event matches.' : `${start + 1} to ${start + page.length} of ${this.#shown.length}`;
    this.#newer.disabled = this.#page === 0;
    this.#older.disabled = start + pageSize >= this.#shown.length;
  }

  #row(index: number): HTMLElement {
    const event = this.#data.events[index] as TraceEvent;
    const run = event.run === null ? undefined : this.#data.runs[event.run];
    const outcome = run !== undefined && (run.end === index || (run.end === null && run.lease === index)) ? outcomeWords[run.outcome] : '';
    const cells = [
      make('td', { class: 'time', text: utc(event.at) }),
      make('td', { text: this.#data.lanes[event.lane]?.name ?? '' }),
      make('td', { class: `state ${event.severity}`, text: nameOf(event) }),
      make('td', { text: (event.attempt ?? 1) > 1 ? `×${event.attempt}` : '' }),
      make('td', {
        text: [outcome, ...(event.takeover ? ['taken over'] : []), ...(event.kept.length > 0 ? ['work kept'] : [])]
          .filter((word) => word !== '')
          .join(', '),
      }),
      make('td', { class: 'number', text: event.runSeconds === null ? '' : duration(event.runSeconds) }),
      make('td', { class: 'title', text: event.title }),
    ];
    const open = make('button', {
      class: 'link',
      text: event.commit.slice(0, 12),
      attributes: { type: 'button', 'aria-label': `Show ${event.commit.slice(0, 12)}` },
      on: { click: () => this.#choose(index) },
    });
    return make('tr', index === this.#chosen ? { attributes: { 'aria-current': 'true' } } : {}, [
      make('th', { attributes: { scope: 'row' } }, [open]),
      ...cells,
    ]);
  }
}
