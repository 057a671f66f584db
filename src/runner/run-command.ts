import { closeSync, openSync, writeSync } from 'node:fs';
import type { Environment } from '../git/environment.js';
import type { CommandEnd } from './journal.js';
import { groupIsAlive, identityOf, type ProcessIdentity, presenceOf, processesOfRun } from './process-identity.js';

export interface CommandStart {
  readonly file: string;
  readonly cwd: string;
  readonly env: Environment;
  readonly logFile: string;
  /** A command prefix in the shell's syntax, such as `bwrap --ro-bind / /`; from the user's own git config only. */
  readonly wrapper?: string;
  /** 0: no limit. */
  readonly timeoutSeconds: number;
  /** Aborted when the run must end: its reason is a sentence. */
  readonly stop: AbortSignal;
  readonly onStart: (command: ProcessIdentity) => void;
}

/** How long a process group may take to end after TERM before it gets KILL. */
export const graceMs = 10_000;

/** Called while git is at work: at the top of this file it would delay every start of the runner. */
export const loadExeca = (): Promise<typeof import('execa')> => import('execa');

/**
 * Runs a command to its end: in a process group of its own, with an empty standard input, its output straight into the
 * log file (no pipe: a runner that dies does not break it, and any amount of output costs no memory). A command that
 * cannot be started at all is an end too, not an exception. What is left of its group afterwards is ended.
 */
export async function runCommand(start: CommandStart): Promise<CommandEnd> {
  const { execa } = await loadExeca();
  const log = openSync(start.logFile, 'a', 0o600);
  let stopped: string | undefined;
  let stopping: Promise<void> | undefined;
  const [file, args] =
    start.wrapper === undefined ? [start.file, []] : ['/bin/sh', ['-c', `exec ${start.wrapper} "$@"`, 'aynig', start.file]];
  try {
    const child = execa(file, args, {
      cwd: start.cwd,
      env: start.env,
      extendEnv: false,
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      // execa's types know the numbers 0 to 2 only; it hands any open file on as it is.
      stdio: ['ignore', log as 1, log as 1],
    });
    const { pid } = child;
    if (pid !== undefined) start.onStart(identityOf(pid));
    const stop = (reason: string): void => {
      if (stopped !== undefined || pid === undefined) return;
      stopped = reason;
      stopping = endGroup(pid);
    };
    const limit =
      start.timeoutSeconds > 0
        ? setTimeout(() => stop(`it ran longer than aynig.timeoutSeconds (${start.timeoutSeconds} s)`), start.timeoutSeconds * 1000)
        : undefined;
    const onAbort = (): void => stop(String(start.stop.reason));
    if (start.stop.aborted) onAbort();
    start.stop.addEventListener('abort', onAbort);
    const result = await child;
    clearTimeout(limit);
    start.stop.removeEventListener('abort', onAbort);
    await stopping;
    if (pid !== undefined) await endGroup(pid);
    return endOf(result, stopped, (note) => writeSync(log, note));
  } finally {
    closeSync(log);
  }
}

interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
}

function endOf(result: Ended, stopped: string | undefined, log: (note: string) => void): CommandEnd {
  const reason = stopped === undefined ? {} : { reason: stopped };
  if (result.signal !== undefined) return { signal: result.signal, ...reason };
  if (result.exitCode !== undefined) return { exitCode: result.exitCode, ...reason };
  const why = `the command could not be started (${result.code ?? result.originalMessage ?? 'unknown error'})`;
  log(`aynig: ${why}\n`);
  return { reason: why };
}

/**
 * Ends a process group: TERM, ten seconds, KILL. Returns when nothing of it is left: what is killed goes on for as long as the system
 * takes to end it, and may still finish a write. What even KILL does not end, for the device that it waits for, is given as long.
 */
export async function endGroup(pgid: number): Promise<void> {
  if (!signalGroup(pgid, 'SIGTERM') || (await hasEnded(pgid))) return;
  if (signalGroup(pgid, 'SIGKILL')) await hasEnded(pgid);
}

async function hasEnded(pgid: number): Promise<boolean> {
  for (const deadline = Date.now() + graceMs; Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!groupIsAlive(pgid)) return true;
  }
  return false;
}

/** False when no process of the group is left. */
function signalGroup(pgid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // EPERM: what is left belongs to another user (a set-user-id program), and cannot be ended by us.
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/**
 * Ends what a dead runner left running: the command's group if it is still the same process, and all that carry the run id, also what
 * one of them has started meanwhile. Returns when none is left.
 */
export async function endOrphans(runId: string, command: ProcessIdentity | undefined): Promise<void> {
  if (command !== undefined && presenceOf(command) === 'alive') await endGroup(command.pid);
  for (const deadline = Date.now() + graceMs; ; ) {
    const left = processesOfRun(runId).filter(killed);
    if (left.length === 0 || Date.now() > deadline) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Kills a process. False when it has gone meanwhile or is another user's, who alone may end it. */
function killed(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    if (['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
