import type { Commit } from '../../git/commit.js';
import type { Oid } from '../../git/names.js';
import { readEvent, type StateEvent } from '../../kernel/state-event.js';
import type { LaneName } from '../lanes.js';
import { isLong, standingAlone } from '../standing-alone.js';
import {
  type Base,
  type Below,
  type Fault,
  faultsOfPair,
  judgeSegment,
  type LeaseEvent,
  type Rules,
  type Segment,
  type Spoken,
  standingOf,
} from './segment.js';

/** A request that was claimed. */
export interface Claimed {
  readonly request: Extract<StateEvent, { kind: 'state' }>;
  /** The run that held the branch made it. */
  readonly ofRun: boolean;
}

/** What a line tells as it is read. */
export interface Listener {
  readonly rules: Rules;
  found(lane: LaneName, fault: Fault): void;
  claimed(lane: LaneName, claimed: Claimed): void;
  unattributed(count: number): void;
}

/** What of a line waits for older commits to be judged. */
interface Open {
  readonly lane: LaneName;
  /** The commit above, which waits for its parent. */
  child?: { readonly event: StateEvent; readonly judged: boolean };
  /** The lease on top of the segment. */
  above?: { readonly event: LeaseEvent; readonly judged: boolean };
  segment: Segment;
}

/** A line that has gone over into another one, with those that had gone over into it, and from where on the other's segment is its own too. */
interface Guest {
  readonly open: Open;
  readonly guests: readonly Guest[];
  readonly from: number;
}

interface Line {
  readonly open: Open;
  /** Its newest commit is the tip of a branch. */
  readonly whole: boolean;
  guests: Guest[];
  /** Those that have still to be told of their parent, which comes next. */
  fresh: Open[];
}

/** So many commits that name a state stand on one lease, at most; what is more is judged without it. */
const mostSpoken = 10_000;

const emptySegment = (cut = false): Segment => ({ spoken: [], plainOnTop: false, cut });

/**
 * Judges lines of history whose commits come newest first. Keeps of each what stands on the next lease, and of every run its id:
 * memory does not grow with the rest of the history.
 */
export class Lines {
  readonly #lines = new Map<LaneName, Line>();
  readonly #listener: Listener;
  /** Leases that claimed, by the id of their run. */
  readonly #claims = new Map<string, { readonly commit: Oid; readonly lane: LaneName; readonly judged: boolean }>();

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  get runs(): number {
    return this.#claims.size;
  }

  /** `whole`: where the line begins, it is the tip of a branch. `judged` false: what is wrong with this commit is not asked. */
  take(lane: LaneName, commit: Commit, { judged, whole }: { readonly judged: boolean; readonly whole: boolean }): void {
    const line = this.#lines.get(lane) ?? { open: { lane, segment: emptySegment() }, whole, guests: [], fresh: [] };
    this.#lines.set(lane, line);
    const event = withoutMessage(readEvent(commit));
    for (const open of [line.open, ...line.fresh]) {
      this.#pair(open, commit);
      if (event.kind === 'plain') markPlain(open.segment);
    }
    line.fresh = [];
    line.open.child = { event, judged };
    if (event.kind === 'plain') return;
    if (event.kind === 'lease') {
      this.#resolve(line, event, judged);
      line.open.above = { event, judged };
      return;
    }
    if (line.open.segment.spoken.length >= mostSpoken) {
      this.#resolve(line, 'unknown');
      line.open.segment = emptySegment(true);
    }
    line.open.segment.spoken.push({ event, judged, onPlain: false });
  }

  /** A line goes on in another one, whose next commit is the parent of its last. */
  join(lane: LaneName, into: LaneName): void {
    const [line, host] = [this.#lines.get(lane), this.#lines.get(into)];
    this.#lines.delete(lane);
    if (line === undefined) return;
    const from = host?.open.segment.spoken.length ?? 0;
    // The host has not begun: what comes next of it is its tip.
    const target = host ?? { open: { lane: into, segment: emptySegment() }, whole: true, guests: [], fresh: [] };
    this.#lines.set(into, target);
    // Thousands of branches may begin on one commit and go over one into the next: none is touched again for each that follows.
    if (target.fresh.length === 0) target.fresh = line.fresh;
    else for (const open of line.fresh) target.fresh.push(open);
    if (line.open.child === undefined) {
      for (const guest of line.guests) target.guests.push({ ...guest, from });
      return;
    }
    target.guests.push({ open: line.open, guests: line.guests, from });
    target.fresh.push(line.open);
  }

  /** The commit below the last one of a line, and whether anything of the line waits for what is older. */
  waiting(): { readonly lane: LaneName; readonly below: Oid | undefined; readonly waits: boolean }[] {
    return [...this.#lines].map(([lane, line]) => ({
      lane,
      below: line.open.child?.event.commit.parents[0],
      waits: [line.open, ...guestsOf(line)].some(isAwaited),
    }));
  }

  /** Whether what stands on the last lease of a line has been judged, so that nothing older is asked for. */
  settled(lane: LaneName): boolean {
    const line = this.#lines.get(lane);
    return line === undefined || (line.open.child?.event.kind === 'lease' && line.guests.length === 0);
  }

  /** No more of a line can come. */
  end(lane: LaneName, base: 'root' | 'unknown'): void {
    const line = this.#lines.get(lane);
    if (line === undefined) return;
    for (const open of [line.open, ...line.fresh]) this.#pair(open, undefined);
    this.#resolve(line, base);
    this.#lines.delete(lane);
  }

  #pair(open: Open, parent: Commit | undefined): void {
    if (open.child?.judged !== true) return;
    for (const fault of faultsOfPair(open.child.event, parent, this.#listener.rules)) this.#listener.found(open.lane, fault);
  }

  /** Judges all that has waited for the lease, or for the end of the line. */
  #resolve(line: Line, base: Base, judged = false): void {
    const { open, whole } = line;
    const belows = [open, ...guestsOf(line)].map((each) => this.#judge(each, base));
    const [own] = belows;
    if (judged && whole && open.above === undefined && !open.segment.cut && typeof base !== 'string' && own?.on === undefined) {
      const ended = belows.some(({ phase }) => phase !== 'held');
      if (!ended)
        this.#listener.found(open.lane, {
          id: 'lease-buried',
          commit: base.commit.oid,
          runId: base.lease.runId,
          sentence: `commits stand on the lease of run ${base.lease.runId.slice(0, 8)}, and none of them ends it`,
        });
    }
    line.guests = [];
    line.fresh = [];
    open.segment = emptySegment();
    delete open.above;
  }

  #judge({ lane, segment, above }: Open, base: Base): Below {
    const { faults, below, unattributed } = judgeSegment(segment, base, this.#listener.rules);
    for (const fault of faults) this.#listener.found(lane, fault);
    if (unattributed > 0) this.#listener.unattributed(unattributed);
    if (above !== undefined) this.#judgeLease(lane, above, below);
    return below;
  }

  #judgeLease(lane: LaneName, { event, judged }: { event: LeaseEvent; judged: boolean }, below: Below): void {
    const standing = standingOf(event, below);
    if (standing.kind === 'fault' && judged) this.#listener.found(lane, standing.fault);
    if (standing.kind === 'renewal' || event.copied || event.lease.runId === '') return;
    this.#claim(lane, event, judged);
    if (standing.kind === 'claim' && judged && below.on?.kind === 'state')
      this.#listener.claimed(lane, { request: below.on, ofRun: below.ofRun });
  }

  /** Older claims come later: the newer one is the second. */
  #claim(lane: LaneName, event: LeaseEvent, judged: boolean): void {
    const { runId } = event.lease;
    const newer = this.#claims.get(runId);
    const { oid: commit } = event.commit;
    if (newer?.judged === true && newer.commit !== commit)
      this.#listener.found(newer.lane, {
        id: 'run-id-reused',
        commit: newer.commit,
        runId,
        sentence: `run ${runId.slice(0, 8)} had claimed before, by ${commit.slice(0, 12)}`,
      });
    this.#claims.set(runId, { commit, lane, judged });
  }
}

/** Whether something that is judged waits for what is older. */
const isAwaited = ({ child, above, segment }: Open): boolean =>
  (child?.judged === true && child.event.kind !== 'plain') || above?.judged === true || segment.spoken.some(({ judged }) => judged);

const noBytes = new Uint8Array();
/** Many may wait for their lease, and nobody asks for their words again. */
const withoutMessage = (event: StateEvent): StateEvent =>
  isLong(event.commit) ? standingAlone({ ...event, commit: { ...event.commit, message: noBytes } }) : event;

function markPlain(segment: Segment): void {
  const last = segment.spoken.at(-1);
  if (last === undefined) segment.plainOnTop = true;
  else last.onPlain = true;
}

/** All that have gone over into a line, each with what its host has of it by now; that has been judged with the host. */
function guestsOf({ open: { segment }, guests }: Pick<Line, 'open' | 'guests'>): Open[] {
  const found: Open[] = [];
  const todo = guests.map((guest) => ({ guest, host: segment.spoken }));
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { open, guests: own, from } = next.guest;
    const tail = next.host.slice(from).map((one): Spoken => ({ ...one, judged: false }));
    const spoken = [...open.segment.spoken, ...tail];
    found.push({ ...open, segment: { ...open.segment, spoken } });
    for (const guest of own) todo.push({ guest, host: spoken });
  }
  return found.reverse();
}
