import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import { commitTree } from '../git/commit-tree.js';
import { GitError } from '../git/gate.js';
import { keptRef, type Oid } from '../git/names.js';
import type { BranchTip } from '../git/refs.js';
import { deleteRef } from '../git/refs.js';
import { addWorktree, gitInWorktree, operationInProgress } from '../git/worktree.js';
import { commandEnvironment } from '../runner/command-environment.js';
import type { CommandEnd, Journal } from '../runner/journal.js';
import { waitForLock } from '../runner/lock.js';
import { identityOf, presenceOf } from '../runner/process-identity.js';
import { loadExeca, runCommand } from '../runner/run-command.js';
import { type Context, loadCrypto } from './context.js';
import type { Reading } from './decide.js';
import { repairDelivery } from './deliver.js';
import { leaseMessage, stallMessage } from './lease.js';
import { trailerValue } from './message.js';
import { logLevels } from './settings-defaults.js';
import { dropWorktree, type LeasedJournal, settle, worktreeLockMs } from './settle.js';
import { survey } from './survey.js';
import { sweep } from './sweep.js';
import { leaseSecondsOf, type Tip } from './tip.js';

/** What became of one branch. Expected ends are values, also the unhappy ones. */
export type TickOutcome =
  | { readonly kind: 'nothing'; readonly reading: Reading['kind'] }
  | { readonly kind: 'advanced'; readonly state: string; readonly commit: Oid }
  | { readonly kind: 'stalled'; readonly commit: Oid }
  | { readonly kind: 'taken-over'; readonly commit: Oid }
  | { readonly kind: 'delivered'; readonly commit: Oid }
  | { readonly kind: 'undelivered' }
  | { readonly kind: 'busy'; readonly operation: string }
  | { readonly kind: 'lost-race' }
  | { readonly kind: 'lost-branch' };

/** What consecutive ticks of one branch share. */
export interface Chain {
  /** Of the last run, kept until its worktree is handed on or removed. */
  previous?: Journal;
}

type Request = Extract<Tip, { kind: 'request' }>;

/** One step of one branch: reads the tip anew, acts on what it means, and says what became of it. */
export async function tick(context: Context, at: BranchTip, chain: Chain): Promise<TickOutcome> {
  const surveyed = (await survey(context, [at.ref])).find(({ at: found }) => found.ref === at.ref);
  if (surveyed === undefined) return { kind: 'lost-branch' };
  if ('failure' in surveyed) throw surveyed.failure;
  return act(context, surveyed.at, surveyed.tip, surveyed.reading, chain);
}

/** Acts on a reading that has just been made. The compare-and-swap is from the tip that was read, so a stale one only loses. */
export async function act(context: Context, at: BranchTip, tip: Tip, reading: Reading, chain: Chain): Promise<TickOutcome> {
  switch (reading.kind) {
    case 'ready': {
      if (tip.kind !== 'request') throw new Error('only a request can be ready');
      const operation = operationInProgress(context.repository.commonDir, at.ref);
      return operation === undefined ? runRequest(context, at, tip, reading.path, chain) : { kind: 'busy', operation };
    }
    case 'expired': {
      const journal = reading.lease.runId === '' ? undefined : context.journals.read(reading.lease.runId);
      if (journal === undefined || presenceOf(journal.runner) !== 'dead') return takeOver(context, at, tip, reading);
      // It died since the last sweep, and its command may not have: only a sweep ends that, and publishes what it made.
      const swept = (await sweep(context)).branches.find(({ ref }) => ref === at.ref);
      return swept?.outcome ?? { kind: 'lost-race' };
    }
    case 'undelivered':
      return redeliver(context, reading.lease.runId);
    case 'untrusted':
      context.report({ kind: 'announced', branch: at.branch, state: reading.state, why: reading.why, next: reading.next });
      return { kind: 'nothing', reading: reading.kind };
    case 'remote':
      context.report({
        kind: 'announced',
        branch: at.branch,
        state: reading.state,
        why: `the remote ${reading.remote} has the request too and decides who runs it; only requests of this repository are run`,
        next: `aynig set-state ${reading.state}`,
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

/** Claims a request, runs its command and settles. */
async function runRequest(context: Context, at: BranchTip, request: Request, path: string, chain: Chain): Promise<TickOutcome> {
  const { settings, journals, repository } = context;
  const runId = (await loadCrypto()).randomUUID();
  const began = performance.now();
  const seconds = leaseSecondsOf(request.message) ?? settings.leaseSeconds;
  const claiming: Journal = {
    version: 1,
    runId,
    branch: at.branch,
    ref: at.ref,
    state: request.state,
    request: at.oid,
    runner: identityOf(process.pid),
    phase: 'claiming',
    worktree: chain.previous?.worktree ?? join(context.places.worktrees(), runId),
    startedAt: context.now(),
  };
  const made = commitTree(repository.git, {
    tree: request.commit.tree,
    parent: at.oid,
    message: leaseMessage({ originState: request.state, runId, runnerId: settings.runnerId, seconds, parent: at.oid }),
    identity: context.identity,
  });
  let lease: Oid;
  try {
    journals.write(claiming);
  } finally {
    lease = await made;
  }
  const leased: LeasedJournal = { ...claiming, lease, phase: 'running', log: join(context.places.logs(), `${at.oid}.log`) };
  // The worktree is made while the branch moves; a claim that is lost takes it away again.
  const prepared = prepareWorktree(context, leased, chain).then(
    () => undefined,
    (error: unknown) => failureOrThrow(error),
  );
  // Its git starts first: the command waits for it longest.
  await new Promise((resolve) => setImmediate(resolve));
  const withdraw = async (): Promise<void> => {
    await prepared;
    if (chain.previous === undefined) await dropWorktree(context, leased);
    journals.remove(runId);
  };
  const claimed = await claim(context, leased).catch(async (error: unknown) => {
    // git failed and the ref, read afterwards, still has its old value: there is no lease to heal.
    if (error instanceof GitError) await withdraw();
    throw error;
  });
  if (!claimed) {
    await withdraw();
    return { kind: 'lost-race' };
  }
  const end = await execute(context, leased, { request, path, prepared, chain, leaseSeconds: seconds });
  journals.write({ ...leased, phase: 'ended', end });
  const settled = await settle(context, leased, end);
  if (settled.worktreeLeft) journals.remove(runId);
  else chain.previous = leased;
  switch (settled.kind) {
    case 'advanced': {
      const title = commandTitle(await context.objects.commit(settled.commit));
      context.report({
        kind: 'advanced',
        branch: at.branch,
        state: request.state,
        next: settled.next,
        commit: settled.commit,
        title,
        seconds: Math.round((performance.now() - began) / 100) / 10,
      });
      return { kind: 'advanced', state: settled.next, commit: settled.commit };
    }
    case 'stalled':
      return { kind: 'stalled', commit: settled.commit };
    case 'undelivered':
      await endChain(context, chain, { keepJournal: true });
      return { kind: 'undelivered' };
    case 'lost':
      return { kind: 'lost-branch' };
  }
}

const commandTitle = (commit: { readonly message: Uint8Array }): string =>
  Buffer.from(commit.message).toString('utf8').split('\n', 1)[0] ?? '';

/** Moves the branch to the lease; false when somebody else was first. */
async function claim({ arbiter }: Context, { runId, ref, request, lease }: LeasedJournal): Promise<boolean> {
  const move = await arbiter.claim({ runId, ref, from: request, to: lease, reason: `aynig: working (run ${runId})` });
  return move.kind === 'moved';
}

interface Execution {
  readonly request: Request;
  readonly path: string;
  /** Settles when the worktree is ready, with the reason where it could not be made. */
  readonly prepared: Promise<Failure | undefined>;
  readonly chain: Chain;
  readonly leaseSeconds: number;
}

/** Runs the command. A preparation that fails is a run that failed: the lease is never left behind. */
async function execute(
  context: Context,
  journal: LeasedJournal,
  { request, path, prepared, chain, leaseSeconds }: Execution,
): Promise<CommandEnd> {
  const { journals, settings, places } = context;
  const { runId, worktree, branch } = journal;
  const bodyFile = journals.fileFor(runId, 'body');
  let failure: Failure | undefined;
  try {
    journals.write(journal);
    writeFileSync(bodyFile, request.message.body, { mode: 0o600 });
    await loadExeca();
    failure = await prepared;
  } catch (error) {
    await prepared;
    failure = failureOrThrow(error);
  }
  if (failure !== undefined) {
    context.report({ kind: 'failed', branch, code: failure.code, why: failure.message, hint: failure.hint });
    return { reason: `the command was not started: ${failure.message}` };
  }
  if (chain.previous !== undefined) journals.remove(chain.previous.runId);
  delete chain.previous;
  const log = journal.log ?? join(places.logs(), `${journal.request}.log`);
  const stop = new AbortController();
  const onStop = (): void => stop.abort(context.stop.reason);
  if (context.stop.aborted) onStop();
  context.stop.addEventListener('abort', onStop);
  const cancelFile = journals.fileFor(runId, 'cancel');
  const cancel = setInterval(() => {
    if (existsSync(cancelFile)) stop.abort('the run was cancelled with aynig cancel');
  }, 200);
  const renew = setInterval(
    () => {
      void context.arbiter.renew(runId).then((held) => {
        if (!held) stop.abort('the lease could no longer be confirmed');
      });
    },
    (leaseSeconds * 1000) / 3,
  );
  try {
    return await runCommand({
      file: join(worktree, path),
      cwd: worktree,
      env: commandEnvironment(context.environment, {
        body: request.message.body,
        bodyFile,
        commit: journal.request,
        branch,
        state: request.state,
        runId,
        remote: '',
        role: context.role ?? '',
        logLevel: logLevelOf(context, request),
        trailers: request.message.trailers,
        ceiling: places.worktrees(),
      }),
      logFile: log,
      timeoutSeconds: settings.timeoutSeconds,
      stop: stop.signal,
      onStart: (command) => {
        journals.write({ ...journal, command }, { sync: false });
        context.report({ kind: 'started', branch, state: request.state, runId, lease: journal.lease, log });
      },
      ...(settings.wrapper === undefined ? {} : { wrapper: settings.wrapper }),
    });
  } finally {
    clearInterval(cancel);
    clearInterval(renew);
    context.stop.removeEventListener('abort', onStop);
  }
}

/** What a command is told to say: the command line first, then the request, the environment, the settings. */
function logLevelOf({ logLevel, environment, settings }: Context, request: Request): string {
  const wanted = [logLevel, trailerValue(request.message.trailers, 'aynig-log-level'), environment['AYNIG_LOG_LEVEL']];
  return wanted.find((level) => logLevels.some((known) => known === level)) ?? settings.logLevel;
}

/** A fresh detached worktree at the lease, or the last one of the chain moved on to it. */
async function prepareWorktree(context: Context, journal: LeasedJournal, chain: Chain): Promise<void> {
  const { repository, places } = context;
  if (chain.previous !== undefined && existsSync(join(journal.worktree, '.git'))) {
    const git = gitInWorktree(journal.worktree, places.worktrees());
    try {
      // What the last command left uncommitted is pinned; ignored files, such as installed packages, stay for the next.
      await git(['checkout', '--quiet', '--force', '--detach', journal.lease], { timeoutMs: 10 * 60_000 });
      await git(['clean', '--quiet', '--force', '-d'], { timeoutMs: 10 * 60_000 });
      return;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      await dropWorktree(context, chain.previous);
    }
  } else if (chain.previous !== undefined) await dropWorktree(context, chain.previous);
  // Parallel calls of one repository race inside git.
  const lock = await waitForLock(join(places.own, 'worktree.lock'), worktreeLockMs);
  try {
    await addWorktree(repository.git, { path: journal.worktree, commit: journal.lease, runId: journal.runId });
  } finally {
    lock.release();
  }
}

/** Removes the worktree of a chain that goes no further, and the journal that names it. */
export async function endChain(context: Context, chain: Chain, { keepJournal = false } = {}): Promise<void> {
  const { previous } = chain;
  if (previous === undefined) return;
  await dropWorktree(context, previous);
  if (!keepJournal) context.journals.remove(previous.runId);
  delete chain.previous;
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
  const move = await context.arbiter.publish({
    runId: lease.runId,
    ref: at.ref,
    from: at.oid,
    to: commit,
    reason: `aynig: stalled (run ${lease.runId} expired)`,
  });
  if (move.kind === 'refused') return { kind: 'busy', operation: move.why };
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

/** Tries again to bring a finished run into the user's checkout. */
export async function redeliver(context: Context, runId: string): Promise<TickOutcome> {
  const { journals, objects, repository, arbiter } = context;
  const journal = journals.read(runId);
  if (journal?.lease === undefined || journal.result === undefined) return { kind: 'lost-race' };
  if (journal.delivery !== undefined) await repairDelivery(repository, objects, journal.ref, journal.delivery);
  const { lease, result, ref, branch } = journal;
  const move = await arbiter.publish({
    runId,
    ref,
    from: lease,
    to: result,
    reason: `aynig: deliver (run ${runId})`,
    onDelivery: (delivery) => journals.write({ ...journal, delivery }),
  });
  const tip = await arbiter.tip(ref);
  if (move.kind === 'refused') {
    const { delivery: _refused, ...undelivered } = journal;
    journals.write(undelivered);
    context.report({ kind: 'undelivered', branch, runId, why: move.why });
    return { kind: 'undelivered' };
  }
  if (move.kind === 'beaten' && tip !== result) {
    context.report({ kind: 'lost-branch', branch, runId });
    context.report({ kind: 'kept', branch, ref: keptRef(runId), what: 'the result of the run' });
    journals.remove(runId);
    return { kind: 'lost-branch' };
  }
  await deleteRef(repository.git, keptRef(runId), result);
  journals.remove(runId);
  context.report({ kind: 'delivered', branch, commit: result });
  return { kind: 'delivered', commit: result };
}
