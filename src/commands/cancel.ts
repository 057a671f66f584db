import { writeFileSync } from 'node:fs';
import { Failure } from '../failure.js';
import { commitTree } from '../git/commit-tree.js';
import { branchRef, shortOid } from '../git/names.js';
import type { Context } from '../kernel/context.js';
import { stallMessage } from '../kernel/lease.js';
import { openContext } from '../kernel/open-context.js';
import { releaseReason } from '../kernel/provenance.js';
import { sweep } from '../kernel/sweep.js';
import { readTip } from '../kernel/tip.js';
import { eventLine } from '../observe/event-line.js';
import type { Journal } from '../runner/journal.js';
import { presenceOf } from '../runner/process-identity.js';
import { graceMs } from '../runner/run-command.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';

export interface CancelFlags {
  readonly cwd: string;
  readonly branch?: string | undefined;
}

/** A command may take the whole grace period to end, and its work has then to be saved. */
const limitMs = graceMs + 50_000;

/** `aynig cancel`: ends the run that holds a branch and leaves the branch `stalled`. Work of the run is kept. */
export async function cancel(flags: CancelFlags, io: Io): Promise<number> {
  const released = new Set<string>();
  const context = await openContext({
    cwd: flags.cwd,
    startedBy: 'person',
    report: (event) => {
      if (event.kind === 'stalled') released.add(event.branch);
      io.err(eventLine(event));
    },
  });
  try {
    const branch = await branchArgument(context.repository, flags.branch);
    const ref = branchRef(branch);
    await sweep(context);
    // Its runner was gone already.
    if (released.has(branch)) return 0;
    const tip = await context.arbiter.tip(ref);
    const read = tip === undefined ? undefined : readTip(await context.objects.commit(tip));
    if (read?.kind !== 'lease')
      throw new Failure('nothing-to-cancel', `No run holds ${branch}.`, { hint: 'See where it stands with: aynig status' });
    const { lease } = read;
    const journal = lease.runId === '' ? undefined : context.journals.read(lease.runId);
    const alive = journal !== undefined && journal.phase !== 'undelivered' && presenceOf(journal.runner) === 'alive';
    if (alive) {
      writeFileSync(context.journals.fileFor(lease.runId, 'cancel'), '', { mode: 0o600 });
      await untilMoved(context, journal);
      const now = await context.arbiter.tip(ref);
      io.out(`${branch}: cancelled run ${lease.runId.slice(0, 8)}${now === undefined ? '' : `, now at ${shortOid(now)}`}`);
      return 0;
    }
    const commit = await commitTree(context.repository.git, {
      tree: read.commit.tree,
      parent: read.commit.oid,
      message: stallMessage({ originState: lease.originState, runId: lease.runId, reason: 'The run was cancelled with aynig cancel.' }),
      identity: context.identity,
    });
    const move = await context.arbiter.publish({
      runId: lease.runId,
      ref,
      from: read.commit.oid,
      to: commit,
      reason: await releaseReason(context, { ref, branch, oid: read.commit.oid }, `cancel (run ${lease.runId})`),
    });
    if (move.kind === 'refused')
      throw new Failure('lost-race', `${branch} cannot be moved now: ${move.why}.`, { hint: 'Finish or abort it, then: aynig cancel' });
    if (move.kind !== 'moved')
      throw new Failure('lost-race', `${branch} moved while it was being cancelled.`, { hint: 'See where it stands with: aynig status' });
    // A result that waited for delivery is kept by its ref.
    await sweep(context);
    io.out(`${branch}: cancelled, now at ${shortOid(commit)}`);
    return 0;
  } finally {
    await context.objects.close();
  }
}

async function untilMoved(context: Context, journal: Journal): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    const tip = await context.arbiter.tip(journal.ref);
    if (tip !== journal.lease) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Failure('cancel-timeout', 'The run did not end in time.', {
    hint: `Its process group can be ended by hand: kill -KILL -- -${journal.command?.pid ?? '<pid>'}`,
  });
}
