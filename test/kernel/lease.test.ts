import { describe, expect, it } from 'vitest';
import { carriedTrailers, leaseMessage, stallMessage } from '../../src/kernel/lease.js';
import { parseMessage, strayRequests, type Trailer, trailerValue } from '../../src/kernel/message.js';
import { readTip } from '../../src/kernel/tip.js';
import { commitOf, oidOf } from '../support/commits.js';

const runId = '0b0e7d3a-4c1d-4f7e-9a55-0123456789ab';
const parent = oidOf('parent');
const carried: Trailer[] = [
  { key: 'aynig-attempt', value: '2' },
  { key: 'aynig-correlation-id', value: 'abc' },
];

function trailersOf(text: string): Map<string, string> {
  const parsed = parseMessage(Buffer.from(text));
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return new Map(parsed.message.trailers.map(({ key, value }) => [key, value]));
}

describe('the message of a lease', () => {
  it('carries every trailer that the contract names', () => {
    const message = leaseMessage({ originState: 'build', runId, runnerId: 'host', seconds: 600, parent });
    expect(Object.fromEntries(trailersOf(message))).toEqual({
      'aynig-state': 'working',
      'aynig-origin-state': 'build',
      'aynig-run-id': runId,
      'aynig-runner-id': 'host',
      'aynig-lease-seconds': '600',
      'aynig-parent': parent,
    });
    expect(message.startsWith('aynig: working on build\n')).toBe(true);
  });

  it('of a renewal has a subject, a body and trailers of the command, and the remote', () => {
    const message = leaseMessage({
      originState: 'build',
      runId,
      runnerId: 'host',
      seconds: 60,
      parent,
      remote: 'origin',
      subject: 'half way',
      body: 'step 3 of 6',
      extra: [{ key: 'aynig-checkpoint', value: 'step-3' }],
    });
    expect(message).toMatch(/^half way\n\nstep 3 of 6\n\naynig-checkpoint: step-3\naynig-state: working\n/);
    expect(trailersOf(message).get('aynig-remote')).toBe('origin');
  });

  it('reads as the lease that was meant, and breaks no rule', () => {
    const message = leaseMessage({ originState: 'ops/triage', runId, runnerId: 'host', seconds: 86_400, parent });
    expect(readTip(commitOf(message))).toMatchObject({ kind: 'lease', lease: { originState: 'ops/triage', runId, seconds: 86_400 } });
    expect(strayRequests(message)).toEqual([]);
  });
});

describe('the message of a stalled run', () => {
  it('says what stalled, why, and how the command ended', () => {
    const message = stallMessage({ originState: 'build', runId, reason: 'The command exited with 3.', exitCode: 3, carried });
    expect(message.startsWith('aynig: build stalled\n\nThe command exited with 3.\n\n')).toBe(true);
    expect(Object.fromEntries(trailersOf(message))).toEqual({
      'aynig-attempt': '2',
      'aynig-correlation-id': 'abc',
      'aynig-state': 'stalled',
      'aynig-stalled-run': runId,
      'aynig-origin-state': 'build',
      'aynig-exit-code': '3',
    });
    expect(readTip(commitOf(message))).toMatchObject({ kind: 'request', state: 'stalled' });
  });

  it('names the signal, and where work lies that is not in the branch', () => {
    const kept = `refs/aynig/kept/${runId}`;
    const message = stallMessage({ originState: 'build', runId, reason: 'Killed.', signal: 'SIGKILL', kept });
    const trailers = trailersOf(message);
    expect(trailers.get('aynig-signal')).toBe('SIGKILL');
    expect(trailers.get('aynig-kept')).toBe(kept);
    expect(trailers.has('aynig-exit-code')).toBe(false);
    expect(message).toContain(`Killed.\nWork that is not in the branch: ${kept}\n`);
  });

  it('is legal when the lease named neither state nor run', () => {
    const trailers = trailersOf(stallMessage({ originState: '', runId: '', reason: 'The lease expired.' }));
    expect(trailers.get('aynig-origin-state')).toBe('unknown');
    expect(trailers.get('aynig-stalled-run')).toBe('unknown');
  });

  it('of a recovery leads to no second recovery', () => {
    const message = stallMessage({ originState: 'stalled', runId, reason: 'It failed again.' });
    const tip = readTip(commitOf(message));
    expect(tip.kind === 'request' && trailerValue(tip.message.trailers, 'aynig-origin-state')).toBe('stalled');
  });
});

describe('what travels from a request into a stalled commit', () => {
  it('is the conventions, in any capitals, and nothing that the kernel writes itself', () => {
    const all: Trailer[] = [
      { key: 'aynig-state', value: 'build' },
      { key: 'Aynig-Attempt', value: '1' },
      { key: 'aynig-max-attempts', value: '3' },
      { key: 'aynig-next-on-failure', value: 'triage' },
      { key: 'aynig-parent-run', value: 'x' },
      { key: 'aynig-correlation-id', value: 'y' },
      { key: 'aynig-checkpoint', value: 'z' },
      { key: 'aynig-remote', value: 'origin' },
      { key: 'aynig-log-level', value: 'debug' },
      { key: 'aynig-run-id', value: runId },
      { key: 'aynig-origin-state', value: 'stalled' },
      { key: 'aynig-stalled-run', value: runId },
      { key: 'Signed-off-by', value: 'Ana' },
    ];
    expect(carriedTrailers(all)).toEqual(all.slice(1, 9));
  });
});
