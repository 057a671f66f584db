import type { Oid, RefName } from '../git/names.js';
import type { Delivery } from '../runner/journal.js';

/** How a move of a branch ended. */
export type Move =
  | { readonly kind: 'moved' }
  /** Someone else moved the branch first: its tip now, or undefined when it is gone. */
  | { readonly kind: 'beaten'; readonly tip: Oid | undefined }
  /** The branch is still ours and has not moved: a checkout cannot take the new files, or a remote does not take the push. */
  | { readonly kind: 'refused'; readonly why: string; readonly lasting?: boolean }
  /** Nobody knows: a remote could not be reached afterwards. Nothing may be started on the strength of it. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Whether the holder of a lease could show that it is alive. */
export type Renewal =
  /** `at`: when the sign of life dates from, in milliseconds since the epoch, where it is older than the question. */
  | { readonly kind: 'confirmed'; readonly at?: number }
  /** Not now; the lease may still be ours. */
  | { readonly kind: 'unconfirmed'; readonly why: string }
  /** Somebody else has the branch: the command must end. */
  | { readonly kind: 'lost' };

/** One compare-and-swap of a branch: from the value that was read to a commit made on top of it. */
export interface Advance {
  readonly runId: string;
  readonly ref: RefName;
  readonly from: Oid;
  readonly to: Oid;
  readonly reason: string;
  /** The heartbeat of the run as it was read, for a takeover: one that moved since makes it fail. */
  readonly heartbeat?: Oid;
  /** Milliseconds since the epoch: a claim that was not pushed by then is too old to be one, since its lease counts from its date. */
  readonly notAfter?: number;
  /** Refs with work that is not in the branch, for a remote to keep too. */
  readonly keep?: readonly { readonly ref: RefName; readonly oid: Oid }[];
  /** Called before files of a person's checkout are touched, with what is needed to repair a crash in the middle. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

/**
 * The one ref store that decides a branch: this repository, or a remote. Everything the protocol does to a branch goes
 * through these moves, so a second arbiter is a second implementation and not a second protocol.
 */
export interface Arbiter {
  /** The branch's tip now; undefined when it does not exist. Throws {@link Failure} remote-unreachable. */
  tip(ref: RefName): Promise<Oid | undefined>;
  /** Whether a tip that was read from here contains a commit; fetches what is not here yet. */
  contains(ref: RefName, tip: Oid, commit: Oid): Promise<boolean>;
  /** What the branch was when this process last moved it under a lease of its own; undefined where that is nothing to go by. */
  held(runId: string): Oid | undefined;
  /** Puts a lease on the branch. The tree does not change. */
  claim(advance: Advance): Promise<Move>;
  /** Publishes what a run made, or that it stalled, and ends its lease. */
  publish(advance: Advance): Promise<Move>;
  /**
   * Takes back the sign of life of a run of ours whose branch somebody else has by now, and leaves there what it made, for
   * machines that outlive this one. Says nothing where that fails: what was made is kept here too.
   */
  abandon(runId: string, keep: NonNullable<Advance['keep']>): Promise<void>;
  /** Shows that the holder is alive. */
  renew(runId: string): Promise<Renewal>;
  /** Publishes a `working` commit of the command itself, where others wait for signs of life. */
  progress(advance: Advance): Promise<Renewal>;
}
