import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Failure } from '../failure.js';
import { openRepository } from '../git/repository.js';
import { allowOwnCommands } from './init-trust.js';
import { applyHooks, packageRoot, planHooks, removeHooks } from './install-hooks.js';
import type { Io } from './io.js';

export interface InitFlags {
  readonly cwd: string;
  readonly dryRun: boolean;
}

/** `aynig init`: installs the client hooks and makes a starter `.aynig/` where there is none. Twice is the same as once. */
export async function init(flags: InitFlags, io: Io): Promise<number> {
  const repository = await openRepository(flags.cwd);
  const { mainRoot, toplevel } = repository;
  const root = toplevel ?? mainRoot;
  if (root === undefined)
    throw new Failure('bare-repository', 'Client hooks belong into a repository with a working tree, and this one is bare.', {
      hint: 'Run it in a clone.',
    });
  const plan = await planHooks(repository);
  const starter = existsSync(join(root, '.aynig')) ? [] : starterFiles();
  const would = flags.dryRun ? 'would ' : '';
  for (const { path, action } of plan) io.out(`${action === 'keep' ? 'unchanged' : `${would}${action}`} ${relative(root, path)}`);
  for (const name of starter) io.out(`${would}create ${join('.aynig', name)}`);
  if (flags.dryRun) return 0;
  applyHooks(plan);
  for (const name of starter) copyStarter(name, join(root, '.aynig'));
  await allowOwnCommands(repository, io);
  if (starter.length > 0) io.out('\nCommit .aynig, then try it:\n  git add .aynig && git commit -m "workflow" && aynig set-state hello');
  return 0;
}

const starterFolder = (): string => join(packageRoot(), 'templates/starter');

const starterFiles = (): string[] =>
  readdirSync(starterFolder(), { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(starterFolder(), name)).isFile())
    .sort();

function copyStarter(name: string, target: string): void {
  mkdirSync(join(target, name, '..'), { recursive: true });
  cpSync(join(starterFolder(), name), join(target, name), { force: false });
  // A package manager may have dropped the executable bit.
  if (name.startsWith('command/')) chmodSync(join(target, name), 0o755);
}

/** `aynig uninstall`: removes the hooks that `init` installed. Commands, logs and history stay. */
export async function uninstall(flags: { readonly cwd: string }, io: Io): Promise<number> {
  const repository = await openRepository(flags.cwd);
  const removed = await removeHooks(repository);
  for (const path of removed) io.out(`removed ${path}`);
  if (removed.length === 0) io.out('No hooks of ours are installed here.');
  return 0;
}
