import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type HookName, hookNames } from '../install/call.js';
import { configsOf, type Surroundings, textOf } from '../install/detect.js';
import { lefthook } from '../install/lefthook.js';
import { simpleGitHooks } from '../install/simple-git-hooks.js';

/** A hook manager that this repository is set up for, and what its next sync does to hook files of ours. */
export interface TakingManager {
  readonly name: 'husky' | 'lefthook' | 'simple-git-hooks';
  /** Hooks of ours that it would take away; `all`: git would look elsewhere for every hook. */
  readonly takes: readonly HookName[] | 'all';
  /** What makes it leave ours alone. */
  readonly fix: string;
}

/** Looks for managers whose sync would take hook files of ours away. Those that keep and call them, such as pre-commit, are no concern. */
export const readManagers = (around: Surroundings): TakingManager[] =>
  [husky(around), leftHook(around), simple(around)].filter((found) => found !== undefined);

/** Sets `core.hooksPath` whenever packages are installed. */
function husky({ root }: Surroundings): TakingManager | undefined {
  const runs = Object.values(objectIn(join(root, 'package.json'))['scripts'] ?? {}).some((script) =>
    /(?:^|[\s&;|])husky(?:\s|$)/.test(String(script)),
  );
  return runs && existsSync(join(root, '.husky')) ? { name: 'husky', takes: 'all', fix: 'aynig init' } : undefined;
}

/** Renames the file of each hook that its configuration names, and stops running it. */
function leftHook(around: Surroundings): TakingManager | undefined {
  const configs = configsOf(lefthook, around);
  const takes = hookNames.filter((name) => configs.some(({ text }) => new RegExp(`^\\s*["'[]?${name}["'\\]]?\\s*(?::|$)`, 'm').test(text)));
  return takes.length === 0 ? undefined : { name: 'lefthook', takes, fix: 'aynig init' };
}

/** Deletes every hook that its configuration does not name. */
function simple(around: Surroundings): TakingManager | undefined {
  const [config] = configsOf(simpleGitHooks, around);
  if (config === undefined) return undefined;
  const read = config.name.endsWith('.json') ? objectIn(join(around.root, config.name)) : {};
  const { preserveUnused } = (config.name === 'package.json' ? (read['simple-git-hooks'] ?? {}) : read) as { preserveUnused?: unknown };
  if (preserveUnused === true) return undefined;
  const kept = Array.isArray(preserveUnused) ? preserveUnused.map(String) : [];
  const takes = hookNames.filter((name) => !kept.includes(name));
  if (takes.length === 0) return undefined;
  const keepAll = `npm pkg set --json 'simple-git-hooks.preserveUnused=${JSON.stringify([...kept, ...takes])}'`;
  return { name: 'simple-git-hooks', takes, fix: config.name === 'package.json' ? keepAll : 'aynig init' };
}

function objectIn(path: string): Readonly<Record<string, unknown>> {
  try {
    const parsed = JSON.parse(textOf(path) || '{}') as unknown;
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch (error) {
    // Somebody is in the middle of editing it.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
