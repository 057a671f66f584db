import type { Commit } from '../../src/git/commit.js';
import type { Oid } from '../../src/git/names.js';
import { decide, type Facts, type RunKnowledge } from '../../src/kernel/decide.js';
import { leaseMessage, stallMessage } from '../../src/kernel/lease.js';
import { readTip } from '../../src/kernel/tip.js';
import { judge } from '../../src/kernel/verdict.js';
import type { CommandEnd } from '../../src/runner/journal.js';
import { commitOf, oidOf } from './commits.js';

/** What must hold at every moment (docs/protocol-model.md). */
export const invariants = [
  'at most one live run holds the branch',
  'a ref moves only from the value that was read',
  'nothing of a run is published after its end',
  'a run id executes at most once',
  'our moves make no commit unreachable',
] as const;
export type Invariant = (typeof invariants)[number];

/** The protocol as it is, or with one of its rules left out. */
export type Variant =
  | 'sound'
  | 'moves set the ref without comparing'
  | 'settling takes whatever tip is there'
  | 'a restart goes on with the run it finds'
  | 'a takeover does not wait for the lease to end'
  | 'a run is started without looking whether the claim won';

/** One step of somebody in the world. `pick` chooses among what is possible at that moment. */
export interface Action {
  readonly kind: 'step' | 'command' | 'renew' | 'crash' | 'restart' | 'clock' | 'user';
  readonly runner: number;
  readonly pick: number;
}

interface Stored extends Commit {
  /** The run that made it; undefined for a person's commits. */
  readonly madeBy?: string;
}

interface Run {
  readonly runId: string;
  readonly host: number;
  readonly runner: Runner;
  readonly request: Oid;
  readonly state: string;
  /** On the branch since the claim; the journal knows it from the start of the command on. */
  lease?: Oid;
  started: boolean;
  head?: Oid;
  executing: boolean;
  /** Settled or taken over: it has no say any more. */
  ended: boolean;
  /** A person, or the command itself, moved the branch away from the lease. */
  cutOff: boolean;
  /** By the host's own clock. */
  aliveAt: number;
  end?: CommandEnd;
  result?: Oid;
  undelivered: boolean;
}

type Plan =
  | { readonly kind: 'claim'; readonly from: Oid; readonly run: Run; readonly lease: Stored }
  | { readonly kind: 'start'; readonly run: Run; readonly lease: Oid }
  | { readonly kind: 'take-over'; readonly from: Oid; readonly commit: Stored; readonly of: string }
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'publish'; readonly run: Run; readonly from: Oid; readonly to: Oid };

interface Runner {
  readonly host: number;
  alive: boolean;
  plan: Plan | undefined;
}

const leaseSeconds = 600;
const skewSeconds = 30;
/** Two processes of one host, and one of a host whose clock runs ahead. */
const hostsOfRunners = [0, 0, 1];
const clockOffsets = [0, 14];
const statesWithCommand = new Set(['build', 'review', 'stalled']);

const request = 'please\n\naynig-state: build\n';
const personMoves = [
  request,
  request,
  request,
  request,
  request,
  'by hand\n',
  'look\n\naynig-state: wait\n',
  'two\n\naynig-state: a\naynig-state: b\n',
  'delete',
  'force',
  'force',
] as const;
/** Messages to commit; numbers are exit codes; a command may also rewrite its history or move the branch itself. */
const commandMoves = [
  'work\n',
  'next\n\naynig-state: review\n',
  'next\n\naynig-state: review\n',
  'next\n\naynig-state: build\n',
  'over\n\naynig-state: done\n',
  'busy\n\naynig-state: working\n',
  'rewrite',
  'publish',
  0,
  0,
  0,
  0,
  1,
] as const;

/** How often each thing happened: a world in which nothing happens proves nothing. */
export type Tally = Record<
  'claimed' | 'lost-race' | 'advanced' | 'stalled' | 'lost' | 'taken-over' | 'swept' | 'undelivered' | 'delivered',
  number
>;

export const emptyTally = (): Tally => ({
  claimed: 0,
  'lost-race': 0,
  advanced: 0,
  stalled: 0,
  lost: 0,
  'taken-over': 0,
  swept: 0,
  undelivered: 0,
  delivered: 0,
});

/**
 * One branch, three runners on two hosts, one person, and a ref store with compare-and-swap. Every step is as small as a
 * real one: between reading a tip and moving the branch anything may happen. What a tip means, whether a run completed and
 * what our commits say is the kernel's own code.
 */
export class World {
  readonly violations = new Set<Invariant>();
  readonly #variant: Variant;
  readonly #tally: Tally;
  readonly #commits = new Map<Oid, Stored>();
  readonly #runs: Run[] = [];
  readonly #journals: Set<Run>[] = clockOffsets.map(() => new Set());
  readonly #runners: Runner[] = hostsOfRunners.map((host) => ({ host, alive: true, plan: undefined }));
  readonly #heartbeats = new Map<string, number>();
  readonly #executions = new Map<string, number>();
  #tip: Oid | undefined;
  #tipMovedAt = 0;
  #clock = 1_700_000_000;
  #serial = 0;

  constructor(variant: Variant, tally: Tally) {
    this.#variant = variant;
    this.#tally = tally;
    this.#moveTip(this.#commit('first\n\naynig-state: build\n', undefined).oid);
  }

  act({ kind, runner: index, pick }: Action): void {
    const runner = this.#runners[index % this.#runners.length] as Runner;
    switch (kind) {
      case 'clock':
        this.#clock += [1, 20, 200, 640, 700][pick % 5] ?? 1;
        break;
      case 'user':
        this.#userActs(pick);
        break;
      case 'crash':
        runner.alive = false;
        break;
      case 'restart':
        if (!runner.alive) this.#restart(runner);
        break;
      case 'command':
        this.#commandActs(runner, pick);
        break;
      case 'renew':
        this.#renew(runner);
        break;
      case 'step':
        if (runner.alive) this.#step(runner, pick);
        break;
    }
    if (this.#runs.filter((run) => this.#isLive(run)).length > 1) this.violations.add('at most one live run holds the branch');
  }

  // The person and the commands

  #userActs(pick: number): void {
    const tip = this.#tip;
    const all = [...this.#commits.keys()];
    const some = all[(pick * 7) % all.length] as Oid;
    const move = personMoves[pick % personMoves.length] as (typeof personMoves)[number];
    if (move === 'delete') this.#moveByHand(undefined);
    else if (move === 'force') this.#moveByHand(some);
    else this.#moveByHand(this.#commit(move, tip).oid);
  }

  /** A person's move: their own commits may go, and a run whose lease is no longer the tip is cut off. */
  #moveByHand(to: Oid | undefined): void {
    this.#moveTip(to);
    for (const run of this.#runs) {
      run.cutOff = run.cutOff || run.lease !== to;
      // Whoever puts a lease back makes it hold again; whoever publishes a run's work by hand lets it speak.
      if (run.lease === undefined || to === undefined) continue;
      if (run.lease === to) run.cutOff = false;
      if (run.lease === to || run.head === to) run.ended = false;
    }
  }

  /** What the command of the runner's run does next, also when its runner is gone or its branch lost. */
  #commandActs(runner: Runner, pick: number): void {
    const run = this.#runs.findLast((candidate) => candidate.runner === runner && candidate.executing);
    if (run?.lease === undefined || run.head === undefined) return;
    const move = commandMoves[pick % commandMoves.length] as (typeof commandMoves)[number];
    if (move === 'rewrite') run.head = run.request;
    else if (move === 'publish') {
      if (this.#tip !== run.lease) return;
      this.#moveTip(run.head);
      run.cutOff = run.head !== run.lease;
    } else if (typeof move === 'number') {
      run.executing = false;
      if (runner.alive) run.end = { exitCode: move };
    } else run.head = this.#commit(move, run.head, run.runId).oid;
  }

  // The runners

  #step(runner: Runner, pick: number): void {
    const { plan } = runner;
    runner.plan = undefined;
    if (plan === undefined) this.#look(runner);
    else if (plan.kind === 'claim') this.#claim(runner, plan);
    else if (plan.kind === 'start') this.#start(runner, plan.run, plan.lease);
    else if (plan.kind === 'take-over') this.#takeOver(plan);
    else if (plan.kind === 'run') {
      if (plan.run.executing) runner.plan = plan;
      else this.#settle(runner, plan.run, plan.run.end ?? { reason: 'it was stopped' });
    } else this.#publish(plan, pick);
  }

  /** Sweeps, reads the tip and decides: the kernel's own reading. */
  #look(runner: Runner): void {
    const dead = [...(this.#journals[runner.host] as Set<Run>)].find((run) => !run.runner.alive && !run.undelivered);
    if (dead !== undefined) {
      this.#sweep(runner, dead);
      return;
    }
    if (this.#tip === undefined) return;
    const from = this.#tip;
    const tip = readTip(this.#get(from));
    const reading = decide(tip, this.#factsFor(runner, tip.kind === 'lease' ? tip.lease.runId : ''));
    if (reading.kind === 'ready') {
      const runId = `00000000-0000-4000-8000-${String(++this.#serial).padStart(12, '0')}`;
      const run: Run = {
        runId,
        host: runner.host,
        runner,
        request: from,
        state: reading.state,
        started: false,
        executing: false,
        ended: false,
        cutOff: false,
        aliveAt: this.#now(runner.host),
        undelivered: false,
      };
      const facts = { originState: reading.state, runId, runnerId: `host-${runner.host}`, seconds: leaseSeconds, parent: from };
      this.#runs.push(run);
      this.#journal(run).add(run);
      runner.plan = { kind: 'claim', from, run, lease: this.#commit(leaseMessage(facts), from, runId, runner.host) };
    } else if (reading.kind === 'expired') {
      const { lease } = reading;
      const message = stallMessage({ originState: lease.originState, runId: lease.runId, reason: 'The lease expired.' });
      runner.plan = { kind: 'take-over', from, commit: this.#commit(message, from, undefined, runner.host), of: lease.runId };
    } else if (reading.kind === 'undelivered') {
      const run = this.#runs.find(({ runId }) => runId === reading.lease.runId) as Run;
      runner.plan = { kind: 'publish', run, from: run.lease as Oid, to: reading.result };
    }
  }

  #claim(runner: Runner, plan: Extract<Plan, { kind: 'claim' }>): void {
    const { run, from, lease } = plan;
    const won = this.#move(from, lease.oid) || this.#variant === 'a run is started without looking whether the claim won';
    if (won) {
      this.#tally.claimed++;
      run.lease = lease.oid;
      run.cutOff = false;
      runner.plan = { kind: 'start', run, lease: lease.oid };
    } else {
      this.#tally['lost-race']++;
      this.#journal(run).delete(run);
    }
  }

  #start(runner: Runner, run: Run, lease: Oid): void {
    run.started = true;
    run.head = lease;
    run.executing = true;
    const executions = (this.#executions.get(run.runId) ?? 0) + 1;
    this.#executions.set(run.runId, executions);
    if (executions > 1) this.violations.add('a run id executes at most once');
    runner.plan = { kind: 'run', run };
  }

  #takeOver({ from, commit, of }: Extract<Plan, { kind: 'take-over' }>): void {
    if (!this.#move(from, commit.oid)) return;
    this.#tally['taken-over']++;
    for (const run of this.#runs) if (run.runId === of) run.ended = true;
  }

  /** Judges what the command left and reads the branch; the move itself is a step of its own. */
  #settle(runner: Runner, run: Run, end: CommandEnd): void {
    const lease = run.lease as Oid;
    const head = this.#get(run.head as Oid);
    const verdict = judge({ end, lease, head: readTip(head), descends: this.#contains(head.oid, lease) });
    run.result ??=
      verdict.kind === 'complete'
        ? verdict.commit
        : this.#commit(
            stallMessage({ originState: run.state, runId: run.runId, reason: verdict.why }),
            verdict.onTopOf,
            run.runId,
            runner.host,
          ).oid;
    const ownMove = verdict.kind === 'failed' && this.#tip === verdict.onTopOf;
    const from = ownMove || this.#variant === 'settling takes whatever tip is there' ? this.#tip : lease;
    runner.plan = { kind: 'publish', run, from: from ?? lease, to: run.result };
  }

  #publish({ run, from, to }: Extract<Plan, { kind: 'publish' }>, pick: number): void {
    const refused = pick % 5 === 0 && this.#tip === from && this.#get(to).tree !== this.#get(from).tree;
    if (refused) {
      run.undelivered = true;
      this.#tally.undelivered++;
      return;
    }
    const landed = this.#tip === to || this.#move(from, to);
    const outcome =
      readTip(this.#get(to)).kind === 'request' && this.#get(to).message.toString().includes('stalled-run') ? 'stalled' : 'advanced';
    this.#tally[landed ? (run.undelivered ? 'delivered' : outcome) : 'lost']++;
    run.ended = true;
    this.#journal(run).delete(run);
  }

  #sweep(runner: Runner, run: Run): void {
    this.#tally.swept++;
    run.executing = false;
    const tip = this.#tip === undefined ? undefined : readTip(this.#get(this.#tip));
    const lease = run.started ? run.lease : tip?.kind === 'lease' && tip.lease.runId === run.runId ? tip.commit.oid : undefined;
    if (lease === undefined) {
      run.ended = true;
      this.#journal(run).delete(run);
      return;
    }
    run.lease = lease;
    run.head ??= lease;
    if (this.#variant === 'a restart goes on with the run it finds') this.#start(runner, run, lease);
    else this.#settle(runner, run, run.end ?? { reason: 'the runner ended before its command did' });
  }

  #restart(runner: Runner): void {
    // The new process is another one: what the old one held belongs to a dead runner for ever.
    const index = this.#runners.indexOf(runner);
    this.#runners[index] = { host: runner.host, alive: true, plan: undefined };
  }

  /** A runner that cannot confirm its lease in time ends its command: a takeover may be on its way already. */
  #renew(runner: Runner): void {
    const { plan } = runner;
    if (!runner.alive || plan?.kind !== 'run') return;
    if (this.#tip === plan.run.lease && this.#inTime(plan.run)) {
      plan.run.aliveAt = this.#now(runner.host);
      this.#heartbeats.set(plan.run.runId, plan.run.aliveAt);
    } else {
      plan.run.executing = false;
      plan.run.end = { reason: 'the lease could no longer be confirmed' };
    }
  }

  #factsFor({ host }: Runner, runId: string): Facts {
    const heartbeat = this.#heartbeats.get(runId);
    const eager = this.#variant === 'a takeover does not wait for the lease to end';
    return {
      now: this.#now(host) + (eager ? 10_000 : 0),
      observedAt: this.#tipMovedAt + (clockOffsets[host] ?? 0),
      run: eager ? { kind: 'none' } : this.#knowledgeOf(host, runId),
      command: this.#commandOfTip(),
      permission: { kind: 'allowed' },
      skewSeconds,
      ...(heartbeat === undefined ? {} : { heartbeat }),
    };
  }

  #commandOfTip(): Facts['command'] {
    const tip = readTip(this.#get(this.#tip as Oid));
    const has = tip.kind === 'request' && statesWithCommand.has(tip.state);
    return has ? { kind: 'present', path: `.aynig/command/${tip.state}` } : { kind: 'missing' };
  }

  #knowledgeOf(host: number, runId: string): RunKnowledge {
    const run = [...(this.#journals[host] as Set<Run>)].find((candidate) => candidate.runId === runId);
    if (run === undefined || (run.lease !== undefined && run.lease !== this.#tip)) return { kind: 'none' };
    if (run.undelivered && run.result !== undefined) return { kind: 'undelivered', result: run.result };
    return { kind: run.runner.alive ? 'alive' : 'dead' };
  }

  // The ref store

  /** The one way in which the protocol moves the branch. */
  #move(from: Oid, to: Oid): boolean {
    const before = this.#tip;
    if (this.#variant === 'moves set the ref without comparing') {
      if (before !== from) this.violations.add('a ref moves only from the value that was read');
    } else if (before !== from) return false;
    if (before !== undefined && !this.#contains(to, before)) this.violations.add('our moves make no commit unreachable');
    this.#publishes(to);
    this.#moveTip(to);
    return true;
  }

  #publishes(to: Oid): void {
    const { madeBy } = this.#get(to);
    if (madeBy === undefined) return;
    if (this.#runs.some((run) => run.runId === madeBy && run.ended)) this.violations.add('nothing of a run is published after its end');
  }

  #moveTip(to: Oid | undefined): void {
    this.#tip = to;
    this.#tipMovedAt = this.#clock;
  }

  #commit(message: string, parent: Oid | undefined, madeBy?: string, host = 0): Stored {
    const oid = oidOf(`${this.#commits.size} ${message}`);
    const tree =
      madeBy !== undefined && !message.startsWith('aynig: ')
        ? oidOf(`tree of ${oid}`)
        : (this.#commits.get(parent as Oid)?.tree ?? oidOf('tree'));
    const made: Stored = {
      ...commitOf(message, { oid, tree, parents: parent === undefined ? [] : [parent], committedAt: this.#now(host) }),
      ...(madeBy === undefined ? {} : { madeBy }),
    };
    this.#commits.set(oid, made);
    return made;
  }

  #get(oid: Oid): Stored {
    return this.#commits.get(oid) as Stored;
  }

  #contains(descendant: Oid, ancestor: Oid): boolean {
    for (let at: Oid | undefined = descendant; at !== undefined; at = this.#get(at).parents[0]) if (at === ancestor) return true;
    return false;
  }

  #journal(run: Run): Set<Run> {
    return this.#journals[run.host] as Set<Run>;
  }

  #now(host: number): number {
    return this.#clock + (clockOffsets[host] ?? 0);
  }

  /** Its command works, and its runner has reason to believe that the branch is its own. */
  #isLive(run: Run): boolean {
    return run.executing && !run.cutOff && this.#inTime(run);
  }

  #inTime(run: Run): boolean {
    return this.#now(run.host) <= run.aliveAt + leaseSeconds;
  }
}
