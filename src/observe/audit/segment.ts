import { type Oid, shortOid } from '../../git/names.js';
import { leaseFault } from '../../kernel/lease-fault.js';
import { trailerValue } from '../../kernel/message.js';
import { readState, stalled } from '../../kernel/names.js';
import type { StateEvent } from '../../kernel/state-event.js';
import type { AuditId } from './finding.js';

export type LeaseEvent = Extract<StateEvent, { kind: 'lease' }>;
export type NamedState = Extract<StateEvent, { kind: 'state' }>;

/** A commit of a segment that speaks. */
export interface Spoken {
  readonly event: Exclude<StateEvent, { kind: 'plain' | 'lease' }>;
  /** False: it is known only for what stands on it. */
  readonly judged: boolean;
  /** The commit below it says nothing. */
  onPlain: boolean;
}

/** What stands on a lease, up to the next one or to the tip, newest first. */
export interface Segment {
  readonly spoken: Spoken[];
  /** The newest commit says nothing. */
  plainOnTop: boolean;
  /** What is newer was judged without it. */
  readonly cut: boolean;
}

/** What stands below a segment: its lease, nothing at all, or what nobody has looked at. */
export type Base = LeaseEvent | 'root' | 'unknown';

/** How a segment leaves the branch to what stands on it. */
export interface Below {
  /** Id of the run of the last lease; undefined where there was none. */
  readonly run: string | undefined;
  /** `held`: the lease is in force. `ended`: a state followed it. `over`: its run stalled, was cancelled or taken over. */
  readonly phase: 'none' | 'unknown' | 'held' | 'ended' | 'over';
  /** The commit directly below what follows; undefined where it says nothing, or is not known. */
  readonly on: StateEvent | undefined;
  /** That commit was made by the run, as far as can be told. */
  readonly ofRun: boolean;
}

/** Something that is wrong with a commit, before it has a branch. */
export interface Fault {
  readonly id: AuditId;
  readonly commit: Oid;
  readonly sentence: string;
  readonly runId?: string | undefined;
}

/** What a segment comes to. */
export interface Verdict {
  readonly faults: readonly Fault[];
  readonly below: Below;
  /** Results that do not name the run that made them. */
  readonly unattributed: number;
}

export interface Rules {
  readonly skewSeconds: number;
}

const short = (runId: string): string => (runId === '' ? 'without an id' : runId.slice(0, 8));

/**
 * Judges what stands on a lease, oldest first. Whatever is below the lease, with it the branch is held by its run: so a segment
 * can be judged by itself.
 */
export function judgeSegment({ spoken, plainOnTop }: Segment, base: Base, rules: Rules): Verdict {
  const faults: Fault[] = [];
  let unattributed = 0;
  const run = typeof base === 'string' ? undefined : base.lease.runId;
  let phase: Below['phase'] = base === 'root' ? 'none' : base === 'unknown' ? 'unknown' : 'held';
  let ofRun = phase === 'held';
  let oldest = true;
  for (const { event, judged, onPlain } of spoken.toReversed()) {
    const say = (id: AuditId, sentence: string, runId = run): void => {
      if (judged) faults.push({ id, commit: event.commit.oid, sentence, runId });
    };
    const onLease = oldest && !onPlain;
    oldest = false;
    if (event.kind === 'invalid') {
      say(...invalidity(event), '');
      ofRun = false;
      continue;
    }
    const { runId, stalledRun } = event;
    if (!isStall(event)) {
      ofRun = run !== undefined && phase !== 'over' && (runId === run || (runId === undefined && phase === 'held'));
      if (phase === 'held' && runId !== undefined && runId !== run)
        say('not-by-holder', `run ${short(runId)} made it, and run ${short(run ?? '')} held the branch`, runId);
      if (phase === 'held' && runId === undefined && judged) unattributed++;
      if (phase === 'over' && runId !== undefined && runId === run)
        say('run-went-on', `run ${short(runId)} made it, and had lost the branch`);
      if (phase === 'held') phase = 'ended';
      const attempts = attemptsOf(event);
      if (attempts !== undefined) say('attempts-exceeded', attempts, '');
      continue;
    }
    ofRun = false;
    if (phase === 'unknown') continue;
    if (run === undefined || stalledRun !== (run || 'unknown')) {
      const held = run === undefined ? 'no run has held the branch' : `the lease below is of run ${short(run)}`;
      say('stall-of-another-run', `it says that run ${short(stalledRun ?? '')} stalled, and ${held}`, stalledRun);
    } else if (runId === run && run !== '') {
      if (phase === 'over') say('run-went-on', `run ${short(run)} made it, and had lost the branch`);
    } else if (runId !== undefined) say('not-by-holder', `run ${short(runId)} made it, and run ${short(run)} held the branch`, runId);
    else if (phase !== 'held' || !onLease || typeof base === 'string')
      say('takeover-malformed', `it ends run ${short(run)} in the name of somebody else, and does not stand on its lease`);
    else {
      const early = earliness(event, base, rules);
      if (early !== undefined) say(...early);
    }
    phase = 'over';
  }
  const newest = spoken[0]?.event ?? (typeof base === 'string' ? undefined : base);
  return { faults, unattributed, below: { run, phase, on: plainOnTop ? undefined : newest, ofRun: !plainOnTop && ofRun } };
}

/** What a runner writes of a run that ended without a state. A merge that carries its trailers has landed what it had made. */
export const isStall = ({ state, stalledRun, commit }: NamedState): boolean =>
  state === stalled && stalledRun !== undefined && commit.parents.length < 2;

function invalidity({ problem }: Extract<StateEvent, { kind: 'invalid' }>): [AuditId, string] {
  const where = problem.line > 0 ? `line ${problem.line}: ` : '';
  return problem.rule.startsWith('aynig-state stands more than once')
    ? ['two-states', `${where}${problem.rule}`]
    : ['message-invalid', `${where}${problem.rule}`];
}

/** How much too early a lease was taken over, by the dates of the two commits; heartbeats, which would only make it later, are not in history. */
function earliness(
  { commit, cancelled }: NamedState,
  { lease, copied }: LeaseEvent,
  { skewSeconds }: Rules,
): [AuditId, string] | undefined {
  // A rebase gives new dates to all that it copies.
  if (cancelled || copied) return undefined;
  // One that is ahead of the clock of whoever takes over counts from when it was first seen, which nobody else knows.
  if (lease.committedAt > commit.committedAt + skewSeconds) return undefined;
  if (lease.seconds === undefined) return ['takeover-early', 'the lease that it takes over has no end'];
  const left = lease.committedAt + lease.seconds - commit.committedAt;
  if (left >= 0) return ['takeover-early', `the lease of run ${short(lease.runId)} had ${left} s left`];
  if (left + skewSeconds >= 0)
    return [
      'takeover-within-skew',
      `the lease of run ${short(lease.runId)} had ended ${-left} s before, and clocks may differ by ${skewSeconds} s`,
    ];
  return undefined;
}

const number = (text: string | undefined): number | undefined => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined);

function attemptsOf({ trailers }: NamedState): string | undefined {
  const [attempt, most] = [number(trailerValue(trailers, 'aynig-attempt')), number(trailerValue(trailers, 'aynig-max-attempts'))];
  return attempt !== undefined && most !== undefined && attempt > most ? `it is attempt ${attempt} of at most ${most}` : undefined;
}

/** How a lease stands to what is below it. */
export type Standing = { readonly kind: 'renewal' | 'claim' | 'unknown' } | { readonly kind: 'fault'; readonly fault: Fault };

/** Whether a lease is a claim of a request, or a renewal by the run that holds the branch. A copy is neither. */
export function standingOf(event: LeaseEvent, below: Below): Standing {
  const { lease, copied } = event;
  if (copied) return { kind: 'unknown' };
  if (below.run === lease.runId && (below.phase === 'held' || below.phase === 'ended')) return { kind: 'renewal' };
  const fault = (id: AuditId, sentence: string): Standing => ({
    kind: 'fault',
    fault: { id, commit: event.commit.oid, sentence, runId: lease.runId },
  });
  if (below.phase === 'held')
    return fault('runs-overlap', `run ${short(lease.runId)} claimed the branch, and run ${short(below.run ?? '')} held it`);
  const { on } = below;
  const origin = readState(lease.originState);
  if (on?.kind === 'state' && on.state === origin) return { kind: 'claim' };
  // It may renew what is not looked at; and of one that is malformed that has been said.
  if (below.phase === 'unknown' || origin === undefined || event.commit.parents.length === 0) return { kind: 'unknown' };
  const what = on?.kind === 'state' ? `asks for "${on.state}"` : on?.kind === 'invalid' ? 'cannot be read' : 'names no state';
  return fault('lease-not-on-request', `the commit below it ${what}, and it is a lease for "${lease.originState}"`);
}

/** What is wrong between a commit and its first parent; `parent` is undefined where it is not there. */
export function* faultsOfPair(event: StateEvent, parent: StateEvent['commit'] | undefined, { skewSeconds }: Rules): Generator<Fault> {
  if (event.kind === 'plain') return;
  const { commit: itself } = event;
  const commit = itself.oid;
  if (event.kind === 'lease') {
    const { runId } = event.lease;
    const fault = leaseFault(event, parent?.tree);
    if (event.copied && fault === undefined)
      yield {
        id: 'lease-copied',
        commit,
        runId,
        sentence: `it was made on ${shortOid(event.parent ?? '')}: a copy, made by a rebase or cherry-pick, holds nothing`,
      };
    if (fault !== undefined) yield { id: faultIds[fault.kind], commit, runId, sentence: fault.sentence };
  }
  if (event.kind === 'state' && isStall(event) && parent !== undefined && parent.tree !== itself.tree)
    yield {
      id: 'stall-changes-files',
      commit,
      runId: event.stalledRun,
      sentence: 'a runner says so without changing a file, and this commit changes some',
    };
  const back = parent === undefined ? 0 : parent.committedAt - itself.committedAt;
  if (back > skewSeconds)
    yield {
      id: 'dates-backwards',
      commit,
      sentence: `it is dated ${back} s before the commit below it, and clocks may differ by ${skewSeconds} s`,
    };
}

const faultIds = { trailers: 'lease-malformed', parents: 'lease-parents', files: 'lease-changes-files' } as const;
