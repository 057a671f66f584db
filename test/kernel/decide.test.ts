import { describe, expect, it } from 'vitest';
import { type CommandLookup, decide, type Facts, type Reading } from '../../src/kernel/decide.js';
import { readTip, type Tip } from '../../src/kernel/tip.js';
import { commitOf, oidOf } from '../support/commits.js';

const now = 1_700_000_000;
const present: CommandLookup = { kind: 'present', path: '.aynig/command/build' };
const facts: Facts = { now, run: { kind: 'none' }, command: present, permission: { kind: 'allowed' }, skewSeconds: 30 };
const runId = '0b0e7d3a-4c1d-4f7e-9a55-0123456789ab';

const request = (state: string, ...lines: string[]): Tip => readTip(commitOf(['t', '', `aynig-state: ${state}`, ...lines, ''].join('\n')));
const leaseAt = (committedAt: number, seconds: string | undefined = '600'): Tip =>
  readTip(
    commitOf(`t\n\naynig-state: working\naynig-run-id: ${runId}\n${seconds === undefined ? '' : `aynig-lease-seconds: ${seconds}\n`}`, {
      committedAt,
    }),
  );

describe('a tip without a request', () => {
  it('is idle, whatever else is known', () => {
    const plain = readTip(commitOf('title\n'));
    expect(decide(plain, facts)).toEqual({ kind: 'idle' });
    expect(decide(plain, { ...facts, run: { kind: 'dead' }, remote: 'origin' })).toEqual({ kind: 'idle' });
  });

  it('is invalid when its message is, and says why', () => {
    const invalid = readTip(commitOf('t\n\naynig-state: a\naynig-state: b\n'));
    expect(decide(invalid, facts)).toMatchObject({ kind: 'invalid', problems: [{ line: 4 }] });
  });
});

describe('a request', () => {
  const refused: Facts['permission'] = { kind: 'refused', why: 'it came by a pull', next: 'aynig run' };
  const unusable: CommandLookup = { kind: 'unusable', path: '.aynig/command/build', why: 'is not executable', fix: 'chmod' };

  it.each<[string, Partial<Facts>, Reading]>([
    ['ready when its command is there', {}, { kind: 'ready', state: 'build' as never, path: '.aynig/command/build' }],
    ['waiting without a command', { command: { kind: 'missing' } }, { kind: 'waiting', state: 'build' as never, why: 'no-command' }],
    [
      'waiting without a command, also where a remote decides and nobody is trusted',
      { command: { kind: 'missing' }, remote: 'origin', permission: refused },
      { kind: 'waiting', state: 'build' as never, why: 'no-command' },
    ],
    [
      'invalid when its command cannot be run',
      { command: unusable, permission: refused, remote: 'origin' },
      { kind: 'invalid', problems: [{ line: 0, rule: '.aynig/command/build is not executable', fix: 'chmod' }] },
    ],
    [
      'untrusted when this process may not start it',
      { permission: refused },
      { kind: 'untrusted', state: 'build' as never, path: '.aynig/command/build', why: 'it came by a pull', next: 'aynig run' },
    ],
    ['left to the remote that decides', { remote: 'origin' }, { kind: 'remote', state: 'build' as never, remote: 'origin' }],
    [
      'untrusted before a remote is asked: what may not be started here costs no network',
      { remote: 'origin', permission: refused },
      { kind: 'untrusted', state: 'build' as never, path: '.aynig/command/build', why: 'it came by a pull', next: 'aynig run' },
    ],
  ])('is %s', (_, known, reading) => {
    expect(decide(request('build'), { ...facts, ...known })).toEqual(reading);
  });

  it('is not held up by anything that is known about runs', () => {
    for (const run of [{ kind: 'alive' }, { kind: 'dead' }, { kind: 'undelivered', result: oidOf('result') }] as const)
      expect(decide(request('build'), { ...facts, run, heartbeat: now })).toMatchObject({ kind: 'ready' });
  });

  it('of a stalled branch is ready when there is a command for recovery', () => {
    expect(decide(request('stalled', 'aynig-origin-state: build'), facts)).toMatchObject({ kind: 'ready', state: 'stalled' });
    expect(decide(request('stalled'), facts)).toMatchObject({ kind: 'ready' });
  });

  it.each([['stalled'], ['Stalled'], ['STALLED']])('waits for a person when the recovery itself stalled (%s)', (origin) => {
    const tip = request('Stalled', `Aynig-Origin-State: ${origin}`);
    expect(decide(tip, facts)).toEqual({ kind: 'waiting', state: 'stalled', why: 'recovery-failed' });
    expect(decide(tip, { ...facts, command: { kind: 'missing' } })).toMatchObject({ why: 'recovery-failed' });
  });

  it('of another state that names stalled as its origin is ready', () => {
    expect(decide(request('retry', 'aynig-origin-state: stalled'), facts)).toMatchObject({ kind: 'ready' });
  });
});

describe('a lease', () => {
  it.each<[string, number, Partial<Facts>, Partial<Reading>]>([
    ['holds before its end', now, {}, { kind: 'leased', until: now + 630 }],
    ['holds in its last second', now - 600, { skewSeconds: 0 }, { kind: 'leased', until: now }],
    ['is over one second later', now - 601, { skewSeconds: 0 }, { kind: 'expired', since: now - 1 }],
    ['holds in the last second of the skew allowance', now - 630, {}, { kind: 'leased', until: now }],
    ['is over one second after the skew allowance', now - 631, {}, { kind: 'expired', since: now - 1 }],
    ['is over long after its end', 0, {}, { kind: 'expired', since: 630 }],
    ['is prolonged by a heartbeat', now - 10_000, { heartbeat: now - 630 }, { kind: 'leased', until: now }],
    ['is over when the heartbeat is too old as well', now - 10_000, { heartbeat: now - 631 }, { kind: 'expired', since: now - 1 }],
    ['is not shortened by an old heartbeat', now, { heartbeat: now - 10_000 }, { kind: 'leased', until: now + 630 }],
    ['keeps a date that is ahead by no more than the skew', now + 30, {}, { kind: 'leased', until: now + 660 }],
    ['from the future counts as just seen when nothing is known', now + 31, {}, { kind: 'leased', until: now + 630 }],
    ['from the future counts from when it was seen', now + 99_999, { observedAt: now - 630 }, { kind: 'leased', until: now }],
    ['from the future is over in time', now + 99_999, { observedAt: now - 631 }, { kind: 'expired', since: now - 1 }],
    ['from the future is prolonged by a heartbeat', now + 99_999, { observedAt: 0, heartbeat: now }, { kind: 'leased', until: now + 630 }],
    ['with a sound date takes no notice of when it was seen', now - 100, { observedAt: 0 }, { kind: 'leased', until: now + 530 }],
  ])('%s', (_, committedAt, known, reading) => {
    expect(decide(leaseAt(committedAt), { ...facts, ...known })).toMatchObject(reading);
  });

  it.each([[undefined], ['0'], ['soon'], ['-5']])('without a valid length (%s) never ends, and shows no end', (seconds) => {
    const tip = seconds === undefined ? readTip(commitOf('t\n\naynig-state: working\n', { committedAt: 0 })) : leaseAt(0, seconds);
    const reading = decide(tip, facts);
    expect(reading.kind).toBe('leased');
    expect('until' in reading).toBe(false);
  });

  it('counts at most a day, whatever it asks for', () => {
    const day = 86_400;
    expect(decide(leaseAt(now - day - 30, '999999'), facts)).toMatchObject({ kind: 'leased', until: now });
    expect(decide(leaseAt(now - day - 31, '999999'), facts)).toMatchObject({ kind: 'expired' });
  });

  it('of a run of this clone that lives holds beyond its end', () => {
    expect(decide(leaseAt(0), { ...facts, run: { kind: 'alive' } })).toMatchObject({ kind: 'leased', until: 630 });
  });

  it('of a run of this clone that died is over at once, also one without end', () => {
    expect(decide(leaseAt(now), { ...facts, run: { kind: 'dead' } })).toMatchObject({ kind: 'expired', since: now });
    expect(decide(leaseAt(now, 'soon'), { ...facts, run: { kind: 'dead' } })).toMatchObject({ kind: 'expired', since: now });
  });

  it('of a run whose result waits is undelivered, however old it is', () => {
    const result = oidOf('result');
    expect(decide(leaseAt(0), { ...facts, run: { kind: 'undelivered', result } })).toMatchObject({ kind: 'undelivered', result });
  });
});
