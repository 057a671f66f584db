import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { HookName } from '../install/call.js';
import { hasConfigHooks } from '../install/config-hooks.js';
import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';
import type { HookFolder } from './hook-reach.js';

/** Whether git reaches our hooks, from every working tree. */
export function checkHooks(facts: Facts): Finding[] {
  const { hookFolders, source } = facts;
  const broken = facts.configuredHooks.filter(({ name, events, command }) => name.startsWith('aynig-') && events.length > 0 && !command);
  const findings = [...broken.map(({ name, file }) => withoutCommand(name, file)), ...notLookedAt(facts)];
  const [first] = hookFolders;
  if (first === undefined) return findings;
  if (hookFolders.every((folder) => liveHooks(folder).length === 0))
    return [...findings, facts.installed && first.setBy !== undefined ? elsewhere(facts, first) : nowhere];
  return [
    ...findings,
    ...hookFolders.flatMap((folder) => {
      if (liveHooks(folder).length === 0) return [elsewhere(facts, folder)];
      return source.names.flatMap((name) => missing(facts, folder, name));
    }),
  ];
}

function notLookedAt({ notLookedAt: [first, ...more], hookFolders }: Facts): Finding[] {
  if (first === undefined) return [];
  const looked = hookFolders.flatMap(({ worktrees }) => worktrees).length;
  return [
    {
      id: 'worktrees-not-looked-at',
      sentence: `The hooks of ${looked} working trees were looked at, and not those of ${more.length + 1} more (${first.path}${more.length > 0 ? ', …' : ''}).`,
      fix: `cd ${quoted(first.path)} && aynig doctor`,
    },
  ];
}

/** The hooks of ours that git reaches through a folder, or by its configuration. */
export const liveHooks = ({ ways }: HookFolder): HookName[] => [...ways].filter(([, found]) => found.length > 0).map(([name]) => name);

const nowhere: Finding = {
  id: 'hooks-not-installed',
  sentence: 'No hook of AYNIG is installed here, so a commit starts nothing.',
  fix: 'aynig init',
};

const withoutCommand = (name: string, file: string): Finding => ({
  id: 'hook-config-broken',
  sentence: `hook.${name} has an event and no command (in ${file}), so git 2.54 and newer refuses every commit.`,
  fix: `git config --file ${quoted(file)} --remove-section ${quoted(`hook.${name}`)} && aynig init`,
});

function elsewhere({ repository, gitVersion }: Facts, { path, setBy, worktrees }: HookFolder): Finding {
  const where = worktrees.length === 1 ? worktrees[0] : `${worktrees.length} working trees (${worktrees[0]}, …)`;
  const looks =
    path === undefined ? 'core.hooksPath is empty, so git runs no hook' : `git looks for hooks in ${path}, where none of ours is`;
  const newer = setBy === undefined || hasConfigHooks(gitVersion) ? '' : ' With git 2.54 or newer ours could run beside that.';
  const finding = {
    id: 'hooks-path-elsewhere',
    sentence: `From ${where}, ${looks}${setBy === undefined ? '' : ` (core.hooksPath, set in ${setBy.file})`}.${newer}`,
  } as const;
  if (setBy === undefined) return { ...finding, fix: 'aynig init' };
  if (setBy.scope === 'global' || setBy.scope === 'system')
    return { ...finding, fix: `git config --local core.hooksPath ${quoted(join(repository.commonDir, 'hooks'))}` };
  // A folder that is in use is another tool's: init adds ours to it, or says what to add.
  if (path !== undefined && (existsSync(path) || basename(path) === '_')) return { ...finding, fix: 'aynig init' };
  return { ...finding, fix: `git config --file ${quoted(setBy.file)} --unset-all core.hooksPath` };
}

function missing({ rendered }: Facts, { path, files, ways }: HookFolder, name: HookName): Finding[] {
  const found = ways.get(name) ?? [];
  const called = rendered.get(name);
  const finding = { id: 'hook-missing', fix: 'aynig init' } as const;
  if (found.length === 0) {
    const foreign = files.get(name)?.kind === 'foreign';
    return [{ ...finding, sentence: foreign ? `${path}/${name} does not call ours.` : `There is no ${name} hook in ${path}.` }];
  }
  if (!found.includes('call') || called?.kind === 'own') return [];
  return [{ ...finding, sentence: `Our ${name} is called from ${path}, and is not at ${called?.path}.` }];
}
