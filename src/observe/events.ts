import type { Commit } from '../git/commit.js';
import type { Context } from '../kernel/context.js';
import { trailerValue } from '../kernel/message.js';
import { readTip } from '../kernel/tip.js';
import { Chain } from './chain.js';
import { history, type Walk } from './history.js';
import type { LaneName } from './lanes.js';
import { namingBranches } from './naming-branches.js';
import type { StateEvent } from './schemas.js';
import { severityOf } from './severity.js';
import { isLong, standingAlone } from './standing-alone.js';

/** What a commit says by itself as an event; undefined for a commit that carries no state. {@link Chain} adds what came before. */
export function eventOf(branch: LaneName, commit: Commit): StateEvent | undefined {
  const tip = readTip(commit);
  if (tip.kind === 'plain') return undefined;
  const invalid = tip.kind === 'invalid';
  const trailers = invalid ? [] : tip.message.trailers;
  const value = (key: string): string | null => trailerValue(trailers, key) ?? null;
  const state = invalid ? null : tip.kind === 'lease' ? 'working' : tip.state;
  // One literal: a history has many of these, and putting them together from parts takes longer than reading the commits.
  const event: StateEvent = {
    branch,
    commit: commit.oid,
    at: commit.committedAt,
    kind: invalid ? 'invalid' : state === 'working' ? 'lease' : state === 'stalled' ? 'stall' : 'request',
    severity: 'info',
    state,
    previousState: null,
    title: invalid ? firstLine(commit.message) : tip.message.title,
    author: commit.author,
    runId: value('aynig-run-id') ?? value('aynig-stalled-run'),
    runnerId: value('aynig-runner-id'),
    originState: value('aynig-origin-state'),
    attempt: wholeNumber(value('aynig-attempt'), 9),
    runSeconds: null,
    correlationId: value('aynig-correlation-id'),
    parentRun: value('aynig-parent-run'),
    exitCode: wholeNumber(value('aynig-exit-code'), 3),
    signal: value('aynig-signal'),
    problems: invalid ? tip.problems.map(({ rule }) => rule) : [],
    trailers: trailers.map(({ key, value: text }) => ({ key, value: text })),
    partial: false,
  };
  event.severity = severityOf(event);
  return isLong(commit) ? standingAlone(event) : event;
}

const firstLine = (message: Uint8Array): string => Buffer.from(message).toString('utf8').trimStart().split('\n', 1)[0] ?? '';
const wholeNumber = (text: string | null, digits: number): number | null =>
  text !== null && /^\d+$/.test(text) && text.length <= digits ? Number(text) : null;

/** Which events are wanted. */
export interface Wanted extends Pick<Walk, 'tips' | 'merged' | 'trunk'> {
  /** Seconds since the epoch: none that is older. */
  readonly since?: number;
  readonly correlation?: string;
  /** How many commits of one branch are looked at, at most. Where what is older is not known then, an event says so (`partial`). */
  readonly commits?: number;
}

/** So many older commits in a row end a walk that has a `since`: dates are not always in the order of history. */
const olderInARow = 1_000;

/**
 * The events of branches, newest first. Streams: what is kept is a few events of each branch, and never the history. Throws
 * as {@link history} does.
 */
export async function* readEvents(
  context: Context,
  { since, correlation, commits = Number.POSITIVE_INFINITY, ...walk }: Wanted,
): AsyncGenerator<StateEvent> {
  const chain = new Chain();
  const wanted = ({ at, correlationId }: StateEvent): boolean =>
    (since === undefined || at >= since) && (correlation === undefined || correlationId === correlation);
  let older = 0;
  let seen = 0;
  for await (const step of history(context, { ...walk, ours: commits === Number.POSITIVE_INFINITY })) {
    if (step.kind === 'ended') chain.end(step.lane, step);
    else {
      seen++;
      older = since === undefined || step.commit.committedAt >= since ? 0 : older + 1;
      const event = eventOf(step.lane, step.commit);
      if (event !== undefined) chain.take(step.lane, event);
    }
    for (const event of chain.ready()) if (wanted(event)) yield event;
    if (older >= olderInARow) break;
    if (seen >= commits) {
      chain.giveUp();
      break;
    }
  }
  chain.endAll();
  for (const event of chain.ready()) if (wanted(event)) yield event;
}

/** The events of the tips alone, in the order of the branches; what only their history says is null, and they say so. */
export async function* tipEvents(context: Context, tips: Walk['tips']): AsyncGenerator<StateEvent> {
  for (let start = 0; start < tips.length; start += batchSize) {
    const batch = tips.slice(start, start + batchSize);
    const commits = await Promise.all(batch.map(({ oid }) => context.objects.commit(oid))).catch(async (error: unknown) => {
      throw await namingBranches(context, tips, error);
    });
    for (const [index, { lane }] of batch.entries()) {
      const event = commits[index] && eventOf(lane, commits[index]);
      if (event !== undefined) yield { ...event, partial: true };
    }
  }
}

const batchSize = 256;
