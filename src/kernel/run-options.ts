import type { Failure } from '../failure.js';
import type { BranchName, RefName } from '../git/names.js';
import type { TickOutcome } from './outcome.js';

export interface RunOptions {
  /** Which branches may be acted on. */
  readonly select: (branch: BranchName) => boolean;
  /** Only these branches; a function is asked at each look. */
  readonly refs?: readonly RefName[] | (() => readonly RefName[]);
  /** The remote whose branches are meant, instead of this repository's. */
  readonly remote?: string;
  /** Answers once with true after each wish to look again; asked several times a second while commands run. */
  readonly lookAgain?: () => boolean;
  /** How long to wait for a git operation of the user's (a cherry-pick, say) to end before leaving its branch alone. */
  readonly busyWaitMs?: number;
}

/** What became of each branch that was acted on, in the order in which they ended. */
export interface RunSummary {
  readonly branches: readonly {
    readonly branch: BranchName;
    readonly ref: RefName;
    readonly remote?: string;
    readonly outcomes: readonly TickOutcome[];
    readonly failure?: Failure;
  }[];
  /** Branches that had something to do and were not selected. */
  readonly skipped: ReadonlyMap<BranchName, 'ready' | 'expired' | 'undelivered'>;
  /** Why a remote could not be looked at, where the run was for its branches. */
  readonly failure?: Failure;
}
