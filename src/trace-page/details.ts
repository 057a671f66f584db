import type { TraceData, TraceEvent, TraceKept, TraceLog, TraceRun } from './data.js';
import { diffView } from './diff-view.js';
import { find, make } from './dom.js';
import { overview } from './overview.js';
import { duration, local, utc } from './time.js';
import { kindWords, nameOf, outcomeWords } from './words.js';

/** What the reader may do from the details. */
export interface Wishes {
  choose(event: number): void;
  correlation(id: string): void;
  closeUp(): void;
  close(): void;
}

/** Everything about one event: what it says, the run that it belongs to, what was printed, and what changed. */
export class Details {
  readonly #data: TraceData;
  readonly #wishes: Wishes;
  readonly #root = find('details', HTMLElement);

  constructor(data: TraceData, wishes: Wishes) {
    this.#data = data;
    this.#wishes = wishes;
  }

  show(index: number | undefined): void {
    const event = index === undefined ? undefined : this.#data.events[index];
    if (event === undefined || index === undefined) {
      this.#root.replaceChildren(
        heading('Overview'),
        make('p', { class: 'quiet', text: 'Choose a bar or a row of the table to see what it is.' }),
        ...overview(this.#data, this.#wishes.choose),
      );
      return;
    }
    const run = event.run === null ? undefined : this.#data.runs[event.run];
    const request = run === undefined || run.request === null || run.request === index ? undefined : this.#data.events[run.request];
    const ends = event.kind === 'completion' || event.kind === 'stall';
    this.#root.replaceChildren(
      this.#top(index, event),
      chips(event, run),
      this.#facts(event),
      ...present(
        event.body === '' ? undefined : section(event.kind === 'invalid' ? 'The message as it stands' : 'Message', prose(event.body)),
        event.problems.length === 0 ? undefined : section('What is wrong with it', list(event.problems)),
        run === undefined ? undefined : section('The run', this.#run(run, index)),
        request === undefined
          ? undefined
          : section('What was asked for', prose([request.title, request.body].filter((text) => text !== '').join('\n\n'))),
        run === undefined ? this.#answered(index, event) : undefined,
        ...this.#changes(event, run, ends),
        ...event.kept.map((kept) => section('Work kept beside the branch', this.#kept(kept))),
        run === undefined ? undefined : section('What the command printed', logView(run.log, this.#data)),
        event.trailers.length === 0 ? undefined : section('Trailers', trailers(event)),
      ),
    );
    this.#root.scrollTop = 0;
  }

  /** Puts the keyboard into the details. */
  focus(): void {
    this.#root.querySelector<HTMLElement>('h2')?.focus();
  }

  #top(index: number, event: TraceEvent): HTMLElement {
    const onLane = (at: number): boolean => this.#data.events[at]?.lane === event.lane;
    const neighbour = (step: 1 | -1): number | undefined => {
      for (let at = index + step; at >= 0 && at < this.#data.events.length; at += step) if (onLane(at)) return at;
      return undefined;
    };
    const go = (words: string, to: number | undefined): HTMLElement =>
      make('button', {
        class: 'small',
        text: words,
        attributes: { type: 'button', ...(to === undefined ? { disabled: '' } : {}) },
        on: { click: () => to !== undefined && this.#wishes.choose(to) },
      });
    return make('div', { class: 'top' }, [
      make('div', { class: 'turn' }, [
        go('← Earlier', neighbour(-1)),
        go('Later →', neighbour(1)),
        make('button', { class: 'small', text: 'Zoom to it', attributes: { type: 'button' }, on: { click: () => this.#wishes.closeUp() } }),
        make('button', { class: 'small close', text: 'Close', attributes: { type: 'button' }, on: { click: () => this.#wishes.close() } }),
      ]),
      heading(event.title === '' ? '(no title)' : event.title),
    ]);
  }

  #facts(event: TraceEvent): HTMLElement {
    const { correlationId, parentRun } = event;
    const lane = this.#data.lanes[event.lane];
    const last = this.#data.events.findLastIndex(({ lane: other }) => other === event.lane) === this.#data.events.indexOf(event);
    return facts([
      ['Commit', make('code', { class: 'commit', text: event.commit })],
      ['Branch', lane?.name],
      ['Time', `${utc(event.at)} UTC`],
      ['Your time', local(event.at)],
      ['By', event.author],
      ['Came after', event.previousState],
      ['Attempt', event.attempt === null ? undefined : String(event.attempt)],
      ['Lease', leaseWords(event)],
      ['Exit code', event.exitCode === null ? undefined : String(event.exitCode)],
      ['Signal', event.signal],
      [
        'Correlation',
        correlationId === null
          ? undefined
          : this.#button(correlationId, 'Show only this correlation', () => this.#wishes.correlation(correlationId)),
      ],
      ['Parent run', parentRun === null ? undefined : this.#runLink(parentRun)],
      [
        'Now',
        last && lane !== undefined && lane.reading !== null
          ? [lane.reading, lane.detail].filter((text) => text !== null).join(': ')
          : undefined,
      ],
    ]);
  }

  #run(run: TraceRun, shown: number): HTMLElement {
    const at = (index: number | null, words: string): HTMLElement | string | undefined =>
      index === null
        ? undefined
        : index === shown
          ? `${words} (shown here)`
          : this.#button(words, undefined, () => this.#wishes.choose(index));
    const nameAt = (index: number | null): string => (index === null ? '' : nameOf(this.#data.events[index] as TraceEvent));
    return facts([
      ['Outcome', outcomeWords[run.outcome]],
      ['Request', at(run.request, nameAt(run.request))],
      ['Lease', at(run.lease, this.#data.events[run.lease]?.commit.slice(0, 12) ?? '')],
      ['End', at(run.end, nameAt(run.end))],
      ['Waited', run.waitedSeconds === null ? undefined : duration(run.waitedSeconds)],
      ['Ran', run.ranSeconds === null ? undefined : duration(run.ranSeconds)],
      ['Renewals', run.renewals === 0 ? undefined : String(run.renewals)],
      ['Runner', run.runnerId],
      ['Run', make('code', { text: run.runId })],
    ]);
  }

  /** A request that is no end of a run: the run that answered it. */
  #answered(index: number, event: TraceEvent): HTMLElement | undefined {
    const run = event.kind === 'request' ? this.#data.runs.find(({ request }) => request === index) : undefined;
    if (run === undefined) return undefined;
    return section(
      'Answered by',
      this.#button(`the run of ${run.state}, ${outcomeWords[run.outcome]}`, undefined, () => this.#wishes.choose(run.lease)),
    );
  }

  #changes(event: TraceEvent, run: TraceRun | undefined, ends: boolean): HTMLElement[] {
    const end = run === undefined || run.end === null ? undefined : this.#data.events[run.end];
    const of = run !== undefined && !ends ? (event.kind === 'lease' ? end : event) : event;
    const diff = of === undefined || of.diff === null ? undefined : this.#data.diffs[of.diff];
    if (diff === undefined) return [];
    return [section(run === undefined ? 'What changed since the event before' : 'What the run changed', diffView(diff))];
  }

  #kept({ ref, commit, diff }: TraceKept): HTMLElement {
    const found = diff === null ? undefined : this.#data.diffs[diff];
    return make('div', {}, [
      facts([
        ['Ref', make('code', { text: ref })],
        ['Here', commit === null ? 'not in this clone (any more)' : make('code', { text: commit })],
      ]),
      found === undefined ? undefined : diffView(found),
    ]);
  }

  #runLink(runId: string): HTMLElement | string {
    const run = this.#data.runs.find((one) => one.runId === runId);
    return run === undefined
      ? runId
      : this.#button(`the run of ${run.state} (${runId.slice(0, 8)})`, runId, () => this.#wishes.choose(run.lease));
  }

  #button(text: string, title: string | undefined, act: () => void): HTMLElement {
    return make('button', {
      class: 'link',
      text,
      attributes: { type: 'button', ...(title === undefined ? {} : { title }) },
      on: { click: act },
    });
  }
}

const present = (...parts: readonly (HTMLElement | undefined)[]): HTMLElement[] => parts.filter((part) => part !== undefined);

const heading = (text: string): HTMLElement => make('h2', { text, attributes: { tabindex: '-1', id: 'details-title' } });

const section = (title: string, content: HTMLElement): HTMLElement => make('section', {}, [make('h3', { text: title }), content]);

const prose = (text: string): HTMLElement => make('pre', { class: 'prose', text, attributes: { tabindex: '0' } });

const list = (items: readonly string[]): HTMLElement =>
  make(
    'ul',
    {},
    items.map((text) => make('li', { text })),
  );

type Fact = readonly [name: string, value: Node | string | null | undefined];

const facts = (all: readonly Fact[]): HTMLElement =>
  make(
    'dl',
    {},
    all.flatMap(([name, value]) =>
      value === null || value === undefined || value === '' ? [] : [make('dt', { text: name }), make('dd', {}, [value])],
    ),
  );

const trailerOf = ({ trailers }: TraceEvent, wanted: string): string | undefined =>
  trailers.find(({ key }) => key.toLowerCase() === wanted)?.value;

function leaseWords(event: TraceEvent): string | undefined {
  if (event.kind !== 'lease' && event.kind !== 'renewal') return undefined;
  const text = trailerOf(event, 'aynig-lease-seconds') ?? '';
  if (!/^[1-9]\d{0,8}$/.test(text)) return 'without end';
  return `${duration(Number(text))}, until ${utc(event.at + Number(text))} UTC`;
}

function chips(event: TraceEvent, run: TraceRun | undefined): HTMLElement {
  const words: (readonly [string, string] | undefined)[] = [
    [nameOf(event), 'state'],
    [kindWords[event.kind], 'kind'],
    event.severity === 'info' ? undefined : [event.severity, event.severity],
    run === undefined ? undefined : [`run ${outcomeWords[run.outcome]}`, run.outcome],
    (event.attempt ?? 1) > 1 ? [`attempt ${event.attempt}`, 'retry'] : undefined,
    trailerOf(event, 'aynig-cancelled-by') === undefined ? undefined : ['cancelled', 'warning'],
    event.takeover ? ['written by another than the holder', 'takeover'] : undefined,
    event.kept.length > 0 ? ['work kept', 'kept'] : undefined,
  ];
  return make(
    'ul',
    { class: 'chips', attributes: { 'aria-label': 'What it is' } },
    words.flatMap((word) => (word === undefined ? [] : [make('li', { class: `chip ${word[1]}`, text: word[0] })])),
  );
}

function logView(log: TraceLog | null, { omitted }: TraceData): HTMLElement {
  if (log === null) {
    const left = omitted.some((sentence) => sentence.includes('--no-logs'));
    return make('p', { class: 'quiet', text: left ? 'Left out of this page.' : 'This clone has no log of it.' });
  }
  if (log.bytes === 0) return make('p', { class: 'quiet', text: 'Nothing.' });
  return make('div', {}, [
    log.cut === 0 ? undefined : make('p', { class: 'cut', text: `Cut: the first ${log.cut} of ${log.bytes} bytes are left out.` }),
    make('pre', { class: 'log', text: log.text, attributes: { tabindex: '0' } }),
  ]);
}

const trailers = (event: TraceEvent): HTMLElement =>
  make('table', { class: 'trailers' }, [
    make(
      'tbody',
      {},
      event.trailers.map(({ key, value }) =>
        make('tr', {}, [make('th', { text: key, attributes: { scope: 'row' } }), make('td', { text: value })]),
      ),
    ),
  ]);
