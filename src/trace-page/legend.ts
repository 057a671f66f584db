import { phases, type TraceData } from './data.js';
import { find, make } from './dom.js';
import { phaseWords } from './words.js';

/** Says what colours and signs mean: those that this page has. */
export function fillLegend({ bars, events, runs }: TraceData): void {
  const found = new Set(bars.map(({ phase }) => phase));
  const signs: readonly [boolean, string, string, string][] = [
    [runs.some(({ attempt }) => attempt > 1), 'retry', '▲', 'further attempt'],
    [events.some(({ takeover }) => takeover), 'takeover', '⚑', 'stall written by another than the holder'],
    [events.some(({ kept }) => kept.length > 0), 'kept', '◆', 'work kept beside the branch'],
    [bars.some(({ ticks }) => ticks.length > 0), 'renewal', '╵', 'renewal of a lease'],
  ];
  find('legend', HTMLUListElement).append(
    ...phases
      .filter((phase) => found.has(phase))
      .map((phase) =>
        make('li', {}, [make('span', { class: `swatch ${phase}`, attributes: { 'aria-hidden': 'true' } }), phaseWords[phase]]),
      ),
    ...signs.flatMap(([shown, name, sign, words]) =>
      shown ? [make('li', {}, [make('span', { class: `sign ${name}`, text: sign, attributes: { 'aria-hidden': 'true' } }), words])] : [],
    ),
  );
}
