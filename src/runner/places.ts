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
}

export function placesOf(repository: Repository, worktreeDir?: string): Places {
  const own = join(repository.commonDir, 'aynig');
  const { mainRoot } = repository;
  return {
    own,
    worktrees: () => realpathSync(ignoredFolder(worktreesPath(repository, own, worktreeDir), join(own, 'worktrees'))),
    logs: () => ignoredFolder(mainRoot === undefined ? join(own, 'logs') : join(mainRoot, '.aynig', 'logs'), join(own, 'logs')),
  };
}

/** The folder of the runs' worktrees as it is set, there or not. */
export function worktreesPath({ mainRoot, commonDir }: Repository, own: string, setting?: string): string {
  if (setting !== undefined) return resolve(mainRoot ?? commonDir, setting.replace(/^~(?=\/|$)/, homedir()));
  return mainRoot === undefined ? join(own, 'worktrees') : join(mainRoot, '.worktrees');
}

/**
 * Makes a folder that git ignores by a file of its own, so that no tracked or shared ignore file has to change. A symbolic
 * link in its place may come from a commit and lead anywhere: the folder inside the git directory is used instead.
 */
function ignoredFolder(wanted: string, fallback: string): string {
  const isLink = lstatSync(wanted, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const folder = isLink ? fallback : wanted;
  mkdirSync(folder, { recursive: true });
  const ignore = join(folder, '.gitignore');
  // Compared and not just looked for: a disk that was full may have left it empty.
  if (!existsSync(ignore) || readFileSync(ignore, 'utf8') !== '*\n') writeFileSync(ignore, '*\n');
  return folder;
}
