import type { Oid } from '../git/names.js';
import { renderMessage, type Trailer } from './message.js';

/** What a claim writes into its `working` commit. */
export interface LeaseFacts {
  readonly originState: string;
  readonly runId: string;
  readonly runnerId: string;
  readonly seconds: number;
  /** The commit that the lease is put on: a copy made by rebase or cherry-pick is recognised by it. */
  readonly parent: Oid;
  readonly remote?: string;
  readonly subject?: string;
  readonly body?: string;
  readonly extra?: readonly Trailer[];
}

export const leaseMessage = (facts: LeaseFacts): string =>
  renderMessage({
    title: facts.subject ?? `aynig: working on ${facts.originState}`,
    body: facts.body ?? '',
    trailers: [
      ...(facts.extra ?? []),
      { key: 'aynig-state', value: 'working' },
      { key: 'aynig-origin-state', value: facts.originState },
      { key: 'aynig-run-id', value: facts.runId },
      { key: 'aynig-runner-id', value: facts.runnerId },
      { key: 'aynig-lease-seconds', value: String(facts.seconds) },
      { key: 'aynig-parent', value: facts.parent },
      ...(facts.remote === undefined ? [] : [{ key: 'aynig-remote', value: facts.remote }]),
    ],
  });

/** The message of a heartbeat: it names its run, and no state. */
export const aliveMessage = (runId: string): string =>
  renderMessage({ title: 'aynig: alive', body: '', trailers: [{ key: 'aynig-run-id', value: runId }] });

/** Why a run ended without naming a next state. */
export interface StallFacts {
  readonly originState: string;
  readonly runId: string;
  /** One sentence for people; becomes the body. */
  readonly reason: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** Written by the holder of the lease itself, and not by whoever took it over. */
  readonly own?: boolean;
  /** Set when a person cancelled the run: the runner id of the clone where. */
  readonly cancelledBy?: string;
  /** Ref that holds work which is not in the branch. */
  readonly kept?: string;
  /** Trailers of the request that a recovery command needs again (attempts, correlation). */
  readonly carried?: readonly Trailer[];
}

export const stallMessage = (facts: StallFacts): string =>
  renderMessage({
    title: `aynig: ${facts.originState || 'a run'} stalled`,
    body: facts.kept === undefined ? facts.reason : `${facts.reason}\nWork that is not in the branch: ${facts.kept}`,
    trailers: [
      ...(facts.carried ?? []),
      { key: 'aynig-state', value: 'stalled' },
      { key: 'aynig-stalled-run', value: facts.runId || 'unknown' },
      { key: 'aynig-origin-state', value: facts.originState || 'unknown' },
      ...(facts.exitCode === undefined ? [] : [{ key: 'aynig-exit-code', value: String(facts.exitCode) }]),
      ...(facts.signal === undefined ? [] : [{ key: 'aynig-signal', value: facts.signal }]),
      ...(facts.own === true && facts.runId !== '' ? [{ key: 'aynig-run-id', value: facts.runId }] : []),
      ...(facts.cancelledBy === undefined ? [] : [{ key: 'aynig-cancelled-by', value: facts.cancelledBy }]),
      ...(facts.kept === undefined ? [] : [{ key: 'aynig-kept', value: facts.kept }]),
    ],
  });

/**
 * Conventions that travel from the request into a `stalled` commit, so that a recovery command decides from the tip
 * alone. The kernel copies them and never reads them.
 */
const conventions = [
  'aynig-attempt',
  'aynig-max-attempts',
  'aynig-next-on-failure',
  'aynig-parent-run',
  'aynig-correlation-id',
  'aynig-checkpoint',
  'aynig-remote',
  'aynig-log-level',
];

export const carriedTrailers = (trailers: readonly Trailer[]): Trailer[] =>
  trailers.filter(({ key }) => conventions.includes(key.toLowerCase()));
