import { expect, test } from 'vitest';
import { cliPath } from '../scratch.js';
import { completing, launch, type Workspace, waitFor } from '../workspace.js';
import { ask, cloneOf, type Hosted, seed } from './hosted.js';

const remoteRun = ['run', '--aynig-remote', 'origin'] as const;

/** Starts a run of the remote's branches and goes on. */
export const startRun = (clone: Workspace, args: readonly string[] = []) =>
  // Where a server is away it is tried for half a minute, and longer on a machine that is slow.
  launch(process.execPath, [cliPath, ...remoteRun, ...args], { cwd: clone.path, env: clone.env, timeoutMs: 240_000 });

/** Runs the remote's branches; any exit code. */
export const runThere = (clone: Workspace, args: readonly string[] = []) => clone.aynig([...remoteRun, ...args], { expected: 'any' });

/** Every ref of a repository, in one text. */
export const refsOf = (bare: Workspace): string => bare.git('for-each-ref', '--format=%(refname) %(objectname)');

/** What runs leave in a clone: nothing of it may stay after their end. */
export function leftIn(clone: Workspace): string {
  const journals = clone.program(
    'find',
    [`${clone.path}/.git/aynig/runs`, `${clone.path}/.worktrees`, '-mindepth', '1', '!', '-name', '.gitignore'],
    {
      expected: 'any',
    },
  ).stdout;
  return `${journals}${clone.git('for-each-ref', 'refs/aynig/kept')}`;
}

/** States of a branch that name one, from the oldest. */
export const statesOf = (bare: Workspace, branch: string): string[] => bare.states(branch).filter((state) => state !== '-');

const leaseRefs = (bare: Workspace): string[] =>
  bare
    .git('for-each-ref', '--format=%(objectname)', 'refs/aynig/lease')
    .split('\n')
    .filter((line) => line !== '');

/** A command that ends when its clone lets it go. */
export const holding = (next = 'review'): string => completing(next, `${waitFor()}\necho built >built.txt; git add built.txt`);

/** One run of a request on the branch `work` for a command that is {@link holding}. */
export async function claimsAndPublishes({ bare, way }: Hosted, request: string): Promise<void> {
  const clone = cloneOf(way);
  clone.git('branch', 'work', 'origin/work');
  // A runner that cannot renew for two thirds of it ends its command, and a slow machine keeps one waiting for ten seconds.
  clone.git('config', 'aynig.leaseSeconds', '24');
  // Which values a ref had is written there: by the time that somebody looks it may have moved on.
  bare.git('config', 'core.logAllRefUpdates', 'always');
  const before = refsOf(bare);
  const ended = startRun(clone);
  await clone.until('the command runs', () => clone.ran().length === 1);
  const lease = bare.head('work');
  const { runId } = clone.ran()[0] ?? { runId: '' };
  expect([bare.state('work'), bare.head('work^'), bare.trailer('aynig-run-id', 'work')]).toEqual(['working', request, runId]);
  const beat = await clone.until('the heartbeat moves', () => leaseRefs(bare).find((oid) => oid !== lease));
  expect(bare.gitAnswer(['merge-base', '--is-ancestor', lease, beat]).exitCode).toBe(0);
  expect(bare.git('log', '--walk-reflogs', '--format=%H', `refs/aynig/lease/${runId}`).split('\n').at(-1)).toBe(lease);
  expect(bare.head('work')).toBe(lease);
  clone.release();
  expect(await ended).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('1 advanced') });
  expect(statesOf(bare, 'work')).toEqual(['build', 'working', 'review']);
  expect(bare.git('show', 'work:built.txt')).toBe('built');
  // One branch has moved, and no other ref is there.
  expect(refsOf(bare)).toBe(before.replace(request, bare.head('work')));
  expect(clone.head('work')).toBe(request);
  expect(leftIn(clone)).toBe('');
  clone.git('switch', '--quiet', 'work');
  clone.git('pull', '--quiet', '--ff-only', 'origin', 'work');
  expect(clone.read('built.txt')).toBe('built\n');
}

/** What is said of a server that tells no more than this. */
export interface Words {
  /** Why somebody who may only read cannot claim. */
  readonly readingOnly: RegExp;
  /** Why a branch called `release` cannot be claimed. */
  readonly protectedBranch: RegExp;
  /** Why a server that was stopped is not reached. */
  readonly stopped: RegExp;
}

/** What a run at a server does where all is well. `open` makes a server with an empty repository. */
export function runBehaviour(open: () => Promise<Hosted>): void {
  test('a run claims by a push, shows that it is alive, publishes, and leaves nothing behind', async () => {
    const hosted = await open();
    await claimsAndPublishes(hosted, ask(seed(hosted, holding()), 'work'));
  });
}

/** What two runs do at a server at once: git decides, whatever the way to it. `open` makes a server with an empty repository. */
export function raceBehaviour(open: () => Promise<Hosted>): void {
  test('of two clones that go after six branches, each branch is run by one', async () => {
    const hosted = await open();
    const author = seed(hosted);
    const names = Array.from({ length: 6 }, (_, at) => `b${at}`);
    for (const name of names) ask(author, name);
    const clones = [cloneOf(hosted.way), cloneOf(hosted.way)];
    const answers = await Promise.all(clones.map((clone) => startRun(clone)));
    expect(answers.map(({ exitCode, stderr }) => `${exitCode}${/\[[a-z-]+\]|stalled/.exec(stderr) ?? ''}`)).toEqual(['0', '0']);
    const ran = clones.flatMap((clone) => clone.ran());
    expect(ran.map(({ branch }) => branch).sort()).toEqual(names);
    expect(new Set(ran.map(({ runId }) => runId)).size).toBe(6);
    for (const name of names) expect(statesOf(hosted.bare, name)).toEqual(['build', 'working', 'review']);
    expect(hosted.bare.git('for-each-ref', 'refs/aynig')).toBe('');
    expect(clones.map(leftIn)).toEqual(['', '']);
  });
}

/** What a run does where a server does not take its claim, or is down. */
export function refusalBehaviour(open: () => Promise<Hosted>, words: Words): void {
  test('somebody who may only read is told so: nothing is started and nothing is left', async () => {
    const hosted = await open();
    ask(seed(hosted), 'work');
    const before = refsOf(hosted.bare);
    const clone = cloneOf(hosted.forReading());
    const answer = runThere(clone);
    expect(answer.stderr).toMatch(words.readingOnly);
    expect(answer.stderr).toContain('[push-refused]');
    expect(answer.exitCode).toBe(1);
    expect(refsOf(hosted.bare)).toBe(before);
    expect([clone.ran(), leftIn(clone)]).toEqual([[], '']);
  });

  test('a protected branch is reported in the words of the server, its claim withdrawn, and the others are run', async () => {
    const hosted = await open();
    const author = seed(hosted);
    const request = ask(author, 'release');
    ask(author, 'work');
    hosted.protect('release');
    const clone = cloneOf(hosted.way);
    const answer = runThere(clone);
    expect(answer.stderr).toMatch(words.protectedBranch);
    expect(answer.stderr).toMatch(/release: .*\[push-refused\]/);
    expect(answer.exitCode).toBe(1);
    expect(clone.ran().map(({ branch }) => branch)).toEqual(['work']);
    expect(hosted.bare.head('release')).toBe(request);
    expect(statesOf(hosted.bare, 'work')).toEqual(['build', 'working', 'review']);
    expect(hosted.bare.git('for-each-ref', 'refs/aynig')).toBe('');
    expect(leftIn(clone)).toBe('');
  });

  test('a server that is down is reported as such; once it is back, the next run goes on', async () => {
    const hosted = await open();
    ask(seed(hosted), 'work');
    const clone = cloneOf(hosted.way);
    await hosted.stop();
    const answer = runThere(clone);
    expect(answer.stderr).toMatch(words.stopped);
    expect(answer.stderr).toContain('[remote-unreachable]');
    expect(answer.exitCode).toBe(1);
    expect([clone.ran(), leftIn(clone)]).toEqual([[], '']);
    await hosted.start();
    expect(runThere(clone)).toMatchObject({ exitCode: 0 });
    expect(statesOf(hosted.bare, 'work')).toEqual(['build', 'working', 'review']);
  });
}

/** What a run does whose server goes away meanwhile. `stopped`: why such a server is not reached. */
export function absenceBehaviour(open: () => Promise<Hosted>, stopped: RegExp): void {
  test('a result that a server was not there to take is kept, and published by the next run', async () => {
    const hosted = await open();
    ask(seed(hosted, holding()), 'work');
    const clone = cloneOf(hosted.way);
    const ended = startRun(clone);
    await clone.until('the command runs', () => clone.ran().length === 1);
    await hosted.stop();
    clone.release();
    const answer = await ended;
    const { runId } = clone.ran()[0] ?? { runId: '' };
    expect(answer.stderr).toMatch(stopped);
    expect(answer.stderr).toMatch(new RegExp(`kept at refs/aynig/kept/${runId}`));
    expect(answer.exitCode).toBe(1);
    expect(clone.state(`refs/aynig/kept/${runId}`)).toBe('review');
    await hosted.start();
    expect(hosted.bare.state('work')).toBe('working');
    const next = runThere(clone);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(statesOf(hosted.bare, 'work')).toEqual(['build', 'working', 'review']);
    expect(clone.ran()).toHaveLength(1);
    expect(hosted.bare.git('for-each-ref', 'refs/aynig')).toBe('');
    expect(leftIn(clone)).toBe('');
  });
}
