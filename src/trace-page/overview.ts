import type { Outcome, TraceData, TraceEvent } from './data.js';
import { make } from './dom.js';
import { duration } from './time.js';
import { nameOf, outcomeWords } from './words.js';

/** More names than this nobody reads. */
const most = 12;

/** What is shown while nothing is chosen: how runs ended, where time went, and what needs somebody. */
export function overview(data: TraceData, choose: (event: number) => void): HTMLElement[] {
  if (data.events.length === 0) return [];
  return [outcomes(data), times(data), needs(data, choose)].filter((part) => part !== undefined);
}

const part = (title: string, content: HTMLElement): HTMLElement => make('section', {}, [make('h3', { text: title }), content]);

const pairs = (all: readonly (readonly [string, string])[]): HTMLElement =>
  make(
    'dl',
    {},
    all.flatMap(([name, value]) => [make('dt', { text: name }), make('dd', { text: value })]),
  );

function outcomes({ runs }: TraceData): HTMLElement | undefined {
  if (runs.length === 0) return undefined;
  const counts = new Map<Outcome, number>();
  for (const { outcome } of runs) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const again = runs.filter(({ attempt }) => attempt > 1).length;
  const all = [...counts].map(([outcome, count]) => [outcomeWords[outcome], String(count)] as const);
  return part('Runs', pairs([...all, ...(again > 0 ? [['further attempts', String(again)] as const] : [])]));
}

/** The phases that came to an end: what is still open says nothing about how long it takes. */
function times({ bars }: TraceData): HTMLElement | undefined {
  const seconds = { running: 0, 'waiting for a runner': 0, 'waiting for a person': 0, stalled: 0 };
  for (const { phase, from, to, open } of bars) {
    if (open) continue;
    if (phase === 'finished' || phase === 'broken') seconds.running += to - from;
    else if (phase === 'queued') seconds['waiting for a runner'] += to - from;
    else if (phase === 'person') seconds['waiting for a person'] += to - from;
    else if (phase === 'stalled') seconds.stalled += to - from;
  }
  const all = Object.entries(seconds).flatMap(([name, value]) => (value > 0 ? [[name, duration(value)] as const] : []));
  return all.length === 0 ? undefined : part('Where time went, all branches together', pairs(all));
}

const wanting = new Set(['stalled', 'invalid', 'broken']);

function needs({ bars, events, lanes }: TraceData, choose: (event: number) => void): HTMLElement | undefined {
  const stopped = bars.filter(({ open, phase }) => open && wanting.has(phase));
  if (stopped.length === 0) return undefined;
  const items = stopped.slice(0, most).map(({ event, lane }) => {
    const words = `${lanes[lane]?.name}: ${nameOf(events[event] as TraceEvent)}`;
    return make('li', {}, [
      make('button', { class: 'link', text: words, attributes: { type: 'button' }, on: { click: () => choose(event) } }),
    ]);
  });
  const rest = stopped.length - items.length;
  return part('Stopped now', make('ul', {}, [...items, rest > 0 ? make('li', { text: `and ${rest} more` }) : undefined]));
}
