import { describe, expect, it } from 'vitest';
import { leaseMessage } from '../../src/kernel/lease.js';
import { leaseSecondsOf, maxLeaseSeconds, readTip } from '../../src/kernel/tip.js';
import { commitOf, oidOf } from '../support/commits.js';

const runId = '0b0e7d3a-4c1d-4f7e-9a55-0123456789ab';
const parent = oidOf('parent');

const lease = (lines: readonly string[]) => readTip(commitOf(`t\n\naynig-state: working\n${lines.map((line) => `${line}\n`).join('')}`));

describe('a commit read as a state event', () => {
  it.each([
    ['no trailer', 'title\n\nbody\n'],
    ['a request in its title only', 'aynig-state: build\n'],
    ['trailers of other tools only', 'title\n\nSigned-off-by: Ana <ana@example.com>\n'],
    ['no message', ''],
    ['a request that is quoted in prose', 'title\n\nwrite this:\naynig-state: build\n'],
  ])('is plain with %s', (_, message) => {
    expect(readTip(commitOf(message)).kind).toBe('plain');
  });

  it('is a request with one legal state, read in small letters', () => {
    const tip = readTip(commitOf('title\n\nplease\n\nAynig-State: Ops/Triage\nkey: value\n'));
    expect(tip).toMatchObject({
      kind: 'request',
      state: 'ops/triage',
      message: { title: 'title', body: 'please', trailers: [{ value: 'Ops/Triage' }, { key: 'key' }] },
    });
  });

  it.each([
    ['two states', 'aynig-state: a\naynig-state: b', 'aynig-state stands more than once'],
    ['an empty state', 'aynig-state:', 'aynig-state has no value'],
    ['a state that leads out of its folder', 'aynig-state: ../build', '"../build" is not a state name'],
    ['a state with spaces', 'aynig-state: two words', '"two words" is not a state name'],
    ['a folded state', 'aynig-state: a\n b', 'the value of aynig-state is folded over several lines'],
  ])('is invalid with %s', (_, block, rule) => {
    const tip = readTip(commitOf(`title\n\n${block}\n`));
    expect(tip).toMatchObject({ kind: 'invalid', problems: [{ rule }] });
  });

  it.each([['ISO-8859-1'], ['UTF-16'], ['windows-1252']])('is invalid when it asks for something in %s', (encoding) => {
    const tip = readTip(commitOf('title\n\naynig-state: build\n', { encoding }));
    expect(tip).toMatchObject({ kind: 'invalid', problems: [{ rule: `the commit is encoded in ${encoding}` }] });
    expect(readTip(commitOf('title\n', { encoding })).kind).toBe('plain');
  });

  it.each([['UTF-8'], ['utf8'], ['utf-8']])('may say that it is encoded in %s', (encoding) => {
    expect(readTip(commitOf('title\n\naynig-state: build\n', { encoding })).kind).toBe('request');
  });
});

describe('a working commit', () => {
  it('is a lease that says who holds the branch', () => {
    const message = leaseMessage({ originState: 'build', runId, runnerId: 'host-1', seconds: 600, parent, remote: 'origin' });
    const commit = commitOf(message, { committedAt: 1_700_000_123 });
    expect(readTip(commit)).toMatchObject({
      kind: 'lease',
      lease: {
        commit: commit.oid,
        runId,
        runnerId: 'host-1',
        originState: 'build',
        seconds: 600,
        remote: 'origin',
        committedAt: 1_700_000_123,
      },
    });
  });

  it('without its other trailers is a lease that names nobody and never ends', () => {
    const tip = lease([]);
    expect(tip).toMatchObject({ kind: 'lease', lease: { runId: '', runnerId: '', originState: '' } });
    expect(tip.kind === 'lease' && 'seconds' in tip.lease).toBe(false);
  });

  it('with a run id that is no uuid names no run', () => {
    expect(lease(['aynig-run-id: ../../etc'])).toMatchObject({ kind: 'lease', lease: { runId: '' } });
    expect(lease([`aynig-run-id: ${runId.toUpperCase()}`])).toMatchObject({ kind: 'lease', lease: { runId } });
  });

  it('that names another parent is a copy and holds nothing', () => {
    expect(lease([`aynig-parent: ${oidOf('another')}`])).toMatchObject({
      kind: 'invalid',
      problems: [{ rule: 'the lease is a copy (made by a rebase or cherry-pick) and holds nothing' }],
    });
    expect(lease([`aynig-parent: ${parent}`]).kind).toBe('lease');
    expect(readTip(commitOf(`t\n\naynig-state: working\naynig-parent: ${parent}\n`, { parents: [] })).kind).toBe('invalid');
  });

  it('may be written in capitals', () => {
    expect(readTip(commitOf('t\n\naynig-state: WORKING\n')).kind).toBe('lease');
  });
});

describe('the length of a lease', () => {
  it.each<[string, number | undefined]>([
    ['1', 1],
    ['600', 600],
    [String(maxLeaseSeconds), maxLeaseSeconds],
    [String(maxLeaseSeconds + 1), maxLeaseSeconds],
    ['9999999999999999', maxLeaseSeconds],
    ['0', undefined],
    ['-1', undefined],
    ['+60', undefined],
    ['060', undefined],
    ['6e2', undefined],
    ['60.5', undefined],
    ['0x10', undefined],
    ['60 s', undefined],
    ['NaN', undefined],
    ['99999999999999999', undefined],
  ])('written as %j is %s', (text, seconds) => {
    expect(leaseSecondsOf({ title: '', body: '', trailers: [{ key: 'Aynig-Lease-Seconds', value: text }] })).toBe(seconds);
  });
});
