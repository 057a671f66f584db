import { judgeBranch } from './branch-rules.js';
import { judgeCommit } from './commit-rules.js';
import { judgeLeaseRef } from './lease-ref-rules.js';
import type { Push } from './push.js';
import type { Receiver, Refusal } from './receiver.js';

/**
 * The fence: whether a push keeps the rules of the protocol, whatever its client is. Every commit that is new here is judged
 * by itself, every branch and lease ref by what it moves from and to. Answers one refusal for each commit or ref; none: accept.
 */
export async function judgePush(push: Push, receiver: Receiver): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for await (const commit of receiver.speaking()) {
    const refusal = await judgeCommit(commit, push, receiver);
    if (refusal !== undefined) refusals.push(refusal);
  }
  const refused = new Set(refusals.map(({ commit }) => commit?.oid));
  for (const update of push.branches) {
    // What is wrong with the commit has been said; the branch can only repeat it.
    const refusal = update.to !== undefined && refused.has(update.to) ? undefined : await judgeBranch(update, push, receiver);
    if (refusal !== undefined) refusals.push(refusal);
  }
  for (const update of push.leases) {
    const refusal = update.to !== undefined && refused.has(update.to) ? undefined : await judgeLeaseRef(update, push, receiver);
    if (refusal !== undefined) refusals.push(refusal);
  }
  return refusals;
}
