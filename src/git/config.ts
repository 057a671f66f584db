import { resolve } from 'node:path';
import type { Git } from './gate.js';

/** One value of git's configuration, and the file or command line that set it. */
export interface ConfigValue {
  /** As git prints it: section and last part in small letters. */
  readonly key: string;
  /** Undefined for a key without `=`, which git reads as true. */
  readonly value: string | undefined;
  /** `file:.git/config`, `command line:` … */
  readonly origin: string;
}

/** All values whose key matches the POSIX extended regular expression, lowest priority first. */
export async function readConfig(git: Git, pattern: string): Promise<ConfigValue[]> {
  const result = await git(['config', '--null', '--show-origin', '--get-regexp', pattern], { ok: [0, 1] });
  return parseConfig(result.stdout.toString('utf8'));
}

/** Reads what `git config --null --show-origin --get-regexp` prints. */
export function parseConfig(text: string): ConfigValue[] {
  const parts = text.split('\0');
  const values: ConfigValue[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const pair = parts[at + 1] ?? '';
    const newline = pair.indexOf('\n');
    values.push({
      origin: parts[at] ?? '',
      key: newline < 0 ? pair : pair.slice(0, newline),
      value: newline < 0 ? undefined : pair.slice(newline + 1),
    });
  }
  return values;
}

/** One value of git's configuration with its scope (`system`, `global`, `local`, `worktree`); `file` is absolute. */
export interface ScopedValue extends ConfigValue {
  readonly scope: string;
  readonly file: string;
}

/** Like {@link readConfig} for what files say: nothing from a command line or the environment. `cwd` is where git works. */
export async function readScopedConfig(git: Git, pattern: string, cwd: string): Promise<ScopedValue[]> {
  const result = await git(['config', '--null', '--show-scope', '--show-origin', '--get-regexp', pattern], { ok: [0, 1], cwd });
  const parts = result.stdout.toString('utf8').split('\0');
  const values: ScopedValue[] = [];
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const scope = parts[at] ?? '';
    const [value] = parseConfig(parts.slice(at + 1, at + 3).join('\0'));
    if (value === undefined || !value.origin.startsWith('file:')) continue;
    values.push({ ...value, scope, file: resolve(cwd, value.origin.slice('file:'.length)) });
  }
  return values;
}
