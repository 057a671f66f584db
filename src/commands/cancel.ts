import { writeFileSync } from 'node:fs';
import { Failure } from '../failure.js';
import { commitTree } from '../git/commit-tree.js';
import { type BranchName, branchRef, type RefName, shortOid } from '../git/names.js';
import { type BranchTip, readBranchTips } from '../git/refs.js';
import type { Context } from '../kernel/context.js';
import { stallMessage } from '../kernel/lease.js';
import { refAt } from '../kernel/look.js';
import { openContext } from '../kernel/open-context.js';
import { releaseReason, remoteThatHas } from '../kernel/provenance.js';
import { readRemoteTips } from '../kernel/remote-view.js';
import { sweep } from '../kernel/sweep.js';
import { readTip } from '../kernel/tip.js';
import { eventLine } from '../observe/event-line.js';
import { quoted } from '../printable.js';
import type { Journal } from '../runner/journal.js';
import { presenceOf } from '../runner/process-identity.js';
import { graceMs } from '../runner/run-command.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';

export interface CancelFlags {
  readonly cwd: string;
  /** The remote whose branch is meant; without it the lease itself says. */
  readonly aynigRemote?: string | undefined;
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
    // A branch of a remote need not be here.
    const branch =
      flags.aynigRemote === undefined || flags.branch === undefined
        ? await branchArgument(context.repository, flags.branch)
        : (flags.branch.replace(/^refs\/heads\//, '') as BranchName);
    await sweep(context);
    // Its runner was gone already.
    if (released.has(branch)) return 0;
    const at = await leasedPlace(context, branchRef(branch), flags.aynigRemote);
    const read = at === undefined ? undefined : readTip(await context.objects.commit(at.oid));
    if (at === undefined || read?.kind !== 'lease')
      throw new Failure('nothing-to-cancel', `No run holds ${branch}.`, { hint: 'See where it stands with: aynig status' });
    const { lease } = read;
    const journal = lease.runId === '' ? undefined : context.journals.read(lease.runId);
    const remote = at.at?.remote;
    const alive =
      journal !== undefined && journal.remote === remote && journal.phase !== 'undelivered' && presenceOf(journal.runner) === 'alive';
    if (alive) {
      writeFileSync(context.journals.fileFor(lease.runId, 'cancel'), '', { mode: 0o600 });
      await untilMoved(context, journal);
      const now = await context.arbiterOf(remote).tip(at.ref);
      io.out(`${branch}: cancelled run ${lease.runId.slice(0, 8)}${now === undefined ? '' : `, now at ${shortOid(now)}`}`);
      return 0;
    }
    const commit = await commitTree(context.repository.git, {
      tree: read.commit.tree,
      parent: read.commit.oid,
      message: stallMessage({
        originState: lease.originState,
        runId: lease.runId,
        reason: 'The run was cancelled with aynig cancel.',
        cancelledBy: context.settings.runnerId,
      }),
      identity: context.identity,
    });
    // Whatever its heartbeat is by now: it is ended alive, and may be renewed in this moment.
    const move = await context.arbiterOf(remote).publish({
      runId: lease.runId,
      ref: at.ref,
      from: read.commit.oid,
      to: commit,
      reason: await releaseReason(context, at, `cancel (run ${lease.runId})`),
    });
    if (move.kind === 'unknown' || (move.kind === 'refused' && remote !== undefined))
      throw new Failure('push-refused', `${branch} could not be released at ${remote}: ${move.why}.`, {
        hint: `Nothing was changed. Try again with: aynig cancel ${quoted(branch)}`,
      });
    if (move.kind === 'refused')
      throw new Failure('lost-race', `${branch} cannot be moved now: ${move.why}.`, { hint: 'Finish or abort it, then: aynig cancel' });
    if (move.kind !== 'moved')
      throw new Failure('lost-race', `${branch} moved while it was being cancelled.`, { hint: 'See where it stands with: aynig status' });
    // A result that waited for delivery is kept by its ref.
    await sweep(context);
    io.out(`${branch}: cancelled${remote === undefined ? '' : ` at ${remote}`}, now at ${shortOid(commit)}`);
    if (remote !== undefined)
      io.err(
        `If its runner is alive, it ends the command when it next renews the lease. Bring the branch here with: git switch ${quoted(branch)} && git pull --ff-only`,
      );
    return 0;
  } finally {
    await context.objects.close();
  }
}

/**
 * The tip that holds the branch: here, or at the remote whose view alone counts: the one that the lease names, or for the run of a
 * server, which names none, the upstream that the lease came from.
 */
async function leasedPlace(context: Context, ref: RefName, asked: string | undefined): Promise<BranchTip | undefined> {
  const { repository, objects, settings } = context;
  const [here] = await readBranchTips(repository.git, [ref]);
  const read = here === undefined || asked !== undefined ? undefined : readTip(await objects.commit(here.oid));
  const lease = read?.kind === 'lease' ? read.lease : undefined;
  const isOwn = lease !== undefined && lease.runId !== '' && context.journals.read(lease.runId) !== undefined;
  const named = lease?.remote ?? (here === undefined || lease === undefined || isOwn ? undefined : await remoteThatHas(context, here));
  const remote = asked ?? settings.remotes.find(({ name }) => name === named)?.name;
  if (remote === undefined) return here;
  context.arbiterOf(remote);
  const [there] = await readRemoteTips(repository.git, objects, remote, [here === undefined ? ref : refAt(context, here, remote)]);
  return there;
}

async function untilMoved(context: Context, journal: Journal): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    const tip = await context.arbiterOf(journal.remote).tip(journal.ref);
    if (tip !== journal.lease) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Failure('cancel-timeout', 'The run did not end in time.', {
    hint: `Its process group can be ended by hand: kill -KILL -- -${journal.command?.pid ?? '<pid>'}`,
  });
}
