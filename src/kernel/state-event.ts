import type { Commit } from '../git/commit.js';
import { isOid } from '../git/names.js';
import { type Message, type Problem, parseMessage, type Trailer, trailerValue } from './message.js';
import { type State, working } from './names.js';
import { type Lease, readTip } from './tip.js';

/** What a commit says, as far as whoever judges it has to know: the fence of a server, and the audit of a history. */
export type StateEvent =
  | { readonly kind: 'plain'; readonly commit: Commit; readonly runId: string | undefined }
  | { readonly kind: 'invalid'; readonly commit: Commit; readonly problem: Problem }
  /** Names a state that is not `working`. */
  | {
      readonly kind: 'state';
      readonly commit: Commit;
      readonly state: State;
      /** The run that it was made in. */
      readonly runId: string | undefined;
      readonly stalledRun: string | undefined;
      readonly cancelled: boolean;
      /** The run that asked from another branch. */
      readonly parentRun: string | undefined;
      readonly trailers: readonly Trailer[];
    }
  | {
      readonly kind: 'lease';
      readonly commit: Commit;
      readonly lease: Lease;
      /** What `aynig-parent` says. */
      readonly parent: string | undefined;
      /** A rebase or a cherry-pick has moved it: it stands on another commit than the one that it was made on. */
      readonly copied: boolean;
    };

/** Reads a commit with the parser that every tick uses; a copied lease is told apart from what cannot be read at all. */
export function readEvent(commit: Commit): StateEvent {
  const tip = readTip(commit);
  switch (tip.kind) {
    case 'plain':
      return { kind: 'plain', commit, runId: tip.message === undefined ? undefined : runIdOf(tip.message) };
    case 'request': {
      const { message, state } = tip;
      const stalledRun = trailerValue(message.trailers, 'aynig-stalled-run')?.toLowerCase();
      const cancelled = trailerValue(message.trailers, 'aynig-cancelled-by') !== undefined;
      return {
        kind: 'state',
        commit,
        state,
        runId: runIdOf(message),
        stalledRun,
        cancelled,
        parentRun: trailerValue(message.trailers, 'aynig-parent-run'),
        trailers: message.trailers,
      };
    }
    case 'lease':
      return { kind: 'lease', commit, lease: tip.lease, parent: trailerValue(tip.message.trailers, 'aynig-parent'), copied: false };
    case 'invalid':
      return copyOf(commit) ?? { kind: 'invalid', commit, problem: tip.problems[0] ?? { line: 0, rule: 'it cannot be read', fix: '' } };
  }
}

const runIdOf = ({ trailers }: Message): string | undefined => trailerValue(trailers, 'aynig-run-id')?.toLowerCase();

function copyOf(commit: Commit): StateEvent | undefined {
  const parsed = parseMessage(commit.message);
  if (parsed.kind === 'invalid' || trailerValue(parsed.message.trailers, 'aynig-state')?.toLowerCase() !== working) return undefined;
  const parent = trailerValue(parsed.message.trailers, 'aynig-parent');
  if (parent === undefined || !isOid(parent) || parent === commit.parents[0]) return undefined;
  const tip = readTip({ ...commit, parents: [parent] });
  return tip.kind === 'lease' ? { kind: 'lease', commit, lease: tip.lease, parent, copied: true } : undefined;
}
