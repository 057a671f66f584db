import { join } from 'node:path';
import { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import { commitTree } from '../git/commit-tree.js';
import { GitError } from '../git/gate.js';
import type { Oid } from '../git/names.js';
import type { BranchTip } from '../git/refs.js';
import type { Journal } from '../runner/journal.js';
import { identityOf } from '../runner/process-identity.js';
import { loadExeca } from '../runner/run-command.js';
import type { Move } from './arbiter.js';
import { type Chain, endChain, prepareWorktree } from './chain.js';
import { type Context, loadCrypto } from './context.js';
import { dropWorktree } from './drop-worktree.js';
import { execute } from './execute.js';
import { leaseMessage } from './lease.js';
import type { LeasedJournal } from './leased-journal.js';
import type { TickOutcome } from './outcome.js';
import { settle } from './settle.js';
import { leaseSecondsOf, type Request } from './tip.js';

/** Claims a request, runs its command and settles. */
export async function runRequest(context: Context, at: BranchTip, request: Request, path: string, chain: Chain): Promise<TickOutcome> {
  const { settings, journals, repository } = context;
  const runId = (await loadCrypto()).randomUUID();
  const began = performance.now();
  const remote = at.at?.remote;
  const seconds = leaseSecondsOf(request.message) ?? settings.leaseSeconds;
  const claiming: Journal = {
    version: 1,
    runId,
    branch: at.branch,
    ref: at.ref,
    ...(remote === undefined ? {} : { remote }),
    state: request.state,
    request: at.oid,
    runner: identityOf(process.pid),
    phase: 'claiming',
    worktree: chain.previous?.worktree ?? join(context.places.worktrees(), runId),
    startedAt: context.now(),
  };
  // The lease counts from the date of its commit, which has whole seconds: earlier than this it cannot begin.
  const since = Math.floor(Date.now() / 1000) * 1000;
  const made = commitTree(repository.git, {
    tree: request.commit.tree,
    parent: at.oid,
    message: leaseMessage({
      originState: request.state,
      runId,
      runnerId: settings.runnerId,
      seconds,
      parent: at.oid,
      ...(remote === undefined ? {} : { remote }),
    }),
    identity: context.identity,
  });
  let lease: Oid;
  try {
    journals.write(claiming);
  } finally {
    lease = await made;
  }
  const leased: LeasedJournal = { ...claiming, lease, phase: 'running', log: join(context.places.logs(), `${at.oid}.log`) };
  const prepare = (): Promise<Failure | undefined> =>
    prepareWorktree(context, leased, chain).then(
      () => undefined,
      (error: unknown) => failureOrThrow(error),
    );
  // The worktree is made while the branch moves; a claim that is lost takes it away again. At a remote it can wait: the push
  // takes longer, and of many runners most lose.
  let prepared = remote === undefined ? prepare() : undefined;
  // Its git starts first: the command waits for it longest.
  await new Promise((resolve) => setImmediate(resolve));
  const withdraw = async (): Promise<void> => {
    await prepared;
    const gone = prepared === undefined || chain.previous !== undefined || (await dropWorktree(context, leased));
    if (gone) journals.remove(runId);
  };
  const claim = claimBranch(context, leased, since + (seconds * 2000) / 3);
  // Read while both gits are at work.
  const loaded = loadExeca();
  loaded.catch(() => undefined);
  const claimed = await claim.catch(async (error: unknown) => {
    // git failed and the ref, read afterwards, still has its old value: there is no lease to heal.
    if (error instanceof GitError) await withdraw();
    throw error;
  });
  switch (claimed.kind) {
    case 'moved':
      prepared ??= prepare();
      break;
    case 'beaten':
      await withdraw();
      return { kind: 'lost-race' };
    case 'refused':
      await withdraw();
      throw new Failure('push-refused', `The claim of ${at.branch} was not accepted: ${claimed.why}`, {
        hint: 'Nothing was started and nothing was changed. Give this runner the right to push there, or run it where it has it.',
      });
    case 'unknown':
      // Perhaps it holds the branch now: the next sweep finds out by the journal, and nothing is started meanwhile.
      journals.write(leased);
      await prepared;
      throw new Failure('remote-unreachable', `Nobody knows whether ${at.branch} was claimed, so nothing was started: ${claimed.why}`, {
        hint: 'The next run looks again, and releases the branch if the claim got through.',
      });
  }
  const end = await execute(context, leased, { request, path, prepared, chain, lease: { seconds, since } });
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

const claimBranch = (context: Context, { runId, ref, request, lease, remote }: LeasedJournal, notAfter: number): Promise<Move> =>
  context.arbiterOf(remote).claim({ runId, ref, from: request, to: lease, reason: `aynig: working (run ${runId})`, notAfter });
