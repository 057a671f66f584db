import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GitError } from '../git/gate.js';
import { addWorktree, gitInWorktree } from '../git/worktree.js';
import type { Journal } from '../runner/journal.js';
import { waitForLock } from '../runner/lock.js';
import type { Context } from './context.js';
import { dropWorktree, worktreeLockMs } from './drop-worktree.js';
import type { LeasedJournal } from './leased-journal.js';

/** What consecutive ticks of one branch share. */
export interface Chain {
  /** Of the last run, kept until its worktree is handed on or removed. */
  previous?: Journal;
  /** Whether a command was started: one may have moved any branch. */
  started?: boolean;
}

/** A fresh detached worktree at the lease, or the last one of the chain moved on to it. */
export async function prepareWorktree(context: Context, journal: LeasedJournal, chain: Chain): Promise<void> {
  const { repository, places } = context;
  if (chain.previous !== undefined && existsSync(join(journal.worktree, '.git'))) {
    const git = gitInWorktree(journal.worktree, places.worktrees());
    try {
      // What the last command left uncommitted is pinned; ignored files, such as installed packages, stay for the next.
      await git(['checkout', '--quiet', '--force', '--detach', journal.lease], { timeoutMs: 10 * 60_000 });
      await git(['clean', '--quiet', '--force', '-d'], { timeoutMs: 10 * 60_000 });
      return;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      await dropWorktree(context, chain.previous);
    }
  } else if (chain.previous !== undefined) await dropWorktree(context, chain.previous);
  // Parallel calls of one repository race inside git.
  const lock = await waitForLock(join(places.own, 'worktree.lock'), worktreeLockMs);
  try {
    const { commonDir, git } = repository;
    await addWorktree(git, { commonDir, path: journal.worktree, commit: journal.lease, runId: journal.runId });
  } finally {
    lock.release();
  }
}

/** Removes the worktree of a chain that goes no further, and the journal that names it. */
export async function endChain(context: Context, chain: Chain, { keepJournal = false } = {}): Promise<void> {
  const { previous } = chain;
  if (previous === undefined) return;
  await dropWorktree(context, previous);
  if (!keepJournal) context.journals.remove(previous.runId);
  delete chain.previous;
}
