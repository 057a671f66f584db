import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { namesIn } from './worktrees.js';

/** What the processes of this machine have open and do. */
export interface SeenProcesses {
  /** Undefined where the system does not show processes and their files. */
  readonly openFiles: ReadonlySet<string> | undefined;
  /** Whether a git is at work in this repository; `hidden`: one is at work in a directory that this process may not see. */
  readonly gitAtWork: 'no' | 'hidden' | 'here';
  /** Users with processes whose files this process may not see. */
  readonly hiddenUsers: ReadonlySet<number>;
}

/**
 * Every process with its directory and open files (proc(5)). A lock may be held with its file closed, so a git at work counts.
 * @param roots directories of the repository: a git in one of them, or told of one, is at work here.
 * @param proc where the system shows its processes.
 */
export function lookAtProcesses(roots: readonly string[], proc = '/proc'): SeenProcesses {
  if (process.platform !== 'linux') return { openFiles: undefined, gitAtWork: 'no', hiddenUsers: new Set() };
  const openFiles = new Set<string>();
  const hiddenUsers = new Set<number>();
  let gitAtWork: SeenProcesses['gitAtWork'] = 'no';
  const pids = namesIn(proc).filter((name) => /^\d+$/.test(name));
  // Mounted so that the processes of others cannot be seen (hidepid, proc(5)).
  if (!pids.includes('1')) return { openFiles: undefined, gitAtWork: 'no', hiddenUsers };
  for (const pid of pids) {
    const folder = `${proc}/${pid}`;
    const descriptors = descriptorsOf(folder);
    if (descriptors === 'hidden') {
      const uid = statSync(folder, { throwIfNoEntry: false })?.uid;
      if (uid !== undefined) hiddenUsers.add(uid);
    } else for (const path of descriptors) openFiles.add(path);
    const found: SeenProcesses['gitAtWork'] = gitAtWork !== 'here' && isGit(folder) ? worksIn(folder, roots) : 'no';
    if (found !== 'no') gitAtWork = found;
  }
  return { openFiles, gitAtWork, hiddenUsers };
}

function descriptorsOf(folder: string): readonly string[] | 'hidden' {
  try {
    return readdirSync(`${folder}/fd`).map((name) => linkOf(`${folder}/fd/${name}`) ?? '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (gone.has(code)) return [];
    // The files of a process that has ended and waits to be reaped belong to root, whoever it ran for.
    if (denied.has(code)) return linkOf(`${folder}/exe`) === undefined ? [] : 'hidden';
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

function worksIn(folder: string, roots: readonly string[]): SeenProcesses['gitAtWork'] {
  const cwd = linkOf(`${folder}/cwd`);
  if (cwd === undefined) return 'no';
  if (cwd === 'hidden') return 'hidden';
  const inside = (path: string): boolean => roots.some((root) => path === root || path.startsWith(`${root}/`));
  const named = `${textOr(`${folder}/cmdline`)}\0${textOr(`${folder}/environ`)}`;
  return inside(cwd) || roots.some((root) => named.includes(root)) ? 'here' : 'no';
}

const gone: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH']);
const denied: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);

/**
 * What a link of a process says; undefined when there is nothing behind it any more: a process that is ending gives up its program,
 * its files and its directory, and can do nothing any more, some time before its state says so.
 */
function linkOf(path: string): string | 'hidden' | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (gone.has(code)) return undefined;
    if (denied.has(code)) return 'hidden';
    throw error;
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
