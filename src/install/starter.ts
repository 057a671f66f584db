import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readConfig } from '../git/config.js';
import type { Repository } from '../git/repository.js';
import { packageRoot } from './rendered.js';
import { type Step, writing } from './steps.js';

/** A starter `.aynig/` where there is none: a workflow that is there stays as it is. */
export function starterSteps(root: string): Step[] {
  const target = join(root, '.aynig');
  if (existsSync(target) && readdirSync(target).some((name) => name !== 'logs')) return [];
  const templates = join(packageRoot(), 'templates/starter');
  const files = readdirSync(templates, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(templates, name)).isFile())
    .map((name) => ({ name, from: join(templates, name) }));
  return [...files, { name: 'CONTRACT.md', from: join(packageRoot(), 'CONTRACT.md') }]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, from }) => ({
      kind: 'write',
      path: join(target, name),
      text: readFileSync(from, 'utf8'),
      // A package manager may have dropped the executable bit.
      mode: name.startsWith('command/') ? 0o755 : 0o644,
    }));
}

/** Where runs work and where their output goes, as `init` makes them: each ignores itself, so no shared ignore file changes. */
export const ignoredFolders = ({ mainRoot }: Repository, root: string): string[] =>
  ['.aynig/logs', '.worktrees'].map((name) => join(mainRoot ?? root, name));

const ignoreAll = '*\n';

/** Not for worktrees that go elsewhere, nor through a symbolic link, which may come from a commit. */
export async function folderSteps(repository: Repository, root: string): Promise<Step[]> {
  const [setting] = await readConfig(repository.git, '^aynig\\.worktreedir$');
  const [logs = '', worktrees = ''] = ignoredFolders(repository, root);
  const elsewhere =
    setting?.value !== undefined && resolve(repository.mainRoot ?? root, setting.value.replace(/^~(?=\/|$)/, homedir())) !== worktrees;
  return [logs, ...(elsewhere ? [] : [worktrees])]
    .filter((folder) => lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() !== true && !existsSync(join(folder, '.gitignore')))
    .map((folder) => writing(join(folder, '.gitignore'), ignoreAll, 0o644));
}

/** Their ignore file goes when there is nothing left to ignore. */
export const unusedFolderSteps = (repository: Repository, root: string): Step[] =>
  ignoredFolders(repository, root)
    .filter((folder) => lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true)
    .filter((folder) => readdirSync(folder).join() === '.gitignore' && readFileSync(join(folder, '.gitignore'), 'utf8') === ignoreAll)
    .map((folder) => ({ kind: 'delete', path: join(folder, '.gitignore') }));
