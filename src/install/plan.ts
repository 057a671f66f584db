import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Failure } from '../failure.js';
import { gitVersion, type Repository } from '../git/repository.js';
import { fileOfBlock, hasBlock, withBlock } from './block.js';
import type { ByHand, Tool } from './by-hand.js';
import { callLines, callsOurs, type HookName, hookNames } from './call.js';
import { configHookSteps, hasConfigHooks, noConfigHookSteps } from './config-hooks.js';
import {
  calls,
  configsOf,
  findHusky,
  findManagers,
  isExecutable,
  isGenerated,
  isOurs,
  isText,
  type Manager,
  type Surroundings,
  surroundings,
  textOf,
  tools,
} from './detect.js';
import type { HooksPath } from './hooks-path.js';
import { linkedSteps, unlinkedSteps } from './linked-worktrees.js';
import { hookText, isOwnHook, renderedSteps } from './rendered.js';
import { type Step, writing } from './steps.js';

/** What `init` would do about hooks. */
export interface Plan {
  /** Where the hooks go, in words. */
  readonly beside: string;
  readonly steps: readonly Step[];
  /** Lines for other configurations; then the steps change nothing. */
  readonly byHand: readonly ByHand[];
  /** A tracked folder with changes to commit. */
  readonly tracked?: string;
  /** What has to be run afterwards. */
  readonly afterwards?: string;
}

/**
 * Plans how our hooks and everybody else's both run. Changes nothing. Throws {@link Failure} hooks-present where
 * `core.hooksPath` is set for more than this repository. With `husky` it plans for a husky that is about to be set up.
 */
export async function planHooks(repository: Repository, root: string, { husky = false } = {}): Promise<Plan> {
  const found = await surroundings(repository, root);
  const around = husky ? { ...found, hooksPath: huskyPath(root) } : found;
  refuseForeign(around.hooksPath);
  const managers = findManagers(around);
  const { commonDir } = repository;
  if (!callsByFile(managers) && hasConfigHooks(await gitVersion(repository.git)))
    return {
      beside: 'the configuration of this repository',
      steps: [...renderedSteps(commonDir), ...configHookSteps(), ...unlinkedSteps(commonDir)],
      byHand: [],
    };
  const plan = planFiles(around, managers);
  if (plan.byHand.length > 0) return plan;
  // What another way of installing left: ours would run a second time in git 2.54 and newer.
  const cover = findHusky(around) === undefined ? unlinkedSteps(commonDir) : [];
  return { ...plan, steps: [...plan.steps, ...noConfigHookSteps(), ...cover] };
}

/** What `core.hooksPath` will say once husky is set up. */
const huskyPath = (root: string): HooksPath => ({
  value: '.husky/_',
  scope: 'local',
  origin: '.git/config',
  folder: join(root, '.husky/_'),
});

/** What runs in every git, so it is kept where it is: another program on this machine may bring an older git. */
const callsByFile = (managers: readonly Manager[]): boolean =>
  managers.some(({ kind, ours }) => ours.length > 0 && kind !== 'config-hooks' && kind !== 'linked-worktrees');

function planFiles(around: Surroundings, managers: readonly Manager[]): Plan {
  const kinds = managers.map(({ kind }) => kind);
  const husky = findHusky(around);
  if (husky !== undefined) return planHusky(around, husky.path);
  const { hooksPath } = around;
  if (hooksPath !== undefined) return inFolder(around, hooksPath);
  const tool = tools.find(({ kind }) => kinds.includes(kind));
  return tool === undefined ? planPlain(around) : planTool(around, tool);
}

function refuseForeign(path: HooksPath | undefined): void {
  if (path === undefined) return;
  const everywhere = path.scope === 'global' || path.scope === 'system';
  if (!everywhere && path.value !== '') return;
  const sentence = `core.hooksPath is ${path.value === '' ? 'empty' : path.value} (set in ${path.origin})`;
  throw new Failure(
    'hooks-present',
    everywhere
      ? `${sentence}: git takes the hooks of every repository from there, and none from this one. Nothing was changed.`
      : `${sentence}, so git runs no hooks here. Nothing was changed.`,
    {
      hint: everywhere
        ? 'Let this repository have hooks of its own: git config core.hooksPath "$(git rev-parse --path-format=absolute --git-common-dir)/hooks" && aynig init; or run commands without hooks: aynig run'
        : 'Remove the setting, afterwards: aynig init',
    },
  );
}

/**
 * husky: a block in its tracked files, and cover for linked working trees, where its own folder is missing. Where husky has not
 * set `core.hooksPath` yet, as in a fresh clone, git still runs the files in its own folder.
 */
function planHusky(around: Surroundings, husky: string): Plan {
  const { repository, root, hooksFolder, hooksPath } = around;
  const files = hookNames.map((name) => ({ name, path: join(husky, name) }));
  const byHand = files
    .filter(({ name, path }) => existsSync(path) && !isPlainText(path) && !calls(path, name))
    .map(({ name, path }) => callIn(around, path, name));
  const own = hooksPath === undefined ? planPlain(around) : withoutOwnFiles(hooksFolder);
  if (byHand.length + own.byHand.length > 0) return { beside: 'husky', steps: [], byHand: [...byHand, ...own.byHand] };
  const roots = [root, repository.mainRoot ?? root];
  const installed = hooksPath === undefined || roots.some((each) => existsSync(join(each, relative(root, husky), '_', 'h')));
  return {
    beside: 'husky',
    steps: [
      ...renderedSteps(repository.commonDir),
      ...files
        .filter(({ name, path }) => !calls(path, name) || hasBlock(textOf(path), name))
        .map(({ name, path }) => blockStep(path, name)),
      ...linkedSteps(repository.commonDir, relative(root, husky)),
      ...own.steps,
    ],
    byHand: [],
    tracked: relative(root, husky),
    ...(installed ? {} : { afterwards: 'npx husky' }),
  };
}

/** git does not look there any more. */
const withoutOwnFiles = (hooksFolder: string): Pick<Plan, 'steps' | 'byHand'> => ({
  steps: hookNames
    .map((name) => join(hooksFolder, name))
    .filter(isOwnHook)
    .map((path): Step => ({ kind: 'delete', path })),
  byHand: [],
});

const blockStep = (path: string, name: HookName): Step =>
  existsSync(path)
    ? writing(path, withBlock(readFileSync(path, 'utf8'), name), 0o644, { keepMode: true })
    : writing(path, fileOfBlock(name), 0o644);

/** A folder that `core.hooksPath` names is often tracked, and never ours. */
function inFolder(around: Surroundings, { folder, origin }: HooksPath): Plan {
  const missing = hookNames.filter((name) => !calls(join(folder, name), name));
  const where = `${folder} (core.hooksPath in ${origin})`;
  return missing.length > 0
    ? { beside: where, steps: [], byHand: missing.map((name) => callIn(around, join(folder, name), name)) }
    : { beside: where, steps: renderedSteps(around.repository.commonDir), byHand: [] };
}

const callIn = ({ root }: Surroundings, path: string, name: HookName): ByHand => ({
  file: relative(root, path),
  note: 'a shell script; right after its first line',
  lines: callLines(name),
});

/** A manager that makes its hooks anew: only its own configuration lasts. */
function planTool(around: Surroundings, tool: Tool): Plan {
  const { hooksFolder, repository } = around;
  const configs = configsOf(tool, around);
  const inConfig = (name: HookName): boolean => configs.some(({ text }) => callsOurs(text, name));
  const kept = (name: HookName): string[] =>
    [
      ...(tool.keepsOthers ? [join(hooksFolder, name)] : []),
      ...(tool.runsOld === undefined ? [] : [join(hooksFolder, `${name}${tool.runsOld}`)]),
    ].filter((path) => isOurs(path, name));
  const missing = hookNames.filter((name) => !inConfig(name) && kept(name).length === 0);
  if (missing.length > 0) return { beside: tool.kind, steps: [], byHand: [tool.snippet(missing, configs[0])], afterwards: tool.afterwards };
  const waiting = hookNames.some(
    (name) => inConfig(name) && !(isGenerated(tool, join(hooksFolder, name)) && isExecutable(join(hooksFolder, name))),
  );
  return {
    beside: tool.kind,
    steps: [
      ...renderedSteps(repository.commonDir),
      ...hookNames.flatMap((name) =>
        kept(name)
          .filter(isOwnHook)
          .map((path): Step => (inConfig(name) ? { kind: 'delete', path } : writing(path, hookText(name), 0o755))),
      ),
    ],
    byHand: [],
    ...(waiting ? { afterwards: tool.afterwards } : {}),
  };
}

/** No manager: our own file where there is none, a block in a shell hook. */
function planPlain(around: Surroundings): Plan {
  const { hooksFolder, repository } = around;
  const byHand: ByHand[] = [];
  const steps: Step[] = [];
  for (const name of hookNames) {
    const path = join(hooksFolder, name);
    const present = lstatSync(path, { throwIfNoEntry: false });
    if (present === undefined || isOwnHook(path)) steps.push(writing(path, hookText(name), 0o755));
    else if (isShell(path) && isExecutable(path) && (hasBlock(textOf(path), name) || !calls(path, name))) steps.push(blockStep(path, name));
    else if (!calls(path, name) || !isExecutable(path)) byHand.push(wrapped(around, path, name));
  }
  if (byHand.length > 0) return { beside: 'another program', steps: [], byHand };
  const called = hookNames.some((name) => !steps.some((step) => step.kind === 'write' && step.text === hookText(name)));
  return { beside: 'the hooks that are here', steps: [...(called ? renderedSteps(repository.commonDir) : []), ...steps], byHand: [] };
}

/** A symbolic link leads to a file that may be anybody's. */
const isPlainText = (path: string): boolean => lstatSync(path).isFile() && isText(path);

/** A file of its own that git gives to a shell. Without a first line that names another program, git does that too. */
export function isShell(path: string): boolean {
  if (!isPlainText(path)) return false;
  const [start = ''] = textOf(path).split('\n');
  return (
    !start.startsWith('#!') ||
    /^#!\s*(?:\S*\/)?(?:env\s+(?:-S\s*)?)?(?:\S*\/)?(?:sh|bash|dash|ash|ksh|mksh|zsh)(?:\s+-\S+)*\s*$/.test(start)
  );
}

/** A hook that nothing can be added to keeps its content and gets another name beside one that calls both. */
function wrapped({ root }: Surroundings, path: string, name: HookName): ByHand {
  if (lstatSync(path).isFile() && !isExecutable(path))
    return {
      file: relative(root, path),
      note: 'git ignores it, because it is not executable; in a shell, one of',
      lines: [`chmod +x ${relative(root, path)}`, `rm ${relative(root, path)}`],
    };
  return {
    file: relative(root, path),
    note: `a new executable file, after the one that is there got the name ${name}.theirs`,
    lines: ['#!/bin/sh', ...callLines(name), 'exec "$0.theirs" "$@"'],
  };
}
