import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectSound, faultTable } from '../support/fault-table.js';
import { type FaultWorld, faultWorlds, fence, logged, plainRemote } from '../support/fault-world.js';
import { kill } from '../support/processes.js';
import { cliPath } from '../support/scratch.js';
import { waitFor } from '../support/workspace.js';

const table = faultTable('stopped processes and wrong clocks');

const minutes = 60;

/** Longer than the lease and the allowance for clocks. */
const expired = 20 * minutes;

/** Lets the time since the last sign of life of every run go by: by the clock of a server, which reads its own reflogs. */
function letTimePass({ remote }: FaultWorld): void {
  const folder = join(remote.path, 'logs/refs');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const older = readFileSync(path, 'utf8').replace(/> (\d+) \+0000\t/g, (_, at) => `> ${Number(at) - expired} +0000\t`);
    writeFileSync(path, older);
  }
}

describe.each([plainRemote, fence])('a run of $name that is stopped until another clone has taken its branch over', (remote) => {
  // Without a server that refuses it, only the hook of the clone keeps a command from pushing its branch itself.
  const push = remote === fence ? 'git push --no-verify' : 'git push';
  /** What the command tries once it goes on; none of it may get onto the branch. */
  const tries: Record<string, string> = {
    'only ends': '',
    'pulls, rebases and pushes': [
      'rewritten=$(git rev-parse HEAD)',
      'git pull --quiet --rebase origin "$AYNIG_BRANCH"',
      'echo "rewrote $AYNIG_RUN_ID $rewritten" >>"$HOME/log"; made',
      'push origin "HEAD:refs/heads/$AYNIG_BRANCH" && echo pushed >>"$HOME/pushed" || :',
    ].join('\n'),
    'pushes by force': 'push --force origin "HEAD:refs/heads/$AYNIG_BRANCH" && echo pushed >>"$HOME/pushed" || :',
    // Whoever may push to a server may delete a branch that nobody holds.
    ...(remote === fence ? {} : { 'deletes the branch': 'push origin ":refs/heads/$AYNIG_BRANCH" && echo pushed >>"$HOME/pushed" || :' }),
  };

  test.each(Object.entries(tries))(
    'publishes nothing where its command %s, and its work is kept',
    { timeout: 300_000 },
    async (name, again) => {
      const world = faultWorlds({
        commands: {
          build: logged('review', {
            after: `: >"$HOME/waits"\n${waitFor()}\npush() { ${push} "$@"; }\n${again}\n: >"$HOME/tried"\n${waitFor('over')}`,
          }),
          stalled: logged('checked'),
        },
        branches: { x: 'build' },
        clones: 2,
        remote,
      })();
      const [first, second] = [world.clone(0), world.clone(1)];
      first.init();
      const child = spawn(process.execPath, [cliPath, 'run', '--aynig-remote', 'origin'], {
        cwd: first.path,
        env: world.env,
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      const { pid } = child;
      if (pid === undefined) throw new Error('the runner was not started');
      await world.remote.until('the command waits', () => world.remote.noted('waits'));
      kill(pid, 'SIGSTOP');
      letTimePass(world);
      const takeover = await world.run(second, { later: expired });
      expect(world.states('x'), takeover.stderr).toBe('build,working,stalled,working,checked');
      const tip = world.remote.head('x');
      // The command is the first to go on, as if nothing had happened.
      world.remote.release();
      await world.remote.until('the command has tried', () => world.remote.noted('tried'));
      expect(world.remote.head('x')).toBe(tip);
      kill(pid, 'SIGCONT');
      world.remote.release('over');
      await ended;
      await world.runUntilQuiet(first);
      await world.remote.untilStill();
      const judgement = world.judge();
      table.add(`stopped past its lease at ${remote.name}, and its command ${name}`, 1, judgement);
      expectSound(judgement);
      expect(world.remote.head('x')).toBe(tip);
      expect(world.remote.noted('pushed')).toBe(false);
      expect(world.started()).toBe(2);
      // What it made is at hand in its clone.
      expect(first.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/')).not.toBe('');
      world.dispose();
    },
  );
});

/** The tip of a branch of the remote, which the clone then has. */
function fetched(world: FaultWorld, branch: string): string {
  world.clone().git('fetch', '--quiet', 'origin', `refs/heads/${branch}`);
  return world.clone().head('FETCH_HEAD');
}

describe('clocks that are wrong', () => {
  const offsets = [-30, -5, 5, 30].map((offset) => offset * minutes);

  test.each(offsets)('by %i seconds, of one of two clones, cost no run and run nothing twice', { timeout: 300_000 }, async (ahead) => {
    const names = Array.from({ length: 6 }, (_, index) => `b${index}`);
    const branches = Object.fromEntries(names.map((name) => [name, 'build']));
    const world = faultWorlds({ commands: { build: logged('review', { before: 'sleep 0.3' }) }, branches, clones: 2 })();
    const race = async (clone: number, offset: number): Promise<void> => {
      for (let round = 0; round < 3; round++) await world.run(world.clone(clone), { ahead: offset });
    };
    await Promise.all([race(0, ahead), race(1, 0)]);
    await world.runUntilQuiet();
    await world.remote.untilStill();
    const judgement = world.judge();
    table.add(`a clock that is ${Math.abs(ahead / minutes)} minutes ${ahead < 0 ? 'behind' : 'ahead'}`, names.length, judgement);
    expectSound(judgement);
    expect(world.started()).toBeGreaterThanOrEqual(names.length);
    // A clock may be wrong by as much as a lease is long before a takeover comes too early.
    if (Math.abs(ahead) < 10 * minutes) for (const name of names) expect(world.states(name)).toBe('build,working,review');
    else for (const name of names) expect(world.states(name)).toMatch(/^build,working,(review|stalled)$/);
    world.dispose();
  });

  test('let no lease last for ever whose date lies in the future', { timeout: 300_000 }, async () => {
    // How long the lease lasts is its own word; the run that follows has the time that it needs.
    const config = { 'aynig.skewSeconds': '1' };
    const world = faultWorlds({ commands: { build: logged('review') }, branches: { x: 'build' }, clones: 2, config })();
    const runId = '11111111-2222-4333-8444-555555555555';
    const request = world.remote.head('x');
    const trailers = ['aynig-state: working', 'aynig-origin-state: build', `aynig-run-id: ${runId}`, 'aynig-runner-id: elsewhere'];
    const message = `aynig: working on build\n\n${[...trailers, 'aynig-lease-seconds: 2', `aynig-parent: ${request}`].join('\n')}\n`;
    const inFuture = { GIT_COMMITTER_DATE: '@4000000000 +0000' };
    const lease = world.remote
      .gitAnswer(['commit-tree', '-p', request, '-F', '-', `${request}^{tree}`], { input: message, env: inFuture, expected: 0 })
      .stdout.trim();
    for (const ref of ['refs/heads/x', `refs/aynig/lease/${runId}`]) world.remote.git('update-ref', ref, lease);
    const said = await world.run(world.clone());
    const seenAt = Date.now();
    expect(said.stderr).toContain('nothing to run');
    await world.remote.until('the lease is a few seconds old for the clone that has seen it', () => Date.now() > seenAt + 4_000);
    await world.run(world.clone());
    expect(world.states('x')).toBe('build,working,stalled');
    const again = world.request(world.clone(), 'ask again', { parent: fetched(world, 'x') });
    world.clone().git('push', '--quiet', 'origin', `${again}:refs/heads/x`);
    await world.runUntilQuiet();
    const judgement = world.judge();
    table.add('a lease with a date in the future', 1, judgement);
    expectSound(judgement);
    expect(world.states('x')).toBe('build,working,stalled,build,working,review');
    world.dispose();
  });

  test('let a request run whose date lies in the future, and whatever follows from it', async () => {
    const commands = { build: logged('test'), test: logged('review') };
    const world = faultWorlds({ commands, branches: { x: 'build' }, clones: 2 })();
    const env = { GIT_COMMITTER_DATE: '@4000000000 +0000', GIT_AUTHOR_DATE: '@4000000000 +0000' };
    const args = ['commit-tree', '-p', 'main', '-m', 'ask from the future', '-m', 'aynig-state: build', 'main^{tree}'];
    const request = world.person(world.clone().gitAnswer(args, { env, expected: 0 }).stdout.trim());
    world.clone().git('push', '--quiet', 'origin', `${request}:refs/heads/future`);
    await world.runUntilQuiet(world.clone(1));
    const judgement = world.judge();
    table.add('a request with a date in the future', 1, judgement);
    expectSound(judgement);
    expect(world.states('future')).toBe('build,working,test,working,review');
    world.dispose();
  });
});
