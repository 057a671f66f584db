import type { TraceData } from './data.js';
import { find, make } from './dom.js';
import { type Filter, noFilter } from './filter.js';
import { type Order, orders } from './rows.js';
import { outcomeWords } from './words.js';

/** How long the reader's hand rests before a search begins, in milliseconds. */
const rest = 120;

/** The fields with which a reader says what to show. */
export class Controls {
  readonly #text = find('search', HTMLInputElement);
  readonly #branch = find('branch', HTMLInputElement);
  readonly #state = find('state', HTMLSelectElement);
  readonly #outcome = find('outcome', HTMLSelectElement);
  readonly #severity = find('severity', HTMLSelectElement);
  readonly #correlation = find('correlation', HTMLInputElement);
  readonly #order = find('order', HTMLSelectElement);
  readonly #clear = find('clear', HTMLButtonElement);
  readonly #changed: () => void;

  constructor(data: TraceData, changed: () => void) {
    this.#changed = changed;
    const events = data.events;
    options(
      this.#state,
      'any',
      unique(events.flatMap(({ state }) => (state === null ? [] : [state]))).map((state) => [state, state]),
    );
    const outcomes = new Set(data.runs.map(({ outcome }) => outcome));
    options(
      this.#outcome,
      'any',
      [...outcomes].map((outcome) => [outcome, outcomeWords[outcome]]),
    );
    for (const [value, text] of Object.entries(orders)) this.#order.append(make('option', { text, attributes: { value } }));
    choices('branches', unique(data.lanes.map(({ name }) => name)));
    choices('correlations', unique(events.flatMap(({ correlationId }) => (correlationId === null ? [] : [correlationId]))));
    let timer = 0;
    for (const field of [this.#text, this.#branch, this.#correlation])
      field.addEventListener('input', () => {
        clearTimeout(timer);
        timer = window.setTimeout(() => this.#tell(), rest);
      });
    for (const field of [this.#state, this.#outcome, this.#severity, this.#order]) field.addEventListener('change', () => this.#tell());
    this.#clear.addEventListener('click', () => this.set(noFilter));
    this.#clear.disabled = true;
  }

  get filter(): Filter {
    return {
      text: this.#text.value,
      branch: this.#branch.value,
      state: this.#state.value,
      outcome: this.#outcome.value,
      severity: this.#severity.value,
      correlation: this.#correlation.value.trim(),
    };
  }

  get order(): Order {
    return this.#order.value as Order;
  }

  set(filter: Filter): void {
    this.#text.value = filter.text;
    this.#branch.value = filter.branch;
    this.#state.value = filter.state;
    this.#outcome.value = filter.outcome;
    this.#severity.value = filter.severity;
    this.#correlation.value = filter.correlation;
    this.#tell();
  }

  search(): void {
    this.#text.focus();
    this.#text.select();
  }

  #tell(): void {
    this.#clear.disabled = Object.values(this.filter).every((value) => value === '');
    this.#changed();
  }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

function options(field: HTMLSelectElement, any: string, all: readonly (readonly [string, string])[]): void {
  field.append(make('option', { text: any, attributes: { value: '' } }));
  for (const [value, text] of all) field.append(make('option', { text, attributes: { value } }));
}

function choices(id: string, all: readonly string[]): void {
  find(id, HTMLDataListElement).append(...all.map((value) => make('option', { attributes: { value } })));
}
