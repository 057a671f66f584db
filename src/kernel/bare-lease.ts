import { failureOrThrow } from '../git/causes.js';
import { commitTree, type Identity } from '../git/commit-tree.js';
import { GitError } from '../git/gate.js';
import { heartbeatRef, type Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { readReflog } from '../git/reflog.js';
import { deleteRef, type Swap, swapRef, swapTogether } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Advance, Move } from './arbiter.js';
import { aliveMessage } from './lease.js';
import { readTip } from './tip.js';

/** How often the end of a run is tried again that a renewal came in between of. */
const mostTries = 5;

/**
 * The lease ref of runs in a bare repository. Others push to such a repository, and its fence knows by this ref that the run
 * is alive: it comes with the claim, moves with each renewal and goes with the end, each in one transaction with the branch.
 */
export interface BareLeases {
  claim(advance: Advance): Promise<Move>;
  /** Moves the branch to the end of a run, whoever held it, and deletes the lease ref. */
  release(advance: Advance): Promise<Move>;
  /** Deletes the lease ref of a run whose branch has gone on to `tip`, unless that is a lease of the run itself. */
  drop(runId: string, tip: Oid | undefined): Promise<void>;
  /** False: the ref is gone, so somebody has cancelled the run or taken it over. */
  renew(runId: string): Promise<boolean>;
}

export function bareLeases({ git }: Repository, objects: Objects, identity: Identity): BareLeases {
  const swapOf = ({ ref, from, to, reason, runId }: Advance) => ({ ref, expected: from, to, reason, runId });

  async function swapWithout(advance: Advance): Promise<Swap> {
    const ref = heartbeatRef(advance.runId);
    for (let attempt = 1; ; attempt++) {
      const value = advance.runId === '' ? undefined : await objects.ref(ref);
      if (value === undefined) return swapRef(git, objects, swapOf(advance));
      try {
        return await swapTogether(git, objects, swapOf(advance), { ref, drop: value });
      } catch (error) {
        // The branch has not moved: it was the lease ref that did.
        if (!(error instanceof GitError) || attempt === mostTries || (await objects.ref(ref)) === value) throw error;
      }
    }
  }

  return {
    claim: (advance) => swapTogether(git, objects, swapOf(advance), { ref: heartbeatRef(advance.runId), create: advance.to }),
    async release(advance) {
      const move = await swapWithout(advance);
      if (move.kind === 'beaten') await drop(advance.runId, move.tip);
      return move;
    },
    drop,
    async renew(runId) {
      try {
        return await move(runId);
      } catch (error) {
        // A lock that is held for a moment, or a disk that is full: the next renewal is not far.
        failureOrThrow(error);
        return true;
      }
    },
  };

  async function move(runId: string): Promise<boolean> {
    const ref = heartbeatRef(runId);
    const value = await objects.ref(ref);
    if (value === undefined) return false;
    const { tree } = await objects.commit(value);
    const alive = await commitTree(git, { tree, parent: value, message: aliveMessage(runId), identity });
    const moved = await swapRef(git, objects, { ref, expected: value, to: alive, reason: `aynig: alive (run ${runId})`, runId });
    return moved.kind === 'moved' || moved.tip !== undefined;
  }

  async function drop(runId: string, tip: Oid | undefined): Promise<void> {
    const found = tip === undefined ? undefined : readTip(await objects.commit(tip));
    if (runId === '' || (found?.kind === 'lease' && found.lease.runId === runId)) return;
    const value = await objects.ref(heartbeatRef(runId));
    if (value !== undefined) await deleteRef(git, heartbeatRef(runId), value);
  }
}

/**
 * When the holder of a lease was last heard of at a bare repository, by that repository's own record, in seconds since the
 * epoch; by the date of the renewal where no record was kept. Undefined where there is no lease ref.
 */
export async function heardOf({ git, commonDir }: Repository, objects: Objects, runId: string): Promise<number | undefined> {
  const ref = heartbeatRef(runId);
  const found = runId === '' ? undefined : await objects.read(ref);
  if (found?.kind !== 'found') return undefined;
  const entry = (await readReflog(git, commonDir, ref, 5)).find(({ oid }) => oid === found.oid);
  return entry?.at ?? (await objects.commit(found.oid)).committedAt;
}
