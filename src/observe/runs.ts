import type { StateEvent } from './schemas.js';

/** The commit that stands on a lease where nothing has ended its run, with its committer date in seconds since the epoch. */
export interface Burial {
  readonly commit: string;
  readonly at: number;
}

/** A run as its events tell it. */
export interface Run {
  readonly runId: string;
  readonly runnerId: string | null;
  readonly branch: string;
  /** The state that was asked for. */
  readonly state: string;
  readonly attempt: number;
  readonly correlationId: string | null;
  /** The run that asked for it from another branch. */
  readonly parentRun: string | null;
  /** Null where the history begins with the lease. */
  readonly request: StateEvent | null;
  readonly lease: StateEvent;
  readonly renewals: number;
  /** Null: it holds the branch, nobody has taken over yet, or it was lost. */
  readonly end: StateEvent | null;
  /** What its branch went on with while nothing ended it. */
  readonly buriedBy: Burial | null;
  /** `lost`: its lease is buried. */
  readonly outcome: 'completed' | 'stalled' | 'running' | 'lost';
  /** From the request to the lease. */
  readonly waitedSeconds: number | null;
  /** From the lease to the end, or to what buried it. */
  readonly ranSeconds: number | null;
}

/** A run whose request has still to be seen, on one branch. */
interface Open {
  end: StateEvent | null;
  buriedBy: Burial | null;
  lease?: StateEvent;
  renewals: number;
}

/**
 * Puts the runs of branches together, from events that come newest first. Keeps one run of each branch. `burialOf`: what stands on
 * the newest lease of a run that has no end; events alone do not tell it, as any commit may.
 */
export async function* runsOf(
  events: AsyncIterable<StateEvent> | Iterable<StateEvent>,
  burialOf: (lease: StateEvent) => Burial | undefined = () => undefined,
): AsyncGenerator<Run> {
  const open = new Map<string, Open>();
  for await (const event of events) {
    const on = open.get(event.branch);
    if (event.state === 'working') {
      // The lease of another run: the older one was not ended by anything that names a state.
      if (on?.lease !== undefined && on.lease.runId !== event.runId) {
        yield whole(on as Begun, null);
        open.delete(event.branch);
      }
      const run = open.get(event.branch) ?? { end: null, buriedBy: burialOf(event) ?? null, renewals: 0 };
      if (run.lease !== undefined) run.renewals++;
      run.lease = event;
      open.set(event.branch, run);
      continue;
    }
    if (on?.lease !== undefined) yield whole(on as Begun, event);
    if (event.kind === 'completion' || event.kind === 'stall') open.set(event.branch, { end: event, buriedBy: null, renewals: 0 });
    else open.delete(event.branch);
  }
  for (const run of open.values()) if (run.lease !== undefined) yield whole(run as Begun, null);
}

type Begun = Open & { readonly lease: StateEvent };

function whole({ end, buriedBy, lease, renewals }: Begun, request: StateEvent | null): Run {
  const over = end ?? buriedBy;
  return {
    runId: lease.runId ?? 'unknown',
    runnerId: lease.runnerId,
    branch: lease.branch,
    state: lease.originState ?? 'unknown',
    attempt: lease.attempt ?? 1,
    correlationId: lease.correlationId,
    parentRun: lease.parentRun,
    request,
    lease,
    renewals,
    end,
    buriedBy,
    outcome: end === null ? (buriedBy === null ? 'running' : 'lost') : end.kind === 'stall' ? 'stalled' : 'completed',
    waitedSeconds: request === null ? null : Math.max(0, lease.at - request.at),
    ranSeconds: over === null ? null : Math.max(0, over.at - lease.at),
  };
}

/** When a run was over, in seconds since the epoch; undefined where it is not. */
export const overAt = ({ end, buriedBy }: Run): number | undefined => (end ?? buriedBy)?.at;
