import type { Commit } from '../git/commit.js';
import { type BranchName, oid } from '../git/names.js';
import type { Context } from '../kernel/context.js';
import { trailerValue } from '../kernel/message.js';
import { readTip } from '../kernel/tip.js';
import type { StateEvent } from './schemas.js';

/** What a commit says as an event; undefined for a commit that carries no state. */
export function eventOf(branch: BranchName, commit: Commit): StateEvent | undefined {
  const tip = readTip(commit);
  const base = { branch: branch as string, commit: commit.oid as string, at: commit.committedAt, author: commit.author };
  const nothing = { runId: null, runnerId: null, originState: null, exitCode: null, signal: null, trailers: [] };
  if (tip.kind === 'invalid') {
    const title = Buffer.from(commit.message).toString('utf8').trimStart().split('\n', 1)[0] ?? '';
    return { ...base, ...nothing, state: null, title, problems: tip.problems.map(({ rule }) => rule) };
  }
  if (tip.kind === 'plain') return undefined;
  const { title, trailers } = tip.message;
  const value = (key: string): string | null => trailerValue(trailers, key) ?? null;
  const exitCode = value('aynig-exit-code');
  return {
    ...base,
    state: tip.kind === 'lease' ? 'working' : tip.state,
    title,
    runId: value('aynig-run-id') ?? value('aynig-stalled-run'),
    runnerId: value('aynig-runner-id'),
    originState: value('aynig-origin-state'),
    exitCode: exitCode !== null && /^\d{1,3}$/.test(exitCode) ? Number(exitCode) : null,
    signal: value('aynig-signal'),
    problems: [],
    trailers: trailers.map(({ key, value: text }) => ({ key, value: text })),
  };
}

/** The events of a branch, newest first: of its tip alone, or of its last `count` commits in a straight line. */
export async function eventsOf(context: Context, branch: BranchName, count: number): Promise<StateEvent[]> {
  const listed = await context.repository.git([
    'rev-list',
    '--first-parent',
    '-n',
    String(count),
    '--end-of-options',
    `refs/heads/${branch}`,
    '--',
  ]);
  const names = listed.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  const events: StateEvent[] = [];
  for (const name of names) {
    const event = eventOf(branch, await context.objects.commit(oid(name)));
    if (event !== undefined) events.push(event);
  }
  return events;
}
