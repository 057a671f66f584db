import { rmSync } from 'node:fs';
import { makeTemporaryFolder, type TemporaryName } from './temporary-folder.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A place that only its owner can read, and the signal that says when to leave it. */
export interface TemporaryPlace {
  readonly path: string;
  readonly signal: AbortSignal;
}

/**
 * Does `work` beside an empty temporary directory, `aynig-<what>-…`, and removes that afterwards: also when the work fails, when `stop` is aborted,
 * and on Ctrl-C, SIGTERM and SIGHUP, which end the process then as they would have without us.
 */
export async function inTemporaryPlace<T>(
  what: TemporaryName,
  stop: AbortSignal | undefined,
  work: (place: TemporaryPlace) => Promise<T>,
): Promise<T> {
  stop?.throwIfAborted();
  // Mode 0700 (mkdtemp(3)).
  const path = makeTemporaryFolder(what);
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 });
  const controller = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const stopped = (): void => controller.abort(stop?.reason);
  const onSignal = (signal: NodeJS.Signals): void => {
    // Somebody who presses it twice does not wait for git.
    if (caught !== undefined) {
      remove();
      leave();
      process.kill(process.pid, signal);
      return;
    }
    caught = signal;
    controller.abort(new Error(`ended by ${signal}`));
  };
  const leave = (): void => {
    stop?.removeEventListener('abort', stopped);
    process.removeListener('exit', remove);
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  stop?.addEventListener('abort', stopped);
  process.on('exit', remove);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work({ path, signal: controller.signal });
  } finally {
    remove();
    leave();
    // Whoever listens beside us has heard it already.
    if (caught !== undefined && process.listenerCount(caught) === 0) process.kill(process.pid, caught);
  }
}
