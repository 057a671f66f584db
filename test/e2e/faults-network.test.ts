import { describe, expect, test } from 'vitest';
import { Clock } from '../support/clock.js';
import { complaintsOf, expectSound, faultTable } from '../support/fault-table.js';
import { each, type FaultWorld, failing, faultWorlds, logged } from '../support/fault-world.js';
import { type Cut, comeBack, cutPush, goAway, reached, removeLocks, unreachable, wasCut, wasMissed } from '../support/faulty-remote.js';
import { inSample } from '../support/sample.js';
import { cliPath } from '../support/scratch.js';

const table = faultTable('a remote that does not answer');

const someEnd = /^build,working,(working,)?(review|stalled|review,stalled)$/;

/** Waits inside a command until a ref of the remote is no longer what it was, but not for ever. */
const untilMoved = (ref: string): string =>
  `n=0; until [ "$(git ls-remote origin ${ref} | cut -f1)" != "$before" ] || [ $((n += 1)) -gt 400 ]; do sleep 0.05; done`;

/** A run with the push that is meant. */
interface Scenario {
  readonly push: string;
  /** Which push of the run it is, the first being 1. */
  readonly at: number;
  readonly worlds: () => FaultWorld;
}

const branches = { x: 'build' };
const plain = faultWorlds({ commands: { build: logged('review') }, branches, clones: 1 });
const heartbeat = '"refs/aynig/lease/$AYNIG_RUN_ID"';
const renewing = `before=$(git rev-parse HEAD); ${untilMoved(heartbeat)}`;
const reporting = [
  'before=$(git rev-parse HEAD)',
  `"${process.execPath}" "${cliPath}" set-working --prompt half`,
  'made',
  untilMoved('"refs/heads/$AYNIG_BRANCH"'),
].join('\n');
const config = { 'aynig.leaseSeconds': '12' };

const scenarios: readonly Scenario[] = [
  { push: 'claim', at: 1, worlds: plain },
  { push: 'publish', at: 2, worlds: plain },
  { push: 'stall', at: 2, worlds: faultWorlds({ commands: { build: logged('review', { before: failing }) }, branches, clones: 1 }) },
  {
    push: 'renewal',
    at: 2,
    worlds: faultWorlds({ commands: { build: logged('review', { before: renewing }) }, branches, clones: 1, config }),
  },
  {
    push: 'progress',
    at: 2,
    worlds: faultWorlds({ commands: { build: logged('review', { before: reporting }) }, branches, clones: 1, config }),
  },
  {
    push: 'takeover',
    at: 1,
    worlds: () => {
      const world = plain();
      leaveExpired(world, 'x');
      return world;
    },
  },
];

/** Puts the lease of a run onto a branch whose host has been gone for a long time. */
function leaveExpired({ remote }: FaultWorld, branch: string): void {
  const runId = '11111111-2222-4333-8444-555555555555';
  const request = remote.head(branch);
  const trailers = ['aynig-state: working', 'aynig-origin-state: build', `aynig-run-id: ${runId}`, 'aynig-runner-id: elsewhere'];
  const message = ['aynig: working on build', [...trailers, 'aynig-lease-seconds: 60', `aynig-parent: ${request}`].join('\n')];
  const author = { GIT_AUTHOR_NAME: 'aynig', GIT_AUTHOR_EMAIL: 'aynig@elsewhere', GIT_AUTHOR_DATE: '@1700000000 +0000' };
  const env = { ...author, GIT_COMMITTER_NAME: 'aynig', GIT_COMMITTER_EMAIL: 'aynig@elsewhere', GIT_COMMITTER_DATE: '@1700000000 +0000' };
  const args = ['commit-tree', '-p', request, '-F', '-', `${request}^{tree}`];
  const lease = remote.gitAnswer(args, { input: `${message.join('\n\n')}\n`, env, expected: 0 }).stdout.trim();
  for (const ref of [`refs/heads/${branch}`, `refs/aynig/lease/${runId}`])
    remote.gitAnswer(['update-ref', ref, lease], { env, expected: 0 });
}

describe('a push whose acknowledgement is lost', () => {
  const cuts: readonly Cut[] = ['unanswered', 'received', 'locked', 'moved'];

  test.concurrent.each(scenarios)(
    'leaves the run of its $push sound, and is made up for by the next run',
    { timeout: 900_000 },
    async (scenario) => {
      const wrong: string[] = [];
      const row = scenarios.indexOf(scenario);
      const tried = cuts.filter((_, column) => inSample(row, column));
      await each(tried, 2, async (cut) => {
        const world = scenario.worlds();
        try {
          cutPush(world, scenario.at, cut);
          const first = await world.run(world.clone());
          const complain = (what: string): number => wrong.push(`${cut}: ${what}; the run said: ${first.stderr.trim()}`);
          if (!wasCut(world)) complain('no push was cut off');
          if (cut === 'locked' ? removeLocks(world) === 0 : removeLocks(world) > 0) complain('locks are not as expected');
          await world.runUntilQuiet();
          await world.remote.untilStill();
          const judgement = world.judge();
          table.add(`the acknowledgement of a ${scenario.push} lost`, 1, judgement);
          for (const complaint of complaintsOf(judgement)) complain(complaint);
          if (!someEnd.test(world.states('x'))) complain(`the states of the branch are ${world.states('x')}`);
          // Where the refs have moved all is done, whoever was told.
          if (cut === 'moved' && scenario.push !== 'takeover' && scenario.push !== 'stall' && !world.states('x').endsWith('review'))
            complain(`a push that took effect cost the run: ${world.states('x')}`);
        } finally {
          world.dispose();
        }
      });
      expect(wrong.sort()).toEqual([]);
    },
  );
});

describe('a remote that is gone for a while', () => {
  test.concurrent('at any of the calls that go to it leaves the run sound, and the next run makes up for it', {
    timeout: 900_000,
  }, async () => {
    const counting = plain();
    const ran = await counting.run(counting.clone(), { env: unreachable(counting, 0, 0) });
    expect(ran.exitCode, ran.stderr).toBe(0);
    const calls = reached(counting);
    counting.dispose();
    expect(calls).toBeGreaterThan(4);
    const lengths = [1, 2, 1000];
    const jobs = Array.from({ length: calls }, (_, index) =>
      lengths.flatMap((length, column) => (inSample(index, column) ? [{ from: index + 1, length }] : [])),
    ).flat();
    const wrong: string[] = [];
    await each(jobs, 4, async ({ from, length }) => {
      const world = plain();
      try {
        const said = await world.run(world.clone(), { env: unreachable(world, from, from + length - 1) });
        const complain = (what: string): number => wrong.push(`calls ${from} to ${from + length - 1}: ${what}; it said: ${said.stderr}`);
        if (!wasMissed(world)) complain('no call failed');
        if (/^\s+at /m.test(said.stderr)) complain('a stack trace');
        await world.runUntilQuiet();
        await world.remote.untilStill();
        const judgement = world.judge();
        table.add(`the remote gone for ${length < 1000 ? `${length} of its calls` : 'the rest of the run'}`, 1, judgement);
        for (const complaint of complaintsOf(judgement)) complain(complaint);
        if (!someEnd.test(world.states('x'))) complain(`the states of the branch are ${world.states('x')}`);
        // A call or two are tried again by the run itself.
        if (length < 3 && !world.states('x').endsWith('review')) complain(`the run did not get over it: ${world.states('x')}`);
      } finally {
        world.dispose();
      }
    });
    expect(wrong.sort()).toEqual([]);
  });

  test.concurrent('for most of a lease ends the command, before another clone may take the branch over', { timeout: 300_000 }, async () => {
    const holding = `trap 'echo "stopped $AYNIG_RUN_ID" >>"$HOME/log"; exit 1' TERM; : >"$HOME/waits"; while :; do sleep 0.05; done`;
    const world = faultWorlds({
      commands: { build: logged('review', { after: holding }) },
      branches,
      clones: 2,
    })();
    const clock = new Clock(world.root);
    const running = world.run(world.clone(), { env: clock.environment(unreachable(world, 0, 0)) });
    await world.remote.until('the command works', () => world.remote.noted('waits'));
    goAway(world);
    const [other, env] = [world.clone(1), clock.environment(world.env)];
    // Two thirds of the lease are over, by the clock of everybody.
    clock.putTo(420);
    await world.remote.until('the command is ended', () => world.log().includes('stopped '));
    await world.run(other, { env });
    expect(world.states('x')).toBe('build,working');
    // All of it, and what clocks may differ by.
    clock.putTo(700);
    await world.run(other, { env });
    expect(world.states('x')).toBe('build,working,stalled');
    comeBack(world);
    // It finds out itself, or gives up before the remote is back: then its work is kept for the next run, which finds out.
    expect((await running).stderr).toMatch(/nothing was published|kept at refs\/aynig\/kept\//);
    await world.runUntilQuiet();
    expect(world.clone().git('for-each-ref', 'refs/aynig/kept/')).not.toBe('');
    await world.remote.untilStill();
    const judgement = world.judge();
    table.add('the remote gone for longer than a lease, another clone takes over', 1, judgement);
    expectSound(judgement);
    expect(world.started()).toBe(1);
    expect(world.states('x')).toBe('build,working,stalled');
    world.dispose();
  });
});
