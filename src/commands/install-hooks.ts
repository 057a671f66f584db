import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.js';
import { lineOf } from '../git/gate.js';
import type { Repository } from '../git/repository.js';

/** The client hooks, as git names them. */
export const hookNames = ['commit-msg', 'post-commit', 'post-merge', 'post-rewrite'] as const;

/** Stands in each of our hook files and in no other. */
const mark = '# aynig hook ';

/** The folder of this package, with the hooks and templates that it brings. Throws a plain Error when it is incomplete. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'hooks', 'launch'))) {
    if (folder === dirname(folder)) throw new Error('this installation of aynig is incomplete: its hooks folder is missing');
    folder = dirname(folder);
  }
  return folder;
}

const shellQuoted = (text: string): string => text.replaceAll("'", "'\\''");

/** The hook as it is installed: with the paths of this Node and this package, so that it works from a client without PATH. */
export function hookText(name: (typeof hookNames)[number], root = packageRoot(), node = process.execPath): string {
  return readFileSync(join(root, 'hooks', name), 'utf8')
    .replace('@AYNIG@', () => shellQuoted(root))
    .replace('@NODE@', () => shellQuoted(node));
}

/** What an install would do to one hook. */
export type HookPlan = { readonly path: string; readonly action: 'create' | 'update' | 'keep'; readonly text: string };

/**
 * Plans the installation without changing anything. Throws {@link Failure} hooks-present where another tool has hooks or
 * where `core.hooksPath` leads elsewhere: this version installs only where it is alone.
 */
export async function planHooks(repository: Repository): Promise<readonly HookPlan[]> {
  const folder = await ownHooksFolder(repository);
  const foreign = existsSync(folder)
    ? readdirSync(folder).filter(
        (name) => !name.endsWith('.sample') && lstatSync(join(folder, name)).isDirectory() === false && !isOurs(join(folder, name)),
      )
    : [];
  if (foreign.length > 0)
    throw new Failure(
      'hooks-present',
      `${folder} already has hooks that are not ours: ${foreign.sort().join(', ')}. Nothing was changed.`,
      {
        hint: 'Move them away first, or run commands without hooks: aynig run',
      },
    );
  return hookNames.map((name) => {
    const path = join(folder, name);
    const text = hookText(name);
    const present = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    return { path, text, action: present === undefined ? 'create' : present === text ? 'keep' : 'update' };
  });
}

export function applyHooks(plan: readonly HookPlan[]): void {
  for (const { path, text, action } of plan) {
    if (action !== 'keep') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    chmodSync(path, 0o755);
  }
}

/** Removes our hook files and no other; answers their paths. */
export async function removeHooks(repository: Repository): Promise<string[]> {
  const folder = join(repository.commonDir, 'hooks');
  const ours = hookNames.map((name) => join(folder, name)).filter((path) => existsSync(path) && isOurs(path));
  for (const path of ours) unlinkSync(path);
  return ours;
}

async function ownHooksFolder({ git, commonDir }: Repository): Promise<string> {
  // Our own calls set it to /dev/null on their command line; what files say is meant here.
  const inFiles = await git(['config', '--show-origin', '--includes', '--get-all', 'core.hooksPath'], { ok: [0, 1] });
  const foreign = lineOf(inFiles)
    .split('\n')
    .find((line) => line !== '' && !line.startsWith('command line:'));
  if (foreign !== undefined) throw foreignHooksPath(foreign);
  return join(commonDir, 'hooks');
}

const foreignHooksPath = (setting: string): Failure => {
  const [origin, value] = setting.split('\t');
  return new Failure(
    'hooks-present',
    `core.hooksPath is ${value} (set in ${origin?.replace(/^file:/, '')}), so another tool manages the hooks. Nothing was changed.`,
    {
      hint: 'Run commands without hooks: aynig run',
    },
  );
};

function isOurs(path: string): boolean {
  return lstatSync(path).isFile() && readFileSync(path, 'utf8').includes(mark);
}
