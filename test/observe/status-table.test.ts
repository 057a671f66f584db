import { describe, expect, test } from 'vitest';
import { widthOf } from '../../src/observe/fit-text.js';
import type { BranchStatus } from '../../src/observe/schemas.js';
import { moment, shortSpan, span } from '../../src/observe/spans.js';
import { statusLines } from '../../src/observe/status-lines.js';
import { countsInWords, inOrder } from '../../src/observe/status-order.js';
import { statusTable } from '../../src/observe/status-table.js';
import { later } from '../../src/observe/status-words.js';
import { oidOf } from '../support/commits.js';
import { fc } from '../support/seeded.js';

const now = 1_700_000_000;

const idle: BranchStatus = {
  branch: 'main',
  head: oidOf('a'),
  title: 'first',
  current: false,
  reading: 'idle',
  state: null,
  detail: null,
  runId: null,
  runnerId: null,
  lease: { status: 'n/a', secondsLeft: null },
  command: { status: 'n/a', path: null },
  lastFailure: null,
  at: now - 60,
  originState: null,
  request: null,
  attempt: null,
  correlationId: null,
  needsPerson: false,
};
const waits: BranchStatus = { ...idle, branch: 'topic', reading: 'waiting', state: 'review', title: 'Look at it', needsPerson: true };
const held: BranchStatus = {
  ...idle,
  branch: 'work',
  reading: 'leased',
  state: 'working',
  originState: 'build',
  title: 'aynig: working on build',
  request: 'Build the docs',
  runnerId: 'host1',
  lease: { status: 'active', secondsLeft: 480 },
  command: { status: 'exists', path: '.aynig/command/build' },
  attempt: 2,
};
const texts = (statuses: readonly BranchStatus[], width?: number): string[] => statusTable(statuses, now, width).map(({ text }) => text);

describe('the table of branches', () => {
  test('has all columns and nothing cut where it is no terminal that reads it', () => {
    const long = `feature/${'x'.repeat(200)}`;
    const [heading, first, second] = texts([{ ...waits, branch: long, title: 'y'.repeat(300) }, held]);
    expect(heading?.trim().split(/ {2,}/)).toEqual(['BRANCH', 'STATE', 'READING', 'HELD BY', 'COMMAND', 'AGE', 'TRY', 'TITLE']);
    expect(first?.trim().split(/ {2,}/)).toEqual([long, 'review', 'waiting', '-', '-', '60s', '-', 'y'.repeat(300)]);
    expect(second?.trim().split(/ {2,}/)).toEqual([
      'work',
      'working (build)',
      'leased',
      'host1 8m left',
      'exists',
      '60s',
      '2',
      'Build the docs',
    ]);
  });

  test('leaves out on a terminal what no branch has, and cuts names in the middle and titles at the end', () => {
    const rows = texts([{ ...waits, branch: `feature/${'x'.repeat(60)}-end`, title: 'word '.repeat(40) }], 80);
    expect(rows[0]?.trim().split(/ {2,}/)).toEqual(['BRANCH', 'STATE', 'READING', 'AGE', 'TITLE']);
    expect(rows[1]).toMatch(/^ {2}feature\/x+…x+-end {2}review {2}waiting {2}60s {2}word .*…$/);
    expect(rows.map(widthOf)).toEqual([expect.any(Number), 80]);
  });

  test('says who holds a branch also on a terminal of 80 columns', () => {
    const rows = texts([{ ...held, branch: `feature/${'x'.repeat(60)}` }, waits], 80);
    expect(rows[1]).toContain('host1 8m left');
    expect(rows[1]).toContain('Build the do');
  });

  test('never takes more columns than a terminal has, whatever stands in it', () => {
    const text = fc.string({
      unit: fc.constantFrom('日', 'a', 'e\u0301', '\u001b[31m', '\u202e', '👩‍👩‍👧', '<b>', '\t', '\n'),
      maxLength: 80,
    });
    fc.assert(
      fc.property(
        fc.array(fc.record({ branch: text, title: text, state: text, runnerId: text })),
        fc.integer({ min: 1, max: 160 }),
        (given, width) => {
          for (const row of texts(
            given.flatMap((one) => [
              { ...waits, ...one },
              { ...held, ...one },
            ]),
            width,
          )) {
            expect(widthOf(row)).toBeLessThanOrEqual(width);
            expect(row).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          }
        },
      ),
    );
  });

  test('has words of its own for a run that stalled and for what is over, and marks what a runner failed at', () => {
    const failure = { code: 'git-failed', why: 'w', hint: 'h', at: null };
    const rows = texts([
      { ...waits, state: 'stalled', originState: 'build' },
      { ...waits, state: 'done', needsPerson: false },
      { ...waits, reading: 'ready', state: 'build', lastFailure: failure },
      { ...held, lease: { status: 'endless', secondsLeft: null } },
      { ...held, reading: 'expired', runnerId: null, lease: { status: 'expired', secondsLeft: 0 } },
      { ...held, reading: 'undelivered', lease: { status: 'active', secondsLeft: null } },
    ]).slice(1);
    const cells = rows.map((row) => row.trim().split(/ {2,}/).slice(1, 4));
    expect(cells).toEqual([
      ['stalled (build)', 'stalled', '-'],
      ['done', 'ended', '-'],
      ['build', 'ready !', '-'],
      ['working (build)', 'leased', 'host1 no end'],
      ['working (build)', 'expired', 'nobody over'],
      ['working (build)', 'undelivered', 'host1 done'],
    ]);
  });

  test('has what waits for a person first, then what runs, then the rest, and each newest first', () => {
    const ready: BranchStatus = { ...idle, branch: 'r', reading: 'ready', state: 'build' };
    const older = { ...waits, branch: 'a', at: now - 600 };
    const unread: BranchStatus = { ...waits, branch: 'u', reading: 'unreadable', at: null };
    const all = [idle, ready, held, older, waits, { ...waits, branch: 'b' }, unread];
    expect(inOrder(all).map(({ branch }) => branch)).toEqual(['u', 'b', 'topic', 'a', 'work', 'r', 'main']);
    expect(countsInWords(all)).toBe('4 need a person, 1 running, 1 other, 1 without a state');
    expect(countsInWords([waits])).toBe('1 needs a person, 0 running, 0 other, 0 without a state');
  });

  test('is nothing where there are no branches', () => {
    expect(statusTable([], now, 80)).toEqual([]);
  });
});

describe('the status of one branch', () => {
  test('says when, how long and for how much longer in words', () => {
    const lines = statusLines({ ...held, at: now - 7_300 }, now);
    expect(lines).toContain('age      2 hours ago (2023-11-14 20:11:40 UTC)');
    expect(lines).toContain('lease    active, 8 minutes left');
    expect(lines).toContain('asked    Build the docs');
    expect(lines).toContain('attempt  2');
    expect(lines).toContain('state    working (build)');
    expect(statusLines({ ...idle, at: now + 100 }, now)[2]).toMatch(/^age {6}in the future \(/);
    expect(statusLines({ ...idle, at: null }, now)[2]).toBe('age      unknown');
  });

  test('counts down while nobody reads it anew', () => {
    expect(later(held, 60).lease.secondsLeft).toBe(420);
    expect(later(held, 6_000).lease.secondsLeft).toBe(0);
    expect(later(waits, 60)).toEqual(waits);
  });
});

describe('a span of time', () => {
  test.each([
    [-5, '0s', '0 seconds'],
    [1, '1s', '1 second'],
    [119, '119s', '119 seconds'],
    [120, '2m', '2 minutes'],
    [7_199, '119m', '119 minutes'],
    [7_200, '2h', '2 hours'],
    [172_800, '2d', '2 days'],
    [1_814_400, '3w', '3 weeks'],
    [63_115_200, '2y', '2 years'],
  ])('of %i seconds is %s, in words %s', (seconds, short, words) => {
    expect([shortSpan(seconds), span(seconds)]).toEqual([short, words]);
  });

  test('begins at a moment, however wrong a clock was', () => {
    expect(moment(now)).toBe('2023-11-14 22:13:20 UTC');
    expect(moment(1e15)).toBe('1000000000000000 seconds after 1970');
  });
});
