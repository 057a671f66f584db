import { decide, type Reading } from '../../src/kernel/decide.js';
import { judge } from '../../src/kernel/verdict.js';
import { oidOf } from '../support/commits.js';
import { above, commit, contains, get, holder, type Id, leaseSeconds, type Made, skewSeconds, tipOf } from './history.js';
import { type Expected, type Fence, heartbeatRef, type Push, type Refs, receive } from './remote.js';

/** What must hold at every moment. `docs/protocol-model.md` says what each means. */
export const invariants = [
  'at most one live run holds the branch',
  'a run id executes at most once',
  'a request is executed once unless a person or a stall lies between',
  'no event of a run is published after its end',
  'no work of a run is published after its end',
  'the branch moves only from the value that was read',
  'no accepted commit becomes unreachable except by a person',
  'what a command committed is on the branch or pinned',
  'a healthy runner ends its run without waiting for a lease to expire',
  'the branch never stays leased',
  'a ready request is run in the end',
  'no lease ref outlives its run',
] as const;
export type Invariant = (typeof invariants)[number];

/** The protocol, its surroundings and how much may go wrong. Where a rule has a choice, the first is the protocol. */
export interface Rules {
  /** How many runners, and how far the clock of each is ahead. */
  readonly offsets: readonly number[];
  readonly fence: Fence;
  /** Whether commands push their branch themselves: past the hook in the clone, which refuses it. */
  readonly commandsPush: boolean;
  /** Whether commands renew by `working` commits. */
  readonly renewals: boolean;
  readonly push: 'exact' | 'plain' | 'implicit';
  readonly afterClaim: 'read' | 'believe the exit code' | 'start';
  readonly restart: 'settle' | 'start again';
  readonly takeover: 'of the heartbeat that was read' | 'of whatever heartbeat is there';
  readonly settle: 'from the lease' | 'from whatever is there';
  readonly judged: 'from what was published' | 'from the claim';
  readonly heartbeats: 'never later than seen' | 'as dated';
  readonly leftLeases: 'collected' | 'left';
  /** Whether a run's work gets its own ref before the run is settled. */
  readonly work: 'pinned' | 'in its worktree only';
  /** What becomes of a claim that waited so long for its push that its lease would be half over. */
  readonly oldClaim: 'dropped' | 'pushed';
  /** From when the holder counts the two thirds of its lease. */
  readonly confirmed: 'from the date of the heartbeat' | 'from reading it';
  /** Pushes that the network may lose, delay, or lose the acknowledgement of. */
  readonly faults: number;
  readonly crashes: number;
  readonly personActs: number;
  /** The clock goes on to here, so many seconds at a time. */
  readonly lastSecond: number;
  readonly tick: number;
}

/** What the runner does next, each one git call or one local act. */
type Step =
  | 'look'
  | 'claim'
  | 'read'
  | 'start'
  | 'watch'
  | 'renew'
  | 'publish'
  | 'confirm'
  | 'settle'
  | 'settled'
  | 'take over'
  | 'collect';

export interface Runner {
  readonly up: boolean;
  readonly step: Step;
  /** Tip and heartbeat as last read: of the foreign run that is taken over, of the own run otherwise. */
  readonly tip: Id;
  readonly beat: Id;
  /** When it read that heartbeat; only where the rules count from there. */
  readonly readAt: number;
  /** The journal, and the worktree that it names. */
  readonly run: Id;
  readonly phase: '' | 'claiming' | 'running' | 'ended';
  readonly head: Id;
  readonly result: Id;
  /** The command works; it outlives its runner. */
  readonly executing: boolean;
  readonly exit: '' | 'ok' | 'stopped';
  /** `refs/aynig/kept/*` of this clone. */
  readonly kept: readonly Id[];
}

export interface State {
  readonly now: number;
  readonly refs: Refs;
  /** Pushes that arrive at some later moment. */
  readonly late: readonly Push[];
  readonly runners: readonly Runner[];
  /** The person's own branch. */
  readonly local: Id;
  readonly personActs: number;
  readonly faults: number;
  readonly crashes: number;
  /** What only the checker knows. */
  readonly ended: readonly Id[];
  readonly started: readonly Id[];
  /** Runs whose branch a person has moved, or whose request a person has put back. */
  readonly excused: readonly Id[];
  /** No runner has died and no push was late: nobody has an excuse for leaving a lease behind. */
  readonly healthy: boolean;
}

export interface Next {
  readonly label: string;
  readonly state: State;
  readonly broken?: Invariant;
}

const asleep: Runner = {
  up: true,
  step: 'look',
  tip: 0,
  beat: 0,
  readAt: 0,
  run: 0,
  phase: '',
  head: 0,
  result: 0,
  executing: false,
  exit: '',
  kept: [],
};

export function start(rules: Rules): State {
  const request = commit({ kind: 'request', parent: commit({ kind: 'root', parent: 0 }) });
  return {
    now: 1,
    refs: { branch: request, leases: [], sign: 0 },
    late: [],
    runners: rules.offsets.map(() => asleep),
    local: request,
    personActs: rules.personActs,
    faults: rules.faults,
    crashes: rules.crashes,
    ended: [],
    started: [],
    excused: [],
    healthy: true,
  };
}

const numberOf = (step: Step | Runner['phase'] | Runner['exit']): string => step.slice(0, 4) + step.length;
const pushKey = ({ by, branch, lease }: Push): string =>
  `${by}${branch?.expected},${branch?.to},${lease?.run},${lease?.expected},${lease?.to}`;

/** Equal for states from which the same things can happen. */
export function keyOf(state: State): string {
  const { now, refs, late, runners, local, personActs, faults, crashes, ended, started, excused, healthy } = state;
  let key = `${now} ${refs.branch} ${refs.sign} ${refs.leases} ${local} ${personActs}${faults}${crashes}${healthy ? 1 : 0} ${ended};${started};${excused}`;
  for (const push of late) key += ` ${pushKey(push)}`;
  for (const { up, step, tip, beat, readAt, run, phase, head, result, executing, exit, kept } of runners)
    key += `|${up ? 1 : 0}${executing ? 1 : 0}${numberOf(step)}${numberOf(phase)}${numberOf(exit)} ${tip} ${beat} ${readAt} ${run} ${head} ${result} ${kept}`;
  return key;
}

const set = (ids: readonly Id[], ...more: readonly Id[]): Id[] => [...new Set([...ids, ...more])].sort((one, other) => one - other);
const change = (state: State, index: number, to: Partial<Runner>): State => ({
  ...state,
  runners: state.runners.map((runner, each) => (each === index ? { ...runner, ...to } : runner)),
});
const forget = { step: 'look', tip: 0, beat: 0, readAt: 0, run: 0, phase: '', head: 0, result: 0, executing: false, exit: '' } as const;

/** Everything that can happen next. */
export function* successors(state: State, rules: Rules): Generator<Next> {
  for (const [index, runner] of state.runners.entries()) {
    if (runner.up) yield* steps(state, rules, index);
    else yield { label: `${index} restarts`, state: change(state, index, { up: true }) };
    if (runner.up && state.crashes > 0 && runner.phase !== '')
      yield {
        label: `${index} dies`,
        state: {
          ...change(state, index, { up: false, step: 'look', tip: 0, beat: 0, readAt: 0 }),
          crashes: state.crashes - 1,
          healthy: false,
        },
      };
    if (runner.executing) yield* commandActs(state, rules, index);
  }
  yield* personActs(state, rules);
  for (const push of state.late) {
    const without = { ...state, late: state.late.filter((each) => each !== push) };
    yield arrive(without, rules, push, 'a late push');
  }
  if (state.now + rules.tick <= rules.lastSecond) yield { label: `${rules.tick} s pass`, state: { ...state, now: state.now + rules.tick } };
}

// The network and the server

/** A push reaches the server, which accepts it or not, and the checker looks at what it did. */
function arrive(state: State, rules: Rules, push: Push, label: string): Next {
  const refs = receive(state.refs, push, rules.fence, state.now);
  if (refs === undefined) return { label: `${label}: refused`, state };
  const before = state.refs.branch;
  const after = refs.branch;
  let next: State = { ...state, refs };
  if (before === after) return { label, state: next };
  const held = holder(before);
  if (held !== 0 && holder(after) !== held) next = { ...next, ended: set(next.ended, held) };
  if (push.by === 'person') {
    const undone = [...next.started, ...next.ended].filter((run) => !contains(after, run));
    const excused = set(next.excused, ...undone, ...(held === 0 || holder(after) === held ? [] : [held]));
    next = { ...next, excused };
    // Whoever puts a lease back makes it hold again, and answers for it.
    if (holder(after) !== 0 && holder(after) !== held)
      next = { ...next, healthy: false, ended: next.ended.filter((run) => run !== holder(after)) };
    return { label, state: next };
  }
  const tip = get(after);
  // A person put the request back, and the claim that was undone by it arrives a second time: it holds again.
  if (tip.kind === 'lease' && state.excused.includes(after) && get(after).parent === before)
    return { label, state: { ...next, ended: next.ended.filter((run) => run !== after) } };
  if (tip.run !== 0 && state.ended.includes(tip.run))
    return {
      label,
      state: next,
      broken: tip.kind === 'work' ? 'no work of a run is published after its end' : 'no event of a run is published after its end',
    };
  if (above(after, [before]).some((id) => state.ended.includes(get(id).run)))
    return { label, state: next, broken: 'no work of a run is published after its end' };
  if (!contains(after, before)) return { label, state: next, broken: 'no accepted commit becomes unreachable except by a person' };
  return { label, state: next };
}

/** What may become of a runner's push. The runner goes on in the same way after all of them, unless it believes the exit code. */
function* sends(
  state: State,
  rules: Rules,
  index: number,
  push: Push,
  label: string,
  then: (ok: boolean) => Partial<Runner>,
): Generator<Next> {
  const on = (reached: State, ok: boolean): State => change(reached, index, then(ok));
  for (const expected of expectations(rules, push)) {
    const sent: Push = push.branch === undefined ? push : { ...push, branch: { ...push.branch, expected } };
    const arrived = arrive(state, rules, sent, `${index} pushes ${label}`);
    const moved = arrived.state.refs.branch !== state.refs.branch;
    const blind = moved && push.branch !== undefined && state.refs.branch !== push.branch.expected;
    const broken = arrived.broken ?? (blind ? 'the branch moves only from the value that was read' : undefined);
    yield {
      label: arrived.label,
      state: on(arrived.state, arrived.state !== state),
      ...(broken === undefined ? {} : { broken }),
    };
    if (rules.afterClaim === 'believe the exit code' && state.faults > 0 && arrived.state !== state)
      yield { label: `${arrived.label}, the answer is lost`, state: on({ ...arrived.state, faults: state.faults - 1 }, false) };
    if (state.faults > 0)
      yield {
        label: `${index} pushes ${label}, late`,
        state: on({ ...state, faults: state.faults - 1, late: [...state.late, sent], healthy: false }, false),
      };
  }
  if (state.faults > 0) yield { label: `${index} pushes ${label}, lost`, state: on({ ...state, faults: state.faults - 1 }, false) };
}

function expectations({ push, settle }: Rules, { branch }: Push): Expected[] {
  if (branch === undefined) return [0];
  if (push === 'plain') return ['an ancestor'];
  if (settle === 'from whatever is there' && get(branch.to).run !== 0 && holder(branch.to) === 0) return ['anything'];
  // The tracking ref is what the runner read, or what a fetch in the background has read since.
  return push === 'implicit' ? [branch.expected, 'anything'] : [branch.expected];
}

// The runners

const own = (state: State, rules: Rules, index: number): number => state.now + (rules.offsets[index] ?? 0);
/** A holder acts on its lease for two thirds of it, counted from the date of the heartbeat that it has read back. */
function confirmed(state: State, rules: Rules, index: number, { beat, readAt, run }: Runner): boolean {
  const from = readAt === 0 ? get(beat === 0 ? run : beat).at : readAt;
  return own(state, rules, index) - from <= (leaseSeconds * 2) / 3;
}

/** The next step of a runner that is up; several where the network or its timing leaves a choice. */
export function* steps(state: State, rules: Rules, index: number): Generator<Next> {
  const runner = state.runners[index] ?? asleep;
  const { refs } = state;
  const { run } = runner;
  const to = (label: string, step: Partial<Runner>): Next => ({ label: `${index} ${label}`, state: change(state, index, step) });
  switch (runner.step) {
    case 'look':
      if (runner.phase === '') yield* looks(state, rules, index);
      else yield sweeps(state, rules, index);
      return;
    case 'claim': {
      // A claim is as old as its commit: one that would be half over when it lands is made anew.
      if (rules.oldClaim === 'dropped' && rules.afterClaim === 'read' && !confirmed(state, rules, index, runner)) {
        yield to('drops a claim that has grown old', forget);
        return;
      }
      const push: Push = { by: 'runner', branch: { expected: runner.tip, to: run }, lease: { run, expected: 0, to: run } };
      yield* sends(state, rules, index, push, 'its claim', (ok) => {
        if (rules.afterClaim === 'read') return { step: 'read' };
        return ok || rules.afterClaim === 'start' ? { step: 'start', tip: run, beat: run } : forget;
      });
      return;
    }
    case 'read':
      if (refs.branch === run) yield to('has won', { step: 'start', tip: run, beat: run });
      // Nothing has moved: the push was lost or is late. The same one again can only do the same. With a lease ref it was undone by a person.
      else if (refs.branch === runner.tip && heartbeatRef(refs, run) === 0) yield to('sees its claim nowhere', { step: 'claim' });
      else yield to('has lost', forget);
      return;
    case 'start': {
      if (rules.afterClaim === 'read' && !confirmed(state, rules, index, runner)) {
        yield to('comes too late to start', ends(rules, { ...runner, head: run, exit: 'stopped' }));
        return;
      }
      yield starts(state, index);
      return;
    }
    case 'watch':
      if (!confirmed(state, rules, index, runner)) {
        yield to('stops its command', ends(rules, { ...runner, executing: false, exit: 'stopped' }));
        return;
      }
      if (!runner.executing) {
        yield to('judges', ends(rules, runner));
        return;
      }
      if (own(state, rules, index) - get(runner.beat).at >= leaseSeconds / 3) yield to('wants to renew', { step: 'renew' });
      if (get(runner.head).kind === 'working' && runner.head !== runner.tip) yield to('sees a working commit', { step: 'publish' });
      return;
    case 'renew':
    case 'publish': {
      const alive = commit({ kind: 'alive', parent: runner.beat, run, at: own(state, rules, index) });
      const branch = runner.step === 'publish' ? { branch: { expected: runner.tip, to: runner.head } } : {};
      const push: Push = { by: 'runner', ...branch, lease: { run, expected: runner.beat, to: alive } };
      yield* sends(state, rules, index, push, 'a sign of life', () => ({ step: 'confirm' }));
      return;
    }
    case 'confirm':
      if (holder(refs.branch) === run && heartbeatRef(refs, run) !== 0)
        yield to('reads its lease', {
          step: 'watch',
          tip: refs.branch,
          beat: heartbeatRef(refs, run),
          readAt: rules.confirmed === 'from reading it' ? own(state, rules, index) : 0,
        });
      else yield to('sees that it has lost the branch', ends(rules, { ...runner, executing: false, exit: 'stopped' }));
      return;
    case 'settle': {
      const lease = { run, expected: rules.settle === 'from the lease' ? runner.beat : ('anything' as const), to: 0 };
      const push: Push = { by: 'runner', branch: { expected: runner.tip, to: runner.result }, lease };
      yield* sends(state, rules, index, push, 'its result', () => ({ step: 'settled' }));
      return;
    }
    case 'settled':
      if (holder(refs.branch) === run && contains(runner.result, refs.branch))
        yield to('sees its result nowhere', { step: 'settle', tip: refs.branch, beat: heartbeatRef(refs, run) });
      else yield closes(state, index, 'ends its run');
      return;
    case 'take over': {
      const by = commit({ kind: 'stalled', parent: runner.tip, stalls: holder(runner.tip) });
      const expected = rules.takeover === 'of the heartbeat that was read' ? runner.beat : ('anything' as const);
      const push: Push = { by: 'runner', branch: { expected: runner.tip, to: by }, lease: { run: holder(runner.tip), expected, to: 0 } };
      yield* sends(state, rules, index, push, 'a takeover', () => forget);
      return;
    }
    case 'collect': {
      const push: Push = { by: 'runner', lease: { run: get(runner.beat).run, expected: runner.beat, to: 0 } };
      yield* sends(state, rules, index, push, 'that a lease ref goes', () => forget);
      return;
    }
  }
}

const readings = new Map<string, Reading>();

/** The product's own reading of the tip. */
export function read(state: State, rules: Rules, index: number): Reading {
  const { branch, sign } = state.refs;
  const now = own(state, rules, index);
  const held = holder(branch);
  const seen = sign + (rules.offsets[index] ?? 0);
  const dated = held === 0 ? 0 : get(heartbeatRef(state.refs, held)).at;
  const heartbeat = rules.heartbeats === 'as dated' || dated <= now + skewSeconds ? dated : seen;
  const key = `${branch} ${now} ${seen} ${heartbeat}`;
  let reading = readings.get(key);
  if (reading === undefined) {
    reading = decide(tipOf(branch), {
      now,
      observedAt: seen,
      heartbeat,
      run: { kind: 'none' },
      command: get(branch).kind === 'result' ? { kind: 'missing' } : { kind: 'present', path: '.aynig/command/build' },
      permission: { kind: 'allowed' },
      skewSeconds,
    });
    readings.set(key, reading);
  }
  return reading;
}

function* looks(state: State, rules: Rules, index: number): Generator<Next> {
  const { branch, leases } = state.refs;
  const left = rules.leftLeases === 'collected' ? leases.find(([run]) => holder(branch) !== run) : undefined;
  if (left !== undefined)
    yield { label: `${index} sees a lease of no branch`, state: change(state, index, { step: 'collect', beat: left[1] }) };
  if (branch === 0) return;
  const reading = read(state, rules, index);
  if (reading.kind === 'ready') {
    const run = newRun(state, { kind: 'lease', parent: branch, at: own(state, rules, index), nonce: index });
    const claiming: Partial<Runner> = { step: 'claim', tip: branch, run, phase: 'claiming', head: run };
    yield { label: `${index} sees a request`, state: change(state, index, claiming) };
  } else if (reading.kind === 'expired') {
    const beat = heartbeatRef(state.refs, holder(branch));
    yield { label: `${index} sees an expired lease`, state: change(state, index, { step: 'take over', tip: branch, beat }) };
  }
}

/** A claim that nobody has seen: its run id is a random number. */
function newRun(state: State, made: Made): Id {
  const run = commit(made);
  const seen =
    state.ended.includes(run) ||
    state.started.includes(run) ||
    contains(state.refs.branch, run) ||
    heartbeatRef(state.refs, run) !== 0 ||
    state.late.some(({ branch, lease }) => branch?.to === run || lease?.run === run);
  return seen ? newRun(state, { ...made, nonce: (made.nonce ?? 0) + 10 }) : run;
}

function starts(state: State, index: number): Next {
  const { run } = state.runners[index] ?? asleep;
  const next = {
    ...change(state, index, { step: 'watch', phase: 'running', head: run, executing: true, exit: '' }),
    started: set(state.started, run),
  };
  const label = `${index} starts its command`;
  if (state.started.includes(run)) return { label, state: next, broken: 'a run id executes at most once' };
  const excused = state.excused.includes(run);
  const before = state.started.some((other) => get(other).parent === get(run).parent && !state.excused.includes(other));
  if (before && !excused) return { label, state: next, broken: 'a request is executed once unless a person or a stall lies between' };
  return { label, state: next };
}

const pinned = (rules: Rules, { run, head, kept }: Runner): readonly Id[] =>
  head === run || rules.work === 'in its worktree only' ? kept : set(kept, head);

/** Pins what the command made and decides, as the product judges it, what is published. */
function ends(rules: Rules, runner: Runner): Partial<Runner> {
  const { run, head, exit } = runner;
  const published = runner.tip;
  const base = rules.judged === 'from the claim' ? run : published;
  const verdict = judge({
    end: exit === 'ok' ? { exitCode: 0 } : { reason: 'it was stopped' },
    lease: oidOf(`model ${base}`),
    head: tipOf(head),
    descends: contains(head, base),
  });
  const onTopOf = verdict.kind === 'failed' && contains(head, base) ? head : base;
  const result = verdict.kind === 'complete' ? head : commit({ kind: 'stalled', parent: onTopOf, run, stalls: run });
  return { ...runner, phase: 'ended', step: 'settle', result, executing: false, kept: pinned(rules, runner) };
}

/** After the last read: the pin goes when the branch contains the work, then the journal goes. */
function closes(state: State, index: number, label: string): Next {
  const runner = state.runners[index] ?? asleep;
  const { head } = runner;
  const landed = contains(state.refs.branch, head);
  const kept = landed ? runner.kept.filter((id) => id !== head) : runner.kept;
  const lost = head !== runner.run && !landed && !kept.includes(head);
  const next = change(state, index, { ...forget, kept });
  return { label: `${index} ${label}`, state: next, ...(lost ? { broken: 'what a command committed is on the branch or pinned' } : {}) };
}

/** A new process finds the journal of one that died: it ends the command, reads the branch, and goes on from the journal. */
function sweeps(state: State, rules: Rules, index: number): Next {
  const found = state.runners[index] ?? asleep;
  const { run } = found;
  const { refs } = state;
  const saved = { ...found, executing: false, kept: pinned(rules, found) };
  const label = 'sweeps';
  const swept = change(state, index, saved);
  if (holder(refs.branch) !== run) return closes(swept, index, label);
  if (rules.restart === 'start again') return starts(change(swept, index, { tip: refs.branch, beat: heartbeatRef(refs, run) }), index);
  const on = { ...saved, tip: refs.branch, beat: heartbeatRef(refs, run), exit: found.exit === '' ? ('stopped' as const) : found.exit };
  if (found.phase !== 'ended') return { label: `${index} ${label}`, state: change(state, index, ends(rules, on)) };
  return { label: `${index} ${label}`, state: change(state, index, { ...on, step: 'settle' }) };
}

// Commands

/** A command that does at once what it was started for. */
export function completes(state: State, index: number): State {
  const { head, run } = state.runners[index] ?? asleep;
  const result = get(head).kind === 'result' ? head : commit({ kind: 'result', parent: head, run });
  return change(state, index, { head: result, executing: false, exit: 'ok' });
}

function* commandActs(state: State, rules: Rules, index: number): Generator<Next> {
  const { run, head } = state.runners[index] ?? asleep;
  const to = (label: string, step: Partial<Runner>): Next => ({ label: `command of ${index} ${label}`, state: change(state, index, step) });
  const { kind, parent } = get(head);
  if (kind !== 'result') {
    yield to('commits the next state', { head: commit({ kind: 'result', parent: head, run }) });
    if (kind === 'lease') yield to('commits work', { head: commit({ kind: 'work', parent: head, run }) });
    if (kind === 'lease' && rules.renewals)
      yield to('commits working', { head: commit({ kind: 'working', parent: head, run, at: own(state, rules, index) }) });
    if (kind === 'working') yield to('rewrites its last commit', { head: commit({ kind: 'result', parent, run }) });
  }
  yield to('exits', { executing: false, exit: 'ok' });
  if (!rules.commandsPush) return;
  const { branch } = state.refs;
  const rebased = branch === 0 ? head : rebase(head, branch);
  const moved = change(state, index, { head: rebased });
  if (rebased !== branch)
    yield arrive(
      moved,
      rules,
      { by: 'command', branch: { expected: 'an ancestor', to: rebased } },
      `command of ${index} rebases and pushes`,
    );
  if (head !== branch) {
    const forced: Push = { by: 'command', branch: { expected: 'anything', to: head } };
    yield arrive(state, rules, forced, `command of ${index} pushes by force`);
  }
}

/** `git rebase`: copies of what the upstream does not have, on top of it. A copied lease is known as one by its `aynig-parent`. */
function rebase(head: Id, upstream: Id): Id {
  if (contains(head, upstream)) return head;
  return above(head, [upstream]).reduceRight((onto, id) => {
    const { kind, run, at } = get(id);
    return commit({ kind: kind === 'lease' ? 'copy' : kind, parent: onto, run, at });
  }, upstream);
}

// The person

function* personActs(state: State, rules: Rules): Generator<Next> {
  const { local, refs, personActs: left } = state;
  const push = (expected: Expected, to: Id, label: string): Next =>
    arrive({ ...state, personActs: left - 1 }, rules, { by: 'person', branch: { expected, to } }, label);
  if (left === 0) return;
  if (refs.branch !== 0 && refs.branch !== local && contains(refs.branch, local))
    yield { label: 'the person pulls', state: { ...state, local: refs.branch } };
  if (get(local).kind !== 'request' || contains(refs.branch, local)) {
    const asked = commit({ kind: 'request', parent: local });
    yield { label: 'the person commits a request', state: { ...state, local: asked, personActs: left - 1 } };
  }
  if (local !== refs.branch) {
    if (contains(local, refs.branch)) yield push('an ancestor', local, 'the person pushes');
    else yield push('anything', local, 'the person pushes by force');
  }
  if (refs.branch !== 0) yield push('anything', 0, 'the person deletes the branch');
}

/** Breaks that show in the state itself. */
export function brokenIn(state: State, rules: Rules): Invariant | undefined {
  const live = state.runners.filter(
    (runner, index) => runner.executing && runner.up && !state.excused.includes(runner.run) && confirmed(state, rules, index, runner),
  );
  if (live.length > 1) return 'at most one live run holds the branch';
  return undefined;
}
