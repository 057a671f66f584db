import { Failure } from '../failure.js';
import { commitTree } from '../git/commit-tree.js';
import { heartbeatRef } from '../git/names.js';
import type { BranchTip } from '../git/refs.js';
import { operationInProgress } from '../git/worktree.js';
import { presenceOf } from '../runner/process-identity.js';
import type { Chain } from './chain.js';
import type { Context } from './context.js';
import type { Reading } from './decide.js';
import { stallMessage } from './lease.js';
import type { TickOutcome } from './outcome.js';
import { releaseReason } from './provenance.js';
import { redeliver } from './redeliver.js';
import { runRequest } from './run-request.js';
import { type Surveyed, survey, surveyTips } from './survey.js';
import { sweepRun } from './sweep.js';
import type { Tip } from './tip.js';

/** One step of one branch: reads the tip anew, acts on what it means, and says what became of it. `last` is what the step before came to. */
export async function tick(context: Context, at: BranchTip, chain: Chain, last?: TickOutcome): Promise<TickOutcome> {
  const surveyed = await lookAnew(context, at, last);
  if (surveyed === undefined) return { kind: 'lost-branch' };
  if ('failure' in surveyed) throw surveyed.failure;
  return act(context, surveyed.at, surveyed.tip, surveyed.reading, chain);
}

async function lookAnew(context: Context, at: BranchTip, last: TickOutcome | undefined): Promise<Surveyed | undefined> {
  // What was just put on a remote's branch need not be asked for: the next push is from it, or loses.
  if (at.at !== undefined && last !== undefined && 'commit' in last) {
    for await (const found of surveyTips(context, [{ ...at, oid: last.commit, at: { ...at.at, heartbeats: new Map() } }])) return found;
  }
  return (await survey(context, [at.ref], at.at?.remote)).find(({ at: found }) => found.ref === at.ref);
}

/** Acts on a reading that has just been made. The compare-and-swap is from the tip that was read, so a stale one only loses. */
export async function act(context: Context, at: BranchTip, tip: Tip, reading: Reading, chain: Chain): Promise<TickOutcome> {
  switch (reading.kind) {
    case 'ready': {
      if (tip.kind !== 'request') throw new Error('only a request can be ready');
      // What a person does in a clone is no matter of a remote's branch.
      const operation = at.at === undefined ? operationInProgress(context.repository.commonDir, at.ref) : undefined;
      return operation === undefined ? runRequest(context, at, tip, reading.path, chain) : { kind: 'busy', operation };
    }
    case 'expired': {
      const journal = reading.lease.runId === '' ? undefined : context.journals.read(reading.lease.runId);
      if (journal === undefined || presenceOf(journal.runner) !== 'dead') return takeOver(context, at, tip, reading);
      // It died since the last sweep, and its command may not have: only a sweep ends that, and publishes what it made.
      return (await sweepRun(context, journal)) ?? { kind: 'lost-race' };
    }
    case 'undelivered':
      return redeliver(context, reading.lease.runId);
    case 'untrusted':
      context.report({ kind: 'announced', branch: at.branch, state: reading.state, why: reading.why, next: reading.next });
      return { kind: 'nothing', reading: reading.kind };
    case 'remote':
      // Of a remote's branch: the request is meant for another one.
      if (at.at !== undefined)
        context.report({
          kind: 'announced',
          branch: at.branch,
          state: reading.state,
          why: `the request is meant for the remote ${reading.remote}`,
          next: `aynig run --aynig-remote ${reading.remote}`,
        });
      return { kind: 'nothing', reading: reading.kind };
    case 'invalid':
      context.report({ kind: 'invalid', branch: at.branch, problems: reading.problems });
      return { kind: 'nothing', reading: reading.kind };
    case 'idle':
    case 'waiting':
    case 'leased':
      return { kind: 'nothing', reading: reading.kind };
  }
}

/** Releases a branch whose holder is gone, by the same compare-and-swap as every other move. */
async function takeOver(context: Context, at: BranchTip, tip: Tip, reading: Extract<Reading, { kind: 'expired' }>): Promise<TickOutcome> {
  const { lease } = reading;
  const commit = await commitTree(context.repository.git, {
    tree: tip.commit.tree,
    parent: at.oid,
    message: stallMessage({
      originState: lease.originState,
      runId: lease.runId,
      reason: `The lease of ${lease.runnerId || 'an unnamed runner'} expired without a sign of life.`,
    }),
    identity: context.identity,
  });
  const heartbeat = at.at?.heartbeats.get(heartbeatRef(lease.runId));
  const move = await context.arbiterOf(at.at?.remote).publish({
    runId: lease.runId,
    ref: at.ref,
    from: at.oid,
    to: commit,
    ...(heartbeat === undefined ? {} : { heartbeat }),
    reason: await releaseReason(context, at, `stalled (run ${lease.runId} expired)`),
  });
  if (move.kind === 'refused' && at.at === undefined) return { kind: 'busy', operation: move.why };
  if (move.kind === 'refused' || move.kind === 'unknown')
    throw new Failure('push-refused', `The lease of ${at.branch} has expired and could not be taken over: ${move.why}`, {
      hint: 'Nothing was changed. A server that has seen the holder alive refuses this until its own clock agrees.',
    });
  if (move.kind !== 'moved') return { kind: 'lost-race' };
  context.report({
    kind: 'stalled',
    branch: at.branch,
    state: lease.originState,
    why: 'The lease expired without a sign of life.',
    commit,
  });
  return { kind: 'taken-over', commit };
}
