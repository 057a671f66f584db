import { describe, expect, test } from 'vitest';
import type { TraceBar, TraceData, TraceEvent, TraceRun } from '../../src/trace-page/data.js';
import { Finder, noFilter } from '../../src/trace-page/filter.js';
import { axisHeight, boxOf, hit, rowHeight, type View } from '../../src/trace-page/geometry.js';
import { beside, nearest, rowsOf, spotOf } from '../../src/trace-page/rows.js';
import { around, interesting, whole } from '../../src/trace-page/span.js';

const event = (lane: number, at: number, more: Partial<TraceEvent> = {}): TraceEvent => ({
  lane,
  commit: `${at}`.padStart(40, '0'),
  at,
  kind: 'request',
  severity: 'info',
  state: 'build',
  previousState: null,
  title: `at ${at}`,
  body: '',
  author: 'Ana',
  runId: null,
  runnerId: null,
  originState: null,
  attempt: null,
  runSeconds: null,
  correlationId: null,
  parentRun: null,
  exitCode: null,
  signal: null,
  problems: [],
  trailers: [],
  run: null,
  takeover: false,
  kept: [],
  diff: null,
  ...more,
});
const bar = (lane: number, of: number, from: number, to: number, more: Partial<TraceBar> = {}): TraceBar => ({
  lane,
  event: of,
  from,
  to,
  open: false,
  phase: 'person',
  ticks: [],
  ...more,
});
const run = (outcome: TraceRun['outcome'], log: string | null = null): TraceRun => ({
  runId: 'run',
  runnerId: null,
  state: 'build',
  attempt: 1,
  outcome,
  lease: 1,
  request: null,
  end: null,
  renewals: 0,
  waitedSeconds: null,
  ranSeconds: null,
  log: log === null ? null : { text: log, bytes: log.length, cut: 0 },
});
const data: TraceData = {
  schema: 'aynig.trace/1',
  repository: 'r',
  scope: 'all branches',
  version: '0',
  madeAt: 1_000,
  lanes: ['main', 'job.a', 'zeta'].map((name) => ({ name, reading: null, detail: null })),
  events: [
    event(0, 10, { title: 'Make the Docs', correlationId: 'c-1' }),
    event(0, 20, { state: 'working', originState: 'build', kind: 'lease', run: 0 }),
    event(1, 30, { severity: 'error', state: 'stalled', run: 1, body: 'no room left' }),
    event(2, 40, { severity: 'warning', state: 'done' }),
    event(0, 50, { state: 'review' }),
  ],
  bars: [
    bar(0, 0, 10, 20),
    bar(0, 1, 20, 50),
    bar(1, 2, 30, 30),
    bar(2, 3, 40, 60),
    bar(0, 4, 50, 1_000, { open: true, phase: 'resting' }),
  ],
  runs: [run('completed', 'Linking…'), run('stalled')],
  diffs: [],
  omitted: [],
};

describe('an event is found', () => {
  const found = (filter: Partial<typeof noFilter>): number[] =>
    new Finder(data).matches({ ...noFilter, ...filter }).flatMap((matches, index) => (matches ? [index] : []));

  test.each<[string, Partial<typeof noFilter>, number[]]>([
    ['by nothing', {}, [0, 1, 2, 3, 4]],
    ['by all words, wherever they stand and however they are written', { text: 'docs  MAKE' }, [0]],
    ['by the start of its commit', { text: '0000000030' }, [2]],
    ['by its body', { text: 'no room' }, [2]],
    ['by what the command printed', { text: 'linking' }, [1]],
    ['by a part of its branch', { branch: 'MAIN' }, [0, 1, 4]],
    ['by a pattern of branches, in which only * means something', { branch: 'job.*' }, [2]],
    ['by a pattern that fits none', { branch: 'j*b' }, []],
    ['by its state, a lease by what was asked for', { state: 'build' }, [0, 1]],
    ['by the outcome of its run', { outcome: 'stalled' }, [2]],
    ['by errors', { severity: 'error' }, [2]],
    ['by warnings, errors too', { severity: 'warning' }, [2, 3]],
    ['by its correlation', { correlation: 'c-1' }, [0]],
    ['by all of it together', { correlation: 'c-1', severity: 'error' }, []],
  ])('%s', (_, filter, expected) => {
    expect(found(filter)).toEqual(expected);
  });
});

describe('rows', () => {
  const all = data.events.map(() => true);

  test.each([
    ['lineage', ['main', 'job.a', 'zeta']],
    ['name', ['job.a', 'main', 'zeta']],
    ['earliest', ['main', 'job.a', 'zeta']],
    ['latest', ['main', 'zeta', 'job.a']],
  ] as const)('are ordered by %s', (order, names) => {
    expect(rowsOf(data, all, order).map(({ name }) => name)).toEqual(names);
  });

  test('are those with something that matches, and the keyboard goes from match to match in them', () => {
    const matches = [true, false, false, false, true];
    const rows = rowsOf(data, matches, 'lineage');
    expect(rows.map(({ name }) => name)).toEqual(['main']);
    expect(beside(rows, { row: 0, bar: 0 }, 1, matches)).toEqual({ row: 0, bar: 2 });
    expect(beside(rows, { row: 0, bar: 2 }, 1, matches)).toBeUndefined();
    expect(nearest(rows, 0, 19, matches)).toEqual({ row: 0, bar: 0 });
    expect(nearest(rows, 5, 19, matches)).toBeUndefined();
    expect(spotOf(rows, 0, 1)).toEqual({ row: 0, bar: 1 });
    expect(spotOf(rows, 1, 2)).toBeUndefined();
  });

  test('are hit where they are drawn, and what took no time lies on top', () => {
    const rows = rowsOf({ ...data, bars: [bar(0, 0, 10, 20), bar(0, 1, 20, 20), bar(0, 4, 20, 90)] }, all, 'lineage');
    const view: View = { width: 500, height: 300, gutter: 100, top: 0, x: (at) => 100 + at * 4 };
    const y = axisHeight + rowHeight / 2;
    const at = (px: number, py = y): number | undefined => hit(view, rows, all, px, py)?.bar;
    expect(at(150)).toBe(0);
    expect(at(181)).toBe(1);
    expect(at(190)).toBe(2);
    expect(at(136)).toBe(0);
    expect(at(120)).toBeUndefined();
    expect([at(50), at(150, 10), at(150, y + rowHeight)]).toEqual([undefined, undefined, undefined]);
    expect(boxOf(view, 2, bar(0, 1, 20, 20))).toMatchObject({ left: 180, width: 3 });
    expect(hit(view, rows, [false, true, true, true, true], 150, y)).toBeUndefined();
  });
});

describe('the time that is shown at first', () => {
  test('is that of all that happened, and until now where something is under way', () => {
    const quiet = interesting(data.bars, 1_000_000);
    expect(quiet.from).toBeLessThan(10);
    expect(quiet.to).toBeGreaterThan(60);
    expect(quiet.to).toBeLessThan(100);
    const live = bar(1, 2, 60, 1_000, { open: true, phase: 'live' });
    expect(interesting([...data.bars, live], 1_000).to).toBeGreaterThanOrEqual(1_000);
    expect(interesting([...data.bars, live], 1_000_000).to).toBeLessThan(100);
    expect(whole(data.bars, 1_000).to).toBeGreaterThan(1_000);
  });

  test('is, of a single bar, that bar in the middle third, and the beginning of one that goes on', () => {
    expect(around(bar(0, 0, 100, 160), 10)).toEqual({ from: 40, to: 220 });
    expect(around(bar(0, 0, 100, 100), 10)).toEqual({ from: 95, to: 110 });
    expect(around(bar(0, 0, 100, 9_000, { open: true }), 10)).toEqual({ from: 90, to: 120 });
  });

  test('is a stretch of some seconds around one event, or around now where there is none', () => {
    for (const bars of [[bar(0, 0, 500, 500)], []]) {
      const { from, to } = interesting(bars, 500);
      expect(from).toBeLessThan(500);
      expect(to).toBeGreaterThanOrEqual(500);
      expect(to - from).toBeGreaterThanOrEqual(20);
    }
  });
});
