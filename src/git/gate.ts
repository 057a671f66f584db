import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Failure } from '../failure.js';
import { type Environment, gitEnvironment, gitSettings } from './environment.js';

/** A git call that ended in a way its caller did not name. Keeps what is needed to say why. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly args: readonly string[];
  readonly exitCode: number | undefined;
  readonly stderr: string;
  /** Where git was working. */
  readonly cwd: string | undefined;
  constructor(args: readonly string[], exitCode: number | undefined, stderr: string, cwd?: string) {
    super(`git ${verbOf(args)} failed${exitCode === undefined ? '' : ` with exit code ${exitCode}`}: ${complaint(stderr)}`);
    this.cwd = cwd;
    this.args = args;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** What git complains of: its first line that says so, else its last. */
export function complaint(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return (lines.find((line) => /^(?:fatal|error): /.test(line)) ?? lines.at(-1))?.trim() || 'no message';
}

const verbOf = (args: readonly string[]): string => args.find((arg, index) => !arg.startsWith('-') && args[index - 1] !== '-c') ?? '';

export interface GitOptions {
  /** Fed to standard input; without it the input is empty. */
  readonly input?: string | Uint8Array;
  /** Exit codes that are an answer and not a failure. Default: 0 only. */
  readonly ok?: readonly number[];
  /** Default 60 seconds. */
  readonly timeoutMs?: number;
  /** Ends git when it is aborted; the call then fails with the reason of that. */
  readonly stop?: AbortSignal;
  readonly env?: Environment;
  /** Directory to work in, instead of the repository's. */
  readonly cwd?: string;
  /** Whether this call reaches a remote, whose address may be relative: to the root of the working tree, as git has it. */
  readonly network?: boolean;
  /** Whether this call may run hooks and read the user's own git variables: only for commits that a person asks for. */
  readonly asUser?: boolean;
}

export interface GitResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Where git was working. */
  readonly cwd: string;
}

/** Runs git and answers what it printed. Throws {@link GitError} for an exit code that `ok` does not list, {@link Failure} for a missing git or a time-out. */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<GitResult>;

export interface GitPlace {
  readonly cwd: string;
  /** Absolute; given where a call means the repository and not the worktree it stands in. */
  readonly gitDir?: string;
  /** Root of the main working tree, where addresses of remotes count from. */
  readonly root?: string;
  readonly ceiling?: string;
}

const defaultTimeoutMs = 60_000;
/** How long a git that was asked to stop may take to remove its lock files. */
const graceMs = 5_000;

/**
 * The one gate to git. It is `child_process` and not a library: loading execa costs 14 ms and simple-git waits 50 ms
 * on silent commands, both of which would be most of the time between a commit and its command.
 */
export function openGit(place: GitPlace, inherited: NodeJS.ProcessEnv = process.env): Git {
  const clean = gitEnvironment(inherited, place.ceiling);
  const where = place.gitDir === undefined ? [] : [`--git-dir=${place.gitDir}`];
  return (args, options = {}) => {
    const fromRoot = options.network === true && place.root !== undefined && existsSync(place.root);
    const cwd = options.cwd ?? (fromRoot ? place.root : place.cwd);
    const asUser = options.asUser === true;
    const child = spawn('git', asUser ? [...args] : [...where, ...gitSettings, ...args], {
      cwd,
      env: { ...(asUser ? inherited : clean), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A session of its own: Ctrl-C ends the command of a run, not the git call that is about to save its work.
      detached: !asUser,
      windowsHide: true,
    });
    return new Promise((resolve, reject) => {
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      let kill: NodeJS.Timeout | undefined;
      let timedOut = false;
      // The whole group: the program that carries a push or a fetch may be what hangs.
      const signal = (name: NodeJS.Signals): void => void (asUser ? child.kill(name) : signalGroup(child, name));
      const end = (): void => {
        signal('SIGTERM');
        kill ??= setTimeout(() => signal('SIGKILL'), graceMs);
      };
      const limit = setTimeout(() => {
        timedOut = true;
        end();
      }, options.timeoutMs ?? defaultTimeoutMs);
      const over = (): void => {
        clearTimeout(limit);
        clearTimeout(kill);
        options.stop?.removeEventListener('abort', end);
      };
      if (options.stop?.aborted) end();
      options.stop?.addEventListener('abort', end);
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      // git may end before it has read all input (EPIPE); its exit code tells the story.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
      child.on('error', (error: NodeJS.ErrnoException) => {
        over();
        reject(error.code === 'ENOENT' && existsSync(cwd) ? gitMissing(error) : error);
      });
      child.on('close', (code, endedBy) => {
        over();
        const errorText = Buffer.concat(stderr).toString('utf8');
        if (options.stop?.aborted) reject(options.stop.reason);
        else if (timedOut) reject(gitTimeout(args));
        else if (code === null) reject(new GitError(args, undefined, `${errorText}\nended by ${endedBy}`, cwd));
        else if ((options.ok ?? [0]).includes(code)) resolve({ exitCode: code, stdout: Buffer.concat(stdout), stderr: errorText, cwd });
        else reject(new GitError(args, code, errorText, cwd));
      });
    });
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export const gitMissing = (cause?: unknown): Failure =>
  new Failure('git-missing', 'The git program was not found on PATH.', {
    hint: 'Install git 2.31 or newer and make sure it is on PATH.',
    cause,
  });

export const gitTimeout = (args: readonly string[]): Failure =>
  new Failure('git-timeout', `git ${args[0]} did not end within its time limit.`, {
    hint: 'Look for a process that holds the repository: aynig status; then try again.',
  });

/** One line of text without its newline. */
export const lineOf = (result: GitResult): string => result.stdout.toString('utf8').replace(/\n$/, '');
