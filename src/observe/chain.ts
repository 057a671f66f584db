import type { LaneName } from './lanes.js';
import type { StateEvent } from './schemas.js';
import { severityOf } from './severity.js';

/** An event that older commits of its line have still to explain; it is this chain's own. */
interface Draft {
  readonly event: StateEvent;
  done: boolean;
}

/** What belongs together on a line, newest first: what ended a run, and the leases of that run. */
interface Group {
  readonly drafts: Draft[];
  runId: string | null;
}

/**
 * Joins each event with what came before it on its line: the state that it followed, and for what ended a run the run, its
 * runner and how long it took. Events are given newest first and leave in the same order, as soon as the older ones that they
 * need have been seen.
 */
export class Chain {
  readonly #queue: Draft[] = [];
  readonly #groups = new Map<LaneName, Group>();
  readonly #most: number;

  /** `most`: how many events may wait for older ones. Beyond that the first leaves as it is, and says so (`partial`). */
  constructor(most = 10_000) {
    this.#most = most;
  }

  take(lane: LaneName, event: StateEvent): void {
    const draft = { event, done: false };
    this.#queue.push(draft);
    const group = this.#groups.get(lane);
    if (group !== undefined) {
      explain(group.drafts.at(-1), { previousState: event.state });
      if (event.state === 'working' && (group.runId === null || group.runId === event.runId)) {
        group.runId = event.runId;
        group.drafts.push(draft);
        return;
      }
      settle(group, event);
    }
    this.#groups.set(lane, { drafts: [draft], runId: event.state === 'working' ? event.runId : null });
  }

  /** No more of a line can come. `cut`: there is more, and this clone does not have it. */
  end(lane: LaneName, { cut = false } = {}): void {
    const group = this.#groups.get(lane);
    if (cut) for (const draft of group?.drafts ?? []) explain(draft, { partial: true });
    if (group !== undefined) settle(group);
    this.#groups.delete(lane);
  }

  /** What is older will not be looked at. */
  giveUp(): void {
    for (const { drafts } of this.#groups.values()) for (const draft of drafts) explain(draft, { partial: true });
  }

  /** No more of any line can come. */
  endAll(): void {
    for (const lane of [...this.#groups.keys()]) this.end(lane);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** What needs nothing more, in order. */
  *ready(): Generator<StateEvent> {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (!first.done) {
        if (this.#queue.length <= this.#most) return;
        explain(first, { partial: true });
      }
      this.#queue.shift();
      yield first.event;
    }
  }
}

/** A command need not repeat what ties its run to others. */
const tiesOf = (event: StateEvent, request: StateEvent | undefined): Pick<StateEvent, 'correlationId' | 'parentRun'> => ({
  correlationId: event.correlationId ?? request?.correlationId ?? null,
  parentRun: event.parentRun ?? request?.parentRun ?? null,
});

function explain(draft: Draft | undefined, more: Partial<StateEvent>): void {
  if (draft !== undefined) Object.assign(draft.event, more);
}

/** `before`: the event below the group; under a lease it is the request of the run. */
function settle({ drafts, runId }: Group, before?: StateEvent): void {
  const [head] = drafts;
  const leases = drafts.filter(({ event }) => event.state === 'working');
  const first = leases.at(-1)?.event;
  for (const draft of leases)
    explain(draft, {
      kind: draft.event === first ? 'lease' : 'renewal',
      attempt: draft.event.attempt ?? before?.attempt ?? null,
      ...tiesOf(draft.event, before),
    });
  if (head !== undefined && first !== undefined && head.event.state !== 'working') {
    const { event } = head;
    const stalled = event.state === 'stalled';
    explain(head, {
      kind: event.kind === 'invalid' ? 'invalid' : stalled ? 'stall' : 'completion',
      runId: event.runId ?? runId,
      runnerId: event.runnerId ?? first.runnerId,
      originState: event.originState ?? first.originState,
      ...tiesOf(event, before),
      // Another host's clock may have been ahead.
      runSeconds: Math.max(0, event.at - first.at),
    });
  }
  for (const draft of drafts) {
    explain(draft, { severity: severityOf(draft.event) });
    draft.done = true;
  }
}
