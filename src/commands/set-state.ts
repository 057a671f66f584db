import { Failure } from '../failure.js';
import { failureOf } from '../git/causes.js';
import { GitError, lineOf, openGit } from '../git/gate.js';
import { type BranchName, branchRef } from '../git/names.js';
import { openRepository } from '../git/repository.js';
import { currentRun } from '../kernel/current-run.js';
import { readState, working } from '../kernel/names.js';
import { openContext } from '../kernel/open-context.js';
import { survey } from '../kernel/survey.js';
import { branchArgument, currentBranch } from './branch-argument.js';
import type { Io } from './io.js';
import { bodyOf, checkedMessage, type MessageFlags, trailersOf } from './messages.js';

export interface SetStateFlags extends MessageFlags {
  readonly cwd: string;
  readonly state: string;
}

/**
 * `aynig set-state`: commits what is staged (or nothing) under a message that names a state. It is a plain `git commit`
 * with the caller's identity, signature and hooks, so that it asks for the command like a commit typed by hand. Inside a run it
 * says which one.
 */
export async function setState(flags: SetStateFlags, io: Io): Promise<number> {
  const state = readState(flags.state);
  if (state === undefined)
    throw new Failure('bad-state', `${JSON.stringify(flags.state)} is not a state name.`, {
      hint: 'Use small letters, digits, ".", "_" and "-", with "/" between segments; 128 characters at most.',
    });
  if (state === working)
    throw new Failure('bad-state', '"working" is reserved for the runner.', {
      hint: 'Inside a command, renew its lease with: aynig set-working',
    });
  const body = bodyOf(flags);
  const repository = await openRepository(flags.cwd);
  const run = currentRun(repository.commonDir, process.env);
  const ofRun = run === undefined ? [] : [{ key: 'aynig-run-id', value: run }];
  const extra = trailersOf(flags.trailer, ['aynig-state', ...ofRun.map(({ key }) => key)]);
  const text = checkedMessage({
    title: flags.subject ?? `ask for ${state}`,
    body,
    trailers: [...extra, { key: 'aynig-state', value: state }, ...ofRun],
  });
  if (repository.toplevel === undefined)
    throw new Failure('bare-repository', 'A commit needs a working tree, and this repository is bare.', {
      hint: 'Run it in a clone or a worktree.',
    });
  // Inside a run HEAD is detached by design; elsewhere a commit on no branch would be seen by nobody.
  const insideRun = (process.env['AYNIG_RUN_ID'] ?? '') !== '';
  const branch = insideRun ? await currentBranch(repository) : await branchArgument(repository);
  if (branch !== undefined && !insideRun) await refuseOnLease(flags.cwd, branch);
  const git = openGit({ cwd: flags.cwd });
  try {
    const made = await git(['commit', '--quiet', '--allow-empty', '--cleanup=whitespace', '--file=-'], {
      asUser: true,
      input: text,
      timeoutMs: 10 * 60_000,
    });
    // What its hooks say of a commit that they let through.
    if (made.stderr.trim() !== '') io.err(made.stderr.trimEnd());
  } catch (error) {
    const cause = error instanceof GitError ? failureOf(error) : undefined;
    if (cause !== undefined && cause.code !== 'git-failed') throw cause;
    if (error instanceof GitError)
      throw new Failure('commit-refused', `git did not make the commit: ${error.stderr.trim()}`, {
        hint: 'Mend what it says and run the same command again.',
        cause: error,
      });
    throw error;
  }
  io.out(`${branch ?? 'HEAD'}: ${state} (${lineOf(await git(['rev-parse', '--short=12', 'HEAD'], { asUser: true }))})`);
  return 0;
}

/** A commit on top of a lease would cut the run off. `commit-msg` says the same where it is installed. */
async function refuseOnLease(cwd: string, branch: BranchName): Promise<void> {
  const context = await openContext({ cwd, startedBy: 'person' });
  try {
    const [found] = await survey(context, [branchRef(branch)]);
    if (found === undefined || 'failure' in found || (found.reading.kind !== 'leased' && found.reading.kind !== 'undelivered')) return;
    const { lease } = found.reading;
    throw found.reading.kind === 'leased'
      ? new Failure('branch-leased', `${branch} is held by a run of ${lease.originState} on ${lease.runnerId}.`, {
          hint: 'Wait for it (aynig status), or end it with: aynig cancel',
        })
      : new Failure('branch-leased', `A finished run of ${lease.originState} waits to be brought into ${branch}.`, {
          hint: 'Bring it in with: aynig land   (or give it up with: aynig cancel)',
        });
  } finally {
    await context.objects.close();
  }
}
