import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { failureOf } from './causes.js';
import { type Git, GitError, lineOf, openGit } from './gate.js';
import { isOid, type Oid, type RefName } from './names.js';

/** What git may spend on the files of a large tree, in milliseconds; it is bounded all the same. */
const checkoutMs = 30 * 60_000;

/**
 * Adds a detached worktree at `commit`, locked from its first moment. Its record gets its name when it is complete: `git
 * worktree add` puts zeros into HEAD first, and for that moment every fetch, push and gc of the repository dies of a bad object.
 */
export async function addWorktree(
  git: Git,
  worktree: { readonly commonDir: string; readonly path: string; readonly commit: Oid; readonly runId: string },
): Promise<void> {
  const { commonDir, path, commit, runId } = worktree;
  const options = {
    timeoutMs: checkoutMs,
    // Whoever cleans up after a runner that died finds by this what it started.
    env: { AYNIG_RUN_ID: runId },
  };
  // What git copies into a worktree then, or how it stores its HEAD, is for git to know (git-worktree(1), git-sparse-checkout(1)).
  if (['config.worktree', 'info/sparse-checkout', 'reftable'].some((name) => existsSync(join(commonDir, name)))) {
    const add = ['worktree', 'add', '--quiet', '--detach', '--lock', path, commit];
    await git(['-c', 'core.fsync=none', ...add], options);
    return;
  }
  try {
    const adminDir = recordWorktree(commonDir, path, commit);
    // What it writes can be made again from the lease at any time: nothing of it needs to survive a power cut.
    const reset = ['-c', 'core.fsync=none', 'reset', '--quiet', '--hard', '--no-recurse-submodules'];
    await git([`--git-dir=${adminDir}`, `--work-tree=${path}`, ...reset], { ...options, cwd: path });
  } catch (error) {
    // git does not say of a file why it could not be written: a full disk is seen as long as what filled it is there.
    const named = failureOf(error) ?? error;
    // As git does it: on a disk that is full nobody could take the lock that an orderly removal needs.
    for (const left of [path, unnamedRecord(commonDir, path), join(commonDir, 'worktrees', nameOf(path))])
      rmSync(left, { recursive: true, force: true, maxRetries: 3 });
    throw named;
  }
}

/** Writes git's record of a worktree (gitrepository-layout(5), `worktrees/`), which is there as a whole or not at all. */
function recordWorktree(commonDir: string, path: string, commit: Oid): string {
  const folder = join(commonDir, 'worktrees');
  const adminDir = join(folder, nameOf(path));
  mkdirSync(path, { recursive: true });
  const unnamed = unnamedRecord(commonDir, path);
  rmSync(unnamed, { recursive: true, force: true });
  mkdirSync(unnamed, { recursive: true });
  // Whoever may read the repository has to read this, as git sees to it (core.sharedRepository).
  const { mode } = statSync(commonDir);
  const write = (name: string, text: string): void => {
    writeFileSync(join(unnamed, name), text);
    chmodSync(join(unnamed, name), mode & 0o666);
  };
  write('HEAD', `${commit}\n`);
  write('commondir', '../..\n');
  write('gitdir', `${join(path, '.git')}\n`);
  write('locked', 'a run of aynig\n');
  chmodSync(unnamed, mode & 0o7777);
  writeFileSync(join(path, '.git'), `gitdir: ${adminDir}\n`);
  mkdirSync(folder, { recursive: true });
  renameSync(unnamed, adminDir);
  return adminDir;
}

/** What a record is called: as git names it, which takes no spaces. */
const nameOf = (path: string): string => basename(path).replace(/[^A-Za-z0-9._-]/g, '-');

/** Where a record is made, before git can see it. */
const unnamedRecord = (commonDir: string, path: string): string => join(commonDir, 'aynig', `worktree-${nameOf(path)}`);

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
  rmSync(unnamedRecord(commonDir, path), { recursive: true, force: true, maxRetries: 3 });
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
