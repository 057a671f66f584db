import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf, failureOrThrow } from '../git/causes.js';
import { commitTree } from '../git/commit-tree.js';
import { lineOf } from '../git/gate.js';
import { lostDescendant } from '../git/lost-commits.js';
import { isOid, keptRef, type Oid, type RefName } from '../git/names.js';
import { deleteRef, isAncestor, writeRef } from '../git/refs.js';
import { adminDirectory, removeWorktree, worktreeHead } from '../git/worktree.js';
import { removeFile } from '../runner/durable-file.js';
import type { CommandEnd, Journal } from '../runner/journal.js';
import { waitForLock } from '../runner/lock.js';
import { contentOf, hasCommands, sameContent } from '../trust/content.js';
import { changeRecord, isAllowed, isDistrusted } from '../trust/record.js';
import type { Advance, Move } from './arbiter.js';
import type { Context } from './context.js';
import { carriedTrailers, stallMessage } from './lease.js';
import { trailerValue } from './message.js';
import { salvage } from './salvage.js';
import { readTip, type Tip } from './tip.js';
import { judge, type Verdict } from './verdict.js';

/** How a run ended for its branch. `worktreeLeft`: its worktree holds work that could not be saved and must stay. */
export type Settled = Published & { readonly worktreeLeft: boolean };

type Published =
  | { readonly kind: 'advanced'; readonly next: string; readonly commit: Oid }
  | { readonly kind: 'stalled'; readonly commit: Oid }
  | { readonly kind: 'undelivered' }
  | { readonly kind: 'lost' };

/** A journal of a run whose lease is on the branch. */
export type LeasedJournal = Journal & { readonly lease: Oid };

/**
 * Ends a run: pins what the command made, judges it, and publishes either its commit or a `stalled` one, by
 * compare-and-swap from the lease. Every step can be done again after a crash. The worktree stays for the caller.
 */
export async function settle(context: Context, journal: LeasedJournal, end: CommandEnd): Promise<Settled> {
  const { runId, branch } = journal;
  // What the branch was when it was last ours: a `working` commit of the command that is published must not be dropped again.
  const base = context.arbiterOf(journal.remote).held(runId) ?? journal.lease;
  const made = await pinWork(context, journal, base, end);
  const verdict = judge({ end, lease: base, head: made.head, descends: made.descends });
  // After a crash the result of the first try counts: a second stall commit would look like somebody else's.
  const result =
    journal.result ??
    (verdict.kind === 'complete'
      ? verdict.commit
      : await stallCommit(context, journal, end, verdict, made.kept, { head: made.head?.commit.oid }));
  const decided: LeasedJournal & { readonly result: Oid } = { ...journal, phase: 'ended', end, result };
  context.journals.write(decided, { sync: false });
  const settled = await publish(context, decided, verdict, made.kept);
  for (const ref of made.kept) {
    const pinned = await context.objects.ref(ref);
    if (pinned === undefined) continue;
    // What was published is known without asking a remote once more.
    const contained = (settled.kind === 'advanced' || settled.kind === 'stalled') && (await contains(context, settled.commit, pinned));
    if (contained) await deleteRef(context.repository.git, ref, pinned);
    else if (ref !== keptRef(runId) || settled.kind !== 'undelivered')
      context.report({ kind: 'kept', branch, ref, what: ref === keptRef(runId) ? 'commits of the run' : 'uncommitted changes of the run' });
  }
  return { ...settled, worktreeLeft: made.unsaved };
}

const contains = async ({ repository }: Context, tip: Oid, commit: Oid): Promise<boolean> =>
  tip === commit || (await isAncestor(repository.git, commit, tip));

/** What a run made, pinned by refs so that its worktree can go. */
interface Work {
  readonly head: Tip | undefined;
  readonly descends: boolean;
  readonly kept: readonly RefName[];
  /** The worktree holds changes that could not be committed anywhere. */
  readonly unsaved: boolean;
}

const nothing: Work = { head: undefined, descends: false, kept: [], unsaved: false };

async function pinWork(context: Context, journal: LeasedJournal, base: Oid, end: CommandEnd): Promise<Work> {
  const { repository, objects } = context;
  const adminDir = adminDirectory(repository.commonDir, journal.worktree);
  const ran = journal.command !== undefined || end.exitCode !== undefined || end.signal !== undefined;
  if (adminDir === undefined) return ran ? pinLost(context, journal) : nothing;
  const headOid = await worktreeHead(repository.git, adminDir);
  if (headOid === undefined) return nothing;
  await detach(context, adminDir, headOid);
  const kept: RefName[] = [];
  if (headOid !== journal.lease) {
    await writeRef(repository.git, keptRef(journal.runId), headOid, `aynig: keep ${journal.runId}`);
    kept.push(keptRef(journal.runId));
  }
  const { ref: uncommitted, unsaved } = await salvageOrSay(context, journal, adminDir, headOid);
  if (uncommitted !== undefined) kept.push(uncommitted);
  const commit = await objects.commit(headOid);
  const descends = commit.parents[0] === base || headOid === base || (await isAncestor(repository.git, base, headOid));
  return { head: readTip(commit), descends, kept, unsaved };
}

/** The worktree is gone with git's record of it: what was committed in it can still be found as commits that nothing names. */
async function pinLost({ repository, objects }: Context, journal: LeasedJournal): Promise<Work> {
  const lost = await lostDescendant(repository.git, objects, journal.lease);
  if (lost === undefined) return nothing;
  await writeRef(repository.git, keptRef(journal.runId), lost, `aynig: keep ${journal.runId}`);
  return { head: readTip(await objects.commit(lost)), descends: true, kept: [keptRef(journal.runId)], unsaved: false };
}

async function salvageOrSay(
  context: Context,
  journal: LeasedJournal,
  adminDir: string,
  head: Oid,
): Promise<{ ref?: RefName; unsaved: boolean }> {
  try {
    const ref = await salvage(context, { runId: journal.runId, state: journal.state, worktree: journal.worktree, adminDir, head });
    return { unsaved: false, ...(ref === undefined ? {} : { ref }) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined || failure.code === 'disk-full') throw error;
    context.report({ kind: 'worktree-left', branch: journal.branch, path: journal.worktree, why: failure.message });
    return { unsaved: true };
  }
}

/** A command that switched to a branch must not keep it checked out in our worktree: it would block the user and pushes. */
async function detach({ repository }: Context, adminDir: string, head: Oid): Promise<void> {
  if (!readFileSync(join(adminDir, 'HEAD'), 'utf8').startsWith('ref: ')) return;
  removeFile(join(adminDir, 'HEAD.lock'));
  await repository.git([`--git-dir=${adminDir}`, 'update-ref', '--no-deref', '-m', 'aynig: detach', 'HEAD', head]);
}

async function stallCommit(
  context: Context,
  journal: LeasedJournal,
  end: CommandEnd,
  verdict: Extract<Verdict, { kind: 'failed' }>,
  kept: readonly RefName[],
  { head, named }: { head?: Oid | undefined; named?: RefName },
): Promise<Oid> {
  const { objects, repository, journals, settings } = context;
  const [base, request] = await Promise.all([objects.commit(verdict.onTopOf), objects.commit(journal.request)]);
  const asked = readTip(request);
  // What the stall follows is in the branch; only other work needs a name.
  const elsewhere = named ?? kept.find((ref) => ref !== keptRef(journal.runId) || verdict.onTopOf !== head);
  return commitTree(repository.git, {
    tree: base.tree,
    parent: base.oid,
    message: stallMessage({
      originState: journal.state,
      runId: journal.runId,
      reason: verdict.why,
      carried: asked.kind === 'request' ? carriedTrailers(asked.message.trailers) : [],
      ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
      ...(end.signal === undefined ? {} : { signal: end.signal }),
      own: true,
      ...(existsSync(journals.fileFor(journal.runId, 'cancel')) ? { cancelledBy: settings.runnerId } : {}),
      ...(elsewhere === undefined ? {} : { kept: elsewhere }),
    }),
    identity: context.identity,
  });
}

async function publish(
  context: Context,
  journal: LeasedJournal & { readonly result: Oid },
  verdict: Verdict,
  kept: readonly RefName[],
): Promise<Published> {
  const { journals, report, repository } = context;
  const { branch, runId, result, state, remote } = journal;
  const landed = (): Published => {
    const { log } = journal;
    if (verdict.kind === 'failed') {
      report({ kind: 'stalled', branch, state, why: verdict.why, commit: result, ...(log === undefined ? {} : { log }) });
      return { kind: 'stalled', commit: result };
    }
    return { kind: 'advanced', next: verdict.next, commit: result };
  };
  await distrustChangedCommands(context, journal);
  const move = await moveTo(context, journal, {
    reason: `aynig: ${verdict.kind === 'complete' ? verdict.next : 'stalled'} (run ${runId})`,
    keep: await elsewhere(context, kept, result),
    onDelivery: (delivery) => journals.write({ ...journal, phase: 'delivering', delivery }),
  });
  switch (move.kind) {
    case 'moved':
      return landed();
    case 'beaten':
      await context.arbiterOf(remote).abandon(runId, await pinned(context, kept));
      report({ kind: 'lost-branch', branch, runId });
      return { kind: 'lost' };
    case 'refused':
    case 'unknown': {
      const instead =
        move.kind === 'refused' && move.lasting === true ? await stallInstead(context, journal, verdict, move.why) : undefined;
      if (instead !== undefined) return instead;
      if (remote !== undefined) report({ kind: 'failed', branch, code: codeOf(move), why: move.why, hint: publishHint(runId) });
      // The pin holds exactly what has still to be delivered, a stall commit included.
      await writeRef(repository.git, keptRef(runId), result, `aynig: keep ${runId}`);
      const { delivery: _done, ...undelivered } = journal;
      journals.write({ ...undelivered, phase: 'undelivered' });
      report({ kind: 'undelivered', branch, runId, why: move.why });
      return { kind: 'undelivered' };
    }
  }
}

/**
 * A remote that will not have what the run made (a hook, a protected path) may still take word of it: the branch is released,
 * and the work stays kept. Undefined where that was refused too.
 */
async function stallInstead(
  context: Context,
  journal: LeasedJournal & { readonly result: Oid },
  verdict: Verdict,
  refusal: string,
): Promise<Published | undefined> {
  const tip = await context.arbiterOf(journal.remote).tip(journal.ref);
  if (tip === undefined || (verdict.kind === 'failed' && verdict.onTopOf === tip)) return undefined;
  const why = verdict.kind === 'complete' ? `The result could not be published. ${refusal}` : `${verdict.why} ${refusal}`;
  const failed = { kind: 'failed', why, onTopOf: tip } as const;
  const kept = keptRef(journal.runId);
  await writeRef(context.repository.git, kept, journal.result, `aynig: keep ${journal.runId}`);
  const result = await stallCommit(context, journal, journal.end ?? {}, failed, [kept], { named: kept });
  const stalled = { ...journal, result };
  context.journals.write(stalled, { sync: false });
  const published = await publish(context, stalled, failed, [kept]);
  if (published.kind === 'undelivered') return undefined;
  context.report({ kind: 'kept', branch: journal.branch, ref: kept, what: 'the result of the run' });
  return published;
}

const codeOf = (move: Move): 'push-refused' | 'remote-unreachable' => (move.kind === 'unknown' ? 'remote-unreachable' : 'push-refused');
const publishHint = (runId: string): string =>
  `What the run made is kept at ${keptRef(runId)}; the next aynig run tries again, or bring it in yourself: aynig land ${runId}`;

type Pin = NonNullable<Advance['keep']>[number];

async function pinned({ objects }: Context, kept: readonly RefName[]): Promise<Pin[]> {
  const values = await Promise.all(kept.map(async (ref) => ({ ref, oid: await objects.ref(ref) })));
  return values.flatMap(({ ref, oid }) => (oid === undefined ? [] : [{ ref, oid }]));
}

/** Work that a branch will not contain, for a remote to keep beside it. */
async function elsewhere(context: Context, kept: readonly RefName[], result: Oid): Promise<Pin[]> {
  const found: Pin[] = [];
  for (const pin of await pinned(context, kept)) if (!(await contains(context, result, pin.oid))) found.push(pin);
  return found;
}

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

/** An agent cannot rewrite its own orders: commands that a run changed are started by no hook before a person has looked. */
async function distrustChangedCommands(context: Context, journal: LeasedJournal & { readonly result: Oid }): Promise<void> {
  const { objects, repository, environment, now } = context;
  const { runId, branch, lease, result } = journal;
  const [before, after] = await Promise.all([contentOf(objects, lease), contentOf(objects, result)]);
  if (sameContent(before, after) || !hasCommands(after)) return;
  try {
    await changeRecord(repository.commonDir, environment, (record) =>
      isAllowed(record, after) || isDistrusted(record, after)
        ? record
        : { ...record, distrusted: [...record.distrusted, { ...after, at: now(), runId }] },
    );
  } catch (error) {
    // The work of the run is published all the same; without a record nothing is allowed by it either.
    const { code, message, hint } = failureOrThrow(error);
    context.report({ kind: 'failed', branch, code, why: message, hint });
  }
}

/** How long another process may hold the one lock under which worktrees are added and removed. */
export const worktreeLockMs = 120_000;

/**
 * Removes a run's worktree, once all in it is pinned. One that cannot be removed is left where it is, and said so. False: for want
 * of room, so that the next sweep may do it.
 */
export async function dropWorktree(context: Context, journal: Journal): Promise<boolean> {
  if (!existsSync(journal.worktree) && adminDirectory(context.repository.commonDir, journal.worktree) === undefined) return true;
  try {
    // git removes the folder of all records with the last one, under the feet of a process that adds one.
    const lock = await waitForLock(join(context.places.own, 'worktree.lock'), worktreeLockMs);
    try {
      await removeWorktree(context.repository.git, context.repository.commonDir, journal.worktree);
    } finally {
      lock.release();
    }
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    context.report({ kind: 'worktree-left', branch: journal.branch, path: journal.worktree, why: failure.message });
    return failure.code !== 'disk-full';
  }
  return true;
}
