import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { openGit } from '../git/gate.js';
import type { Repository } from '../git/repository.js';
import { worktreeHead } from '../git/worktree.js';
import { isRunId } from '../kernel/names.js';

/** A working tree that git has a record of. */
export interface Worktree {
  readonly path: string;
  /** Its own git directory. */
  readonly gitDir: string;
  readonly exists: boolean;
  /** The run it was made for; undefined for a person's. */
  readonly runId?: string;
}

/** A run's worktree that no journal names. */
export interface Leftover {
  readonly runId: string;
  readonly path: string;
  /** Git's record of it; undefined for a folder that git knows nothing of. */
  readonly adminDir?: string;
  readonly state: 'gone' | 'clean' | 'unsaved' | 'unknown';
  /** The commit it stands at, where nothing else names that commit. */
  readonly unnamed?: string;
}

/** All working trees, from git's own records: a person's first. */
export function readWorktrees({ commonDir, mainRoot, bare }: Repository): Worktree[] {
  const main: Worktree[] = bare || mainRoot === undefined ? [] : [{ path: mainRoot, gitDir: commonDir, exists: existsSync(mainRoot) }];
  const folder = join(commonDir, 'worktrees');
  const linked = namesIn(folder).flatMap((name): Worktree[] => {
    const gitDir = join(folder, name);
    const pointer = textOf(join(gitDir, 'gitdir'));
    if (pointer === undefined) return [];
    const path = dirname(resolve(gitDir, pointer.trim()));
    const runId = basename(path);
    return [{ path, gitDir, exists: existsSync(join(path, '.git')), ...(isRunId(runId) ? { runId } : {}) }];
  });
  return [...main, ...linked];
}

/** More of them are not looked into: each costs git calls. */
const maxLeftovers = 20;
const statusTimeoutMs = 20_000;

/** What is left of runs that nobody leads. `led` are the worktrees that journals name. */
export async function readLeftovers(
  repository: Repository,
  worktrees: readonly Worktree[],
  led: ReadonlySet<string>,
  runFolder: string,
): Promise<Leftover[]> {
  const known = new Set(worktrees.map(({ path }) => path));
  // A run that ended since the listing has taken its record along.
  const recorded = worktrees.filter(({ runId, path, gitDir }) => runId !== undefined && !led.has(path) && existsSync(gitDir));
  const orphans = namesIn(runFolder)
    .filter((name) => isRunId(name) && !known.has(join(runFolder, name)) && !led.has(join(runFolder, name)))
    .map((runId): Leftover => ({ runId, path: join(runFolder, runId), state: 'unknown' }));
  const leftovers: Leftover[] = [];
  for (const worktree of recorded.slice(0, maxLeftovers)) leftovers.push(await readLeftover(repository, worktree));
  return [...leftovers, ...orphans.slice(0, maxLeftovers)];
}

/** Looks at one again; used before it is removed too. Writes nothing. */
export async function readLeftover(repository: Repository, { path, gitDir, runId = '' }: Worktree): Promise<Leftover> {
  const [state, unnamed] = await Promise.all([stateOf(path, gitDir), unnamedHead(repository, gitDir)]);
  return { runId, path, adminDir: gitDir, state, ...(unnamed === undefined ? {} : { unnamed }) };
}

async function stateOf(path: string, adminDir: string): Promise<Leftover['state']> {
  if (!existsSync(path)) return 'gone';
  const git = openGit({ cwd: path, gitDir: adminDir });
  const status = await git([`--work-tree=${path}`, 'status', '--porcelain', '-z', '--untracked-files=normal', '--ignore-submodules=none'], {
    ok: [0, 1, 128],
    timeoutMs: statusTimeoutMs,
  });
  if (status.exitCode !== 0) return 'unknown';
  return status.stdout.length === 0 ? 'clean' : 'unsaved';
}

/** HEAD of a worktree protects its commit from being collected: what no ref has would go with it. */
async function unnamedHead({ git }: Repository, adminDir: string): Promise<string | undefined> {
  const head = await worktreeHead(git, adminDir);
  if (head === undefined) return undefined;
  const named = ['--branches', '--tags', '--remotes', '--glob=refs/aynig/kept/*'];
  const missing = await git(['rev-list', '--max-count=1', head, '--not', ...named], { ok: [0, 128] });
  // History that cannot be read to its end is pinned as well.
  return missing.exitCode === 0 && missing.stdout.length === 0 ? undefined : head;
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
