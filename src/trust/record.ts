import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../failure.js';
import { writeDurably } from '../runner/durable-file.js';
import { waitForLock } from '../runner/lock.js';
import { type Content, sameContent } from './content.js';

/** One set of commands that hooks may run. */
export interface Allowed extends Content {
  /** Seconds since the epoch. */
  readonly at: number;
  /** `allow`: a person looked and said so; `commit`: a person's own commit made it; `init`: found so when the hooks were installed. */
  readonly by: 'allow' | 'commit' | 'init';
  /** The commit that was looked at. */
  readonly commit: string;
}

/** Commands that a run has changed: not even the trusted ref vouches for them, until a person has looked. */
export interface Distrusted extends Content {
  readonly at: number;
  readonly runId: string;
}

export interface TrustedRemote {
  readonly name: string;
  /** Where it was then: one that was moved is another one. */
  readonly url: string;
  readonly at: number;
}

/** What a person has allowed in one repository. */
export interface TrustRecord {
  readonly version: 1;
  /** Real path of the common git directory. */
  readonly repository: string;
  /** Its inode and when that was made: a repository that was put into its place is another one. */
  readonly inode: string;
  /** Newest last. */
  readonly allowed: readonly Allowed[];
  readonly distrusted: readonly Distrusted[];
  readonly remotes: readonly TrustedRemote[];
}

/** A record as it is read; `broken` is the path of one that cannot be understood. */
export type ReadRecord = TrustRecord & { readonly broken?: string };

/** More than these are forgotten, oldest first; a person is then asked again. */
const mostAllowed = 200;
const lockMs = 10_000;

/**
 * Where the record of a repository is kept: outside of it, so that no copy, archive or clone brings its own
 * (`$XDG_STATE_HOME/aynig/trust/`, basedir specification; default `~/.local/state`). Linked worktrees share it.
 */
export async function recordPath(commonDir: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const state = environment['XDG_STATE_HOME'];
  const home = environment['HOME'] ?? '';
  const base = state !== undefined && isAbsolute(state) ? state : join(isAbsolute(home) ? home : userInfo().homedir, '.local/state');
  return join(base, 'aynig', 'trust', `${await sha256(realpathSync(commonDir))}.json`);
}

/** Loaded when it is needed: at the top of a file it would delay every start of the runner. */
async function sha256(bytes: string | Buffer): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Reads the record; an empty one where nothing was allowed, where the repository is another than the one it was written
 * for, and `broken` where the file cannot be read or understood: then nothing is allowed.
 */
export async function readRecord(commonDir: string, environment: NodeJS.ProcessEnv): Promise<ReadRecord> {
  const path = await recordPath(commonDir, environment);
  const repository = realpathSync(commonDir);
  const { ino, birthtimeMs } = statSync(commonDir);
  const inode = `${ino} ${birthtimeMs}`;
  const empty: TrustRecord = { version: 1, repository, inode, allowed: [], distrusted: [], remotes: [] };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // Whatever keeps it from being read, what is in it is not known: nothing is allowed.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? empty : { ...empty, broken: path };
  }
  const parsed = parseRecord(text);
  if (parsed === undefined) return { ...empty, broken: path };
  return parsed.repository === repository && parsed.inode === inode ? parsed : empty;
}

/** What each list holds: the fields that decide, all of them text. */
const shape = {
  allowed: ['command', 'roles', 'commit', 'by'],
  distrusted: ['command', 'roles', 'runId'],
  remotes: ['name', 'url'],
} as const;

function parseRecord(text: string): TrustRecord | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const fits = Object.entries(shape).every(([list, fields]) => {
      const entries = value[list];
      return (
        Array.isArray(entries) &&
        entries.every((entry: Record<string, unknown> | null) => fields.every((field) => typeof entry?.[field] === 'string'))
      );
    });
    return value['version'] === 1 && fits ? (value as unknown as TrustRecord) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Changes the record under a lock, so that two commits in two worktrees both count. A file that cannot be understood is
 * put aside and not overwritten. Throws {@link Failure} when the place cannot be written.
 */
export async function changeRecord(
  commonDir: string,
  environment: NodeJS.ProcessEnv,
  change: (record: TrustRecord) => TrustRecord,
): Promise<TrustRecord> {
  const path = await recordPath(commonDir, environment);
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    const lock = await waitForLock(`${path}.lock`, lockMs);
    try {
      const { broken, ...record } = await readRecord(commonDir, environment);
      if (broken !== undefined && existsSync(broken)) renameSync(broken, `${broken}.broken-${Date.now()}`);
      const changed = change(record);
      const next = { ...changed, allowed: changed.allowed.slice(-mostAllowed), distrusted: changed.distrusted.slice(-mostAllowed) };
      writeDurably(path, `${JSON.stringify(next, undefined, 2)}\n`);
      return next;
    } finally {
      lock.release();
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('trust-record', `The record of what you allowed could not be written: ${(error as Error).message}`, {
      hint: `Make ${join(path, '..')} writable, or set XDG_STATE_HOME; until then hooks start nothing new.`,
      cause: error,
    });
  }
}

export const isAllowed = (record: TrustRecord, content: Content): boolean => record.allowed.some((one) => sameContent(one, content));
export const isDistrusted = (record: TrustRecord, content: Content): boolean => record.distrusted.some((one) => sameContent(one, content));

/** The record with a content allowed; what was distrusted before is so no longer: a person has looked. */
export const withAllowed = (record: TrustRecord, allowed: Allowed): TrustRecord => ({
  ...record,
  allowed: [...record.allowed.filter((one) => !sameContent(one, allowed)), allowed],
  distrusted: record.distrusted.filter((one) => !sameContent(one, allowed)),
});

/** What a record lets hooks do, at one moment. */
export interface Standing {
  /** All that a person has said, as one word. */
  readonly said: string;
  /** What runs have changed, each as one word. */
  readonly distrusted: readonly string[];
}

/** For {@link wasTamperedWith}. Never throws: a command may have made the record unreadable. */
export async function standingOf(commonDir: string, environment: NodeJS.ProcessEnv): Promise<Standing> {
  try {
    const { broken, allowed, remotes, distrusted } = await readRecord(commonDir, environment);
    return { said: JSON.stringify([broken !== undefined, allowed, remotes]), distrusted: distrusted.map((one) => JSON.stringify(one)) };
  } catch (error) {
    return { said: `none: ${(error as NodeJS.ErrnoException).code}`, distrusted: [] };
  }
}

/**
 * Whether somebody else than a runner changed the record in between. Runners only add to what is distrusted, as another run may
 * have ended meanwhile; the oldest of it is forgotten in time.
 */
export const wasTamperedWith = (before: Standing, after: Standing): boolean =>
  before.said !== after.said || (after.distrusted.length < mostAllowed && before.distrusted.some((one) => !after.distrusted.includes(one)));
