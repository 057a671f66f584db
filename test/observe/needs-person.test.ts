import { describe, expect, test } from 'vitest';
import type { Reading } from '../../src/kernel/decide.js';
import type { State } from '../../src/kernel/names.js';
import type { Lease } from '../../src/kernel/tip.js';
import { endStatesOf, needsPerson } from '../../src/observe/needs-person.js';
import { oidOf } from '../support/commits.js';

const state = (name: string): State => name as State;
const taken = 1_700_000_000;
const lease: Lease = { commit: oidOf('l'), runId: 'r', runnerId: 'host', originState: 'build', committedAt: taken, seconds: 600 };
const { seconds: _, ...endless } = lease;
const ends = endStatesOf('done  cancelled');
const asked = (reading: Reading, now = taken, failed = false): boolean => needsPerson(reading, { now, ends, failed });

describe('a branch needs a person', () => {
  test.each<[string, Reading]>([
    ['waits in a state without a command', { kind: 'waiting', state: state('review'), why: 'no-command' }],
    ['is stalled', { kind: 'waiting', state: state('stalled'), why: 'no-command' }],
    ['is stalled by its own recovery', { kind: 'waiting', state: state('stalled'), why: 'recovery-failed' }],
    ['asks for what nobody has allowed', { kind: 'untrusted', state: state('build'), path: 'p', why: 'w', next: 'n' }],
    ['has a message that cannot be used', { kind: 'invalid', problems: [] }],
    ['has a result that no checkout takes', { kind: 'undelivered', lease, result: oidOf('r') }],
  ])('that %s', (__, reading) => {
    expect(asked(reading)).toBe(true);
  });

  test.each<[string, Reading]>([
    ['asks for nothing', { kind: 'idle' }],
    ['is ready', { kind: 'ready', state: state('build'), path: 'p' }],
    ['is decided elsewhere', { kind: 'remote', state: state('build'), remote: 'origin' }],
    ['is at work', { kind: 'leased', lease, until: taken + 630 }],
    ['is at its end', { kind: 'waiting', state: state('done'), why: 'no-command' }],
    ['was cancelled', { kind: 'waiting', state: state('cancelled'), why: 'no-command' }],
  ])('unless it %s; but then too where a runner has failed at it', (__, reading) => {
    expect(asked(reading)).toBe(false);
    expect(asked(reading, taken, true)).toBe(true);
  });

  test('that nobody takes over for as long again as its lease was given for', () => {
    const expired: Reading = { kind: 'expired', lease, since: taken + 630 };
    expect(asked(expired, taken + 631)).toBe(false);
    expect(asked(expired, taken + 1200)).toBe(false);
    expect(asked(expired, taken + 1231)).toBe(true);
  });

  test('whose runner here died, when its lease is over for as long again', () => {
    // The reading of a dead runner says "now": nobody has noted when it died.
    const dead = (now: number): boolean => asked({ kind: 'expired', lease, since: now }, now);
    expect(dead(taken + 1)).toBe(false);
    expect(dead(taken + 1201)).toBe(true);
  });

  test('that is held for more than a day by a lease without an end', () => {
    const held: Reading = { kind: 'leased', lease: endless };
    expect(asked(held, taken + 86_400)).toBe(false);
    expect(asked(held, taken + 86_401)).toBe(true);
  });
});
