import type { Reading } from '../kernel/decide.js';
import { maxLeaseSeconds } from '../kernel/tip.js';

/** What the answer depends on beside the reading. */
export interface Circumstances {
  /** Seconds since the epoch. */
  readonly now: number;
  /** States that are the end of a workflow (`aynig.endStates`): nobody has to do anything about them. */
  readonly ends: ReadonlySet<string>;
  /** Whether a runner has noted here that it could not do what was asked of it. */
  readonly failed: boolean;
}

/**
 * Whether a branch stays as it is until a person acts: docs/status.md says it for each reading. What a runner will do by itself,
 * now or when a lease ends, needs nobody.
 */
export function needsPerson(reading: Reading, { now, ends, failed }: Circumstances): boolean {
  switch (reading.kind) {
    case 'waiting':
      return failed || !ends.has(reading.state);
    case 'untrusted':
    case 'undelivered':
    case 'invalid':
      return true;
    case 'expired':
      return failed || isLeftAlone(reading, now);
    case 'leased':
      // A lease without an end is never taken over; no command is meant to need longer than the longest that can be asked for.
      return failed || (reading.until === undefined && now - reading.lease.committedAt > maxLeaseSeconds);
    case 'idle':
    case 'ready':
    case 'remote':
      return failed;
  }
}

/** Whether a lease is over for as long again as it was given for: nobody looks at this branch who would take it over. */
function isLeftAlone({ lease, since }: Extract<Reading, { kind: 'expired' }>, now: number): boolean {
  const seconds = lease.seconds ?? maxLeaseSeconds;
  // Of a runner that died here it is not known when.
  const over = Math.min(since, lease.committedAt + seconds);
  return now > over + seconds;
}

/** The names in `aynig.endStates`. */
export const endStatesOf = (setting: string): ReadonlySet<string> => new Set(setting.split(/\s+/).filter((name) => name !== ''));
