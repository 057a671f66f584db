import { describe, expect, it } from 'vitest';
import { readTip } from '../../src/kernel/tip.js';
import { judge, type Outcome } from '../../src/kernel/verdict.js';
import { commitOf, oidOf } from '../support/commits.js';

const lease = oidOf('lease');
const made = (message: string) => readTip(commitOf(message, { parents: [lease] }));
const review = made('done\n\naynig-state: Review\n');
const complete: Outcome = { end: { exitCode: 0 }, lease, head: review, descends: true };

describe('a run', () => {
  it('is complete when its command ended well and its last commit names the next state', () => {
    expect(judge(complete)).toEqual({ kind: 'complete', next: 'review', commit: review.commit.oid });
  });

  it('may name the state that it came from, or stalled', () => {
    const again = made('done\n\naynig-state: stalled\n');
    expect(judge({ ...complete, head: again })).toMatchObject({ kind: 'complete', next: 'stalled' });
  });

  it.each<[string, Partial<Outcome>, string, 'head' | 'lease']>([
    ['its command exits with another code', { end: { exitCode: 3 } }, 'The command exited with 3.', 'head'],
    ['its command is killed', { end: { signal: 'SIGKILL' } }, 'The command was ended by SIGKILL.', 'head'],
    ['it was stopped', { end: { signal: 'SIGTERM', reason: 'it ran too long' } }, 'It ran too long.', 'head'],
    ['it was stopped and still exited with 0', { end: { exitCode: 0, reason: 'it was cancelled.' } }, 'It was cancelled.', 'head'],
    ['its command was not started', { end: { reason: 'no such file' }, head: undefined, descends: false }, 'No such file.', 'lease'],
    ['nothing is known about its end', { end: {} }, 'The command exited with undefined.', 'head'],
    ['its worktree is gone', { head: undefined, descends: false }, 'The command removed its worktree and left no commit.', 'lease'],
    [
      'its last commit does not continue from the lease',
      { descends: false },
      'The last commit of the command does not continue from its lease: history was rewritten.',
      'lease',
    ],
    ['its last commit asks for nothing', { head: made('just work\n') }, 'The last commit of the command names no next state.', 'head'],
    [
      'its last commit is still working',
      { head: made('busy\n\naynig-state: working\n') },
      'The last commit of the command is still "working".',
      'head',
    ],
    [
      'its last commit is not valid',
      { head: made('x\n\naynig-state: a\naynig-state: b\n') },
      'The last commit of the command is not valid: aynig-state stands more than once.',
      'head',
    ],
  ])('failed when %s', (_, outcome, why, onTop) => {
    const all = { ...complete, ...outcome };
    expect(judge(all)).toEqual({ kind: 'failed', why, onTopOf: onTop === 'lease' ? lease : all.head?.commit.oid });
  });

  it('failed when it made no commit at all', () => {
    const untouched = readTip(commitOf('working\n\naynig-state: working\n', { oid: lease }));
    expect(judge({ ...complete, head: untouched })).toEqual({
      kind: 'failed',
      why: 'The command exited with 0 but made no commit that names a next state.',
      onTopOf: lease,
    });
  });
});
