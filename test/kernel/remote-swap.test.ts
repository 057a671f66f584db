import { expect, test } from 'vitest';
import { oid, type RefName } from '../../src/git/names.js';
import { openRepository } from '../../src/git/repository.js';
import { type RemoteSwap, swapAtRemote } from '../../src/kernel/remote-swap.js';
import { farm } from '../support/farm.js';

const branch = 'refs/heads/main' as RefName;
const heartbeat = 'refs/aynig/lease/run' as RefName;

/** A clone with two commits that could be what the branch or a heartbeat becomes. */
async function swapping() {
  const made = farm();
  const [clone] = made.clones;
  if (clone === undefined) throw new Error('the farm has no clone');
  const commit = (title: string) => oid(clone.git('commit-tree', '-p', 'HEAD', '-m', title, 'HEAD^{tree}'));
  const { git } = await openRepository(clone.path, clone.env);
  const from = oid(made.at(branch));
  const swap = (part: Partial<RemoteSwap>): RemoteSwap => ({
    branch: { ref: branch, from, to: commit('next') },
    along: () => [],
    attempts: 3,
    limitMs: 10_000,
    pushMs: 10_000,
    ...part,
  });
  return { made, clone, git, from, swap, commit };
}

test('a push that would begin too late is not begun', async () => {
  const { made, git, from, swap } = await swapping();
  expect(await swapAtRemote(git, 'origin', swap({ notAfter: Date.now() - 1 }))).toMatchObject({ kind: 'refused' });
  expect(made.at(branch)).toBe(from);
});

test('a holder that renewed its lease since it was read is not taken over', async () => {
  const { made, clone, git, from, swap, commit } = await swapping();
  const [read, renewed] = [commit('alive'), commit('alive again')];
  clone.git('push', '--quiet', 'origin', `${renewed}:${heartbeat}`);
  const takeover = swap({ along: () => [{ ref: heartbeat, from: read, to: undefined }] });
  expect(await swapAtRemote(git, 'origin', takeover)).toEqual({ kind: 'beaten', tip: from });
  expect(made.at(branch)).toBe(from);
  expect(made.at(heartbeat)).toBe(renewed);
});

test('a takeover from the heartbeat that is there moves the branch and ends the lease', async () => {
  const { made, clone, git, swap, commit } = await swapping();
  const alive = commit('alive');
  clone.git('push', '--quiet', 'origin', `${alive}:${heartbeat}`);
  const takeover = swap({ along: () => [{ ref: heartbeat, from: alive, to: undefined }] });
  expect(await swapAtRemote(git, 'origin', takeover)).toEqual({ kind: 'moved' });
  expect(made.at(branch)).toBe(takeover.branch.to);
  expect(made.at(heartbeat)).toBe('');
});
