import type { Failure } from '../failure.js';
import { failureOf } from '../git/causes.js';
import type { Commit } from '../git/commit.js';
import { heartbeatRef, isNameable, type Oid, type RefName } from '../git/names.js';
import { readReflog } from '../git/reflog.js';
import { type BranchTip, readBranchTips } from '../git/refs.js';
import { isLocked } from '../runner/lock.js';
import { presenceOf } from '../runner/process-identity.js';
import { heardOf } from './bare-lease.js';
import type { Context } from './context.js';
import { type CommandLookup, decide, type Facts, type Permission, type Reading, type RunKnowledge } from './decide.js';
import { trailerValue } from './message.js';
import { permissionOf, recordOfLook } from './permission.js';
import { remoteThatHas } from './provenance.js';
import { readRemoteTips, trackedHeartbeat } from './remote-view.js';
import { lookUp } from './server-commands.js';
import { type Lease, readTip, type Tip } from './tip.js';

/** One branch and what its tip means now. */
export type Surveyed =
  | { readonly at: BranchTip; readonly tip: Tip; readonly reading: Reading; readonly command: CommandLookup }
  | { readonly at: BranchTip; readonly failure: Failure };

/** How many commits are asked for at once: enough to keep git busy, few enough to keep memory flat. */
const batchSize = 256;

/**
 * Reads the tips of all branches (or of `refs`) and says what each means, batch by batch: memory does not grow with their
 * number where the caller keeps nothing. One damaged branch does not hide the others. A context made for a hook is told
 * what a hook would do, which is also what a person who only looks wants to know.
 */
export async function* surveyEach(context: Context, refs?: readonly RefName[]): AsyncGenerator<Surveyed> {
  yield* surveyTips(context, await readBranchTips(context.repository.git, refs));
}

/** {@link surveyEach} for tips that have been read already. */
export async function* surveyTips(context: Context, tips: readonly BranchTip[]): AsyncGenerator<Surveyed> {
  const record = recordOfLook(context);
  for (let start = 0; start < tips.length; start += batchSize) {
    const batch = tips.slice(start, start + batchSize);
    const commits = await Promise.allSettled(batch.map(({ oid }) => context.objects.commit(oid)));
    yield* await Promise.all(batch.map((at, index) => surveyOne(context, at, commits[index], record)));
  }
}

/** {@link surveyEach} for the branches of a remote, or for those of `refs` that it has. Throws {@link Failure} remote-unreachable, no-such-remote. */
export async function* surveyRemote(context: Context, remote: string, refs?: readonly RefName[]): AsyncGenerator<Surveyed> {
  context.arbiterOf(remote);
  yield* surveyTips(context, await readRemoteTips(context.repository.git, context.objects, remote, refs));
}

/** {@link surveyEach} for a few branches. */
export async function survey(context: Context, refs: readonly RefName[], remote?: string): Promise<Surveyed[]> {
  const surveyed: Surveyed[] = [];
  for await (const one of remote === undefined ? surveyEach(context, refs) : surveyRemote(context, remote, refs)) surveyed.push(one);
  return surveyed;
}

async function surveyOne(
  context: Context,
  at: BranchTip,
  commit: PromiseSettledResult<Commit> | undefined,
  record: ReturnType<typeof recordOfLook>,
): Promise<Surveyed> {
  try {
    // A damaged object ends the process that serves the whole batch: its neighbours are asked for once more.
    const found = commit?.status === 'fulfilled' ? commit.value : await context.objects.commit(at.oid);
    const tip = readTip(found);
    if (tip.kind !== 'plain' && !isNameable(at.branch)) return { at, tip, reading: unnameable, command: { kind: 'missing' } };
    const facts = await gatherFacts(context, at, tip, record);
    return { at, tip, reading: decide(tip, facts), command: facts.command };
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return { at, failure };
  }
}

const allowed: Permission = { kind: 'allowed' };

const unnameable: Reading = {
  kind: 'invalid',
  problems: [{ line: 0, rule: 'the name of the branch is not valid UTF-8, so nothing is run', fix: 'rename it with git branch -m' }],
};

async function gatherFacts(context: Context, at: BranchTip, tip: Tip, record: ReturnType<typeof recordOfLook>): Promise<Facts> {
  const { settings } = context;
  const base = {
    now: context.now(),
    skewSeconds: settings.skewSeconds,
    run: { kind: 'none' } as RunKnowledge,
    command: { kind: 'missing' } as CommandLookup,
    permission: allowed,
  };
  if (tip.kind === 'lease') {
    const { lease } = tip;
    const seenIn = at.at?.tracking ?? at.ref;
    const observedAt = lease.committedAt > base.now + base.skewSeconds ? await seenAt(context, seenIn, at.oid) : undefined;
    const heartbeat = await heartbeatOf(context, at, lease, base.now + base.skewSeconds);
    const remote = at.at === undefined ? await deciderOf(context, at, lease.remote) : undefined;
    return {
      ...base,
      run: knowledgeOf(context, at, lease.runId),
      ...(heartbeat === undefined ? {} : { heartbeat }),
      ...(observedAt === undefined ? {} : { observedAt }),
      ...(remote === undefined ? {} : { remote }),
    };
  }
  if (tip.kind !== 'request') return base;
  const command = await lookUp(context, tip.commit.tree, tip.state);
  if (command.kind !== 'present') return { ...base, command };
  const permission = await permissionOf(context, at, tip, record);
  const remote =
    permission.kind === 'refused' ? undefined : await deciderOf(context, at, trailerValue(tip.message.trailers, 'aynig-remote'));
  return { ...base, command, permission, ...(remote === undefined ? {} : { remote }) };
}

/**
 * The remote that decides a branch, where it is not the place that the tip was read from: the one that the request names, the
 * setting, or the upstream that has the commit already. Never two places for one request.
 */
async function deciderOf(context: Context, at: BranchTip, named: string | undefined): Promise<string | undefined> {
  const { repository, settings } = context;
  const url = (name: string | undefined): string | undefined => settings.remotes.find((remote) => remote.name === name)?.url;
  if (at.at !== undefined) {
    // Another name of the same repository, or a name that only the clone of the author knows, means this one.
    return named === undefined || url(named) === undefined || url(named) === url(at.at.remote) ? undefined : named;
  }
  // A server is what its clients call a remote, whatever that name means to itself.
  if (named !== undefined && !repository.bare) return named;
  return settings.remote ?? (await remoteThatHas(context, at));
}

/** When the holder of a lease last gave a sign of life, in seconds since the epoch: here by its journal, at a remote by its heartbeat. */
async function heartbeatOf(context: Context, at: BranchTip, lease: Lease, latest: number): Promise<number | undefined> {
  const touched = context.journals.touchedAt(lease.runId);
  if (at.at === undefined) {
    const heard = context.repository.bare ? await heardOf(context.repository, context.objects, lease.runId) : undefined;
    return heard === undefined ? touched : Math.max(heard, touched ?? 0);
  }
  const beat = at.at.heartbeats.get(heartbeatRef(lease.runId));
  if (beat === undefined) return touched;
  const { committedAt } = await context.objects.commit(beat);
  if (committedAt <= latest) return committedAt;
  // A clock that runs ahead: the moment this clone first saw it counts.
  return (await seenAt(context, trackedHeartbeat(at.at.remote, lease.runId), beat)) ?? latest;
}

/** When this clone first saw a commit on a ref, by its reflog. */
const seenAt = async ({ repository }: Context, ref: RefName, commit: Oid): Promise<number | undefined> =>
  (await readReflog(repository.git, repository.commonDir, ref, 20)).find(({ oid }) => oid === commit)?.at;

function knowledgeOf(context: Context, at: BranchTip, runId: string): RunKnowledge {
  const journal = runId === '' ? undefined : context.journals.read(runId);
  // A lease that only looks like ours (amended, copied) is not held by our run.
  if (
    journal === undefined ||
    journal.ref !== at.ref ||
    journal.remote !== at.at?.remote ||
    (journal.lease !== undefined && journal.lease !== at.oid)
  )
    return { kind: 'none' };
  if (journal.phase === 'undelivered' && journal.result !== undefined) return { kind: 'undelivered', result: journal.result };
  const presence = presenceOf(journal.runner);
  // Somebody is ending what is left of it: until that is done the run counts as alive.
  if (presence === 'dead' && isLocked(context.journals.fileFor(runId, 'lock'))) return { kind: 'alive' };
  return presence === 'elsewhere' ? { kind: 'none' } : { kind: presence };
}
