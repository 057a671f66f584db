import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { BranchName, Oid, RefName } from '../git/names.js';
import { removeFile, writeDurably } from './durable-file.js';
import type { ProcessIdentity } from './process-identity.js';

/** How a command ended. */
export interface CommandEnd {
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why it was stopped or could not be started, where it did not end by itself. */
  readonly reason?: string;
}

/**
 * What a run is about to do, written before it does it, so that the next tick can finish or undo what a crash left. The
 * journal is this clone's memory only; refs are the truth.
 */
export interface Journal {
  readonly version: 1;
  readonly runId: string;
  readonly branch: BranchName;
  readonly ref: RefName;
  /** The remote that decides the branch; absent where this repository does. */
  readonly remote?: string;
  readonly state: string;
  /** The commit that asked. */
  readonly request: Oid;
  /** The `working` commit; known from phase `running` on. */
  readonly lease?: Oid;
  readonly runner: ProcessIdentity;
  /** The command's process, which leads a process group of its own. */
  readonly command?: ProcessIdentity;
  readonly phase: 'claiming' | 'running' | 'ended' | 'delivering' | 'undelivered';
  readonly worktree: string;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  readonly log?: string;
  readonly end?: CommandEnd;
  /** What settling decided to publish. */
  readonly result?: Oid;
  /** A delivery into a checkout that may have been cut short. */
  readonly delivery?: Delivery;
}

export interface Delivery {
  /** Milliseconds since the epoch; tells a lock file of this delivery from one that came later. */
  readonly startedAt: number;
  readonly worktree: string;
  readonly from: Oid;
  readonly to: Oid;
  /** Paths of the difference that were not as committed before the delivery began: the user's, never to be touched. */
  readonly dirty: readonly string[];
}

/** The journal directory of a repository. */
export interface Journals {
  write(journal: Journal, options?: { readonly sync?: boolean }): void;
  read(runId: string): Journal | undefined;
  all(): Journal[];
  remove(runId: string): void;
  /** Marks the run as alive now, for other hosts that share this directory. */
  touch(runId: string): void;
  /** Seconds since the epoch of the last sign of life, or undefined without a journal. */
  touchedAt(runId: string): number | undefined;
  /** A file beside the journal, such as the body handed to the command. */
  fileFor(runId: string, kind: 'body' | 'cancel' | 'lock'): string;
}

export function openJournals(commonDir: string, onBroken: (path: string) => void = () => undefined): Journals {
  const directory = join(commonDir, 'aynig', 'runs');
  const path = (runId: string): string => join(directory, `${runId}.json`);
  const read = (runId: string): Journal | undefined => {
    let text: string;
    try {
      text = readFileSync(path(runId), 'utf8');
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
    const journal = parsed(text);
    if (journal === undefined) {
      // A power cut can leave this. Put aside, it stops no other run; its lease ends by its time.
      const aside = join(directory, `${runId}.broken`);
      renameSync(path(runId), aside);
      onBroken(aside);
    }
    return journal;
  };
  return {
    read,
    write(journal, options) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeDurably(path(journal.runId), JSON.stringify(journal), options);
    },
    all() {
      let names: string[];
      try {
        names = readdirSync(directory);
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
      return names
        .filter((name) => name.endsWith('.json'))
        .map((name) => read(name.slice(0, -'.json'.length)))
        .filter((journal) => journal !== undefined);
    },
    remove(runId) {
      for (const kind of ['body', 'cancel'] as const) removeFile(join(directory, `${runId}.${kind}`));
      removeFile(path(runId));
    },
    touch(runId) {
      const now = new Date();
      try {
        utimesSync(path(runId), now, now);
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    },
    touchedAt(runId) {
      try {
        return Math.floor(statSync(path(runId)).mtimeMs / 1000);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    fileFor: (runId, kind) => join(directory, `${runId}.${kind}`),
  };
}

function parsed(text: string): Journal | undefined {
  try {
    return JSON.parse(text) as Journal;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Not there, or another user's, whose runs this process knows nothing about. */
const isAbsent = (error: unknown): boolean => ['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
