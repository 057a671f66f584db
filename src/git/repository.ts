import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Failure } from '../failure.js';
import { failureOf, notARepository } from './causes.js';
import { type Git, GitError, type GitResult, lineOf, openGit } from './gate.js';

/** A repository as seen from the directory a process was started in. All paths are absolute. */
export interface Repository {
  readonly cwd: string;
  /** Of this worktree: `.git` or `.git/worktrees/<name>`. */
  readonly gitDir: string;
  /** Shared by all worktrees. */
  readonly commonDir: string;
  readonly bare: boolean;
  /** Root of the worktree that the process stands in. */
  readonly toplevel?: string;
  /** Root of the main worktree; undefined in a bare repository, and where a separate git directory does not say. */
  readonly mainRoot?: string;
  /** Calls that mean the repository, whatever the process's directory is. */
  readonly git: Git;
}

const noDirectory = (path: string, cause: unknown): Failure =>
  new Failure('not-a-repository', `There is no directory ${path}.`, { hint: 'Name one that is inside a git repository.', cause });

/** Oldest git that has `rev-parse --path-format`, without which paths cannot be resolved from a linked worktree. */
export const oldestGit = [2, 31] as const;

/**
 * Finds the repository around `cwd`, or the one at `gitDirHint` (what git tells its hooks). Throws {@link Failure}: git-missing, git-too-old, not-a-repository, dubious-ownership.
 */
export async function openRepository(cwd: string, inherited: NodeJS.ProcessEnv = process.env, gitDirHint?: string): Promise<Repository> {
  const git = openGit({ cwd, ...(gitDirHint === undefined ? {} : { gitDir: gitDirHint }) }, inherited);
  const questions = ['--is-bare-repository', '--absolute-git-dir', '--git-common-dir', '--show-toplevel'];
  // In a bare repository --show-toplevel fails behind the three answers that matter.
  let answer: GitResult;
  try {
    answer = await git(['rev-parse', '--path-format=absolute', ...questions], { ok: [0, 128], timeoutMs: 20_000 });
  } catch (error) {
    throw existsSync(`${cwd}/.`) ? error : noDirectory(cwd, error);
  }
  const lines = answer.stdout.toString('utf8').split('\n');
  if (lines[0] === '--path-format=absolute') throw await tooOld(git);
  const [bare, gitDir, commonDir, toplevel] = lines;
  if (bare === undefined || gitDir === undefined || commonDir === undefined || commonDir === '') {
    await requireModernGit(git);
    throw failureOf(new GitError(['rev-parse'], answer.exitCode, answer.stderr)) ?? notARepository();
  }
  const here = answer.exitCode === 0 && toplevel !== undefined && toplevel !== '' ? toplevel : undefined;
  const mainRoot = bare === 'true' ? undefined : await findMainRoot(git, gitDir, commonDir, here);
  return {
    cwd,
    gitDir,
    commonDir,
    bare: bare === 'true',
    git: openGit({ cwd: commonDir, gitDir: commonDir, ...(mainRoot === undefined ? {} : { root: mainRoot }) }, inherited),
    ...(here === undefined ? {} : { toplevel: here }),
    ...(mainRoot === undefined ? {} : { mainRoot }),
  };
}

/**
 * The repository that a hook runs for, without asking git: githooks(5) starts hooks of a commit at the root of the working
 * tree, and git sets GIT_DIR wherever the git directory is not plain `.git`. Undefined where that is not so: then ask.
 */
export function repositoryOfHook(cwd: string, inherited: NodeJS.ProcessEnv): Repository | undefined {
  const gitDir = join(cwd, '.git');
  const plain = inherited['GIT_DIR'] === undefined && inherited['GIT_WORK_TREE'] === undefined;
  if (!plain || lstatSync(gitDir, { throwIfNoEntry: false })?.isDirectory() !== true || existsSync(join(gitDir, 'commondir')))
    return undefined;
  const git = openGit({ cwd: gitDir, gitDir, root: cwd }, inherited);
  return { cwd, gitDir, commonDir: gitDir, bare: false, toplevel: cwd, mainRoot: cwd, git };
}

async function findMainRoot(git: Git, gitDir: string, commonDir: string, toplevel?: string): Promise<string | undefined> {
  if (toplevel !== undefined && realpathSync(gitDir) === realpathSync(commonDir)) return toplevel;
  if (basename(commonDir) === '.git') return dirname(commonDir);
  // A submodule or a separate git directory: git records where its worktree is.
  const worktree = await git(['config', '--file', join(commonDir, 'config'), '--get', 'core.worktree'], { ok: [0, 1] });
  return worktree.exitCode === 0 ? resolve(commonDir, lineOf(worktree)) : undefined;
}

async function requireModernGit(git: Git): Promise<void> {
  const version = await gitVersion(git);
  if (isTooOld(version)) throw await tooOld(git);
}

/** The version of git as git prints it, such as `2.39.5`. */
export async function gitVersion(git: Git): Promise<string> {
  return /\d+\.\d+(?:\.\d+)*/.exec(lineOf(await git(['--version'], { timeoutMs: 20_000 })))?.[0] ?? 'unknown';
}

const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldestGit[0] || (major === oldestGit[0] && minor < oldestGit[1]);
};

async function tooOld(git: Git): Promise<Failure> {
  return new Failure('git-too-old', `git ${await gitVersion(git)} is older than ${oldestGit.join('.')}.`, {
    hint: `Install git ${oldestGit.join('.')} or newer.`,
  });
}
