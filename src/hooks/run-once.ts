import { appendFileSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { failureOf } from '../git/causes.js';
import type { RefName } from '../git/names.js';
import { openRepository, repositoryOfHook } from '../git/repository.js';
import type { RunEvent } from '../kernel/context.js';
import { openContext } from '../kernel/open-context.js';
import { runBranches } from '../kernel/run.js';
import { eventLine } from '../observe/event-line.js';
import { removeFile } from '../runner/durable-file.js';
import { anyBranch, clearFailure, recordFailure } from '../runner/failure-record.js';
import { tryLock } from '../runner/lock.js';
import { openPushed } from './pushed.js';
import type { Told } from './told.js';

/** The hook's log is renamed once it is larger than this, in bytes; one older file is kept. */
const maxLogBytes = 1024 * 1024;
/** A cherry-pick or merge that fired the hook is still on disk then; it ends a moment later. */
const busyWaitMs = 5_000;

/**
 * What a hook starts: the one runner of this clone. One that finds another alive leaves a mark and goes; the other looks
 * again before it ends, so no wake-up is lost. Nobody sees what it prints: all it has to say goes to the hook's log, and why
 * it failed to `aynig status`. With `pushed` it looks only at the branches that pushes have left for it, whatever their number
 * in the repository.
 */
export async function runOnce(
  cwd: string,
  gitDir: string | undefined,
  environment: NodeJS.ProcessEnv,
  told: () => Promise<Told | undefined> = () => Promise.resolve(undefined),
  { pushed = false } = {},
): Promise<void> {
  const plain = repositoryOfHook(cwd, environment);
  // What the hook's shell read is of the plain repository that it stood in, and good for the first look only.
  let first = plain === undefined ? undefined : await told();
  const repository = plain ?? (await openRepository(cwd, environment, gitDir));
  const own = join(repository.commonDir, 'aynig');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const log = hookLog(own);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort(`the runner got ${signal}`));
  try {
    await whileWanted(own, pushed, stop.signal, async ({ lookAgain, refs, everything }) => {
      const report = (event: RunEvent): void => log(eventLine(event));
      const read = !everything ? {} : first === undefined ? { tipsAtOnce: true } : { tipsAtOnce: first.tips, config: first.config };
      first = undefined;
      const context = await openContext({ cwd, repository, environment, startedBy: 'hook', stop: stop.signal, report, ...read });
      try {
        const { tick, remote } = context.settings;
        if (tick === 'off') refs();
        else if (remote === undefined) await runBranches(context, { select: () => true, refs, lookAgain, busyWaitMs });
        else {
          // The branches of a remote are not the ones that were pushed here.
          refs();
          await runBranches(context, { select: () => true, remote, lookAgain, busyWaitMs });
        }
      } finally {
        await context.objects.close();
      }
    });
    clearFailure(own, anyBranch);
  } catch (error) {
    const { code, message, hint } = failureOf(error) ?? internal(error);
    log(`${message} [${code}] ${hint}`);
    recordFailure(own, anyBranch, { code, why: message, hint, at: Math.floor(Date.now() / 1000) });
  }
}

function hookLog(own: string): (line: string) => void {
  const file = join(own, 'hook.log');
  return (line) => {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(file, `${file}.1`);
    appendFileSync(file, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
  };
}

const internal = (error: unknown): Failure =>
  new Failure('internal', `The runner met a fault of its own: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, {
    hint: 'This is a bug; report what it says. Run what is ready with: aynig run --current-branch include',
    cause: error,
  });

/** What one look is about. */
interface Look {
  /** Whether it begins with every branch. */
  readonly everything: boolean;
  /** The branches to look at now. */
  readonly refs: () => RefName[];
  readonly lookAgain: () => boolean;
}

/** As a pattern it means all of them. */
const everyBranch = 'refs/heads/' as RefName;

/** Runs `look` under the lock of the clone's runner, again and again while hooks leave their mark or pushes their branches. */
async function whileWanted(own: string, onlyPushed: boolean, stop: AbortSignal, look: (look: Look) => Promise<void>): Promise<void> {
  const mark = join(own, 'again');
  if (!onlyPushed) writeFileSync(mark, '');
  const pushed = openPushed(own);
  let everything = false;
  const lookAgain = (): boolean => {
    const marked = existsSync(mark);
    if (marked) removeFile(mark);
    everything ||= marked;
    return marked || pushed.waiting();
  };
  const refs = (): RefName[] => {
    const named = pushed.take();
    if (!everything) return named;
    everything = false;
    return [everyBranch];
  };
  // Both are read again after the lock is let go: a hook that came in between found it held and left what it had to say.
  while ((existsSync(mark) || pushed.waiting()) && !stop.aborted) {
    const lock = tryLock(join(own, 'runner.lock'));
    if ('holder' in lock) return;
    try {
      // Before anything is read: what is requested from now on leaves a new mark.
      lookAgain();
      const began = everything;
      // Who begins with everything has taken what was pushed so far.
      let first = began ? refs() : undefined;
      const next = (): RefName[] => {
        const now = first ?? refs();
        first = undefined;
        return now;
      };
      await look({ everything: began, refs: next, lookAgain });
      pushed.done();
    } finally {
      lock.release();
    }
  }
}
