import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commitTree } from '../git/commit-tree.js';
import { lineOf, openGit } from '../git/gate.js';
import { type Oid, oid, type RefName } from '../git/names.js';
import { writeRef } from '../git/refs.js';
import { removeFile } from '../runner/durable-file.js';
import type { Context } from './context.js';

/** Where uncommitted changes of a run are kept. */
export const uncommittedRef = (runId: string): RefName => `refs/aynig/kept/${runId}-uncommitted` as RefName;

/** A large worktree takes time to be looked through; the wait is bounded all the same. */
const salvageTimeoutMs = 10 * 60_000;

/**
 * Commits what a run left uncommitted (all but ignored files) to a kept ref, and answers that ref; undefined when the
 * worktree is clean or gone. Goes through git's own record of the worktree, so a command that damaged its `.git` file
 * cannot make this commit anything of the user's.
 */
export async function salvage(
  context: Context,
  run: { runId: string; state: string; worktree: string; adminDir: string; head: Oid },
): Promise<RefName | undefined> {
  if (!existsSync(run.worktree)) return undefined;
  const plain = openGit({ cwd: run.worktree, gitDir: run.adminDir });
  const git: typeof plain = (args, options) =>
    plain([`--work-tree=${run.worktree}`, '-c', 'core.safecrlf=false', '-c', 'advice.addEmbeddedRepo=false', ...args], {
      timeoutMs: salvageTimeoutMs,
      ...options,
    });
  // The command and its group are gone: a lock that is still there is nobody's.
  removeFile(join(run.adminDir, 'index.lock'));
  const status = await git(['status', '--porcelain', '-z', '--untracked-files=normal', '--ignore-submodules=none']);
  if (status.stdout.length === 0) return undefined;
  await git(['add', '--all']);
  const tree = oid(lineOf(await git(['write-tree'])));
  const commit = await commitTree(context.repository.git, {
    tree,
    parent: run.head,
    message: `Uncommitted changes of a run in state ${run.state}\n\nThe run ended without committing them.\n\naynig-run-id: ${run.runId}\n`,
    identity: context.identity,
  });
  await writeRef(context.repository.git, uncommittedRef(run.runId), commit, 'aynig: keep uncommitted changes');
  return uncommittedRef(run.runId);
}
