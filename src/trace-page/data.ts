/** What the page of `aynig trace` is given. All texts are harmless for a terminal already; times are seconds since the epoch. */
export interface TraceData {
  readonly schema: 'aynig.trace/1';
  readonly repository: string;
  /** What was asked for, in words: "all branches", "main". */
  readonly scope: string;
  readonly version: string;
  readonly madeAt: number;
  readonly lanes: readonly TraceLane[];
  /** In the order of time, a commit never before the one it stands on. */
  readonly events: readonly TraceEvent[];
  readonly bars: readonly TraceBar[];
  readonly runs: readonly TraceRun[];
  readonly diffs: readonly TraceDiff[];
  /** What the page does not have, one sentence each. */
  readonly omitted: readonly string[];
}

/** A branch, or a line of history that was merged. */
export interface TraceLane {
  readonly name: string;
  /** What its tip means now, as `aynig status` says it; null for a line without a branch. */
  readonly reading: string | null;
  readonly detail: string | null;
}

export interface TraceEvent {
  readonly lane: number;
  readonly commit: string;
  readonly at: number;
  readonly kind: 'request' | 'lease' | 'renewal' | 'completion' | 'stall' | 'invalid';
  readonly severity: 'info' | 'warning' | 'error';
  readonly state: string | null;
  readonly previousState: string | null;
  readonly title: string;
  readonly body: string;
  readonly author: string;
  readonly runId: string | null;
  readonly runnerId: string | null;
  readonly originState: string | null;
  readonly attempt: number | null;
  readonly runSeconds: number | null;
  readonly correlationId: string | null;
  readonly parentRun: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly problems: readonly string[];
  readonly trailers: readonly { readonly key: string; readonly value: string }[];
  /** Index of the run that it begins, renews or ends. */
  readonly run: number | null;
  /** Written about a run by somebody who did not hold its lease. */
  readonly takeover: boolean;
  /** Of what ended a run, or of the lease of one that nothing ended. */
  readonly kept: readonly TraceKept[];
  /** Index of what changed since the event before it; null where nothing did. */
  readonly diff: number | null;
}

/** Work of a run that its branch does not have. */
export interface TraceKept {
  readonly ref: string;
  /** What the ref names in this clone; null where it has no such ref (any more). */
  readonly commit: string | null;
  readonly diff: number | null;
}

export interface TraceRun {
  readonly runId: string;
  readonly runnerId: string | null;
  readonly state: string;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly lease: number;
  readonly request: number | null;
  readonly end: number | null;
  readonly renewals: number;
  readonly waitedSeconds: number | null;
  readonly ranSeconds: number | null;
  /** Null: this clone has no log of it. */
  readonly log: TraceLog | null;
}

/** `lost`: nothing that names it ended it, or its lease has expired. */
export type Outcome = 'completed' | 'stalled' | 'running' | 'lost';

export interface TraceLog {
  readonly text: string;
  readonly bytes: number;
  /** Bytes that were left out at the beginning. */
  readonly cut: number;
}

export interface TraceDiff {
  readonly text: string;
  readonly files: number;
  readonly added: number;
  readonly removed: number;
  /** Why the text is not whole; null where it is. */
  readonly cut: string | null;
}

/** A stretch of time in which a branch was in one phase. */
export interface TraceBar {
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  /** It goes on: `to` is when the page was made. */
  readonly open: boolean;
  readonly phase: Phase;
  /** Index of the event that it began with. */
  readonly event: number;
  /** Times of renewals. */
  readonly ticks: readonly number[];
}

export const phases = ['queued', 'live', 'finished', 'broken', 'person', 'resting', 'stalled', 'invalid'] as const;
export type Phase = (typeof phases)[number];
