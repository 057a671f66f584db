import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf } from './entries.js';
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

interface Seen {
  /** Undefined where the system does not show processes and their files. */
  readonly openFiles: ReadonlySet<string> | undefined;
  /** Whether a git is at work in this repository; `hidden`: one is at work in a directory that this process may not see. */
  readonly gitAtWork: 'no' | 'hidden' | 'here';
  /** Users with processes whose files this process may not see. */
  readonly hiddenUsers: ReadonlySet<number>;
}

function holderOf(path: string, owner: number, seen: Seen): GitLock['holder'] {
  if (seen.openFiles === undefined) return 'unknown';
  if (seen.openFiles.has(path) || seen.gitAtWork === 'here') return 'possible';
  return seen.gitAtWork === 'hidden' || seen.hiddenUsers.has(owner) ? 'unknown' : 'none';
}

/** proc(5): every process with its directory and open files. A lock may be held with its file closed, so a git at work counts. */
function lookAtProcesses(roots: readonly string[]): Seen {
  if (process.platform !== 'linux') return { openFiles: undefined, gitAtWork: 'no', hiddenUsers: new Set() };
  const openFiles = new Set<string>();
  const hiddenUsers = new Set<number>();
  let gitAtWork: Seen['gitAtWork'] = 'no';
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  // Mounted so that the processes of others cannot be seen (hidepid, proc(5)).
  if (!pids.includes('1')) return { openFiles: undefined, gitAtWork: 'no', hiddenUsers };
  for (const pid of pids) {
    const folder = `/proc/${pid}`;
    const descriptors = descriptorsOf(folder);
    if (descriptors === undefined) {
      const uid = statSync(folder, { throwIfNoEntry: false })?.uid;
      if (uid !== undefined) hiddenUsers.add(uid);
    } else for (const path of descriptors) openFiles.add(path);
    const found: Seen['gitAtWork'] = gitAtWork !== 'here' && isGit(folder) ? worksIn(folder, roots) : 'no';
    if (found !== 'no') gitAtWork = found;
  }
  return { openFiles, gitAtWork, hiddenUsers };
}

function descriptorsOf(folder: string): string[] | undefined {
  try {
    return readdirSync(`${folder}/fd`).map((name) => linkOr(`${folder}/fd/${name}`) ?? '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ESRCH'].includes(code)) return [];
    if (['EACCES', 'EPERM'].includes(code)) return undefined;
    throw error;
  }
}

/** A git that can do something: not one that only waits to be reaped, and none that this process itself has started. */
function isGit(folder: string): boolean {
  if (!/^git(?:-|$)/.test((textOr(`${folder}/comm`) ?? '').trim())) return false;
  const stat = textOr(`${folder}/stat`) ?? '';
  // Behind the name in parentheses, which may hold anything: state, then parent (proc(5)).
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat !== '' && state !== 'Z' && state !== 'X' && Number(parent) !== process.pid;
}

function worksIn(folder: string, roots: readonly string[]): Seen['gitAtWork'] {
  const cwd = linkOr(`${folder}/cwd`);
  if (cwd === undefined) return statSync(folder, { throwIfNoEntry: false }) === undefined ? 'no' : 'hidden';
  const inside = (path: string): boolean => roots.some((root) => path === root || path.startsWith(`${root}/`));
  const named = `${textOr(`${folder}/cmdline`)}\0${textOr(`${folder}/environ`)}`;
  return inside(cwd) || roots.some((root) => named.includes(root)) ? 'here' : 'no';
}

function linkOr(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Gone, or another user's: both say nothing.
    return undefined;
  }
}

function textOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Gone, or another user's: both say nothing.
    return undefined;
  }
}
