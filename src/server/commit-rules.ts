import type { Commit } from '../git/commit.js';
import { heartbeatRef, isOid, type Oid } from '../git/names.js';
import { leaseFault } from '../kernel/lease-fault.js';
import { readState } from '../kernel/names.js';
import { readEvent, type StateEvent } from '../kernel/state-event.js';
import { type Push, updateOf } from './push.js';
import type { Receiver, Refusal } from './receiver.js';

type LeaseEvent = Extract<StateEvent, { kind: 'lease' }>;

/** The rules for one new commit: at most one well-formed state, a date that is not ahead, and, for `working`, a lease that is one. */
export async function judgeCommit(commit: Commit, push: Push, receiver: Receiver): Promise<Refusal | undefined> {
  const event = readEvent(commit);
  if (event.kind === 'plain') return undefined;
  if (event.kind === 'invalid') {
    const { line, rule, fix } = event.problem;
    return { commit, rule: line > 0 ? `line ${line} of its message: ${rule}` : rule, fix: `${fix}; git commit --amend, or git rebase -i` };
  }
  const ahead = commit.committedAt - receiver.now;
  if (ahead > receiver.skewSeconds)
    return {
      commit,
      rule: `its committer date is ${ahead} seconds ahead of this server, which allows ${receiver.skewSeconds}`,
      fix: 'set the clock right, then: git commit --amend --no-edit',
    };
  return event.kind === 'lease' ? judgeLease(event, push, receiver) : undefined;
}

async function judgeLease(event: LeaseEvent, push: Push, receiver: Receiver): Promise<Refusal | undefined> {
  const { commit, lease } = event;
  const refuse = (rule: string, fix: string): Refusal => ({ commit, rule, fix });
  const [below] = commit.parents;
  const fault = leaseFault(event, below === undefined ? undefined : (await receiver.commit(below)).tree);
  if (fault !== undefined)
    return refuse(fault.sentence, 'only the runner and aynig set-working write "working"; ask for a state of your own');
  const isTip = push.branches.some(({ to }) => to === commit.oid);
  // A run of somebody's own clone that has ended: its lease never held anything here, and holds nothing now.
  if (!isTip && lease.remote === undefined) {
    const witness = event.copied ? event.parent : commit.oid;
    if (witness === undefined || !isOid(witness) || !(await receiver.had(witness))) return undefined;
    return refuse(`it is the lease of run ${lease.runId}, which lost the branch`, lostRun);
  }
  if (event.copied) return refuse('the lease is a copy (made by a rebase or cherry-pick) and holds nothing', lostRun);
  const basis = await basisOf(event, receiver);
  if (basis === 'nothing')
    return refuse(
      `the lease does not stand on a request for "${lease.originState}", nor on a commit of its own run`,
      'a lease is put on the commit that asks, by aynig run',
    );
  return basis === 'request' ? judgeClaim(event, isTip, push, receiver) : undefined;
}

const lostRun = 'the work of a lost run is at refs/aynig/kept/ in the clone that ran it; ask for the state again';

/** How far back the commits of one run are followed. */
const mostSteps = 10_000;

/** What a lease stands on: the request that it claims, or its own run, with what the command has committed in between. */
async function basisOf({ commit, lease }: LeaseEvent, receiver: Receiver): Promise<'request' | 'run' | 'nothing'> {
  let below: Oid | undefined = commit.parents[0];
  for (let step = 0; below !== undefined && step < mostSteps; step++) {
    const event = readEvent(await receiver.commit(below));
    switch (event.kind) {
      case 'lease':
        return event.lease.runId === lease.runId ? 'run' : 'nothing';
      case 'state':
        if (event.runId === lease.runId) return 'run';
        return step === 0 && event.state === readState(lease.originState) ? 'request' : 'nothing';
      case 'invalid':
        return 'nothing';
      case 'plain':
        below = event.commit.parents[0];
    }
  }
  return 'nothing';
}

async function judgeClaim({ commit, lease }: LeaseEvent, isTip: boolean, push: Push, receiver: Receiver): Promise<Refusal | undefined> {
  const { runId } = lease;
  const ref = heartbeatRef(runId);
  const created = updateOf(push, ref);
  const refuse = (rule: string): Refusal => ({ commit, rule, fix: 'claim with aynig run, which pushes both in one step' });
  if (!isTip) return refuse(`run ${runId} never held the branch here: its lease was not claimed at this server`);
  if (created?.to !== commit.oid || created.from !== undefined)
    return refuse(`a claim creates ${ref} at the same commit, in the same push`);
  if ((await receiver.heartbeatRef(runId)) !== undefined) return refuse(`${ref} is there already: a run id is used once`);
  for (const { from, to } of push.branches)
    if (to === commit.oid && from !== undefined && (await receiver.wasUsed(runId, from)))
      return refuse(`run ${runId} has been on this branch before: a run id is used once`);
  return undefined;
}
