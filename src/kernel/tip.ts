import type { Commit } from '../git/commit.js';
import type { Oid } from '../git/names.js';
import { type Message, type Problem, parseMessage, trailerValue } from './message.js';
import { isRunId, readState, type State, working } from './names.js';

/** Who holds a branch, as its `working` commit says. */
export interface Lease {
  readonly commit: Oid;
  readonly runId: string;
  readonly runnerId: string;
  readonly originState: string;
  /** Undefined: the lease states no valid length and never expires. */
  readonly seconds?: number;
  readonly remote?: string;
  /** Committer date, seconds since the epoch. */
  readonly committedAt: number;
}

/** What a commit says when it is read as a state event. Only the tip of a branch is ever read for a decision. */
export type Tip =
  | { readonly kind: 'plain'; readonly commit: Commit; readonly message?: Message }
  | { readonly kind: 'request'; readonly commit: Commit; readonly message: Message; readonly state: State }
  | { readonly kind: 'lease'; readonly commit: Commit; readonly message: Message; readonly lease: Lease }
  | { readonly kind: 'invalid'; readonly commit: Commit; readonly problems: readonly Problem[] };

/** A tip that asks for a state. */
export type Request = Extract<Tip, { kind: 'request' }>;

/** Longest lease that a trailer may ask for: a day. Longer values are read as this. */
export const maxLeaseSeconds = 86_400;

/** Reads a commit as a state event. Total: every commit has a reading. */
export function readTip(commit: Commit): Tip {
  const parsed = parseMessage(commit.message);
  if (parsed.kind === 'invalid') return { kind: 'invalid', commit, problems: parsed.problems };
  const { message } = parsed;
  const stateText = trailerValue(message.trailers, 'aynig-state');
  if (stateText === undefined) return { kind: 'plain', commit, message };
  if (commit.encoding !== undefined && !/^utf-?8$/i.test(commit.encoding))
    return broken(commit, `the commit is encoded in ${commit.encoding}`, 'set i18n.commitEncoding to UTF-8 and commit again');
  const state = readState(stateText);
  if (state === undefined)
    return broken(commit, `"${stateText}" is not a state name`, 'use small letters, digits, ".", "_", "-", with "/" between segments');
  if (state !== working) return { kind: 'request', commit, message, state };
  const parent = trailerValue(message.trailers, 'aynig-parent');
  if (parent !== undefined && parent !== commit.parents[0])
    return broken(
      commit,
      'the lease is a copy (made by a rebase or cherry-pick) and holds nothing',
      'commit the request again with: aynig set-state <state>',
    );
  return { kind: 'lease', commit, message, lease: leaseOf(commit, message) };
}

function leaseOf(commit: Commit, message: Message): Lease {
  const value = (key: string): string | undefined => trailerValue(message.trailers, key);
  const runId = (value('aynig-run-id') ?? '').toLowerCase();
  const seconds = leaseSecondsOf(message);
  const remote = value('aynig-remote');
  return {
    commit: commit.oid,
    runId: isRunId(runId) ? runId : '',
    runnerId: value('aynig-runner-id') ?? '',
    originState: value('aynig-origin-state') ?? '',
    committedAt: commit.committedAt,
    ...(seconds === undefined ? {} : { seconds }),
    ...(remote === undefined ? {} : { remote }),
  };
}

/** `aynig-lease-seconds` as a whole number from 1 to {@link maxLeaseSeconds}; undefined when absent or not a number. */
export function leaseSecondsOf(message: Message): number | undefined {
  const text = trailerValue(message.trailers, 'aynig-lease-seconds');
  if (text === undefined || !/^[1-9][0-9]{0,15}$/.test(text)) return undefined;
  return Math.min(Number(text), maxLeaseSeconds);
}

const broken = (commit: Commit, rule: string, fix: string): Tip => ({ kind: 'invalid', commit, problems: [{ line: 0, rule, fix }] });
