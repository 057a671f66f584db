import type { Commit } from '../git/commit.js';
import type { Oid, RefName } from '../git/names.js';

/** What the fence asks of the repository that is pushed to. All answers are of the moment before the push. */
export interface Receiver {
  /** The server's clock, seconds since the epoch. */
  readonly now: number;
  /** How far another clock may be ahead, in seconds. */
  readonly skewSeconds: number;
  /** Commits that no ref here had before. */
  readonly fresh: ReadonlySet<Oid>;
  /** Those of them that speak to AYNIG at all, in no order. */
  speaking(): AsyncIterable<Commit>;
  /** A commit of the repository or of the push. */
  commit(name: Oid): Promise<Commit>;
  /** Whether the repository had the object, reachable or not. */
  had(name: Oid): Promise<boolean>;
  /** The value of a lease ref. */
  heartbeatRef(runId: string): Promise<Oid | undefined>;
  /** When a ref got this value, by the repository's own clock; undefined where it has kept no record. */
  receivedAt(ref: RefName, value: Oid): Promise<number | undefined>;
  isAncestor(ancestor: Oid, descendant: Oid): Promise<boolean>;
  /** Whether a commit of the branch names the run; how far back is looked is bounded. */
  wasUsed(runId: string, tip: Oid): Promise<boolean>;
  /** Whether the run's lease is the tip of a branch. */
  holdsBranch(runId: string): Promise<boolean>;
}

/** One broken rule, for the person who pushed. */
export interface Refusal {
  /** The commit that breaks it; undefined where a ref as a whole does. */
  readonly commit?: Commit;
  readonly ref?: RefName;
  readonly rule: string;
  readonly fix: string;
}
