import { describe, expect, test } from 'vitest';
import type { StateEvent } from '../../src/observe/schemas.js';
import { barsOf, type LineEnd, type Placed } from '../../src/observe/trace/bars.js';

const open = (reading: string): LineEnd => ({ at: 100, open: true, reading });
const over: LineEnd = { at: 100, open: false, reading: null };

/** The phases of a line of events "kind state run", ten seconds apart, as "from-to phase". */
function phases(end: LineEnd, ...events: readonly string[]): string[] {
  const line = events.map((text, index): Placed => {
    const [kind = '', state = '', runId = null] = text.split(' ');
    return { index, event: { at: index * 10, kind: kind as StateEvent['kind'], state, runId } };
  });
  return barsOf(0, line, end).map(({ from, to, phase, open: goesOn, ticks }) =>
    [`${from}-${to}`, phase, ...(goesOn ? ['open'] : []), ...ticks].join(' '),
  );
}

describe('the phases of a line', () => {
  test('are waiting for a runner, running, and waiting for a person, who goes on', () => {
    expect(
      phases(
        open('waiting'),
        'request build',
        'lease working a',
        'completion review',
        'request publish',
        'lease working b',
        'completion done',
      ),
    ).toEqual(['0-10 queued', '10-20 finished', '20-30 person', '30-40 queued', '40-50 finished', '50-100 resting open']);
  });

  test('are one bar for a run, however often its lease is renewed', () => {
    expect(phases(open('waiting'), 'lease working a', 'renewal working a', 'renewal working a', 'completion done')).toEqual([
      '0-30 finished 10 20',
      '30-100 resting open',
    ]);
  });

  test('are a run that stalled, and stalled until somebody asks again', () => {
    expect(phases(open('leased'), 'lease working a', 'stall stalled a', 'request build', 'lease working b')).toEqual([
      '0-10 broken',
      '10-20 stalled',
      '20-30 queued',
      '30-100 live open',
    ]);
  });

  test('are lost for a run whose lease another run took, and for one whose lease has expired', () => {
    expect(phases(open('expired'), 'lease working a', 'lease working b')).toEqual(['0-10 broken', '10-100 broken open']);
  });

  test.each([
    ['ready', 'queued'],
    ['untrusted', 'queued'],
    ['remote', 'queued'],
    ['waiting', 'resting'],
    ['unreadable', 'resting'],
  ])('end with what a tip that is %s waits for', (reading, phase) => {
    expect(phases(open(reading), 'request build')).toEqual([`0-100 ${phase} open`]);
  });

  test('end where the line ends', () => {
    expect(phases(over, 'request build')).toEqual(['0-100 resting']);
    expect(phases({ ...over, at: 3 }, 'request build', 'invalid')).toEqual(['0-10 person', '10-10 invalid']);
  });

  test('never end before they begin, whatever the clocks said', () => {
    const line = [50, 20, 60].map((at, index): Placed => ({ index, event: { at, kind: 'request', state: 'x', runId: null } }));
    expect(barsOf(0, line, { ...over, at: 40 }).map(({ from, to }) => [from, to])).toEqual([
      [50, 50],
      [20, 60],
      [60, 60],
    ]);
  });
});
