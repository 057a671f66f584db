import { failureOrThrow } from '../git/causes.js';
import { lineOf } from '../git/gate.js';
import { isOid, type Oid } from '../git/names.js';
import { isAncestor } from '../git/refs.js';
import type { Advance, Move } from './arbiter.js';
import type { Context } from './context.js';
import type { LeasedJournal } from './leased-journal.js';
import { trailerValue } from './message.js';
import { readTip, type Tip } from './tip.js';

/**
 * Moves the branch of a run to its result: from its lease, or from whatever of the run is on the branch by now. A command may
 * have moved it itself, or had a `working` commit of its own published.
 */
export async function moveTo(
  context: Context,
  journal: LeasedJournal & { readonly result: Oid },
  how: Pick<Advance, 'reason' | 'keep' | 'onDelivery'>,
): Promise<Move> {
  const { ref, runId, lease, result, remote } = journal;
  const arbiter = context.arbiterOf(remote);
  const held = arbiter.held(runId);
  if (held !== undefined) {
    const move = await arbiter.publish({ runId, ref, from: held, to: result, ...how });
    if (move.kind !== 'beaten') return move;
  }
  let tip: Oid | undefined;
  try {
    tip = await arbiter.tip(ref);
  } catch (error) {
    const failure = failureOrThrow(error);
    if (failure.code !== 'remote-unreachable') throw error;
    return { kind: 'unknown', why: failure.message };
  }
  if (tip === result) return { kind: 'moved' };
  const from = tip !== undefined && tip !== lease && (await isOurs(context, tip, journal)) ? tip : lease;
  if (from === held) return { kind: 'beaten', tip };
  return arbiter.publish({ runId, ref, from, to: result, ...how });
}

/** More commits than this on top of a lease are nobody's to be sure of. */
const mostLookedAt = 10_000;

/**
 * Whether a tip is part of what the run made: between its lease and its result, with no word of anybody else in between. A
 * command that rebased onto the end of its own run has all of that below its result too, and must not go on from there.
 */
export async function isOurs(
  { objects, repository: { git } }: Context,
  tip: Oid,
  { runId, lease, result }: Pick<LeasedJournal, 'runId' | 'lease'> & { readonly result: Oid },
): Promise<boolean> {
  if ((await objects.read(tip, 0)).kind === 'missing') return false;
  if (!(await isAncestor(git, lease, tip)) || !(await isAncestor(git, tip, result))) return false;
  const listed = lineOf(await git(['rev-list', `--max-count=${mostLookedAt}`, tip, `^${lease}`]));
  const between = listed.split('\n').filter(isOid);
  const commits = await Promise.all(between.map((commit) => objects.commit(commit)));
  return between.length < mostLookedAt && commits.every((commit) => !isOfAnother(readTip(commit), runId));
}

/** A lease or a result of another run, or the end that somebody else put to this one. */
function isOfAnother(tip: Tip, runId: string): boolean {
  if (tip.kind === 'plain' || tip.kind === 'invalid') return false;
  const speaker = trailerValue(tip.message.trailers, 'aynig-run-id')?.toLowerCase();
  return speaker === undefined ? trailerValue(tip.message.trailers, 'aynig-stalled-run') !== undefined : speaker !== runId;
}
