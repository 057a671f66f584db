import { randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type SimpleGitProgressEvent, simpleGit } from 'simple-git';
import { type Environment, gitEnvironment } from '../git/environment.js';
import { remoteComplaint } from '../git/remote.js';
import { processesMarked } from '../runner/process-identity.js';
import { endAll } from './end-all.js';
import type { TransferLimits } from './limits.js';

/** How far git is with what it does now. A short transfer tells little: simple-git reads one line of what comes at once. */
export interface Progress {
  /** `preparing` is the server's part. */
  readonly stage: 'preparing' | 'receiving' | 'resolving';
  readonly percent: number;
}

const stages: Readonly<Record<string, Progress['stage']>> = {
  'remote:': 'preparing',
  receiving: 'receiving',
  // A small pack is not kept as one.
  unpacking: 'receiving',
  resolving: 'resolving',
};
/** Hands on what git says of a stage that has a name here: where a line of it comes in two halves, simple-git takes some other word for it. */
const toldTo =
  (listener: (progress: Progress) => void) =>
  ({ stage, progress }: SimpleGitProgressEvent): void => {
    const known = stages[stage];
    if (known !== undefined) listener({ stage: known, percent: progress });
  };

/** A call of git that talks to somebody else's server. */
export interface Transfer {
  /** An empty bare repository of its own. */
  readonly cwd: string;
  readonly inherited: NodeJS.ProcessEnv;
  /** Whether a person is there who can be asked for a password. */
  readonly terminal: boolean;
  /** In place of plain `ssh`. */
  readonly sshCommand: string | undefined;
  readonly limits: TransferLimits;
  readonly signal: AbortSignal;
  readonly progress?: ((progress: Progress) => void) | undefined;
}

/** A transfer that came to nothing. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  /** `refused`: by git's own check of what came. `limit`: by one of ours. `failed`: anything else that git says. */
  readonly why: 'refused' | 'limit' | 'failed';
  constructor(why: 'refused' | 'limit' | 'failed', message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.why = why;
  }
}

/** Transports that a pack may come by, as git's GIT_ALLOW_PROTOCOL has them. */
const transports = ['file', 'git', 'https', 'ssh'];

/**
 * What git may do and what it must not, whatever the configuration of the person says. Credential helpers, proxies, `insteadOf`
 * and the ssh command stay theirs.
 */
const settings = [
  'protocol.allow=never',
  ...transports.map((name) => `protocol.${name}.allow=always`),
  'core.hooksPath=/dev/null',
  // git >= 2.54 runs hooks named in the configuration whatever core.hooksPath says.
  'hook.reference-transaction.enabled=false',
  'core.fsmonitor=false',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'transfer.fsckObjects=true',
  'fetch.fsckObjects=true',
  // Always a pack file: its size is what is watched.
  'fetch.unpackLimit=1',
  'transfer.unpackLimit=1',
  'fetch.writeCommitGraph=false',
  'fetch.recurseSubmodules=false',
  'submodule.recurse=false',
  // What is larger is checked while it flows, and not held in memory.
  'core.bigFileThreshold=2m',
  'gc.auto=0',
  'maintenance.auto=false',
];

/** simple-git refuses these unless told: the first three only ever forbid here, the others are the person's own environment. */
const unsafe = {
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeSshCommand: true,
  allowUnsafeAskPass: true,
  allowUnsafeGitProxy: true,
  allowUnsafeExec: true,
};

const maxOutputBytes = 16 * 1024 * 1024;
const keptStderrBytes = 64 * 1024;
const watchMs = 250;
const graceMs = 2_000;
const marker = 'AYNIG_TRANSFER';

/**
 * Runs `git fetch` or `git ls-remote` through simple-git and answers what it printed. Throws {@link TransferError}, or the
 * signal's reason when that ended it. No process is left behind on Linux; elsewhere the helpers of git end with their connection.
 */
export async function transfer(args: readonly string[], options: Transfer): Promise<string> {
  const { cwd, signal, progress } = options;
  signal.throwIfAborted();
  const id = randomUUID();
  const abort = new AbortController();
  let reason: unknown;
  const end = (why: unknown): void => {
    reason ??= why;
    abort.abort();
  };
  const stopped = (): void => end(signal.reason);
  signal.addEventListener('abort', stopped);
  const watched = watch(options, (message) => end(new TransferError('limit', message)));
  const env = { ...environmentFor(options), [marker]: id };
  const git = simpleGit({
    baseDir: cwd,
    abort: abort.signal,
    config: settings,
    unsafe,
    allowEnvironment: Object.keys(env),
    ...(progress === undefined ? {} : { progress: toldTo(progress) }),
  });
  const running = git
    .env(env)
    .outputHandler(watched.listen)
    .raw([...args]);
  try {
    const printed = await Promise.race([running, endOf(abort.signal)]);
    watched.weigh();
    return printed;
  } catch (error) {
    if (error instanceof TransferError) throw error;
    if (!abort.signal.aborted) throw explained(watched.stderr() || (error as Error).message, error);
    // simple-git interrupts git alone; what carries the transfer would stay.
    await endAll(() => processesMarked(marker, id), graceMs);
    await Promise.race([running.catch(() => undefined), pause(graceMs)]);
    throw reason;
  } finally {
    watched.stop();
    signal.removeEventListener('abort', stopped);
  }
}

const pause = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));
const endOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** The limits of one transfer: `listen` gets its output, `stop` ends the watch. */
function watch({ cwd, limits, terminal }: Transfer, limit: (message: string) => void) {
  const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} seconds`;
  const whole = setTimeout(() => limit(`it took longer than ${seconds(limits.timeMs)}`), limits.timeMs);
  const silent = (): void => limit(`nothing was heard for ${seconds(limits.idleMs)}`);
  // A person who looks for a password is not a server that hangs.
  let idle = terminal ? undefined : setTimeout(silent, limits.idleMs);
  const tooLarge = `the repository is larger than ${Math.ceil(limits.diskBytes / 1024 / 1024)} MiB`;
  const isTooLarge = (): boolean => sizeOf(cwd) > limits.diskBytes;
  const disk = setInterval(() => {
    if (isTooLarge()) limit(tooLarge);
  }, watchMs);
  let printed = 0;
  let said = '';
  const heard = (): void => {
    clearTimeout(idle);
    idle = setTimeout(silent, limits.idleMs);
  };
  return {
    listen(_command: string, stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
      stdout.on('data', (chunk: Buffer) => {
        heard();
        printed += chunk.length;
        if (printed > maxOutputBytes) limit(`the server lists more than ${maxOutputBytes / 1024 / 1024} MiB of branches and tags`);
      });
      stderr.on('data', (chunk: Buffer) => {
        heard();
        said = (said + chunk.toString('utf8')).slice(-keptStderrBytes);
      });
    },
    stderr: () => said,
    /** For a transfer that was too quick to be watched. */
    weigh() {
      if (isTooLarge()) throw new TransferError('limit', tooLarge);
    },
    stop() {
      clearTimeout(whole);
      clearTimeout(idle);
      clearInterval(disk);
    },
  };
}

function sizeOf(repository: string): number {
  const folder = join(repository, 'objects/pack');
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Of no use to a transfer, and simple-git stumbles over them. */
const useless = /^(?:editor|visual|pager|prefix|git_editor|git_template_dir|git_committer_(?:name|email))$/i;

function environmentFor({ inherited, terminal, sshCommand }: Transfer): Environment {
  const own = Object.entries(gitEnvironment(inherited)).filter(([name]) => !useless.test(name));
  return {
    ...Object.fromEntries(own),
    // Stronger than every protocol setting: `protocol.ext.allow` of a person would outdo `protocol.allow`.
    GIT_ALLOW_PROTOCOL: allowed(inherited['GIT_ALLOW_PROTOCOL']),
    GIT_NO_LAZY_FETCH: '1',
    GIT_TERMINAL_PROMPT: terminal ? '1' : '0',
    ...(sshCommand === undefined ? {} : { GIT_SSH_COMMAND: sshCommand }),
  };
}

/** What a person has narrowed stays narrow. */
const allowed = (theirs: string | undefined): string =>
  transports.filter((name) => theirs === undefined || theirs.split(':').includes(name)).join(':') || 'none';

/** Lines of git's progress meter, which say nothing about a failure. */
const meter = /^(?:remote: )?(?:Enumerating|Counting|Compressing|Receiving|Resolving|Checking|Total|Unpacking|Updating)\b.*/;
/** git's own check of what came, by its numbers and names (git-fsck(1), "FSCK MESSAGES"). */
const check =
  /^(?:error|warning|fatal): (?:fsck error in pack(?:ed)? objects?|(?:object|in tree|unable to)? ?[0-9a-f]{40,64}: (\w+): (.*))$/;

/** Trees that git cannot even read (git's tree-walk.c). */
const unreadable = /(?:empty filename|malformed mode) in tree entry|too-short tree (?:object|file)/;

/** What went wrong, in git's words but without progress and without anybody's secrets. */
function explained(stderr: string, cause: unknown): TransferError {
  const lines = stderr.split(/[\r\n]+/).filter((line) => !meter.test(line));
  const found = lines.map((line) => check.exec(line)).find((match) => match?.[1] !== undefined);
  if (found) return new TransferError('refused', `git's own check says ${found[1]}: ${found[2]}`, cause);
  // Both ends say something of such a tree, in any order.
  const tree = lines.map((line) => unreadable.exec(line)?.[0]).find((match) => match !== undefined);
  if (tree !== undefined) return new TransferError('refused', `git cannot read one of its folders: ${tree}`, cause);
  const complaint = remoteComplaint(lines.join('\n')).replace(/:\/\/[^/@\s]*@/g, '://');
  return new TransferError(lines.some((line) => check.test(line)) ? 'refused' : 'failed', complaint, cause);
}
