import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeFile } from '../runner/durable-file.js';

/** The record of what is allowed changed while a command ran: by a person at the same time, or by the command. */
export interface Tampering {
  readonly runId: string;
  readonly branch: string;
  readonly state: string;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** More than these are not kept: they say the same. */
const mostNotes = 1_000;
const file = (own: string): string => join(own, 'trust-changes');

/** Notes it for `aynig doctor` and `aynig allow --list`. `own` is the folder of this clone in the git directory. */
export function noteTampering(own: string, note: Tampering): void {
  if (readTampering(own).length < mostNotes) appendFileSync(file(own), `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

export function readTampering(own: string): Tampering[] {
  if (!existsSync(file(own))) return [];
  return readFileSync(file(own), 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Tampering];
      } catch {
        // The end of the file, or a line that a crash cut short.
        return [];
      }
    });
}

/** A person has looked at what is allowed. */
export const forgetTampering = (own: string): void => removeFile(file(own));
