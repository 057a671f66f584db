import { accessSync, constants, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { callsOurs, type HookName, hookNames, renderedFolder } from '../install/call.js';
import { hookText, packageRoot } from '../install/rendered.js';

/** The hooks that this package brings. */
export interface HookSource {
  readonly names: readonly HookName[];
  /** The folder of this package. */
  readonly root: string;
  readonly textOf: (name: HookName, root: string, node: string) => string;
}

export const hookSource = (): HookSource => ({ names: hookNames, root: packageRoot(), textOf: hookText });

/** What a hook of ours was installed with. */
export interface Recorded {
  readonly root: string;
  readonly node: string;
}

/** One hook file, as git would find it. */
export interface HookFile {
  readonly name: HookName;
  readonly path: string;
  /** `own`: written by us as a whole. `calls-ours`: another one's, with a call of ours in it. */
  readonly kind: 'absent' | 'own' | 'calls-ours' | 'foreign';
  readonly text: string;
  readonly executable: boolean;
  /** Or its folder. A link is somebody's arrangement: it is never written through. */
  readonly isLink: boolean;
  readonly recorded: Recorded | undefined;
  /** How often a hook of ours is reached through it. */
  readonly times: number;
}

/** Stands in each file that is ours as a whole. */
const mark = (name: string): RegExp => new RegExp(`^#!/bin/sh\\r?\\n# aynig hook ${name}, version `);
/** A file that is longer is no hook of ours. */
const maxBytes = 256 * 1024;

export function readHookFile(folder: string, name: HookName): HookFile {
  const path = join(folder, name);
  const link = lstatSync(path, { throwIfNoEntry: false });
  const target = link === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  const isLink = [link, lstatSync(folder, { throwIfNoEntry: false })].some((stat) => stat?.isSymbolicLink() === true);
  const common = { name, path, isLink };
  // A link that leads nowhere is passed over by git in silence.
  if (target === undefined) return { ...common, kind: 'absent', text: '', executable: false, recorded: undefined, times: 0 };
  const text = target.isFile() && target.size <= maxBytes ? readText(path) : '';
  const own = mark(name).test(text);
  const calls = withoutComments(text)
    .split('\n')
    .filter((line) => callsOurs(line, name)).length;
  return {
    ...common,
    kind: own ? 'own' : calls > 0 ? 'calls-ours' : 'foreign',
    text,
    executable: target.isFile() && canExecute(path),
    recorded: own ? recordedIn(text) : undefined,
    times: own ? 1 : calls,
  };
}

/** Our hooks in a place of their own, which the hooks of others call. */
export const readRendered = (commonDir: string): ReadonlyMap<HookName, HookFile> =>
  new Map(hookNames.map((name) => [name, readHookFile(join(commonDir, renderedFolder), name)]));

/** Whether it lies where `aynig init` puts hooks of ours. A folder that `core.hooksPath` names may be tracked or anybody's. */
export const isInOurPlace = (commonDir: string, { path, kind, isLink }: HookFile): boolean =>
  kind === 'own' && !isLink && [join(commonDir, 'hooks'), join(commonDir, renderedFolder)].includes(dirname(path));

/** The paths in the two lines that the installer fills in. */
export function recordedIn(text: string): Recorded | undefined {
  const [root, node] = ['aynig', 'node'].map((name) =>
    new RegExp(`^${name}='((?:[^'\\n]|'\\\\'')*)'\\r?$`, 'm').exec(text)?.[1]?.replaceAll("'\\''", "'"),
  );
  return root === undefined || node === undefined ? undefined : { root, node };
}

const withoutComments = (text: string): string => text.replace(/^\s*#.*$/gm, '');

export function canExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Whatever the reason is, it cannot be started.
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
