import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Git, GitError, lineOf, openGit } from './gate.js';
import { isOid, type Oid, type RefName } from './names.js';

/** Adds a detached worktree at `commit`, locked from its first moment (git-worktree(1), `--lock`; `--reason` needs git 2.33). */
export async function addWorktree(git: Git, worktree: { path: string; commit: Oid; runId: string }): Promise<void> {
  // What it writes can be made again from the lease at any time: nothing of it needs to survive a power cut.
  await git(['-c', 'core.fsync=none', 'worktree', 'add', '--quiet', '--detach', '--lock', worktree.path, worktree.commit], {
    // Checking out a large tree takes time; it is bounded all the same.
    timeoutMs: 30 * 60_000,
    // Whoever cleans up after a runner that died finds by this what it started.
    env: { AYNIG_RUN_ID: worktree.runId },
  });
}

/** Git calls inside a worktree of a run. The ceiling keeps a damaged one from becoming the user's repository. */
export const gitInWorktree = (path: string, ceiling: string): Git => openGit({ cwd: path, ceiling });

/**
 * The administrative directory (`<common>/worktrees/<name>`) of the worktree at `path`. Read from git's own records and
 * not from the worktree, which its command may have damaged or deleted.
 */
export function adminDirectory(commonDir: string, path: string): string | undefined {
  const folder = join(commonDir, 'worktrees');
  if (!existsSync(folder)) return undefined;
  for (const name of readdirSync(folder)) {
    const pointer = readText(join(folder, name, 'gitdir'));
    // Relative with worktree.useRelativePaths (git 2.48).
    if (pointer !== undefined && resolve(join(folder, name), pointer.trim()) === join(path, '.git')) return join(folder, name);
  }
  return undefined;
}

/** The commit that the worktree's HEAD names, even when the worktree itself is gone; undefined when that too is gone. */
export async function worktreeHead(git: Git, adminDir: string): Promise<Oid | undefined> {
  const result = await git([`--git-dir=${adminDir}`, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], {
    ok: [0, 1, 128],
    cwd: adminDir,
  });
  const text = lineOf(result);
  return result.exitCode === 0 && isOid(text) ? text : undefined;
}

/**
 * Removes a worktree and its record. Falls back to deleting both directories: `git worktree remove` refuses many damaged
 * ones. The caller has pinned what was in it.
 */
export async function removeWorktree(git: Git, commonDir: string, path: string): Promise<void> {
  const adminDir = adminDirectory(commonDir, path);
  try {
    await git(['worktree', 'remove', '--force', '--force', path], { timeoutMs: 10 * 60_000 });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
  }
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  if (adminDir !== undefined) rmSync(adminDir, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * What keeps a branch from being claimed: a rebase, merge, cherry-pick sequence, `am` or bisect of it in any worktree.
 * Reads the marks that git leaves (gitrepository-layout(5), git-rebase(1)); undefined when there is none.
 */
export function operationInProgress(commonDir: string, ref: RefName): string | undefined {
  for (const gitDir of gitDirectories(commonDir)) {
    const rebased = ['rebase-merge', 'rebase-apply'].some((name) => {
      const head = readText(join(gitDir, name, 'head-name'))?.trim();
      return head === ref || (head === undefined && existsSync(join(gitDir, name, 'applying')) && headOf(gitDir) === ref);
    });
    // A rebase with --update-refs moves more branches at its end.
    const moved = readText(join(gitDir, 'rebase-merge', 'update-refs'))?.split('\n');
    if (rebased || moved?.includes(ref) === true) return 'a rebase';
    const bisected = readText(join(gitDir, 'BISECT_START'))?.trim();
    if (bisected !== undefined && (bisected === ref || `refs/heads/${bisected}` === ref)) return 'a bisect';
    if (headOf(gitDir) === ref) {
      if (existsSync(join(gitDir, 'MERGE_HEAD'))) return 'a merge';
      if (existsSync(join(gitDir, 'CHERRY_PICK_HEAD')) || existsSync(join(gitDir, 'REVERT_HEAD'))) return 'a cherry-pick or revert';
      if (existsSync(join(gitDir, 'sequencer'))) return 'a cherry-pick or revert';
    }
  }
  return undefined;
}

function gitDirectories(commonDir: string): string[] {
  const folder = join(commonDir, 'worktrees');
  const linked = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return [commonDir, ...linked];
}

const headOf = (gitDir: string): string | undefined => /^ref: (.+)$/m.exec(readText(join(gitDir, 'HEAD')) ?? '')?.[1];

/** The file's text, or undefined when it is not there. Other errors are thrown. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
