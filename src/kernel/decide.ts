import type { Oid } from '../git/names.js';
import type { Problem } from './message.js';
import { trailerValue } from './message.js';
import { type State, stalled, working } from './names.js';
import type { Lease, Tip } from './tip.js';

/** What the tree of the tip has for the requested state. */
export type CommandLookup =
  | { readonly kind: 'missing' }
  | { readonly kind: 'present'; readonly path: string }
  | { readonly kind: 'unusable'; readonly path: string; readonly why: string; readonly fix: string };

/** Whether this process may start the request by itself. */
export type Permission = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly why: string; readonly next: string };

/** What this clone's journal knows of the run that a lease names. */
export type RunKnowledge =
  | { readonly kind: 'none' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'dead' }
  | { readonly kind: 'undelivered'; readonly result: Oid };

export interface Facts {
  /** Seconds since the epoch. */
  readonly now: number;
  /** When this clone first saw the tip, seconds since the epoch; matters only for a date in the future. */
  readonly observedAt?: number;
  /** The newest sign of life of the holder, seconds since the epoch. */
  readonly heartbeat?: number;
  readonly run: RunKnowledge;
  readonly command: CommandLookup;
  readonly permission: Permission;
  /** The remote that decides this branch; undefined when this repository does. */
  readonly remote?: string;
  /** How far two clocks may differ, in seconds. */
  readonly skewSeconds: number;
}

/** What a tip means now (docs/concepts.md, "The tip decides"). */
export type Reading =
  | { readonly kind: 'idle' }
  | { readonly kind: 'ready'; readonly state: State; readonly path: string }
  | { readonly kind: 'waiting'; readonly state: State; readonly why: 'no-command' | 'recovery-failed' }
  | { readonly kind: 'untrusted'; readonly state: State; readonly path: string; readonly why: string; readonly next: string }
  | { readonly kind: 'remote'; readonly state: State; readonly remote: string }
  | { readonly kind: 'leased'; readonly lease: Lease; readonly until?: number }
  | { readonly kind: 'undelivered'; readonly lease: Lease; readonly result: Oid }
  | { readonly kind: 'expired'; readonly lease: Lease; readonly since: number }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** The heart of the kernel: a pure function. The tick acts on its answer and on nothing else. */
export function decide(tip: Tip, facts: Facts): Reading {
  switch (tip.kind) {
    case 'plain':
      return { kind: 'idle' };
    case 'invalid':
      return { kind: 'invalid', problems: tip.problems };
    case 'request':
      return decideRequest(tip, facts);
    case 'lease':
      return decideLease(tip.lease, facts);
  }
}

function decideRequest(tip: Extract<Tip, { kind: 'request' }>, facts: Facts): Reading {
  const { state } = tip;
  // Recovery that failed needs a person: a second round would be a loop.
  if (state === stalled && trailerValue(tip.message.trailers, 'aynig-origin-state')?.toLowerCase() === stalled)
    return { kind: 'waiting', state, why: 'recovery-failed' };
  const { command } = facts;
  switch (command.kind) {
    case 'missing':
      return { kind: 'waiting', state, why: 'no-command' };
    case 'unusable':
      return { kind: 'invalid', problems: [{ line: 0, rule: `${command.path} ${command.why}`, fix: command.fix }] };
    case 'present':
      if (facts.permission.kind === 'refused')
        return { kind: 'untrusted', state, path: command.path, why: facts.permission.why, next: facts.permission.next };
      if (facts.remote !== undefined) return { kind: 'remote', state, remote: facts.remote };
      return { kind: 'ready', state, path: command.path };
  }
}

function decideLease(lease: Lease, facts: Facts): Reading {
  if (facts.run.kind === 'undelivered') return { kind: 'undelivered', lease, result: facts.run.result };
  if (facts.run.kind === 'dead') return { kind: 'expired', lease, since: facts.now };
  const until = expiryOf(lease, facts);
  if (facts.run.kind === 'alive' || until === undefined) return { kind: 'leased', lease, ...(until === undefined ? {} : { until }) };
  // Strictly greater: committer dates have whole seconds, so a renewal in the last second still holds.
  if (facts.now <= until) return { kind: 'leased', lease, until };
  // The holder's signs of life are at the remote, and only there may it be taken over.
  return facts.remote === undefined ? { kind: 'expired', lease, since: until } : { kind: 'remote', state: working, remote: facts.remote };
}

/** The second after which a lease may be taken over; undefined when it never may. */
function expiryOf(lease: Lease, facts: Facts): number | undefined {
  if (lease.seconds === undefined) return undefined;
  // A clock that runs ahead must not make a lease immortal: such a date counts as the moment this clone saw the commit.
  const inFuture = lease.committedAt > facts.now + facts.skewSeconds;
  const written = inFuture ? (facts.observedAt ?? facts.now) : lease.committedAt;
  return Math.max(written, facts.heartbeat ?? 0) + lease.seconds + facts.skewSeconds;
}
