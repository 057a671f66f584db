import type { TraceData, TraceEvent } from './data.js';

/** What the reader looks for. An empty text asks for nothing. */
export interface Filter {
  readonly text: string;
  /** A part of the name of a branch, or patterns with `*`. */
  readonly branch: string;
  readonly state: string;
  readonly outcome: string;
  readonly severity: string;
  readonly correlation: string;
}

export const noFilter: Filter = { text: '', branch: '', state: '', outcome: '', severity: '', correlation: '' };

/** Says of each event whether it is looked for. Texts are put together when they are first searched. */
export class Finder {
  readonly #data: TraceData;
  readonly #texts = new Map<number, string>();

  constructor(data: TraceData) {
    this.#data = data;
  }

  /** One answer for each event, in their order. */
  matches(filter: Filter): boolean[] {
    const words = filter.text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const branch = branchTest(filter.branch);
    const lanes = this.#data.lanes.map(({ name }) => branch(name));
    return this.#data.events.map(
      (event, index) =>
        lanes[event.lane] === true &&
        (filter.state === '' || event.state === filter.state || (event.state === 'working' && event.originState === filter.state)) &&
        (filter.severity === '' || filter.severity === event.severity || (filter.severity === 'warning' && event.severity === 'error')) &&
        (filter.correlation === '' || event.correlationId === filter.correlation) &&
        (filter.outcome === '' || this.#outcomeOf(event) === filter.outcome) &&
        words.every((word) => this.#textOf(index, event).includes(word)),
    );
  }

  #outcomeOf({ run }: TraceEvent): string | undefined {
    return run === null ? undefined : this.#data.runs[run]?.outcome;
  }

  #textOf(index: number, event: TraceEvent): string {
    const known = this.#texts.get(index);
    if (known !== undefined) return known;
    const run = event.run === null ? undefined : this.#data.runs[event.run];
    const parts = [
      event.title,
      event.body,
      event.commit,
      event.author,
      event.state,
      event.originState,
      this.#data.lanes[event.lane]?.name,
      event.runId,
      event.runnerId,
      ...event.problems,
      ...event.trailers.map(({ key, value }) => `${key}: ${value}`),
      run?.log?.text,
    ];
    const text = parts.join('\n').toLowerCase();
    this.#texts.set(index, text);
    return text;
  }
}

function branchTest(wanted: string): (name: string) => boolean {
  const text = wanted.trim().toLowerCase();
  if (text === '') return () => true;
  if (!text.includes('*')) return (name) => name.toLowerCase().includes(text);
  const parts = text.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  return (name) => pattern.test(name.toLowerCase());
}
