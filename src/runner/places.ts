import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Repository } from '../git/repository.js';

/** Where a repository keeps what belongs to this clone alone. All paths are absolute. */
export interface Places {
  /** `<common>/aynig`: locks, journals, the runner's log. */
  readonly own: string;
  /** Folder of the runs' worktrees, links resolved: git compares it with resolved paths. */
  worktrees(): string;
  /** Folder of the commands' logs. */
  logs(): string;
  /** The same folder, there or not: for whoever only reads. */
  logsPath(): string;
}

export function placesOf(repository: Repository, worktreeDir?: string): Places {
  const own = join(repository.commonDir, 'aynig');
  const { mainRoot } = repository;
  const logsPath = (): string => trusted(mainRoot === undefined ? join(own, 'logs') : join(mainRoot, '.aynig', 'logs'), join(own, 'logs'));
  return {
    own,
    worktrees: () => realpathSync(ignoredFolder(trusted(worktreesPath(repository, own, worktreeDir), join(own, 'worktrees')))),
    logs: () => ignoredFolder(logsPath()),
    logsPath,
  };
}

/** The folder of the runs' worktrees as it is set, there or not. */
export function worktreesPath({ mainRoot, commonDir }: Repository, own: string, setting?: string): string {
  if (setting !== undefined) return resolve(mainRoot ?? commonDir, setting.replace(/^~(?=\/|$)/, homedir()));
  return mainRoot === undefined ? join(own, 'worktrees') : join(mainRoot, '.worktrees');
}

/** A symbolic link in the place of a folder may come from a commit and lead anywhere: the folder inside the git directory is used instead. */
const trusted = (wanted: string, fallback: string): string =>
  lstatSync(wanted, { throwIfNoEntry: false })?.isSymbolicLink() === true ? fallback : wanted;

/** Makes a folder that git ignores by a file of its own, so that no tracked or shared ignore file has to change. */
function ignoredFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const ignore = join(folder, '.gitignore');
  // Compared and not just looked for: a disk that was full may have left it empty.
  if (!existsSync(ignore) || readFileSync(ignore, 'utf8') !== '*\n') writeFileSync(ignore, '*\n');
  return folder;
}
