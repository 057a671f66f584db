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
