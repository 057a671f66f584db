import type { Failure } from '../failure.js';
import { failureOf } from '../git/causes.js';
import type { Commit } from '../git/commit.js';
import type { RefName } from '../git/names.js';
import { readReflog } from '../git/reflog.js';
import { type BranchTip, readBranchTips } from '../git/refs.js';
import { isLocked } from '../runner/lock.js';
import { presenceOf } from '../runner/process-identity.js';
import { findCommand } from './command-lookup.js';
import type { Context } from './context.js';
import { type CommandLookup, decide, type Facts, type Permission, type Reading, type RunKnowledge } from './decide.js';
import { trailerValue } from './message.js';
import { permissionOf } from './permission.js';
import { remoteThatHas } from './provenance.js';
import { readTip, type Tip } from './tip.js';

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
  for (let start = 0; start < tips.length; start += batchSize) {
    const batch = tips.slice(start, start + batchSize);
    const commits = await Promise.allSettled(batch.map(({ oid }) => context.objects.commit(oid)));
    yield* await Promise.all(batch.map((at, index) => surveyOne(context, at, commits[index])));
  }
}

/** {@link surveyEach} for a few branches. */
export async function survey(context: Context, refs: readonly RefName[]): Promise<Surveyed[]> {
  const surveyed: Surveyed[] = [];
  for await (const one of surveyEach(context, refs)) surveyed.push(one);
  return surveyed;
}

async function surveyOne(context: Context, at: BranchTip, commit: PromiseSettledResult<Commit> | undefined): Promise<Surveyed> {
  try {
    // A damaged object ends the process that serves the whole batch: its neighbours are asked for once more.
    const found = commit?.status === 'fulfilled' ? commit.value : await context.objects.commit(at.oid);
    const tip = readTip(found);
    const facts = await gatherFacts(context, at, tip);
    return { at, tip, reading: decide(tip, facts), command: facts.command };
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return { at, failure };
  }
}

const allowed: Permission = { kind: 'allowed' };

async function gatherFacts(context: Context, at: BranchTip, tip: Tip): Promise<Facts> {
  const { repository, settings } = context;
  const base = {
    now: context.now(),
    skewSeconds: settings.skewSeconds,
    run: { kind: 'none' } as RunKnowledge,
    command: { kind: 'missing' } as CommandLookup,
    permission: allowed,
  };
  if (tip.kind === 'lease') {
    const { lease } = tip;
    const heartbeat = context.journals.touchedAt(lease.runId);
    const observedAt =
      lease.committedAt > base.now + base.skewSeconds
        ? (await readReflog(repository.git, repository.commonDir, at.ref, 20)).find(({ oid }) => oid === at.oid)?.at
        : undefined;
    return {
      ...base,
      run: knowledgeOf(context, at, lease.runId),
      ...(heartbeat === undefined ? {} : { heartbeat }),
      ...(observedAt === undefined ? {} : { observedAt }),
    };
  }
  if (tip.kind !== 'request') return base;
  const command = await findCommand(context.objects, tip.commit.tree, tip.state, context.role);
  if (command.kind !== 'present') return { ...base, command };
  const remote = trailerValue(tip.message.trailers, 'aynig-remote') ?? settings.remote ?? (await remoteThatHas(repository.git, at));
  const permission = remote === undefined ? await permissionOf(context, at, tip) : allowed;
  return { ...base, command, permission, ...(remote === undefined ? {} : { remote }) };
}

function knowledgeOf(context: Context, at: BranchTip, runId: string): RunKnowledge {
  const journal = runId === '' ? undefined : context.journals.read(runId);
  // A lease that only looks like ours (amended, copied) is not held by our run.
  if (journal === undefined || journal.ref !== at.ref || (journal.lease !== undefined && journal.lease !== at.oid)) return { kind: 'none' };
  if (journal.phase === 'undelivered' && journal.result !== undefined) return { kind: 'undelivered', result: journal.result };
  const presence = presenceOf(journal.runner);
  // Somebody is ending what is left of it: until that is done the run counts as alive.
  if (presence === 'dead' && isLocked(context.journals.fileFor(runId, 'lock'))) return { kind: 'alive' };
  return presence === 'elsewhere' ? { kind: 'none' } : { kind: presence };
}
