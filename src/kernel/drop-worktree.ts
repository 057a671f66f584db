import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '../git/causes.js';
import { adminDirectory, removeWorktree } from '../git/worktree.js';
import type { Journal } from '../runner/journal.js';
import { waitForLock } from '../runner/lock.js';
import type { Context } from './context.js';

/** How long another process may hold the one lock under which worktrees are added and removed. */
export const worktreeLockMs = 120_000;

/**
 * Removes a run's worktree, once all in it is pinned. One that cannot be removed is left where it is, and said so. False: for want
 * of room, so that the next sweep may do it.
 */
export async function dropWorktree(context: Context, journal: Journal): Promise<boolean> {
  if (!existsSync(journal.worktree) && adminDirectory(context.repository.commonDir, journal.worktree) === undefined) return true;
  try {
    // git removes the folder of all records with the last one, under the feet of a process that adds one.
    const lock = await waitForLock(join(context.places.own, 'worktree.lock'), worktreeLockMs);
    try {
      await removeWorktree(context.repository.git, context.repository.commonDir, journal.worktree);
    } finally {
      lock.release();
    }
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    context.report({ kind: 'worktree-left', branch: journal.branch, path: journal.worktree, why: failure.message });
    return failure.code !== 'disk-full';
  }
  return true;
}
