import { readBranchTips } from '../../git/refs.js';
import type { Context } from '../../kernel/context.js';
import { readState } from '../../kernel/names.js';
import { surveyEach } from '../../kernel/survey.js';
import { readEvents } from '../events.js';
import { endStatesOf } from '../needs-person.js';
import type { StateEvent } from '../schemas.js';
import { statusOf } from '../status.js';
import { trunkOf } from '../trunk.js';
import { type Family, Histogram } from './exposition.js';

/** So many states have a series of their own; the rest are counted together, as {@link others}. */
export const mostStates = 50;
/** The value of the label `state` for what has none of its own. */
export const others = 'other';

/** Upper bounds in seconds: commands take seconds to hours, people take minutes to days. */
const runBounds = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400];
const waitBounds = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800];

/** How many seconds before the window the events of what ended or began in it are looked for, at least. */
const leastMargin = 7 * 86_400;

/** How a run ended. */
type Outcome = 'completed' | 'stalled' | 'cancelled' | 'expired';

/**
 * What can be said in figures of the branches now, and of the runs that ended since `since` (seconds since the epoch). All are
 * gauges: a window moves on and branches are deleted, so nothing that is counted in history only grows. Memory grows with the
 * states and the branches, and not with the history. Throws as {@link readEvents} does.
 */
export async function readMetrics(context: Context, since: number): Promise<Family[]> {
  const now = context.now();
  return [...(await branchFamilies(context, now)), ...(await runFamilies(context, since, now)), ...clockFamilies(since, now)];
}

async function branchFamilies(context: Context, now: number): Promise<Family[]> {
  const branches = new Tally<number>((one, other) => one + other);
  const waiting = new Tally<number>(Math.max);
  const leases = new Map([...(['active', 'expired', 'endless'] as const)].map((status) => [status, 0]));
  const surroundings = { failures: new Map(), current: undefined, ends: endStatesOf(context.settings.endStates) };
  for await (const found of surveyEach(context)) {
    const { reading, state, lease } = await statusOf(context, found, surroundings);
    branches.add(state ?? '', reading, 1);
    if (lease.status !== 'n/a') leases.set(lease.status, (leases.get(lease.status) ?? 0) + 1);
    if (reading === 'waiting' && !('failure' in found)) waiting.add(state ?? '', '', Math.max(0, now - found.tip.commit.committedAt));
  }
  return [
    {
      type: 'gauge',
      name: 'aynig_branches',
      help: 'Branches by the state that their tip names and by what it reads as.',
      samples: branches.rows().map(({ state, key, value }) => ({ labels: { state, reading: key }, value })),
    },
    {
      type: 'gauge',
      name: 'aynig_leases',
      help: 'Branches that a run holds, by whether its lease is in force.',
      samples: [...leases].map(([status, value]) => ({ labels: { status }, value })),
    },
    {
      type: 'gauge',
      name: 'aynig_oldest_waiting_seconds',
      unit: 'seconds',
      help: 'Age of the oldest tip that waits for a person or is at its end, by state.',
      samples: waiting.rows().map(({ state, value }) => ({ labels: { state }, value })),
    },
  ];
}

async function runFamilies(context: Context, since: number, now: number): Promise<Family[]> {
  const runs = new Tally<number>((one, other) => one + other);
  const merged = (one: Histogram, other: Histogram): Histogram => {
    one.merge(other);
    return one;
  };
  const [durations, waits] = [new Tally<Histogram>(merged), new Tally<Histogram>(merged)];
  const leases = new Map<string, StateEvent>();
  for await (const event of eventsFrom(context, since - Math.max(leastMargin, now - since))) {
    const lease = leases.get(event.branch);
    if (lease !== undefined && event.state !== 'working') {
      if (lease.at >= since) waits.add(originOf(lease), '', of(waitBounds, Math.max(0, lease.at - event.at)));
      leases.delete(event.branch);
    }
    if (event.kind === 'lease') leases.set(event.branch, event);
    if ((event.kind !== 'completion' && event.kind !== 'stall') || event.at < since) continue;
    runs.add(originOf(event), outcomeOf(event), 1);
    if (event.runSeconds !== null) durations.add(originOf(event), '', of(runBounds, event.runSeconds));
  }
  const seriesOf = (tally: Tally<Histogram>) => tally.rows().map(({ state, value }) => ({ labels: { state }, histogram: value }));
  return [
    {
      type: 'gauge',
      name: 'aynig_runs',
      help: 'Runs that ended in the window, by the state that was asked for and by how they ended.',
      samples: runs.rows().map(({ state, key, value }) => ({ labels: { state, outcome: key }, value })),
    },
    {
      type: 'histogram',
      name: 'aynig_run_duration_seconds',
      unit: 'seconds',
      help: 'How long the runs took that ended in the window, by state.',
      series: seriesOf(durations),
    },
    {
      type: 'histogram',
      name: 'aynig_wait_duration_seconds',
      unit: 'seconds',
      help: 'How long the requests waited for their lease whose run began in the window, by state.',
      series: seriesOf(waits),
    },
  ];
}

async function* eventsFrom(context: Context, since: number): AsyncGenerator<StateEvent> {
  const tips = (await readBranchTips(context.repository.git)).map(({ branch: lane, oid }) => ({ lane, oid }));
  const trunk = await trunkOf(context);
  yield* readEvents(context, { tips, since, ...(trunk === undefined ? {} : { trunk }) });
}

/** What was asked for; nothing where that is no state: a trailer may say anything. */
const originOf = ({ originState }: StateEvent): string => readState(originState ?? '') ?? '';

function of(bounds: readonly number[], value: number): Histogram {
  const histogram = new Histogram(bounds);
  histogram.add(value);
  return histogram;
}

function outcomeOf({ kind, trailers }: StateEvent): Outcome {
  const has = (name: string): boolean => trailers.some(({ key }) => key.toLowerCase() === name);
  if (kind === 'completion') return 'completed';
  if (has('aynig-cancelled-by')) return 'cancelled';
  // The holder names itself in what it writes; whoever takes over does not.
  return has('aynig-run-id') ? 'stalled' : 'expired';
}

const clockFamilies = (since: number, now: number): Family[] => [
  {
    type: 'gauge',
    name: 'aynig_window_seconds',
    unit: 'seconds',
    help: 'Length of the window that runs are counted in.',
    samples: [{ labels: {}, value: Math.max(0, now - since) }],
  },
  {
    type: 'gauge',
    name: 'aynig_last_look_timestamp_seconds',
    unit: 'seconds',
    help: 'When these figures were read, in seconds since the epoch.',
    samples: [{ labels: {}, value: now }],
  },
];

/** Values by state and one more key. Where there are more than {@link mostStates} states, the rarest are put together. */
class Tally<T> {
  readonly #join: (one: T, other: T) => T;
  readonly #byState = new Map<string, { seen: number; readonly values: Map<string, T> }>();

  constructor(join: (one: T, other: T) => T) {
    this.#join = join;
  }

  add(state: string, key: string, value: T): void {
    const known = this.#byState.get(state) ?? { seen: 0, values: new Map<string, T>() };
    known.seen++;
    this.#put(known.values, key, value);
    this.#byState.set(state, known);
  }

  rows(): { readonly state: string; readonly key: string; readonly value: T }[] {
    const byRank = [...this.#byState].sort(([a, one], [b, other]) => other.seen - one.seen || (a < b ? -1 : 1));
    const shown = new Map(byRank.slice(0, mostStates).map(([state, { values }]) => [state, new Map(values)]));
    for (const [, { values }] of byRank.slice(mostStates)) {
      const rest = shown.get(others) ?? new Map<string, T>();
      for (const [key, value] of values) this.#put(rest, key, value);
      shown.set(others, rest);
    }
    return [...shown]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([state, values]) => [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ state, key, value })));
  }

  #put(values: Map<string, T>, key: string, value: T): void {
    const known = values.get(key);
    values.set(key, known === undefined ? value : this.#join(known, value));
  }
}
