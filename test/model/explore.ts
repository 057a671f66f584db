import { get, holder } from './history.js';
import { receive } from './remote.js';
import { brokenIn, completes, type Invariant, keyOf, type Rules, read, type State, start, steps, successors } from './world.js';

export interface Found {
  readonly states: number;
  /** Steps from the start to the farthest state. */
  readonly depth: number;
  /** Whether nothing was left to explore. */
  readonly complete: boolean;
  readonly broken?: { readonly invariant: Invariant; readonly trace: readonly string[] };
}

/**
 * Breadth first over everything that can happen, each state once, so a trace that is found is a shortest one. Stops at
 * the first broken invariant among those that are watched, or at `depth`.
 */
export function explore(rules: Rules, watched: readonly Invariant[], depth: number): Found {
  const first = start(rules);
  const known = new Set([keyOf(first)]);
  const from = [-1];
  const labels = ['start'];
  let frontier: [number, State][] = [[0, first]];
  const healing = new Healing(rules, watched);
  const traceTo = (last: number, label: string): string[] => {
    const path = [label];
    for (let at = last; at > 0; at = from[at] ?? 0) path.unshift(labels[at] ?? '');
    return path;
  };
  let reached = 0;
  for (; frontier.length > 0 && reached < depth; reached++) {
    const next: [number, State][] = [];
    for (const [index, state] of frontier) {
      const found = (invariant: Invariant, label: string): Found => {
        const trace = traceTo(index, label);
        return { states: known.size, depth: trace.length, complete: false, broken: { invariant, trace } };
      };
      const unhealed = healing.broken(state);
      if (unhealed !== undefined) return found(unhealed, 'nothing more goes wrong');
      for (const each of successors(state, rules)) {
        const broken = each.broken ?? brokenIn(each.state, rules);
        if (broken !== undefined && watched.includes(broken)) return found(broken, each.label);
        const before = known.size;
        known.add(keyOf(each.state));
        if (known.size === before) continue;
        next.push([from.length, each.state]);
        from.push(index);
        labels.push(each.label);
      }
    }
    frontier = next;
  }
  return { states: known.size, depth: reached, complete: frontier.length === 0 };
}

/** Longer than a lease, its allowance for clocks, and the run that follows a takeover. */
const patience = 12;

/** What is still wrong with a state after everybody has acted for a while and nothing more went wrong. */
export class Healing {
  readonly #rules: Rules;
  readonly #watched: readonly Invariant[];
  readonly #healed = new Set<string>();

  constructor(rules: Rules, watched: readonly Invariant[]) {
    this.#rules = rules;
    this.#watched = watched;
  }

  /** The broken invariant, whether the processes that died are started again or never come back. */
  broken(state: State): Invariant | undefined {
    const again = { ...state, runners: state.runners.map((runner) => (runner.up ? runner : { ...runner, up: true })) };
    const deadStay = state.runners.some(({ up }) => up) && state.runners.some(({ up }) => !up);
    return this.#brokenAfter(again) ?? (deadStay ? this.#brokenAfter(state) : undefined);
  }

  #brokenAfter(state: State): Invariant | undefined {
    const rules = this.#rules;
    const refs = state.late.reduce((at, push) => receive(at, push, rules.fence, state.now) ?? at, state.refs);
    const calm: State = { ...state, refs, faults: 0, crashes: 0, personActs: 0, late: [], excused: [], local: 0 };
    let end = round(calm, rules);
    const { branch } = calm.refs;
    const ran = get(branch).kind !== 'request' || end.started.some((run) => get(run).parent === branch && !calm.started.includes(run));
    const soon =
      this.#unless(
        !state.healthy || holder(end.refs.branch) === 0,
        'a healthy runner ends its run without waiting for a lease to expire',
      ) ?? this.#unless(ran, 'a ready request is run in the end');
    if (soon !== undefined) return soon;
    const key = keyOf(end);
    if (this.#healed.has(key)) return undefined;
    for (let seconds = 0; seconds < patience && !isCalm(end, rules); seconds++) end = round({ ...end, now: end.now + 1 }, rules);
    const held = holder(end.refs.branch);
    const found =
      this.#unless(held === 0, 'the branch never stays leased') ??
      this.#unless(
        end.refs.leases.every(([run]) => run === held),
        'no lease ref outlives its run',
      );
    if (found === undefined) this.#healed.add(key);
    return found;
  }

  #unless(holds: boolean, invariant: Invariant): Invariant | undefined {
    return !holds && this.#watched.includes(invariant) ? invariant : undefined;
  }
}

/** Every runner goes on until it has nothing to do; every command that is watched commits its next state and exits. */
function round(state: State, rules: Rules): State {
  let at = state;
  // Broken rules may make runners go round in circles; sound ones are done long before.
  for (let left = 60; left > 0; left--) {
    const before = at;
    for (const index of at.runners.keys()) at = next(at, rules, index) ?? at;
    if (at === before) break;
  }
  return at;
}

function next(state: State, rules: Rules, index: number): State | undefined {
  const runner = state.runners[index];
  if (!runner?.up) return undefined;
  if (runner.step === 'watch' && runner.executing) return completes(state, index);
  for (const each of steps(state, rules, index)) return each.state;
  return undefined;
}

const isCalm = (state: State, rules: Rules): boolean =>
  state.refs.leases.length === 0 &&
  state.runners.every(
    ({ step, phase, up }, index) =>
      !up || (step === 'look' && phase === '' && (state.refs.branch === 0 || read(state, rules, index).kind === 'waiting')),
  );
