import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RefName } from '../git/names.js';
import { removeFile, writeDurably } from './durable-file.js';

/** Why a tick of a branch could not be done, for `aynig status`: a hook's own output is seen by nobody. */
export interface FailureRecord {
  readonly code: string;
  readonly why: string;
  readonly hint: string;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** The key under which failures that concern no single branch are kept. */
export const anyBranch = 'refs/heads/' as RefName;

/** A branch name may be longer than a file name can be: what is cut off is told apart by its length, and the record names its ref. */
export const failureFile = (own: string, ref: RefName): string =>
  join(own, 'failures', `${encodeURIComponent(ref).slice(-180)}-${ref.length}.json`);

export function recordFailure(own: string, ref: RefName, record: FailureRecord): void {
  mkdirSync(join(own, 'failures'), { recursive: true, mode: 0o700 });
  writeDurably(failureFile(own, ref), JSON.stringify({ ref, ...record }), { sync: false });
}

export const clearFailure = (own: string, ref: RefName): void => removeFile(failureFile(own, ref));

/** All that is recorded, by ref. One listing serves any number of branches. */
export function readFailures(own: string): ReadonlyMap<RefName, FailureRecord> {
  const folder = join(own, 'failures');
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    // Another user's record cannot be read; whoever only looks is told the rest.
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return new Map();
    throw error;
  }
  const records = names.flatMap((name) => {
    const record = readRecord(join(folder, name));
    return record === undefined ? [] : [[record.ref, record] as const];
  });
  return new Map(records);
}

function readRecord(path: string): (FailureRecord & { readonly ref: RefName }) | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as FailureRecord & { readonly ref: RefName };
  } catch (error) {
    // A tick that went well has just removed it, or a power cut has emptied it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
