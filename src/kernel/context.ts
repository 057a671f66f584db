import type { Identity } from '../git/commit-tree.js';
import type { BranchName, Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import type { BranchTip } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Journals } from '../runner/journal.js';
import type { Places } from '../runner/places.js';
import type { Arbiter } from './arbiter.js';
import type { Problem } from './message.js';
import type { Settings } from './settings-schema.js';

/** Everything a tick works with. Made once per process. */
export interface Context {
  readonly repository: Repository;
  readonly objects: Objects;
  readonly journals: Journals;
  readonly places: Places;
  readonly settings: Settings;
  /**
   * Reads the settings once more, for whatever is started from now on: a runner can be at work for hours. `whereTouched`: only if the
   * repository's own file has changed since. Throws {@link Failure} bad-setting. Places and the role stay as they were.
   */
  readonly readSettingsAnew: (options?: { readonly whereTouched?: boolean }) => Promise<void>;
  /** Who decides a branch: the remote of that name, or this repository. Throws {@link Failure} no-such-remote. */
  readonly arbiterOf: (remote: string | undefined) => Arbiter;
  /** The identity of lease and stall commits. */
  readonly identity: Identity;
  /** What a person typed runs; what a hook fires runs only what was requested here. */
  readonly startedBy: 'person' | 'hook';
  readonly role?: string;
  /** Tips read while the context was being opened: for the first look, where nothing was swept before it. */
  readonly tips?: Promise<readonly BranchTip[]>;
  readonly logLevel: string;
  /** Environment that commands inherit. */
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted when the process must end; its reason is a sentence. */
  readonly stop: AbortSignal;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly report: (event: RunEvent) => void;
}

/** Called while git is at work: at the top of a file it would delay every start of the runner. */
export const loadCrypto = (): Promise<typeof import('node:crypto')> => import('node:crypto');

/** What happens while branches are run, for whoever shows it. */
export type RunEvent =
  | {
      readonly kind: 'started';
      readonly branch: BranchName;
      readonly state: string;
      readonly runId: string;
      readonly lease: Oid;
      readonly log: string;
    }
  | {
      readonly kind: 'advanced';
      readonly branch: BranchName;
      readonly state: string;
      readonly next: string;
      readonly commit: Oid;
      readonly title: string;
      readonly seconds: number;
    }
  | {
      readonly kind: 'stalled';
      readonly branch: BranchName;
      readonly state: string;
      readonly why: string;
      readonly commit: Oid;
      readonly log?: string;
    }
  | { readonly kind: 'undelivered'; readonly branch: BranchName; readonly runId: string; readonly why: string }
  | { readonly kind: 'delivered'; readonly branch: BranchName; readonly commit: Oid }
  | { readonly kind: 'lost-branch'; readonly branch: BranchName; readonly runId: string }
  | { readonly kind: 'not-there-yet'; readonly branch: BranchName; readonly state: string; readonly remote: string }
  | { readonly kind: 'kept'; readonly branch: BranchName; readonly ref: string; readonly what: string }
  | { readonly kind: 'worktree-left'; readonly branch: BranchName; readonly path: string; readonly why: string }
  | { readonly kind: 'announced'; readonly branch: BranchName; readonly state: string; readonly why: string; readonly next: string }
  | { readonly kind: 'trust-changed'; readonly branch: BranchName; readonly runId: string }
  | { readonly kind: 'no-heartbeats'; readonly remote: string; readonly why: string }
  | { readonly kind: 'busy'; readonly branch: BranchName; readonly operation: string }
  | { readonly kind: 'invalid'; readonly branch: BranchName; readonly problems: readonly Problem[] }
  | { readonly kind: 'tick-limit'; readonly branch: BranchName; readonly ticks: number }
  | { readonly kind: 'failed'; readonly branch?: BranchName; readonly code: string; readonly why: string; readonly hint: string };
