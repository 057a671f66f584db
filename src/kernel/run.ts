import type { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import type { BranchName, Oid, RefName } from '../git/names.js';
import type { BranchTip } from '../git/refs.js';
import { clearFailure, readFailures, recordFailure } from '../runner/failure-record.js';
import { tidy } from '../runner/tidy.js';
import { type Chain, endChain } from './chain.js';
import type { Context } from './context.js';
import { lookerAt, type Which } from './look.js';
import type { TickOutcome } from './outcome.js';
import type { RunOptions, RunSummary } from './run-options.js';
import { keyOf } from './seen-tips.js';
import { type Surveyed, survey } from './survey.js';
import { sweep } from './sweep.js';
import { act, tick } from './tick.js';

type Found = Extract<Surveyed, { reading: unknown }>;

/** Readings that a tick does something about, or has to say something about. */
const concerning = new Set(['ready', 'expired', 'undelivered', 'untrusted', 'remote', 'invalid']);
const lookIntervalMs = 150;
/** How long after a look the next one may follow that nobody asked for, while branches are at work; one at a remote is a fetch. */
const lookAroundMs = { here: 1_000, remote: 10_000 };

/** Ticks every selected branch until nothing is ready: several at once, each again and again while its command names a next one. */
export async function runBranches(context: Context, options: RunOptions): Promise<RunSummary> {
  const done: RunSummary['branches'][number][] = [];
  const waiting: Found[] = [];
  const active = new Map<string, Promise<void>>();
  /** Branches that were being run when somebody looked: what was requested there meanwhile is looked at afterwards. */
  const missed = new Map<string, BranchTip>();
  /** Whether somebody else was first at a branch of a remote. */
  let beaten = false;
  const skipped = new Map<BranchName, 'ready' | 'expired' | 'undelivered'>();
  const failures = readFailures(context.places.own);
  const looks = lookerAt(context, options);
  /** Ticks of each branch since a hook or push last asked for a look: branches that move each other must come to an end too. */
  const ticks = new Map<string, number>();
  /** Whether a command was started and has ended since the last look; it may have made or moved branches, which fires no hook. */
  let mayHaveMoved = false;
  /** Branches that were at work when somebody looked for what has moved. */
  const passedOver = new Set<string>();
  const between = options.remote === undefined ? lookAroundMs.here : lookAroundMs.remote;
  let nextLookAt = performance.now() + between;

  const take = (found: Surveyed, which: Which = 'all'): void => {
    const { at } = found;
    if (!options.select(at.branch)) {
      if ('reading' in found && isWork(found.reading.kind)) skipped.set(at.branch, found.reading.kind);
      return;
    }
    const key = keyOf(at);
    // A reading that still waits for its turn is out of date by now.
    const outdated = waiting.findIndex((other) => keyOf(other.at) === key);
    if (outdated >= 0) waiting.splice(outdated, 1);
    if (active.has(key)) {
      if (which === 'all') missed.set(key, at);
      else passedOver.add(key);
    } else if (which === 'moved' && (isSpent(key) || isUndelivered(found))) return;
    else if ('failure' in found) {
      done.push({ ...named(at), outcomes: [], failure: found.failure });
      noteFailure(context, at.ref, found.failure);
    } else if (concerning.has(found.reading.kind)) {
      // Others may be at work on the same list: who begins elsewhere meets nobody.
      const place = at.at === undefined ? waiting.length : Math.floor(Math.random() * (waiting.length + 1));
      waiting.splice(place, 0, found);
    } else if (failures.has(at.ref)) clearFailure(context.places.own, at.ref);
  };
  /** Of branches that have moved, one that used up its ticks waits for the next run, and a checkout that refuses, for its person. */
  const isSpent = (key: string): boolean => (ticks.get(key) ?? 0) >= context.settings.maxTicks;
  const look = async (which: Which = 'all'): Promise<void> => {
    for await (const found of looks.here(which)) take(found, which);
    const there = looks.there(
      (found) => take(found, which),
      (entry) => done.push(entry),
      which,
    );
    // Branches of this repository need not wait for a network.
    if (there === undefined) return;
    // Another look may have begun before this one ends.
    const looked: Promise<void> = Promise.all([active.get(theNetwork), there]).then(() => {
      if (active.get(theNetwork) === looked) active.delete(theNetwork);
    });
    active.set(theNetwork, looked);
  };

  /** Why nothing more is started, as long as the settings cannot be read. */
  let unset: Failure | undefined;
  /** Reads what was set meanwhile, where hooks may ask for more: a stop or a guard holds for all that is not started yet. */
  const mayGoOn = async (whereTouched: boolean): Promise<boolean> => {
    if (options.lookAgain === undefined) return true;
    try {
      await context.readSettingsAnew({ whereTouched });
      unset = undefined;
    } catch (error) {
      unset = failureOrThrow(error);
    }
    if (unset === undefined && context.settings.tick !== 'off') return true;
    waiting.length = 0;
    // What was pushed has been seen.
    if (typeof options.refs === 'function') options.refs();
    return false;
  };
  const lookAround = async (): Promise<void> => {
    mayHaveMoved = false;
    if (await mayGoOn(true)) await look('moved');
    nextLookAt = performance.now() + between;
  };

  const swept = await sweep(context);
  for (const { branch, ref, outcome } of swept.branches) if (options.select(branch)) done.push({ branch, outcomes: [outcome], ref });
  if (swept.looked) looks.again();
  await look();
  for (;;) {
    while (waiting.length > 0 && running(active) < context.settings.maxParallel && !context.stop.aborted) {
      const found = waiting.shift();
      if (found === undefined) break;
      const key = keyOf(found.at);
      active.set(
        key,
        runBranch(context, found, options, ticks).then(({ entry, started }) => {
          done.push(entry);
          active.delete(key);
          looks.leave(found.at, lastTip(entry) ?? found.at.oid);
          if (passedOver.delete(key) || started) mayHaveMoved = true;
          beaten ||= entry.remote !== undefined && entry.outcomes.at(-1)?.kind === 'lost-race';
        }),
      );
    }
    if (active.size === 0) {
      if (!mayHaveMoved || context.stop.aborted) break;
      await lookAround();
      continue;
    }
    // A look at a remote that is under way is waited for as the branches are.
    const dueIn = mayHaveMoved && !active.has(theNetwork) ? nextLookAt - performance.now() : undefined;
    await nextChange([...active.values()], options.lookAgain === undefined ? undefined : lookIntervalMs, dueIn);
    if (dueIn !== undefined && active.size > 0 && performance.now() >= nextLookAt) await lookAround();
    if (beaten && waiting.length > 0) {
      // Who was first there has perhaps been first elsewhere too: one look costs less than many claims that lose.
      await look();
      await active.get(theNetwork);
    }
    beaten = false;
    if (options.lookAgain?.() === true) {
      ticks.clear();
      looks.again();
      if (await mayGoOn(false)) await look();
    }
    const ended = [...missed].filter(([key]) => !active.has(key));
    for (const [key, at] of ended) {
      missed.delete(key);
      try {
        for (const found of await survey(context, [at.ref], at.at?.remote)) take(found);
      } catch (error) {
        noteFailure(context, at.ref, failureOrThrow(error));
      }
    }
  }
  tidy(context.places.own);
  if (unset !== undefined) throw unset;
  const failure = looks.failure();
  return { branches: done, skipped, ...(failure === undefined ? {} : { failure }) };
}

const isWork = (kind: string): kind is 'ready' | 'expired' | 'undelivered' => ['ready', 'expired', 'undelivered'].includes(kind);

/** The entry of the look at remotes among the branches that are at work. */
const theNetwork = ' network';
const running = (active: ReadonlyMap<string, unknown>): number => active.size - (active.has(theNetwork) ? 1 : 0);
const named = ({ branch, ref, at }: BranchTip): Pick<RunSummary['branches'][number], 'branch' | 'ref' | 'remote'> => ({
  branch,
  ref,
  ...(at === undefined ? {} : { remote: at.remote }),
});

const isUndelivered = (found: Surveyed): boolean => 'reading' in found && found.reading.kind === 'undelivered';

/** Where a run left a branch, as far as it knows. */
const lastTip = ({ outcomes }: RunSummary['branches'][number]): Oid | undefined =>
  outcomes.flatMap((outcome) => ('commit' in outcome ? [outcome.commit] : [])).at(-1);

/** Waits until one of the branches at work is done, or one of the times, in milliseconds, is up. */
async function nextChange(active: readonly Promise<void>[], ...times: readonly (number | undefined)[]): Promise<void> {
  const waits = times.filter((time) => time !== undefined);
  let timer: NodeJS.Timeout | undefined;
  const interval = new Promise<void>((resolve) => {
    if (waits.length > 0) timer = setTimeout(resolve, Math.max(0, Math.min(...waits)));
  });
  await Promise.race([...active, interval]);
  clearTimeout(timer);
}

async function runBranch(
  context: Context,
  found: Found,
  options: RunOptions,
  ticks: Map<string, number>,
): Promise<{ readonly entry: RunSummary['branches'][number]; readonly started: boolean }> {
  const { branch, ref } = found.at;
  const outcomes: TickOutcome[] = [];
  const chain: Chain = {};
  const before = ticks.get(keyOf(found.at)) ?? 0;
  try {
    let outcome = await act(context, found.at, found.tip, found.reading, chain);
    const busyUntil = Date.now() + (options.busyWaitMs ?? 0);
    while (outcome.kind === 'busy' && Date.now() < busyUntil) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      outcome = await tick(context, found.at, chain);
    }
    if (outcome.kind === 'busy') context.report({ kind: 'busy', branch, operation: outcome.operation });
    outcomes.push(outcome);
    while (goesOn(outcome) && !context.stop.aborted) {
      if (before + outcomes.length >= context.settings.maxTicks) {
        context.report({ kind: 'tick-limit', branch, ticks: before + outcomes.length });
        break;
      }
      outcome = await tick(context, found.at, chain, outcome);
      if (outcome.kind === 'nothing') break;
      outcomes.push(outcome);
    }
    await endChain(context, chain);
    clearFailure(context.places.own, ref);
    return { entry: { ...named(found.at), outcomes }, started: chain.started === true };
  } catch (error) {
    const failure = failureOrThrow(error);
    noteFailure(context, ref, failure);
    return { entry: { ...named(found.at), outcomes, failure }, started: chain.started === true };
  } finally {
    ticks.set(keyOf(found.at), before + outcomes.filter(goesOn).length);
  }
}

const goesOn = ({ kind }: TickOutcome): boolean => ['advanced', 'stalled', 'taken-over', 'delivered'].includes(kind);

function noteFailure(context: Context, ref: RefName, failure: Failure): void {
  const branch = ref.slice('refs/heads/'.length) as BranchName;
  context.report({ kind: 'failed', branch, code: failure.code, why: failure.message, hint: failure.hint });
  try {
    recordFailure(context.places.own, ref, { code: failure.code, why: failure.message, hint: failure.hint, at: context.now() });
  } catch (error) {
    // A disk that is full or read-only cannot take the note either; the failure itself has been reported.
    failureOrThrow(error);
  }
}
