import { failureOrThrow } from '../git/causes.js';
import { heartbeatRef, type Oid, type RefName } from '../git/names.js';
import { pushMoves, type RefMove } from '../git/remote.js';
import type { Context } from './context.js';
import type { Surveyed } from './survey.js';
import { maxLeaseSeconds } from './tip.js';

/** At most so many are deleted in one go; the next run takes the rest. */
const mostAtOnce = 100;
const timeoutMs = 60_000;

/** What a look at all branches of a remote says of its heartbeats. */
export class StrayHeartbeats {
  private all: ReadonlyMap<RefName, Oid> = new Map();
  private readonly held = new Set<RefName>();

  see(found: Surveyed): void {
    this.all = found.at.at?.heartbeats ?? this.all;
    if ('tip' in found && found.tip.kind === 'lease') this.held.add(heartbeatRef(found.tip.lease.runId));
  }

  /**
   * Deletes heartbeats of runs that hold no branch any more, once they are older than any lease: a person who forced or deleted
   * the branch of a run leaves its heartbeat behind. Each only at the value that was read; a remote that refuses is left alone.
   */
  async drop({ repository, objects, now }: Context, remote: string): Promise<void> {
    const moves: RefMove[] = [];
    for (const [ref, value] of this.all) {
      if (this.held.has(ref) || moves.length === mostAtOnce) continue;
      const { committedAt } = await objects.commit(value);
      if (committedAt + maxLeaseSeconds < now()) moves.push({ ref, from: value, to: undefined });
    }
    if (moves.length === 0) return;
    try {
      await pushMoves(repository.git, remote, moves, timeoutMs);
    } catch (error) {
      // Tidying up is no reason to fail a run.
      failureOrThrow(error);
    }
  }
}
