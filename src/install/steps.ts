import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Git } from '../git/gate.js';

/** One change to a file or to this repository's configuration. */
export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly text: string; readonly mode: number }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'set'; readonly section: string; readonly values: readonly (readonly [key: string, value: string])[] }
  | { readonly kind: 'unset'; readonly section: string };

export type Change = 'create' | 'update' | 'unchanged' | 'remove';

/** A file with the mode that it has, or with `mode` where there is none. */
export const writing = (path: string, text: string, mode: number, { keepMode = false } = {}): Step => ({
  kind: 'write',
  path,
  text,
  mode: keepMode && existsSync(path) ? statSync(path).mode & 0o7777 : mode,
});

/** What a step would change now. `config` is what the repository's own configuration says. */
export function changeOf(step: Step, config: ReadonlyMap<string, readonly string[]>): Change {
  switch (step.kind) {
    case 'write':
      if (!existsSync(step.path)) return 'create';
      return readFileSync(step.path, 'utf8') === step.text && (statSync(step.path).mode & 0o7777) === step.mode ? 'unchanged' : 'update';
    case 'delete':
      return existsSync(step.path) ? 'remove' : 'unchanged';
    case 'set': {
      const present = step.values.map(([key]) => config.get(keyOf(step.section, key)));
      if (present.every((values) => values === undefined)) return 'create';
      return step.values.every(([, value], at) => present[at]?.length === 1 && present[at][0] === value) ? 'unchanged' : 'update';
    }
    case 'unset':
      return hasSection(config, step.section) ? 'remove' : 'unchanged';
  }
}

/** As git prints keys: the name between the first and the last dot keeps its case. */
const keyOf = (section: string, key: string): string => `${section.replace(/^[^.]*/, (first) => first.toLowerCase())}.${key.toLowerCase()}`;
const hasSection = (config: ReadonlyMap<string, unknown>, section: string): boolean =>
  [...config.keys()].some((key) => key.startsWith(keyOf(section, '')));

/** Values of the repository's own configuration file by key, without what it includes. */
export async function ownConfig(git: Git): Promise<ReadonlyMap<string, readonly string[]>> {
  const answer = await git(['config', '--local', '--no-includes', '--null', '--list']);
  const found = new Map<string, string[]>();
  for (const entry of answer.stdout.toString('utf8').split('\0')) {
    const newline = entry.indexOf('\n');
    const key = newline < 0 ? entry : entry.slice(0, newline);
    if (key !== '') found.set(key, [...(found.get(key) ?? []), newline < 0 ? '' : entry.slice(newline + 1)]);
  }
  return found;
}

/** Takes the steps that change something, in their order. */
export async function take(steps: readonly Step[], git: Git): Promise<void> {
  const config = await ownConfig(git);
  for (const step of steps) {
    if (changeOf(step, config) === 'unchanged') continue;
    if (step.kind === 'write') replaceFile(step.path, step.text, step.mode);
    else if (step.kind === 'delete') unlinkSync(step.path);
    else {
      if (hasSection(config, step.section)) await git(['config', '--local', '--remove-section', step.section]);
      // In their order: git 2.54 and newer refuses every commit while a hook has an event and no command.
      if (step.kind === 'set') for (const [key, value] of step.values) await git(['config', '--local', `${step.section}.${key}`, value]);
    }
  }
}

/** In one move: a shell that reads the old file at this moment goes on reading the old one. */
function replaceFile(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.aynig`;
  writeFileSync(temporary, text);
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}

/** Removes folders of ours that nothing is left in. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders) if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
