import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { readScopedConfig, type ScopedValue } from '../git/config.js';
import { openGit } from '../git/gate.js';
import type { Repository } from '../git/repository.js';
import { callsOurs, type HookName, hookNames } from '../install/call.js';
import { findManagers, isGenerated, type Manager, surroundings, textOf, tools } from '../install/detect.js';
import { linkedFolder } from '../install/linked-worktrees.js';
import { isOwnHook } from '../install/rendered.js';
import { type HookFile, readHookFile } from './hook-files.js';
import { readManagers, type TakingManager } from './managers.js';
import type { Worktree } from './worktrees.js';

/** A folder where git looks for hooks, and the working trees for which it does. */
export interface HookFolder {
  /** Undefined for an empty `core.hooksPath`, with which git finds no hook at all. */
  readonly path: string | undefined;
  /** What set `core.hooksPath`; undefined for git's own folder. */
  readonly setBy: ScopedValue | undefined;
  readonly worktrees: readonly string[];
  readonly files: ReadonlyMap<HookName, HookFile>;
  /** How each of ours is reached from there: `own`, a file of ours; `call`, a call of the rendered hook by somebody else's. */
  readonly ways: ReadonlyMap<HookName, readonly ('own' | 'call')[]>;
  readonly managers: readonly Manager[];
  readonly taking: readonly TakingManager[];
  /** Hooks of Git LFS that nothing there calls. */
  readonly lfsMissing: readonly string[];
}

/** A hook that git >= 2.54 takes from its configuration, `hook.<name>.event` and `.command`. */
export interface ConfiguredHook {
  readonly name: string;
  readonly file: string;
  readonly events: readonly string[];
  readonly command: string | undefined;
  readonly enabled: boolean;
}

const lfsHooks = ['pre-push', 'post-checkout', 'post-commit', 'post-merge'] as const;
/** Each working tree is one git call; hundreds of them are not asked about one by one. */
const maxWorktrees = 64;

/** Working trees of persons: those to ask about, the one at `here` first, and those that are too many. */
export function worktreesToAsk(
  worktrees: readonly Worktree[],
  here: string | undefined,
): Readonly<Record<'asked' | 'notAsked', Worktree[]>> {
  // git calls in a worktree whose record is damaged fail, as they do for its owner.
  const whole = worktrees.filter(({ runId, exists, gitDir }) => runId === undefined && exists && existsSync(join(gitDir, 'HEAD')));
  const late = whole.findIndex(({ path }) => path === here) >= maxWorktrees;
  const sorted = late ? [...whole.filter(({ path }) => path === here), ...whole.filter(({ path }) => path !== here)] : whole;
  return { asked: sorted.slice(0, maxWorktrees), notAsked: sorted.slice(maxWorktrees) };
}

/** What git would run in each of these working trees. */
export async function readHookFolders(
  repository: Repository,
  asked: readonly Worktree[],
  configured: readonly ConfiguredHook[],
): Promise<HookFolder[]> {
  const settings = await Promise.all(asked.map(hooksPathOf));
  const folders = new Map<string, { path: string | undefined; setBy: ScopedValue | undefined; first: Worktree; worktrees: string[] }>();
  asked.forEach((worktree, index) => {
    const setBy = settings[index];
    const path = setBy === undefined ? join(repository.commonDir, 'hooks') : folderOf(setBy, worktree.path);
    const known = folders.get(path ?? '');
    if (known === undefined) folders.set(path ?? '', { path, setBy, first: worktree, worktrees: [worktree.path] });
    else known.worktrees.push(worktree.path);
  });
  return Promise.all(
    [...folders.values()].map(async ({ path, setBy, first, worktrees: roots }) => {
      const seenFrom = { ...repository, cwd: first.path, gitDir: first.gitDir, toplevel: first.path };
      const around = await surroundings(seenFrom, first.path);
      const managers = findManagers(around);
      const files = new Map(path === undefined ? [] : hookNames.map((name) => [name, readHookFile(path, name)] as const));
      const inLinked = path === join(repository.commonDir, linkedFolder);
      return {
        path,
        setBy,
        worktrees: roots,
        files,
        managers,
        taking: readManagers(around),
        ways: new Map(hookNames.map((name) => [name, waysTo(name, { path, files, managers, configured, inLinked })])),
        // What covers linked working trees calls whatever is there without us.
        lfsMissing: path === undefined || inLinked ? [] : lfsHooks.filter((name) => !callsLfs(path, name, configured)),
      };
    }),
  );
}

interface Place {
  readonly path: string | undefined;
  readonly files: ReadonlyMap<HookName, HookFile>;
  readonly managers: readonly Manager[];
  readonly configured: readonly ConfiguredHook[];
  readonly inLinked: boolean;
}

function waysTo(name: HookName, { path, files, managers, configured, inLinked }: Place): ('own' | 'call')[] {
  const inConfig = configured.filter(({ enabled, events, command = '' }) => enabled && events.includes(name) && callsOurs(command, name));
  const ways: ('own' | 'call')[] = inConfig.map(() => 'call');
  const file = files.get(name);
  if (path === undefined || file === undefined || file.kind === 'absent') return ways;
  if (file.kind === 'own') return [...ways, 'own'];
  if (inLinked) return [...ways, 'call'];
  if (file.kind === 'calls-ours') return [...ways, ...Array.from({ length: file.times }, () => 'call' as const)];
  for (const { kind, live, ours } of managers) {
    if (!live || !ours.includes(name)) continue;
    if (kind === 'husky' && basename(path) === '_') return [...ways, 'call'];
    const tool = tools.find((each) => each.kind === kind);
    if (tool === undefined || !isGenerated(tool, file.path)) continue;
    // It put our own file away under another name, and runs it.
    return [...ways, tool.runsOld !== undefined && isOwnHook(`${file.path}${tool.runsOld}`) ? 'own' : 'call'];
  }
  return ways;
}

/** Whether a hook calls Git LFS. What a manager generates may do so in ways that cannot be read off it. */
function callsLfs(folder: string, name: string, configured: readonly ConfiguredHook[]): boolean {
  const calls = /git[ -]lfs\b/;
  const path = join(folder, name);
  const husky = basename(folder) === '_' && existsSync(join(folder, 'h')) ? textOf(join(dirname(folder), name)) : '';
  return (
    calls.test(textOf(path)) ||
    calls.test(husky) ||
    tools.some((tool) => isGenerated(tool, path)) ||
    configured.some(({ enabled, events, command = '' }) => enabled && events.includes(name) && calls.test(command))
  );
}

/** The value that counts there. Our own git calls set it on their command line; what files say is meant. */
async function hooksPathOf({ path, gitDir }: Worktree): Promise<ScopedValue | undefined> {
  const values = await readScopedConfig(openGit({ cwd: path, gitDir }), '^core\\.hookspath$', path);
  return values.at(-1);
}

/** A relative path means the root of the working tree (githooks(5)). */
const folderOf = ({ value = '' }: ScopedValue, root: string): string | undefined =>
  value === '' ? undefined : resolve(root, value.replace(/^~(?=\/|$)/, homedir()));

export function configuredHooks(config: readonly ScopedValue[]): ConfiguredHook[] {
  const hooks = new Map<string, { name: string; file: string; events: string[]; command: string | undefined; enabled: boolean }>();
  for (const { key, value = '', file } of config) {
    const [, name, part] = /^hook\.(.+)\.(event|command|enabled)$/s.exec(key) ?? [];
    if (name === undefined) continue;
    const hook = hooks.get(name) ?? { name, file, events: [], command: undefined, enabled: true };
    hooks.set(name, hook);
    if (part === 'command') hook.command = value;
    else if (part === 'enabled') hook.enabled = !/^(?:false|no|off|0|)$/i.test(value);
    // An empty value takes back those before it.
    else if (value === '') hook.events = [];
    else hook.events.push(value);
  }
  return [...hooks.values()];
}
