import type { Oid, RefName } from '../git/names.js';
import type { Delivery } from '../runner/journal.js';

/** How a move of a branch ended. */
export type Move =
  | { readonly kind: 'moved' }
  /** Someone else moved the branch first: its tip now, or undefined when it is gone. */
  | { readonly kind: 'beaten'; readonly tip: Oid | undefined }
  /** The branch is still ours and has not moved: a checkout cannot take the new files. */
  | { readonly kind: 'refused'; readonly why: string };

/** One compare-and-swap of a branch: from the value that was read to a commit made on top of it. */
export interface Advance {
  readonly runId: string;
  readonly ref: RefName;
  readonly from: Oid;
  readonly to: Oid;
  readonly reason: string;
  /** Called before files of a person's checkout are touched, with what is needed to repair a crash in the middle. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

/**
 * The one ref store that decides a branch: this repository, or a remote. Everything the protocol does to a branch goes
 * through these moves, so a second arbiter is a second implementation and not a second protocol.
 */
export interface Arbiter {
  /** The branch's tip now; undefined when it does not exist. */
  tip(ref: RefName): Promise<Oid | undefined>;
  /** Puts a lease on the branch. The tree does not change. */
  claim(advance: Advance): Promise<Move>;
  /** Publishes what a run made, or that it stalled. */
  publish(advance: Advance): Promise<Move>;
  /** Shows that the holder is alive. False: the lease can no longer be confirmed, and the command must end. */
  renew(runId: string): Promise<boolean>;
}
