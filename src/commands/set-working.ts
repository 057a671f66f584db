import { Failure } from '../failure.js';
import { commitTree } from '../git/commit-tree.js';
import { shortOid } from '../git/names.js';
import { worktreeHead } from '../git/worktree.js';
import { leaseMessage } from '../kernel/lease.js';
import { isRunId } from '../kernel/names.js';
import { openContext } from '../kernel/open-context.js';
import { leaseSecondsOf, readTip } from '../kernel/tip.js';
import type { Io } from './io.js';
import { bodyOf, checkedMessage, type MessageFlags, trailersOf } from './messages.js';

export interface SetWorkingFlags extends MessageFlags {
  readonly cwd: string;
}

const ownTrailers = [
  'aynig-state',
  'aynig-origin-state',
  'aynig-run-id',
  'aynig-runner-id',
  'aynig-lease-seconds',
  'aynig-parent',
  'aynig-remote',
];

/**
 * `aynig set-working`: renews the lease from inside a running command, by a `working` commit on its HEAD with the same
 * tree: neither the index nor a file is touched, so it may be called at any moment between two commits.
 */
export async function setWorking(flags: SetWorkingFlags, io: Io): Promise<number> {
  const runId = process.env['AYNIG_RUN_ID'] ?? '';
  if (!isRunId(runId))
    throw new Failure('not-in-a-run', 'Only a running command can renew its lease.', {
      hint: 'To ask for a state, use: aynig set-state <state>',
    });
  const body = bodyOf(flags);
  const extra = trailersOf(flags.trailer, ownTrailers);
  const context = await openContext({ cwd: flags.cwd, startedBy: 'person' });
  try {
    const { repository, settings, objects } = context;
    const journal = context.journals.read(runId);
    const head = await worktreeHead(repository.git, repository.gitDir);
    if (journal === undefined || head === undefined)
      throw new Failure('not-in-a-run', `Run ${runId} is not one of this repository, or has ended.`, {
        hint: 'Call it from the worktree that the command was started in.',
      });
    const request = readTip(await objects.commit(journal.request));
    const seconds = (request.kind === 'request' ? leaseSecondsOf(request.message) : undefined) ?? settings.leaseSeconds;
    const { tree } = await objects.commit(head);
    const message = leaseMessage({
      originState: journal.state,
      runId,
      runnerId: settings.runnerId,
      seconds,
      parent: head,
      body,
      extra,
      ...(journal.remote === undefined ? {} : { remote: journal.remote }),
      ...(flags.subject === undefined ? {} : { subject: flags.subject }),
    });
    checkedMessage({ title: flags.subject ?? 'renew', body, trailers: extra });
    const commit = await commitTree(repository.git, { tree, parent: head, message, identity: context.identity });
    // By the same compare-and-swap as every move, and decided by reading.
    await repository.git([`--git-dir=${repository.gitDir}`, 'update-ref', '-m', `aynig: renew (run ${runId})`, 'HEAD', commit, head], {
      ok: [0, 1, 128],
    });
    if ((await worktreeHead(repository.git, repository.gitDir)) !== commit)
      throw new Failure('lost-race', 'HEAD moved while the lease was being renewed; nothing was changed.', {
        hint: 'Call it again: aynig set-working',
      });
    context.journals.touch(runId);
    io.out(`renewed run ${runId.slice(0, 8)} (${shortOid(commit)})`);
    return 0;
  } finally {
    await context.objects.close();
  }
}
