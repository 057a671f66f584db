import { Controls } from './controls.js';
import type { TraceBar, TraceData, TraceEvent } from './data.js';
import { Details } from './details.js';
import { find, make } from './dom.js';
import { Finder, noFilter } from './filter.js';
import { fillLegend } from './legend.js';
import { rowsOf } from './rows.js';
import { EventTable } from './table.js';
import { offerThemes } from './theme.js';
import { duration, utc } from './time.js';
import { Timeline } from './timeline.js';
import { nameOf, phaseWords } from './words.js';

const data = JSON.parse(find('data', HTMLElement).textContent ?? '') as TraceData;
const live = find('live', HTMLElement);
const finder = new Finder(data);
let matches: readonly boolean[] = [];

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

function sentence({ event, from, to, open, phase }: TraceBar): string {
  const { title, lane, attempt } = data.events[event] as TraceEvent;
  const again = (attempt ?? 1) > 1 ? `, attempt ${attempt}` : '';
  const lasted = open ? `for ${duration(to - from)} until now` : `for ${duration(to - from)}`;
  return `${nameOf(data.events[event] as TraceEvent)} on ${data.lanes[lane]?.name}\n${title}\n${phaseWords[phase]} ${lasted}${again}\n${utc(from)} UTC`;
}

const details = new Details(data, {
  choose: (event) => choose(event, { reveal: true }),
  correlation: (correlation) => controls.set({ ...noFilter, correlation }),
  closeUp: () => timeline.closeUp(),
  close: () => {
    choose(undefined, { reveal: false });
    find('timeline', HTMLElement).focus();
  },
});
const timeline = new Timeline(data, {
  sentence,
  chosen: (event, open) => {
    choose(event, { reveal: false });
    if (open) details.focus();
  },
});
const table = new EventTable(data, (event) => {
  choose(event, { reveal: true });
  details.focus();
});
const controls = new Controls(data, filterAgain);

function filterAgain(): void {
  matches = finder.matches(controls.filter);
  const rows = rowsOf(data, matches, controls.order);
  timeline.show(rows, matches);
  table.show(matches);
  const count = matches.filter(Boolean).length;
  const words = count === data.events.length ? `All ${counted(count, 'event')}` : `${counted(count, 'event')} of ${data.events.length}`;
  find('count', HTMLElement).textContent = `${words} on ${counted(rows.length, 'line')}`;
  find('nothing', HTMLElement).hidden = rows.length > 0;
  find('nothing', HTMLElement).textContent =
    data.events.length === 0
      ? 'There is no state event here yet. One begins with: aynig set-state <state>'
      : 'No event matches what is looked for.';
}

let chosen: number | undefined;

function choose(event: number | undefined, { reveal }: { readonly reveal: boolean }): void {
  if (event !== chosen) {
    chosen = event;
    details.show(event);
    table.choose(event);
    const found = event === undefined ? undefined : data.events[event];
    live.textContent =
      found === undefined
        ? 'Nothing is chosen.'
        : `${nameOf(found)} on ${data.lanes[found.lane]?.name}, ${utc(found.at)} UTC: ${found.title}. Commit ${found.commit.slice(0, 12)}. Enter opens the details.`;
    // A link to the page can name what to look at.
    history.replaceState(null, '', found === undefined ? '#' : `#${found.commit}`);
  }
  timeline.choose(event, { reveal });
}

function fromAddress(): void {
  const commit = location.hash.slice(1);
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return;
  const index = data.events.findIndex((event) => event.commit.startsWith(commit));
  if (index >= 0) choose(index, { reveal: true });
}

function begin(): void {
  document.title = `Trace of ${data.repository}`;
  find('title', HTMLElement).textContent = data.repository;
  const facts = [data.scope, counted(data.events.length, 'event'), counted(data.runs.length, 'run'), counted(data.lanes.length, 'line')];
  find('facts', HTMLElement).textContent = `${facts.join(' · ')} · as of ${utc(data.madeAt)} UTC · aynig ${data.version}`;
  const omitted = find('omitted', HTMLUListElement);
  omitted.hidden = data.omitted.length === 0;
  omitted.append(...data.omitted.map((text) => make('li', { text })));
  fillLegend(data);
  details.show(undefined);
  filterAgain();
  offerThemes(() => timeline.recolour());
  fromAddress();
  window.addEventListener('hashchange', fromAddress);
  for (const [id, act] of [
    ['zoom-in', () => timeline.zoomBy(1.6)],
    ['zoom-out', () => timeline.zoomBy(1 / 1.6)],
    ['fit', () => timeline.fit()],
  ] as const)
    find(id, HTMLButtonElement).addEventListener('click', act);
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === '/' && !typing) {
      event.preventDefault();
      controls.search();
    } else if (event.key === 'Escape') {
      if (typing) {
        // A browser would empty the field.
        event.preventDefault();
        find('timeline', HTMLElement).focus();
      } else if (find('details', HTMLElement).contains(document.activeElement)) find('timeline', HTMLElement).focus();
      else if (chosen !== undefined) choose(undefined, { reveal: false });
    }
  });
}

begin();
