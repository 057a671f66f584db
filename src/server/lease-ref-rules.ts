import type { Oid } from '../git/names.js';
import { readEvent } from '../kernel/state-event.js';
import { type Push, type RefUpdate, runOfLeaseRef } from './push.js';
import type { Receiver, Refusal } from './receiver.js';

/** The rules for one lease ref: created by a claim, moved by renewals, deleted together with the end of the lease. */
export async function judgeLeaseRef(update: RefUpdate, push: Push, receiver: Receiver): Promise<Refusal | undefined> {
  const { ref, from, to } = update;
  const refuse = (rule: string): Refusal => ({ ref, rule, fix: 'leave these refs to aynig run, which keeps them by itself' });
  const runId = runOfLeaseRef(ref);
  if (runId === undefined) return refuse('a lease ref is named after a run, which is a UUID in small letters');
  if ((await receiver.heartbeatRef(runId)) !== from) return refuse('it is not what this push takes it for: it was moved meanwhile');
  if (to === undefined) return judgeDeletion(runId, push, receiver, refuse);
  if (from !== undefined)
    return (await isRenewal(to, from, runId, receiver))
      ? undefined
      : refuse('it moves forward only, by commits without a state that name its run and change no file');
  const claims = push.branches.some((branch) => branch.to === to) && leaseRunOf(await receiver.commit(to)) === runId;
  return claims ? undefined : refuse('it is created by a push that claims a branch, at the commit that claims it');
}

async function judgeDeletion(
  runId: string,
  push: Push,
  receiver: Receiver,
  refuse: (rule: string) => Refusal,
): Promise<Refusal | undefined> {
  for (const { from, to } of push.branches) {
    if (from === undefined || leaseRunOf(await receiver.commit(from)) !== runId) continue;
    return to !== undefined && leaseRunOf(await receiver.commit(to)) === runId
      ? refuse('it goes with the end of its lease, and the branch is still leased by its run')
      : undefined;
  }
  return (await receiver.holdsBranch(runId))
    ? refuse('its run holds a branch, and it goes in the push that releases that branch')
    : undefined;
}

const leaseRunOf = (commit: Parameters<typeof readEvent>[0]): string | undefined => {
  const event = readEvent(commit);
  return event.kind === 'lease' ? event.lease.runId : undefined;
};

/** How many renewals one push may bring. */
const mostRenewals = 10_000;

async function isRenewal(to: Oid, from: Oid, runId: string, receiver: Receiver): Promise<boolean> {
  let at: Oid | undefined = to;
  for (let count = 0; at !== undefined && at !== from; count++) {
    if (count === mostRenewals) return false;
    const event = readEvent(await receiver.commit(at));
    if (event.kind !== 'plain' || event.runId !== runId || event.commit.parents.length !== 1) return false;
    at = event.commit.parents[0];
  }
  return at === from;
}
