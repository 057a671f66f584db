import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Repository } from '../git/repository.js';
import type { Tool } from './by-hand.js';
import { callsOurs, type HookName, hookNames } from './call.js';
import { configHooksIn } from './config-hooks.js';
import { type HooksPath, readHooksPath } from './hooks-path.js';
import { lefthook } from './lefthook.js';
import { includedPath } from './linked-worktrees.js';
import { preCommit, prek } from './pre-commit.js';
import { isOwnHook } from './rendered.js';
import { simpleGitHooks } from './simple-git-hooks.js';
import { ownConfig } from './steps.js';

/** Hook managers that make hook files from a configuration of their own, in the order in which one is chosen. */
export const tools: readonly Tool[] = [lefthook, preCommit, prek, simpleGitHooks];

/** One thing that has a say in which hooks git runs. */
export interface Manager {
  /**
   * `hooks-path`: a folder named by `core.hooksPath` that belongs to none of the tools here. `config-hooks`: our keys in the
   * repository's configuration. `linked-worktrees`: what covers husky's linked working trees. `plain`: one hook file of
   * anybody. `aynig`: our own hook files, and nobody else's.
   */
  readonly kind: 'hooks-path' | 'config-hooks' | 'husky' | Tool['kind'] | 'git-lfs' | 'plain' | 'linked-worktrees' | 'aynig';
  /** The file or folder that says so; absolute. */
  readonly where: string;
  /** Whether git, as it is configured in this working tree, runs its hooks. A `config-hooks` is live for git 2.54 and newer. */
  readonly live: boolean;
  /** Our hooks that it calls, or would call if it were live. */
  readonly ours: readonly HookName[];
}

/** What {@link surroundings} finds out once for everybody. */
export interface Surroundings {
  readonly repository: Repository;
  /** Root of the working tree in question. */
  readonly root: string;
  readonly hooksPath: HooksPath | undefined;
  /** The `hooks` folder of the git directory. */
  readonly hooksFolder: string;
  readonly config: ReadonlyMap<string, readonly string[]>;
}

export async function surroundings(repository: Repository, root: string): Promise<Surroundings> {
  const [hooksPath, config] = await Promise.all([readHooksPath(repository), ownConfig(repository.git)]);
  return { repository, root, hooksPath, hooksFolder: join(repository.commonDir, 'hooks'), config };
}

/**
 * Every hook manager that is found in a working tree, not only the one that `aynig init` would go by. Reads only. They come in
 * the order in which `init` looks for them.
 */
export function findManagers(around: Surroundings): readonly Manager[] {
  const { repository, hooksPath, hooksFolder, config } = around;
  const inConfig = configHooksIn(config);
  const files = hookFiles(hooksFolder);
  const live = (path: string): boolean => hooksPath === undefined && isExecutable(path);
  const own = files.filter(({ path }) => isOwnHook(path));
  const huskyFolder = findHusky(around);
  const included = includedPath(repository.commonDir);
  const found: (Manager | undefined)[] = [
    hooksPath !== undefined && huskyFolder === undefined
      ? {
          kind: 'hooks-path',
          where: hooksPath.folder,
          live: existsSync(hooksPath.folder),
          ours: hookNames.filter((name) => calls(join(hooksPath.folder, name), name)),
        }
      : undefined,
    inConfig.length > 0 ? { kind: 'config-hooks', where: join(repository.commonDir, 'config'), live: true, ours: inConfig } : undefined,
    huskyFolder === undefined
      ? undefined
      : {
          kind: 'husky',
          where: huskyFolder.path,
          live: huskyFolder.live,
          ours: hookNames.filter((name) => calls(join(huskyFolder.path, name), name)),
        },
    ...tools.map((tool) => toolIn(tool, around)),
    lfsIn(files, live),
    ...files
      .filter(({ name, text, path }) => !isLfs(name, text) && !isOwnHook(path) && !tools.some(({ generated }) => generated.test(text)))
      .map(
        ({ name, path }): Manager => ({
          kind: 'plain',
          where: path,
          live: live(path),
          ours: hookNames.filter((each) => each === name && calls(path, each)),
        }),
      ),
    existsSync(included)
      ? { kind: 'linked-worktrees', where: included, live: repository.gitDir !== repository.commonDir, ours: hookNames }
      : undefined,
    own.length > 0
      ? {
          kind: 'aynig',
          where: hooksFolder,
          live: own.every(({ path }) => live(path)),
          ours: hookNames.filter((each) => own.some(({ name }) => name === each)),
        }
      : undefined,
  ];
  return found.filter((manager) => manager !== undefined);
}

/** Where husky's own hooks are; `live` when the folder that git looks into is there. Its `core.hooksPath` always ends in `_`. */
export function findHusky({ root, hooksPath }: Surroundings): { readonly path: string; readonly live: boolean } | undefined {
  if (hooksPath !== undefined) {
    const { folder } = hooksPath;
    return basename(folder) === '_' ? { path: dirname(folder), live: existsSync(join(folder, 'h')) } : undefined;
  }
  const path = join(root, '.husky');
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true && /"husky"/.test(textOf(join(root, 'package.json')))
    ? { path, live: false }
    : undefined;
}

/** The configuration files of a tool that are here. */
export function configsOf(tool: Tool, { root, hooksFolder }: Surroundings): { readonly name: string; readonly text: string }[] {
  const hooks = hookFiles(hooksFolder).map(({ text }) => text);
  return tool.configNames
    .filter((name) => existsSync(join(root, name)))
    .map((name) => ({ name, text: textOf(join(root, name)) }))
    .filter(({ name, text }) => tool.owns?.(name, text, hooks) !== false);
}

/** Whether the hook file of a name was made by the tool. */
export const isGenerated = (tool: Tool, path: string): boolean => tool.generated.test(textOf(path));

function toolIn(tool: Tool, around: Surroundings): Manager | undefined {
  const { root, hooksPath, hooksFolder } = around;
  const configs = configsOf(tool, around);
  const generated = hookFiles(hooksFolder).filter(({ text }) => tool.generated.test(text));
  const [first] = configs;
  if (first === undefined && generated.length === 0) return undefined;
  const texts = (first === undefined ? tool.configNames.map((name) => textOf(join(root, name))) : configs.map(({ text }) => text)).join(
    '\n',
  );
  return {
    kind: tool.kind,
    where: first === undefined ? hooksFolder : join(root, first.name),
    live: hooksPath === undefined && generated.some(({ path }) => isExecutable(path)),
    ours: hookNames.filter(
      (name) => callsOurs(texts, name) || (tool.runsOld !== undefined && isOurs(join(hooksFolder, `${name}${tool.runsOld}`), name)),
    ),
  };
}

interface HookFile {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

const hookFiles = (folder: string): HookFile[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /^[a-z0-9-]+$/.test(name))
        .sort()
        .map((name) => ({ name, path: join(folder, name), text: textOf(join(folder, name)) }))
    : [];

const isLfs = (name: string, text: string): boolean => text.includes(`git lfs ${name}`);

function lfsIn(files: readonly HookFile[], live: (path: string) => boolean): Manager | undefined {
  const lfs = files.filter(({ name, text }) => isLfs(name, text));
  const [first] = lfs;
  if (first === undefined) return undefined;
  return {
    kind: 'git-lfs',
    where: dirname(first.path),
    live: lfs.every(({ path }) => live(path)),
    ours: hookNames.filter((each) => lfs.some(({ name, path }) => name === each && calls(path, each))),
  };
}

/** Whether a hook file is ours or calls ours. */
export const isOurs = (path: string, name: HookName): boolean => isOwnHook(path) || calls(path, name);
export const calls = (path: string, name: HookName): boolean => callsOurs(textOf(path), name);
export const isExecutable = (path: string): boolean => existsSync(path) && statSync(path).isFile() && (statSync(path).mode & 0o111) !== 0;

/** Empty where there is no such file. */
export const textOf = (path: string): string => (existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : '');

/** Whether a file can be changed as text without changing any other byte of it. */
export function isText(path: string): boolean {
  const bytes = readFileSync(path);
  return !bytes.includes(0) && Buffer.from(bytes.toString('utf8')).equals(bytes);
}
