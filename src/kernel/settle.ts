import { existsSync } from 'node:fs';
import { commitTree } from '../git/commit-tree.js';
import { keptRef, type Oid, type RefName } from '../git/names.js';
import { deleteRef, isAncestor, writeRef } from '../git/refs.js';
import type { CommandEnd } from '../runner/journal.js';
import type { Advance, Move } from './arbiter.js';
import type { Context } from './context.js';
import { distrustChangedCommands } from './distrust-changed.js';
import { carriedTrailers, stallMessage } from './lease.js';
import type { LeasedJournal } from './leased-journal.js';
import { moveTo } from './move-to.js';
import { pinWork } from './pin-work.js';
import { readTip } from './tip.js';
import { judge, type Verdict } from './verdict.js';

/** How a run ended for its branch. `worktreeLeft`: its worktree holds work that could not be saved and must stay. */
export type Settled = Published & { readonly worktreeLeft: boolean };

type Published =
  | { readonly kind: 'advanced'; readonly next: string; readonly commit: Oid }
  | { readonly kind: 'stalled'; readonly commit: Oid }
  | { readonly kind: 'undelivered' }
  | { readonly kind: 'lost' };

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
