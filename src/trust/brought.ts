import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../runner/durable-file.js';

/** Commits that the user made with a message which others wrote; the newest of them. */
const most = 1_000;
const file = (own: string): string => join(own, 'brought');

export function noteBrought(own: string, commit: string): void {
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const known = readBrought(own);
  if (known.length >= 2 * most) writeDurably(file(own), `${known.slice(-most).join('\n')}\n`);
  appendFileSync(file(own), `${commit}\n`, { mode: 0o600 });
}

/** `own` is the folder of this clone in the git directory. */
export function readBrought(own: string): string[] {
  return existsSync(file(own))
    ? readFileSync(file(own), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}
