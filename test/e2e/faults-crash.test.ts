import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type Crash, CrashingGit } from '../support/crashing-git.js';
import { complaintsOf, expectSound, faultTable } from '../support/fault-table.js';
import { each, type FaultWorld, faultWorlds, logged } from '../support/fault-world.js';
import { kill, processesWithHome } from '../support/processes.js';
import { inSample } from '../support/sample.js';
import { cliPath } from '../support/scratch.js';
import { waitFor } from '../support/workspace.js';

const table = faultTable('crashes of runs of a remote');

/** Longer than a lease and the allowance for clocks. */
const expired = 1000;
const once = ['--branch', 'x'];
const someEnd = /^build,working,(review|stalled|review,stalled)$/;

/** Who finds what the crash left: the clone itself at once, or first another one when the lease has expired. */
type Healer = 'its own clone' | 'another clone';

async function heal(world: FaultWorld, healer: Healer): Promise<{ said: string; early: string[] }> {
  if (healer === 'its own clone') return { said: (await world.run(world.clone(0))).stderr, early: [] };
  const other = await world.run(world.clone(1), { ahead: expired });
  const { stuckBranches, doubleExecutions } = world.judge();
  const own = await world.run(world.clone(0));
  return { said: `${other.stderr}${own.stderr}`, early: [...stuckBranches, ...doubleExecutions] };
}

describe('a runner of a remote that is killed at any git call of its tick', () => {
  const copy = faultWorlds({ commands: { build: logged('review') }, branches: { x: 'build' }, clones: 2 });

  async function crashOnce(at: number, how: Crash, healer: Healer): Promise<{ call: string; crashed: boolean; wrong: string[] }> {
    const world = copy();
    const crashing = new CrashingGit(world.root);
    try {
      const run = await world.run(world.clone(), { args: once, env: crashing.environment(world.env, at, how) });
      const calls = crashing.calls();
      const call = calls[at - 1] ?? '';
      // One call more or less, as calls that are made at the same time may share one cat-file.
      if (calls.length < at) return { call, crashed: false, wrong: [] };
      if (run.signal !== 'SIGKILL') return { call, crashed: false, wrong: [`the runner did not crash: ${run.stderr}`] };
      const { said, early } = await heal(world, healer);
      await world.remote.untilStill();
      const judgement = world.judge();
      table.add(`a remote's runner is killed ${how} a git call, ${healer} heals`, 1, judgement);
      const wrong = [...early, ...complaintsOf(judgement)];
      const states = world.states('x');
      if (!someEnd.test(states)) wrong.push(`the states of the branch are ${states}`);
      const fsck = world.remote.gitAnswer(['fsck', '--full', '--strict', '--no-dangling']);
      if (fsck.exitCode !== 0) wrong.push(`git fsck: ${fsck.stdout}${fsck.stderr}`);
      return { call, crashed: true, wrong: wrong.length === 0 ? [] : [...wrong, `healing said: ${said.trim().replaceAll('\n', ' | ')}`] };
    } finally {
      world.dispose();
    }
  }

  test('is healed by the next run, of its clone or of another one', { timeout: 1_200_000 }, async () => {
    const world = copy();
    const counting = new CrashingGit(world.root);
    const run = await world.run(world.clone(), { args: once, env: counting.environment(world.env, 0, 'before') });
    expect(run.exitCode, run.stderr).toBe(0);
    expectSound(world.judge());
    const calls = counting.calls();
    world.dispose();
    const claim = calls.findIndex((call) => call.startsWith('push ')) + 1;
    expect(claim).toBeGreaterThan(4);
    const jobs = calls.flatMap((_, index) =>
      (['before', 'after'] as const)
        .flatMap((how) => [
          { at: index + 1, how, healer: 'its own clone' as Healer },
          // Before the claim there is nothing that another clone could find.
          ...(index + 1 >= claim ? [{ at: index + 1, how, healer: 'another clone' as Healer }] : []),
        ])
        .filter((_, column) => inSample(index, column)),
    );
    const wrong: string[] = [];
    let crashed = 0;
    await each(jobs, 4, async ({ at, how, healer }) => {
      const result = await crashOnce(at, how, healer);
      if (result.crashed) crashed++;
      if (result.wrong.length > 0) wrong.push(`${how} call ${at} (${result.call}), ${healer}: ${result.wrong.join('; ')}`);
    });
    process.stdout.write(`faults: ${crashed} crash points in ${calls.length} git calls of a run of a remote's branch\n`);
    expect(wrong.sort()).toEqual([]);
    expect(crashed).toBeGreaterThan(jobs.length - 8);
  });
});

describe("a run of a remote's branch whose processes are killed while its command works", () => {
  const holding = logged('review', { after: `: >"$HOME/waits"\n${waitFor()}` });
  const copy = faultWorlds({ commands: { build: holding }, branches: { x: 'build' }, clones: 2 });

  const commandsOf = (world: FaultWorld): number[] =>
    processesWithHome(world.root)
      .filter(({ environment }) => environment.some((entry) => entry.startsWith('AYNIG_RUN_ID=')))
      .map(({ pid }) => pid);

  test.each([
    { killed: 'the command', healer: 'its own clone' },
    { killed: 'the runner', healer: 'its own clone' },
    { killed: 'the runner', healer: 'another clone' },
    { killed: 'the runner and the command', healer: 'its own clone' },
    { killed: 'the runner and the command', healer: 'another clone' },
  ] as const)('is healed by $healer when $killed was killed', async ({ killed, healer }) => {
    const world = copy();
    const { path } = world.clone();
    const child = spawn(process.execPath, [cliPath, 'run', '--aynig-remote', 'origin'], { cwd: path, env: world.env, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const { pid } = child;
    if (pid === undefined) throw new Error('the runner was not started');
    await world.remote.until('the command waits', () => world.remote.noted('waits'));
    if (killed !== 'the command') kill(pid, 'SIGKILL');
    if (killed !== 'the runner') for (const command of commandsOf(world)) kill(command, 'SIGKILL');
    await ended;
    const { early } = killed === 'the command' ? { early: [] } : await heal(world, healer);
    world.remote.release();
    await world.remote.untilStill();
    const judgement = world.judge();
    table.add(`${killed} of a remote's run killed, ${healer} heals`, 1, judgement);
    expect(early).toEqual([]);
    expectSound(judgement);
    expect(world.states('x')).toMatch(/^build,working,(stalled|review,stalled)$/);
    expect(world.started()).toBe(1);
    expect(commandsOf(world)).toEqual([]);
    world.dispose();
  });
});
