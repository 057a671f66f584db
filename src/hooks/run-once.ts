import { appendFileSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOrThrow } from '../git/causes.js';
import type { Context } from '../kernel/context.js';
import { openContext } from '../kernel/open-context.js';
import { runBranches } from '../kernel/run.js';
import { eventLine } from '../observe/event-line.js';
import { removeFile } from '../runner/durable-file.js';
import { anyBranch, clearFailure, recordFailure } from '../runner/failure-record.js';
import { tryLock } from '../runner/lock.js';

/** The hook's log is renamed once it is larger than this, in bytes; one older file is kept. */
const maxLogBytes = 1024 * 1024;
/** A cherry-pick or merge that fired the hook is still on disk then; it ends a moment later. */
const busyWaitMs = 5_000;

/**
 * What a hook starts: the one runner of this clone. One that finds another alive leaves a mark and goes; the other looks
 * again before it ends, so no wake-up is lost.
 */
export async function runOnce(cwd: string, gitDir: string | undefined, environment: NodeJS.ProcessEnv): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort(`the runner got ${signal}`));
  const context = await openContext({
    cwd,
    environment,
    startedBy: 'hook',
    atRoot: true,
    stop: stop.signal,
    report: (event) => log(eventLine(event)),
    ...(gitDir === undefined ? {} : { gitDir }),
  });
  const { own } = context.places;
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const logFile = join(own, 'hook.log');
  function log(line: string): void {
    if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(logFile, `${logFile}.1`);
    appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
  }
  try {
    if (context.settings.tick === 'auto') await runWhileMarked(context, own);
    clearFailure(own, anyBranch);
  } catch (error) {
    const failure = failureOrThrow(error);
    log(`${failure.message} [${failure.code}] ${failure.hint}`);
    recordFailure(own, anyBranch, { code: failure.code, why: failure.message, hint: failure.hint, at: context.now() });
  } finally {
    await context.objects.close();
  }
}

async function runWhileMarked(context: Context, own: string): Promise<void> {
  const mark = join(own, 'again');
  writeFileSync(mark, '');
  const lookAgain = (): boolean => {
    if (!existsSync(mark)) return false;
    removeFile(mark);
    return true;
  };
  // The mark is read again after the lock is let go: a hook that came in between found it held and left the mark.
  while (existsSync(mark) && !context.stop.aborted) {
    const lock = tryLock(join(own, 'runner.lock'));
    if ('holder' in lock) return;
    try {
      removeFile(mark);
      await runBranches(context, { select: () => true, lookAgain, busyWaitMs });
    } finally {
      lock.release();
    }
  }
}
