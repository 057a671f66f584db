import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Repository } from '../git/repository.js';
import { ownConfig } from './steps.js';

/**
 * Settings of git that a server of workflows needs: reflogs are the fence's record of when a sign of life came, damaged objects
 * stay out, and a power cut leaves no empty ref.
 */
export const serverSettings: readonly (readonly [key: string, value: string])[] = [
  ['core.logAllRefUpdates', 'always'],
  ['receive.fsckObjects', 'true'],
  ['core.fsync', 'committed,reference'],
];

/** What `init --bare` found, so that `uninstall --bare` can put it back. */
interface Found {
  readonly version: 1;
  /** The repository's configuration before and after: unchanged since, it is put back byte for byte. */
  readonly before: string;
  readonly after: string;
  /** Values by key; none: it was not set. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** Folders that were made. */
  readonly folders: readonly string[];
}

const recordPath = (commonDir: string): string => join(commonDir, 'aynig/server.json');

export function readFound(commonDir: string): Found | undefined {
  const path = recordPath(commonDir);
  if (!existsSync(path)) return undefined;
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Found;
    return found.version === 1 ? found : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Settings that are not as they have to be. */
export async function missingSettings({ git }: Repository): Promise<(typeof serverSettings)[number][]> {
  const config = await ownConfig(git);
  return serverSettings.filter(([key, value]) => config.get(key.toLowerCase())?.at(-1) !== value);
}

/** Sets them; what was there before the first time is remembered, and so are the folders that are about to be made. */
export async function applySettings({ commonDir, git }: Repository, folders: readonly string[]): Promise<void> {
  const config = await ownConfig(git);
  const file = join(commonDir, 'config');
  const before = readFileSync(file, 'utf8');
  const known = readFound(commonDir);
  for (const [key, value] of serverSettings)
    if (config.get(key.toLowerCase())?.at(-1) !== value) await git(['config', '--local', '--replace-all', key, value]);
  const after = readFileSync(file, 'utf8');
  if (known !== undefined) {
    // An admin's own change in between is kept; what is set again is ours again.
    if (after !== before && known.after === before) write({ ...known, after });
    return;
  }
  write({
    version: 1,
    before,
    after,
    values: Object.fromEntries(serverSettings.map(([key]) => [key, config.get(key.toLowerCase()) ?? []])),
    folders,
  });

  function write(found: Found): void {
    const path = recordPath(commonDir);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${JSON.stringify(found)}\n`, { mode: 0o600 });
  }
}

/** Puts back what was found. A value that somebody has changed since then is theirs and stays. */
export async function restoreSettings({ commonDir, git }: Repository): Promise<string[]> {
  const found = readFound(commonDir);
  if (found === undefined) return [];
  const file = join(commonDir, 'config');
  if (readFileSync(file, 'utf8') === found.after) {
    if (found.after !== found.before) writeFileSync(file, found.before);
    return serverSettings.map(([key]) => key);
  }
  const config = await ownConfig(git);
  const restored: string[] = [];
  for (const [key, value] of serverSettings) {
    if (config.get(key.toLowerCase())?.at(-1) !== value) continue;
    const [first, ...more] = found.values[key] ?? [];
    if (first === undefined) await git(['config', '--local', '--unset-all', key]);
    else await git(['config', '--local', '--replace-all', key, first]);
    for (const each of more) await git(['config', '--local', '--add', key, each]);
    restored.push(key);
  }
  return restored;
}
