import type { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import type { BranchName, RefName } from '../git/names.js';
import { clearFailure, readFailures, recordFailure } from '../runner/failure-record.js';
import { tidy } from '../runner/tidy.js';
import { type Chain, endChain } from './chain.js';
import type { Context } from './context.js';
import type { TickOutcome } from './outcome.js';
import { type Surveyed, surveyEach, surveyTips } from './survey.js';
import { sweep } from './sweep.js';
import { act, tick } from './tick.js';

export interface RunOptions {
  /** Which branches may be acted on. */
  readonly select: (branch: BranchName) => boolean;
  readonly refs?: readonly RefName[];
  /** Answers once with true after each wish to look again; asked several times a second while commands run. */
  readonly lookAgain?: () => boolean;
  /** How long to wait for a git operation of the user's (a cherry-pick, say) to end before leaving its branch alone. */
  readonly busyWaitMs?: number;
}

/** What became of each branch that was acted on, in the order in which they ended. */
export interface RunSummary {
  readonly branches: readonly {
    readonly branch: BranchName;
    readonly ref: RefName;
    readonly outcomes: readonly TickOutcome[];
    readonly failure?: Failure;
  }[];
}

type Found = Extract<Surveyed, { reading: unknown }>;

/** Readings that a tick does something about, or has to say something about. */
const concerning = new Set(['ready', 'expired', 'undelivered', 'untrusted', 'remote', 'invalid']);
const lookIntervalMs = 150;

/** Ticks every selected branch until nothing is ready: several at once, each again and again while its command names a next one. */
export async function runBranches(context: Context, options: RunOptions): Promise<RunSummary> {
  const done: RunSummary['branches'][number][] = [];
  const waiting: Found[] = [];
  const active = new Map<RefName, Promise<void>>();
  /** Branches that were being run when somebody looked: what was requested there meanwhile is looked at afterwards. */
  const missed = new Set<RefName>();
  const swept = await sweep(context);
  for (const { branch, ref, outcome } of swept.branches) if (options.select(branch)) done.push({ branch, outcomes: [outcome], ref });
  const failures = readFailures(context.places.own);
  const look = async (surveyed: AsyncIterable<Surveyed>): Promise<void> => {
    for await (const found of surveyed) {
      const { ref, branch } = found.at;
      if (!options.select(branch)) continue;
      // A reading that still waits for its turn is out of date by now.
      const outdated = waiting.findIndex(({ at }) => at.ref === ref);
      if (outdated >= 0) waiting.splice(outdated, 1);
      if (active.has(ref)) missed.add(ref);
      else if ('failure' in found) {
        done.push({ branch, ref, outcomes: [], failure: found.failure });
        noteFailure(context, ref, found.failure);
      } else if (concerning.has(found.reading.kind)) waiting.push(found);
      else if (failures.has(ref)) clearFailure(context.places.own, ref);
    }
  };
  await look(context.tips === undefined || swept.looked ? surveyEach(context, options.refs) : surveyTips(context, await context.tips));
  for (;;) {
    while (waiting.length > 0 && active.size < context.settings.maxParallel && !context.stop.aborted) {
      const found = waiting.shift();
      if (found === undefined) break;
      const { ref } = found.at;
      active.set(
        ref,
        runBranch(context, found, options).then((entry) => {
          done.push(entry);
          active.delete(ref);
        }),
      );
    }
    if (active.size === 0) break;
    await nextChange([...active.values()], options.lookAgain);
    if (options.lookAgain?.() === true) await look(surveyEach(context, options.refs));
    const ended = [...missed].filter((ref) => !active.has(ref));
    for (const ref of ended) missed.delete(ref);
    if (ended.length > 0) await look(surveyEach(context, ended));
  }
  tidy(context.places.own);
  return { branches: done };
}

async function nextChange(active: readonly Promise<void>[], lookAgain: RunOptions['lookAgain']): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const interval = new Promise<void>((resolve) => {
    if (lookAgain !== undefined) timer = setTimeout(resolve, lookIntervalMs);
  });
  await Promise.race([...active, interval]);
  clearTimeout(timer);
}

async function runBranch(context: Context, found: Found, options: RunOptions): Promise<RunSummary['branches'][number]> {
  const { branch, ref } = found.at;
  const outcomes: TickOutcome[] = [];
  const chain: Chain = {};
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
      if (outcomes.length >= context.settings.maxTicks) {
        context.report({ kind: 'tick-limit', branch, ticks: outcomes.length });
        break;
      }
      outcome = await tick(context, found.at, chain);
      if (outcome.kind === 'nothing') break;
      outcomes.push(outcome);
    }
    await endChain(context, chain);
    clearFailure(context.places.own, ref);
    return { branch, ref, outcomes };
  } catch (error) {
    const failure = failureOrThrow(error);
    noteFailure(context, ref, failure);
    return { branch, ref, outcomes, failure };
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
