import { existsSync, statfsSync } from 'node:fs';
import { Failure } from '../failure.js';
import { GitError } from './gate.js';

/** Texts that git prints under LC_ALL=C, and what they mean. Only exact wordings are matched; nothing is guessed. */
const wordings: readonly [RegExp, (match: string, cause: GitError) => Failure][] = [
  [/No space left on device|Out of diskspace|Disk quota exceeded/, (_, cause) => diskFull(cause)],
  [/Read-only file system|Permission denied/, (_, cause) => readOnly(cause)],
  [/detected dubious ownership/, (_, cause) => dubiousOwnership(cause)],
  [/not a git repository/, (_, cause) => notARepository(cause)],
  [
    /(?:loose object|object file) [^\n]*|bad object [^\n]*|unable to read (?:tree|[0-9a-f]{40})[^\n]*|could not read [^\n]*object[^\n]*|Could not read [0-9a-f]{40,64}|missing (?:blob|tree|commit)[^\n]*|inflate: [^\n]*/,
    (match, cause) => corruptObject(match, cause),
  ],
];

/** Turns what git or the file system reported into a {@link Failure}, or undefined when it is none that has a name. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof GitError) {
    for (const [pattern, make] of wordings) {
      const match = pattern.exec(error.stderr);
      if (match !== null) return make(match[0], error);
    }
    if (couldNotWrite.test(error.stderr) && error.cwd !== undefined && isFull(error.cwd)) return diskFull(error);
    return new Failure('git-failed', error.message, {
      hint: 'Run it again with --log-level debug to see the whole git call.',
      cause: error,
    });
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(error);
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return readOnly(error);
  return undefined;
}

/** git says that a write failed, and often not why. */
const couldNotWrite = /(?:couldn't|could not|unable to|failed to) (?:write|create|reset)/i;
/** A write that failed, with less than this left on the disk, failed for want of room: git has removed its half-written file by then. */
const fullBytes = 256 * 1024;

function isFull(path: string): boolean {
  if (!existsSync(path)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize < fullBytes;
}

/** For a caller that cannot go on: a cause that has a name as a value, anything else thrown. */
export function failureOrThrow(error: unknown): Failure {
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  return failure;
}

const diskFull = (cause: unknown): Failure =>
  new Failure('disk-full', 'The disk or the quota is full; nothing was lost.', {
    hint: 'Free some space, then do the same again; aynig run goes on with what a run left.',
    cause,
  });

const readOnly = (cause: unknown): Failure =>
  new Failure('read-only', `The repository cannot be written to${pathIn(cause)}.`, {
    hint: 'Check the owner and the permissions of the .git directory, then try again.',
    cause,
  });

const pathIn = (cause: unknown): string => {
  const path = (cause as NodeJS.ErrnoException | undefined)?.path;
  return path === undefined ? '' : ` (${path})`;
};

export const corruptObject = (what: string, cause?: unknown): Failure =>
  new Failure('corrupt-object', `git cannot read an object: ${what}`, { hint: 'See what is damaged with: git fsck --full', cause });

export const notARepository = (cause?: unknown): Failure =>
  new Failure('not-a-repository', 'This directory is not inside a git repository.', {
    hint: 'Change into one, or make one with: git init',
    cause,
  });

const dubiousOwnership = (cause: GitError): Failure =>
  new Failure('dubious-ownership', 'git refuses this repository because another user owns it.', {
    hint: /git config --global --add safe\.directory [^\n]*/.exec(cause.stderr)?.[0] ?? 'See safe.directory in git-config(1).',
    cause,
  });
