import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RefName } from '../git/names.js';
import { removeFile, writeDurably } from '../runner/durable-file.js';

/** Branches that pushes have brought and that were not looked at yet: what `post-receive` leaves for the one runner. */
export interface Pushed {
  /** Whether there are any. */
  waiting(): boolean;
  /** Each branch once, whatever the number of pushes; they are remembered until {@link done}, also by the next process. */
  take(): RefName[];
  /** What was taken has been dealt with. */
  done(): void;
}

/** A hook that was ended while it wrote leaves a file that never gets its name. */
const abandonedAfterMs = 3_600_000;

/**
 * Only who holds the runner's lock may take. `own` is the folder of this repository's own things. A file is named
 * `<process>.<number>` and holds a full ref name on each line.
 */
export function openPushed(own: string): Pushed {
  const folder = join(own, 'pushed');
  const takenFile = join(own, 'pushed-taken');
  let taken: Set<RefName> | undefined;
  const files = (): string[] => namesIn(folder).filter((name) => /^\d+\.\d+$/.test(name));
  return {
    waiting: () => files().length > 0 || (taken === undefined && statSync(takenFile, { throwIfNoEntry: false }) !== undefined),
    take() {
      const names = files();
      // What a runner that died had taken is looked at once more.
      const found = new Set(taken === undefined ? refsIn(takenFile) : []);
      for (const name of names) for (const ref of refsIn(join(folder, name))) found.add(ref);
      taken = new Set([...(taken ?? []), ...found]);
      if (taken.size > 0) writeDurably(takenFile, [...taken, ''].join('\n'), { sync: false });
      for (const name of names) removeFile(join(folder, name));
      dropAbandoned(folder);
      return [...found];
    },
    done() {
      removeFile(takenFile);
      taken = new Set();
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** git takes these as patterns, and none of the characters that mean something there can be in a name. */
const branchName = /^refs\/heads\/[^\x00-\x20~^:?*[\\\x7f]+$/;

function refsIn(path: string): RefName[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').filter((line): line is RefName => branchName.test(line));
}

function dropAbandoned(folder: string): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (name.endsWith('.tmp') && age > abandonedAfterMs) removeFile(path);
  }
}
