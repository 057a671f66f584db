import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../runner/journal.js';
import { isLocked } from '../runner/lock.js';
import { type Presence, presenceOf } from '../runner/process-identity.js';
import { namesIn } from './worktrees.js';

/** The journals of this clone as they lie there. Unlike the kernel's own reading this one puts nothing aside. */
export interface Runs {
  readonly journals: readonly (Journal & { readonly runnerIs: Presence })[];
  /** Files that are no journal, and when they were last written (milliseconds since the epoch). */
  readonly broken: readonly { readonly runId: string; readonly path: string; readonly changedAt: number }[];
  readonly aside: readonly { readonly path: string; readonly changedAt: number }[];
  /** Locks of ours whose process is dead. */
  readonly deadLocks: readonly { readonly path: string; readonly changedAt: number }[];
}

export function readRuns(own: string): Runs {
  const folder = join(own, 'runs');
  const names = namesIn(folder);
  const journals: Runs['journals'][number][] = [];
  const broken: Runs['broken'][number][] = [];
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const path = join(folder, name);
    const journal = readJournal(path);
    if (journal === 'broken') broken.push({ runId: name.slice(0, -'.json'.length), path, changedAt: changedAt(path) });
    else if (journal !== undefined) journals.push({ ...journal, runnerIs: presenceOf(journal.runner) });
  }
  const locks = [folder, own].flatMap((at) =>
    namesIn(at)
      .filter((name) => name.endsWith('.lock'))
      .map((name) => join(at, name)),
  );
  return {
    journals,
    broken,
    aside: names
      .filter((name) => name.endsWith('.broken'))
      .map((name) => ({ path: join(folder, name), changedAt: changedAt(join(folder, name)) })),
    deadLocks: locks
      .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && !isLocked(path))
      .map((path) => ({ path, changedAt: changedAt(path) })),
  };
}

const changedAt = (path: string): number => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();

function readJournal(path: string): Journal | 'broken' | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // A run that has just ended, or another user's.
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    const journal = JSON.parse(text) as Journal;
    return typeof journal?.runner?.pid === 'number' && typeof journal.ref === 'string' ? journal : 'broken';
  } catch {
    // Not JSON: a power cut can leave it.
    return 'broken';
  }
}
