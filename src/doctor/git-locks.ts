import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf } from './entries.js';
import { lookAtProcesses, type SeenProcesses } from './processes.js';
import { namesIn, type Worktree } from './worktrees.js';

/** A lock file that git made. */
export interface GitLock {
  readonly path: string;
  readonly isRef: boolean;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
  /** Whether a process of this machine can still hold it. `unknown`: this process may not see who could. */
  readonly holder: 'none' | 'possible' | 'unknown';
}

/** A lock that is younger may belong to something that is just going on, seen or not. */
export const staleAfterMs = 10 * 60_000;
/** Entries below `refs` that are looked at; a repository with more of them keeps them packed. */
const maxEntries = 200_000;

export function readGitLocks(commonDir: string, worktrees: readonly Worktree[], now: number): GitLock[] {
  const directories = [commonDir, ...worktrees.map(({ gitDir }) => gitDir)];
  const direct = [...new Set(directories)].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.endsWith('.lock'))
      .map((name) => ({ path: join(folder, name), isRef: false })),
  );
  const refs = lockFilesBelow(join(commonDir, 'refs')).map((path) => ({ path, isRef: true }));
  const found = [...direct, ...refs].flatMap((lock) => {
    const stat = lstatSync(lock.path, { throwIfNoEntry: false });
    // git takes most of its locks for a moment only.
    return stat?.isFile() === true ? [{ ...lock, changedAt: stat.mtimeMs, owner: stat.uid }] : [];
  });
  if (found.length === 0) return [];
  const roots = [commonDir, ...worktrees.map(({ path }) => path)];
  const seen = lookAtProcesses(roots);
  return found
    .map(({ owner, ...lock }) => ({ ...lock, holder: holderOf(lock.path, owner, seen) }))
    .filter(({ path, holder, changedAt }) => !(holder === 'none' && now - changedAt < 2_000) && statSync(path, { throwIfNoEntry: false }));
}

/** Looks at one lock again, just before it is removed. */
export const isProvablyStale = (commonDir: string, worktrees: readonly Worktree[], path: string, changedAt: number, now: number): boolean =>
  readGitLocks(commonDir, worktrees, now).some(
    (lock) => lock.path === path && lock.changedAt === changedAt && lock.holder === 'none' && now - changedAt > staleAfterMs,
  );

function lockFilesBelow(folder: string): string[] {
  const found: string[] = [];
  const folders = [folder];
  let entries = 0;
  for (let at = folders.pop(); at !== undefined && entries < maxEntries; at = folders.pop()) {
    for (const entry of entriesOf(at)) {
      entries++;
      if (entry.isDirectory()) folders.push(join(at, entry.name));
      else if (entry.name.endsWith('.lock')) found.push(join(at, entry.name));
    }
  }
  return found;
}

function holderOf(path: string, owner: number, seen: SeenProcesses): GitLock['holder'] {
  if (seen.openFiles === undefined) return 'unknown';
  if (seen.openFiles.has(path) || seen.gitAtWork === 'here') return 'possible';
  return seen.gitAtWork === 'hidden' || seen.hiddenUsers.has(owner) ? 'unknown' : 'none';
}
