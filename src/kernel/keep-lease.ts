import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOid, type Oid } from '../git/names.js';
import { isAncestor } from '../git/refs.js';
import { adminDirectory } from '../git/worktree.js';
import type { Arbiter, Renewal } from './arbiter.js';
import type { Context } from './context.js';
import type { LeasedJournal } from './leased-journal.js';
import { readTip } from './tip.js';

/** How often the worktree is looked at for a `working` commit of the command's own, in milliseconds. */
const lookMs = 500;

/** A lease that is being kept while its command runs. */
export interface KeptLease {
  /** Stops renewing, and waits for the renewal that is under way. */
  end(): Promise<void>;
}

/**
 * Renews a lease at each third of its length until {@link KeptLease.end}. `onLost` is called once, with a reason, when somebody
 * else has the branch, or when two thirds of the lease have gone by since it was last confirmed: others may take it over
 * soon after, and the command must have ended by then. Times are read from the clock, not counted by timers, so that a
 * process which was stopped (SIGSTOP, a laptop asleep) knows it when it goes on.
 */
export function keepLease(
  context: Context,
  journal: LeasedJournal,
  lease: { seconds: number; since: number },
  onLost: (why: string) => void,
): KeptLease {
  const arbiter = context.arbiterOf(journal.remote);
  let { seconds } = lease;
  let confirmedAt = lease.since;
  let nextAt = confirmedAt + (seconds * 1000) / 3;
  let published: Oid = journal.lease;
  /** A commit that could not be published at once waits for the next renewal. */
  let tried: Oid | undefined;
  let working: Promise<void> | undefined;
  let ended = false;
  const lost = (why: string): void => {
    if (!ended) onLost(why);
    stop();
  };
  const apply = (renewal: Renewal, askedAt: number): void => {
    switch (renewal.kind) {
      case 'confirmed':
        confirmedAt = Math.min(askedAt, renewal.at ?? askedAt);
        nextAt = confirmedAt + (seconds * 1000) / 3;
        break;
      case 'unconfirmed':
        // Soon again: a third of the lease is left for it.
        nextAt = Date.now() + Math.min(10_000, (seconds * 1000) / 20);
        break;
      case 'lost':
        lost('the lease was lost: somebody else moved the branch');
    }
  };
  const renew = async (arbiter: Arbiter): Promise<void> => {
    const askedAt = Date.now();
    const due = askedAt >= nextAt;
    const made = await ownProgress(context, journal, published);
    if (!due && (made === undefined || made.oid === tried)) return;
    if (made === undefined) return apply(await arbiter.renew(journal.runId), askedAt);
    tried = made.oid;
    const { runId, ref } = journal;
    const renewal = await arbiter.progress({ runId, ref, from: published, to: made.oid, reason: `aynig: working (run ${runId})` });
    if (renewal.kind === 'confirmed') {
      published = made.oid;
      seconds = made.seconds ?? seconds;
    }
    apply(renewal, askedAt);
  };
  const look = (): void => {
    // Here the runner itself is the sign of life, however long it was stopped.
    const due = journal.remote !== undefined && Date.now() - confirmedAt >= (seconds * 1000 * 2) / 3;
    if (due) {
      lost('the lease could no longer be confirmed');
      return;
    }
    working ??= renew(arbiter)
      .catch((error: unknown) => lost(`the lease could not be renewed: ${error instanceof Error ? error.message : String(error)}`))
      .finally(() => {
        working = undefined;
      });
  };
  const timer = setInterval(look, journal.remote === undefined ? (seconds * 1000) / 3 : Math.min(lookMs, (seconds * 1000) / 12));
  const stop = (): void => {
    ended = true;
    clearInterval(timer);
  };
  return {
    async end() {
      stop();
      await working;
    },
  };
}

/** The newest commit of the command, if it is a `working` one of its run that has not been published. */
async function ownProgress(
  context: Context,
  { worktree, runId, remote }: LeasedJournal,
  published: Oid,
): Promise<{ oid: Oid; seconds?: number } | undefined> {
  if (remote === undefined) return undefined;
  const adminDir = adminDirectory(context.repository.commonDir, worktree);
  const head = adminDir === undefined ? '' : readHead(adminDir);
  if (!isOid(head) || head === published) return undefined;
  const tip = readTip(await context.objects.commit(head));
  if (tip.kind !== 'lease' || tip.lease.runId !== runId) return undefined;
  // On top of what is published, or the push would be a forced one.
  if (!(await isAncestor(context.repository.git, published, head))) return undefined;
  return { oid: head, ...(tip.lease.seconds === undefined ? {} : { seconds: tip.lease.seconds }) };
}

/** HEAD of a worktree, without a git process: looked at twice a second. Empty while it is on a branch or being written. */
function readHead(adminDir: string): string {
  try {
    return readFileSync(join(adminDir, 'HEAD'), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
