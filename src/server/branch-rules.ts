import { heartbeatRef, type Oid, shortOid } from '../git/names.js';
import { stalled } from '../kernel/names.js';
import { readEvent, type StateEvent } from '../kernel/state-event.js';
import type { Lease } from '../kernel/tip.js';
import { quoted } from '../printable.js';
import { type Push, type RefUpdate, updateOf } from './push.js';
import type { Receiver, Refusal } from './receiver.js';

type StateTip = Extract<StateEvent, { kind: 'state' }>;

/** The rules for one branch: who may move it while it is leased, and from whom a new tip may come. */
export async function judgeBranch(update: RefUpdate, push: Push, receiver: Receiver): Promise<Refusal | undefined> {
  const { from, to } = update;
  const before = from === undefined ? undefined : readEvent(await receiver.commit(from));
  const after = to === undefined ? undefined : readEvent(await receiver.commit(to));
  const held = before?.kind === 'lease' && !before.copied ? before.lease : undefined;
  if (held !== undefined && from !== undefined) {
    const refusal = await judgeLeased(update, held, after, push, receiver);
    if (refusal !== undefined) return refusal;
  }
  if (after === undefined || to === undefined) return undefined;
  if (after.kind === 'lease') return judgeNewLease(update, held, after.lease, receiver);
  if (after.kind === 'state' && after.runId !== undefined && receiver.fresh.has(to))
    return judgeOrigin(update, held, after, after.runId, receiver);
  return undefined;
}

/** A branch that a run holds is moved by its holder, or by who takes it over in the way that is foreseen for it. */
async function judgeLeased(
  update: RefUpdate,
  lease: Lease,
  after: StateEvent | undefined,
  push: Push,
  receiver: Receiver,
): Promise<Refusal | undefined> {
  const { ref, to } = update;
  const from = lease.commit;
  const branch = ref.slice('refs/heads/'.length);
  const refuse = (rule: string, fix: string): Refusal => ({ ref, rule, fix });
  const heldBy = `run ${lease.runId || 'without an id'} of ${lease.runnerId || 'an unnamed runner'} holds the branch`;
  // What its clients call this repository is theirs; `origin` is what git calls it.
  const cancel = `aynig cancel ${quoted(branch)} --aynig-remote origin`;
  const wait = `wait for it (git pull --ff-only), or end it: ${cancel}`;
  const value = lease.runId === '' ? undefined : await receiver.heartbeatRef(lease.runId);
  const carried = value === undefined ? undefined : updateOf(push, heartbeatRef(lease.runId));
  // Whether it is moved from the value that it has is the lease ref's own rule.
  const byHolder = carried !== undefined;
  const releases = value === undefined || (carried !== undefined && carried.to === undefined);
  const release = after?.kind === 'state' && isRelease(after, lease) ? after : undefined;
  if (release !== undefined) {
    const [below, another] = release.commit.parents;
    if (below !== from || another !== undefined || release.commit.tree !== (await receiver.commit(from)).tree)
      return refuse(`a commit that takes over stands on the lease alone and changes no file`, `fetch, then: ${cancel}`);
    if (!releases)
      return refuse(`a push that takes over deletes ${heartbeatRef(lease.runId)}, as it is now, too`, `fetch, then: ${cancel}`);
  }
  const until = await aliveUntil(ref, lease, value, receiver);
  const descends = to !== undefined && (await reaches(to, from, receiver));
  if (until !== undefined && until < receiver.now) {
    // Nobody has to be protected any more but the history: what moves forward has to say that the run is over.
    if (!descends || release !== undefined || byHolder) return undefined;
    return refuse(`${heldBy}, and its lease has ended`, `release it first: aynig run --aynig-remote origin, or ${cancel}`);
  }
  if (release?.cancelled === true) return undefined;
  if (release !== undefined) return refuse(`${heldBy} and is alive: it is too early to take over`, wait);
  if (to === undefined) return refuse(`${heldBy}: it is not deleted meanwhile`, wait);
  if (!byHolder) return refuse(heldBy, wait);
  if (!descends) return refuse(`${heldBy}: it moves forward only`, wait);
  if (after?.kind === 'plain') return refuse(`${heldBy}, and the new tip names no state`, 'end the run with a commit that names one');
  return undefined;
}

/** Whether a commit says that a run lost the branch, and was not made by that run. */
const isRelease = ({ state, stalledRun, runId }: StateTip, lease: Lease): boolean =>
  state === stalled && runId === undefined && stalledRun === (lease.runId || 'unknown');

/** The second after which the holder counts as gone, by this server's own record of its signs of life; undefined: never. */
async function aliveUntil(ref: RefUpdate['ref'], lease: Lease, value: Oid | undefined, receiver: Receiver): Promise<number | undefined> {
  if (lease.seconds === undefined) return undefined;
  // Where no record was kept the date of the commit has to do; none counts as later than now.
  const signs = [
    (await receiver.receivedAt(ref, lease.commit)) ?? lease.committedAt,
    ...(value === undefined
      ? []
      : [(await receiver.receivedAt(heartbeatRef(lease.runId), value)) ?? (await receiver.commit(value)).committedAt]),
  ];
  return Math.min(Math.max(...signs), receiver.now) + lease.seconds + receiver.skewSeconds;
}

/** A tip that is a lease: a new one has been judged as a claim; here is what it takes to stand on this branch. */
async function judgeNewLease(update: RefUpdate, held: Lease | undefined, lease: Lease, receiver: Receiver): Promise<Refusal | undefined> {
  const { ref, to } = update;
  const refuse = (rule: string): Refusal => ({ ref, rule, fix: 'begin the branch at the request, or at what the run will have made' });
  if (to === undefined || !receiver.fresh.has(to)) return refuse(`${shortOid(lease.commit)} is a lease that another push has brought`);
  if (held?.runId === lease.runId) return undefined;
  if (held !== undefined) return refuse(`run ${held.runId} holds the branch, and ${lease.runId} cannot`);
  // Claims create their lease ref, so a lease whose ref was there before is a renewal of something that this branch does not have.
  const { parents } = await receiver.commit(to);
  const below = parents[0] === undefined ? undefined : readEvent(await receiver.commit(parents[0]));
  return below?.kind === 'state' && below.runId !== lease.runId
    ? undefined
    : refuse(`run ${lease.runId} does not hold the branch, so it cannot renew its lease there`);
}

/** A new tip that was made in a run comes from a run that is alive, whatever it was rebased onto. */
async function judgeOrigin(
  { ref, to }: RefUpdate,
  held: Lease | undefined,
  { commit }: StateTip,
  runId: string,
  receiver: Receiver,
): Promise<Refusal | undefined> {
  if ((await receiver.heartbeatRef(runId)) !== undefined && (held?.runId === runId || (await receiver.holdsBranch(runId))))
    return undefined;
  if (to !== undefined && (await isOwnHistory(to, runId, receiver))) return undefined;
  return {
    commit,
    ref,
    rule: `fenced: run ${runId} does not hold a lease here, or has lost it`,
    fix: 'its result is not taken; if it is wanted all the same, commit it again without aynig-run-id',
  };
}

/** Whether the push brings the run from beginning to end: a run of somebody's own clone, which this server never had a part in. */
async function isOwnHistory(tip: Oid, runId: string, receiver: Receiver): Promise<boolean> {
  if ((await receiver.heartbeatRef(runId)) !== undefined) return false;
  for await (const name of freshBelow(tip, receiver)) {
    const event = readEvent(await receiver.commit(name));
    // One that this server ever had is refused as a commit; one that was made for a remote is no such history.
    if (event.kind === 'lease' && event.lease.runId === runId && event.lease.remote === undefined) return true;
  }
  return false;
}

/** Whether `ancestor` is below `tip`. Most often the push itself shows it. */
async function reaches(tip: Oid, ancestor: Oid, receiver: Receiver): Promise<boolean> {
  if (tip === ancestor) return true;
  for await (const name of freshBelow(tip, receiver)) if ((await receiver.commit(name)).parents.includes(ancestor)) return true;
  return receiver.isAncestor(ancestor, tip);
}

async function* freshBelow(tip: Oid, { fresh, commit }: Receiver): AsyncGenerator<Oid> {
  const seen = new Set<Oid>([tip]);
  // Grows while it is gone through.
  for (const name of seen) {
    if (!fresh.has(name)) continue;
    yield name;
    for (const parent of (await commit(name)).parents) seen.add(parent);
  }
}
