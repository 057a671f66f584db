import { failureOrThrow } from '../git/causes.js';
import { type BranchName, keptRef, type RefName } from '../git/names.js';
import { deleteRef } from '../git/refs.js';
import type { Journal } from '../runner/journal.js';
import { tryLock } from '../runner/lock.js';
import { presenceOf } from '../runner/process-identity.js';
import { endOrphans } from '../runner/run-command.js';
import type { Context } from './context.js';
import { repairDelivery } from './deliver.js';
import { dropWorktree } from './drop-worktree.js';
import type { LeasedJournal } from './leased-journal.js';
import { isOurs } from './move-to.js';
import type { TickOutcome } from './outcome.js';
import { redeliver } from './redeliver.js';
import { type Settled, settle } from './settle.js';
import { readTip } from './tip.js';

/** What a sweep found. */
export interface Swept {
  /** Whether there was any run to look at, alive or not: refs may have moved since they were last read. */
  readonly looked: boolean;
  readonly branches: readonly {
    readonly branch: BranchName;
    readonly ref: RefName;
    readonly remote?: string;
    readonly outcome: TickOutcome;
  }[];
}

/**
 * Finishes what runs left whose runner is gone: ends their processes, saves their work, releases their branches. First
 * thing of every tick. Every step can be repeated; a second sweeper at the same time stands back.
 */
export async function sweep(context: Context, where: 'here' | 'remotes' = 'here'): Promise<Swept> {
  const journals = context.journals.all().filter(({ remote }) => (remote === undefined) === (where === 'here'));
  /** A remote that does not answer is asked once, not once for each run. */
  const unreachable = new Set<string>();
  const branches: Swept['branches'][number][] = [];
  for (const journal of journals) {
    if (journal.phase !== 'undelivered' && presenceOf(journal.runner) !== 'dead') continue;
    if (journal.remote !== undefined && unreachable.has(journal.remote)) continue;
    try {
      const outcome = await sweepRun(context, journal, journals);
      const { branch, ref, remote } = journal;
      if (outcome !== undefined) branches.push({ branch, ref, outcome, ...(remote === undefined ? {} : { remote }) });
    } catch (error) {
      const failure = failureOrThrow(error);
      if (failure.code === 'remote-unreachable' && journal.remote !== undefined) unreachable.add(journal.remote);
      context.report({ kind: 'failed', branch: journal.branch, code: failure.code, why: failure.message, hint: failure.hint });
    }
  }
  return { looked: journals.length > 0, branches };
}

/**
 * Finishes what one run left; undefined where another sweeper is at it or was, or where nothing was to do for the branch. `all` are the
 * runs that may share its worktree. Throws {@link Failure} where it could not be done; what is left stays for the next one.
 */
export async function sweepRun(
  context: Context,
  journal: Journal,
  all: readonly Journal[] = context.journals.all(),
): Promise<TickOutcome | undefined> {
  const lock = tryLock(context.journals.fileFor(journal.runId, 'lock'));
  if ('holder' in lock) return undefined;
  try {
    // Another sweeper may have finished it between the listing and the lock.
    const current = context.journals.read(journal.runId);
    return current === undefined ? undefined : await sweepOne(context, current, all);
  } finally {
    lock.release();
  }
}

async function sweepOne(context: Context, journal: Journal, all: readonly Journal[]): Promise<TickOutcome | undefined> {
  if (journal.phase === 'undelivered') {
    return sweepUndelivered(context, journal);
  }
  await endOrphans(journal.runId, journal.command);
  const shared = all.some(
    (other) => other.runId !== journal.runId && other.worktree === journal.worktree && context.journals.read(other.runId) !== undefined,
  );
  // The worktree went on to the next run of the chain, so this one was published before.
  if (shared && (await isPublished(context, journal))) {
    context.journals.remove(journal.runId);
    return undefined;
  }
  const leased = await withLease(context, journal);
  if (leased === undefined) {
    if (shared || (await dropWorktree(context, journal))) context.journals.remove(journal.runId);
    return undefined;
  }
  if (leased.delivery !== undefined) await repairDelivery(context.repository, context.objects, leased.ref, leased.delivery);
  const settled = await settle(context, leased, leased.end ?? { reason: 'the runner ended before its command did' });
  if (!settled.worktreeLeft && !shared) await dropWorktree(context, journal);
  if (settled.kind !== 'undelivered') context.journals.remove(journal.runId);
  return outcomeOf(settled);
}

function outcomeOf(settled: Settled): TickOutcome {
  switch (settled.kind) {
    case 'advanced':
      return { kind: 'advanced', state: settled.next, commit: settled.commit };
    case 'stalled':
      return { kind: 'stalled', commit: settled.commit };
    case 'undelivered':
      return { kind: 'undelivered' };
    case 'lost':
      return { kind: 'lost-branch' };
  }
}

async function isPublished(context: Context, { ref, result, remote }: Journal): Promise<boolean> {
  if (result === undefined) return false;
  const arbiter = context.arbiterOf(remote);
  const tip = await arbiter.tip(ref);
  return tip !== undefined && (await arbiter.contains(ref, tip, result));
}

/** The journal with its lease; undefined when the claim never took effect. */
async function withLease(context: Context, journal: Journal): Promise<LeasedJournal | undefined> {
  // A push whose end nobody saw may not have got through; nothing was started then.
  const doubtful = journal.remote !== undefined && journal.command === undefined && journal.end === undefined;
  if (journal.lease !== undefined && !doubtful) return { ...journal, lease: journal.lease };
  const tip = await context.arbiterOf(journal.remote).tip(journal.ref);
  // A tip that is not here was not made here.
  if (tip === undefined || (await context.objects.read(tip, 0)).kind === 'missing') return undefined;
  const read = readTip(await context.objects.commit(tip));
  return read.kind === 'lease' && read.lease.runId === journal.runId ? { ...journal, lease: tip } : undefined;
}

/** A result that waits for a branch which went another way waits in vain: the pin stays, the journal goes. */
async function sweepUndelivered(context: Context, journal: Journal): Promise<TickOutcome | undefined> {
  const arbiter = context.arbiterOf(journal.remote);
  const tip = await arbiter.tip(journal.ref);
  const { lease, result, remote } = journal;
  if (lease === undefined || result === undefined) return undefined;
  const ours =
    tip === lease ||
    (remote !== undefined && tip !== undefined && (await isOurs(context, tip, { runId: journal.runId, lease, result })) && tip !== result);
  // A checkout takes it when its branch is looked at; of a remote's branches perhaps no other is looked at.
  if (ours) return remote === undefined ? undefined : redeliver(context, journal.runId);
  const landed = tip !== undefined && (await arbiter.contains(journal.ref, tip, result));
  if (landed) await deleteRef(context.repository.git, keptRef(journal.runId), result);
  else context.report({ kind: 'kept', branch: journal.branch, ref: keptRef(journal.runId), what: 'the result of the run' });
  context.journals.remove(journal.runId);
  return undefined;
}
