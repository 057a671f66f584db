import type { Oid } from '../git/names.js';
import type { CommandEnd } from '../runner/journal.js';
import type { State } from './names.js';
import type { Tip } from './tip.js';

/** What a run left behind. */
export interface Outcome {
  readonly end: CommandEnd;
  readonly lease: Oid;
  /** HEAD of the run's worktree, read as a state event; undefined when there is none left. */
  readonly head: Tip | undefined;
  /** Whether that HEAD was made on top of the lease. */
  readonly descends: boolean;
}

export type Verdict =
  | { readonly kind: 'complete'; readonly next: State; readonly commit: Oid }
  /** `onTopOf`: what the `stalled` commit follows; the lease itself when the command's work does not continue from it. */
  | { readonly kind: 'failed'; readonly why: string; readonly onTopOf: Oid };

/**
 * Whether a run completed: the command ended with 0 and its last commit, made on top of the lease, names exactly one
 * next state that is not `working`. Only the command advances the state.
 */
export function judge({ end, lease, head, descends }: Outcome): Verdict {
  const onTopOf = head !== undefined && descends ? head.commit.oid : lease;
  const failed = (why: string): Verdict => ({ kind: 'failed', why, onTopOf });
  if (end.reason !== undefined) return failed(sentence(end.reason));
  if (end.signal !== undefined) return failed(`The command was ended by ${end.signal}.`);
  if (end.exitCode !== 0) return failed(`The command exited with ${end.exitCode}.`);
  if (head === undefined) return failed('The command removed its worktree and left no commit.');
  if (head.commit.oid === lease) return failed('The command exited with 0 but made no commit that names a next state.');
  if (!descends) return failed('The last commit of the command does not continue from its lease: history was rewritten.');
  switch (head.kind) {
    case 'request':
      return { kind: 'complete', next: head.state, commit: head.commit.oid };
    case 'plain':
      return failed('The last commit of the command names no next state.');
    case 'lease':
      return failed('The last commit of the command is still "working".');
    case 'invalid':
      return failed(`The last commit of the command is not valid: ${head.problems[0]?.rule ?? 'unknown'}.`);
  }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
