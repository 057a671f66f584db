import type { BranchStatus } from './schemas.js';
import { shortSpan, span } from './spans.js';

/**
 * The reading as it is shown to people. Two that wait have a word of their own, since they ask for something else: a run that
 * stalled, and a workflow that is over (`aynig.endStates`).
 */
export function shownReading({ reading, state, needsPerson }: BranchStatus): string {
  if (reading !== 'waiting') return reading;
  if (state === 'stalled') return 'stalled';
  return needsPerson ? 'waiting' : 'ended';
}

/** The state, and what a lease or a stalled run was asked for: `working (build)`. */
export const shownState = ({ state, originState }: BranchStatus): string | undefined =>
  state === null ? undefined : originState === null ? state : `${state} (${originState})`;

/** Who holds a branch and for how much longer: `host1 8m left`; undefined where nobody does. `now` in seconds since the epoch. */
export function shownHolder({ runnerId, reading, lease }: BranchStatus): string | undefined {
  if (lease.status === 'n/a') return undefined;
  const left =
    reading === 'undelivered'
      ? 'done'
      : lease.status === 'expired'
        ? 'over'
        : lease.secondsLeft === null
          ? 'no end'
          : `${shortSpan(lease.secondsLeft)} left`;
  return `${runnerId ?? 'nobody'} ${left}`;
}

/** A lease in words. */
export const leaseInWords = ({ lease }: BranchStatus): string =>
  lease.secondsLeft === null || lease.status === 'expired' ? lease.status : `${lease.status}, ${span(lease.secondsLeft)} left`;

/** A status whose times were read a while ago, as they are now. */
export function later(status: BranchStatus, seconds: number): BranchStatus {
  const { secondsLeft } = status.lease;
  return secondsLeft === null || seconds === 0
    ? status
    : { ...status, lease: { ...status.lease, secondsLeft: Math.max(0, secondsLeft - seconds) } };
}
