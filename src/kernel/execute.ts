import { existsSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import { commandEnvironment } from '../runner/command-environment.js';
import type { CommandEnd } from '../runner/journal.js';
import { loadExeca, runCommand } from '../runner/run-command.js';
import { standingOf, wasTamperedWith } from '../trust/record.js';
import { noteTampering } from '../trust/tampering.js';
import type { Chain } from './chain.js';
import { expectCommitted } from './committed-command.js';
import type { Context } from './context.js';
import { keepLease } from './keep-lease.js';
import type { LeasedJournal } from './leased-journal.js';
import { trailerValue } from './message.js';
import { logLevels } from './settings-defaults.js';
import type { Request } from './tip.js';

/** What {@link execute} needs beside the journal of its run. */
export interface Execution {
  readonly request: Request;
  /** In the worktree; or absolute, for a command of the server. */
  readonly path: string;
  /** Settles when the worktree is ready, with the reason where it could not be made. */
  readonly prepared: Promise<Failure | undefined>;
  readonly chain: Chain;
  readonly lease: { readonly seconds: number; readonly since: number };
}

/** Runs the command. A preparation that fails is a run that failed: the lease is never left behind. */
export async function execute(
  context: Context,
  journal: LeasedJournal,
  { request, path, prepared, chain, lease }: Execution,
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
    // One of the server's own folder is what it is.
    if (failure === undefined && !isAbsolute(path)) await expectCommitted(context.objects, request.commit.tree, path, join(worktree, path));
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
  const kept = keepLease(context, journal, lease, (why) => stop.abort(why));
  const before = await standingOf(context.repository.commonDir, context.environment);
  try {
    return await runCommand({
      file: resolve(worktree, path),
      cwd: worktree,
      env: commandEnvironment(context.environment, {
        body: request.message.body,
        bodyFile,
        commit: journal.request,
        branch,
        state: request.state,
        runId,
        remote: journal.remote ?? '',
        role: context.role ?? '',
        logLevel: logLevelOf(context, request),
        trailers: request.message.trailers,
        ceiling: places.worktrees(),
      }),
      logFile: log,
      timeoutSeconds: settings.timeoutSeconds,
      stop: stop.signal,
      onStart: (command) => {
        chain.started = true;
        journals.write({ ...journal, command }, { sync: false });
        context.report({ kind: 'started', branch, state: request.state, runId, lease: journal.lease, log });
      },
      ...(settings.wrapper === undefined ? {} : { wrapper: settings.wrapper }),
    });
  } finally {
    clearInterval(cancel);
    await kept.end();
    context.stop.removeEventListener('abort', onStop);
    if (wasTamperedWith(before, await standingOf(context.repository.commonDir, context.environment)))
      sayTrustChanged(context, request.state, journal);
  }
}

/** The note is for `aynig doctor`; a disk that cannot take it must not cost the run its result. */
function sayTrustChanged(context: Context, state: string, { runId, branch }: LeasedJournal): void {
  context.report({ kind: 'trust-changed', branch, runId });
  try {
    noteTampering(context.places.own, { runId, branch, state, at: context.now() });
  } catch (error) {
    const { code, message, hint } = failureOrThrow(error);
    context.report({ kind: 'failed', branch, code, why: message, hint });
  }
}

/** What a command is told to say: the command line first, then the request, the environment, the settings. */
function logLevelOf({ logLevel, environment, settings }: Context, request: Request): string {
  const wanted = [logLevel, trailerValue(request.message.trailers, 'aynig-log-level'), environment['AYNIG_LOG_LEVEL']];
  return wanted.find((level) => logLevels.some((known) => known === level)) ?? settings.logLevel;
}
