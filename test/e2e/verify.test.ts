import { describe, expect, test } from 'vitest';
import { Clock } from '../support/clock.js';
import { endOf } from '../support/endings.js';
import { farm } from '../support/farm.js';
import { finish, hold, lab } from '../support/lab.js';
import { withOpsPack } from '../support/ops-pack.js';
import type { Scratch } from '../support/scratch.js';
import { completing, type Workspace, waitFor } from '../support/workspace.js';

/** The audit of every branch finds nothing, not even a warning; answers how many runs it has seen. */
function expectClean(made: Scratch): number {
  const { stdout, stderr } = made.aynig(['verify', '--all'], { expected: 'any' });
  expect(stdout, made.describe()).toBe('');
  return Number(/with (\d+) runs?/.exec(stderr)?.[1]);
}

describe('what the kernel has made is found clean', () => {
  test('where a command renews its lease, makes intermediate states, fails, is cancelled, or dies with its runner', async () => {
    const repo = lab();
    repo.command(
      'renews',
      `for i in 1 2; do "$NODE" "$AYNIG_CLI" set-working --prompt "$i"; echo $i >f; git add f; git commit --quiet -m "$i"; done\n${finish()}`,
    );
    repo.command('steps', `${finish('half')}\n"$NODE" "$AYNIG_CLI" set-working\n"$NODE" "$AYNIG_CLI" set-state more\n${finish('rest')}`);
    repo.command('falls', `${finish('half')}\nexit 3`);
    repo.command('invalid', "git commit --quiet --allow-empty -m x -m 'work'; echo >loose; exit 0");
    repo.command('waits', `echo >f; git add f; git commit --quiet -m half; ${hold('$AYNIG_BRANCH')}\n${finish()}`);
    for (const state of ['renews', 'steps', 'falls', 'invalid']) {
      repo.git('switch', '--quiet', '--create', state, 'main');
      repo.request(state);
    }
    for (const branch of ['cancelled', 'killed']) {
      repo.git('switch', '--quiet', '--create', branch, 'main');
      repo.request('waits');
    }
    repo.git('switch', '--quiet', 'main');
    repo.git('config', 'aynig.maxParallel', '8');
    const runner = repo.start(['run']);
    const ended = endOf(runner);
    await Promise.all(['cancelled', 'killed'].map((branch) => repo.untilHeld(branch)));
    await repo.until('the others have ended', () =>
      ['renews', 'steps', 'falls', 'invalid'].every((branch) => repo.state(branch) !== 'working' && repo.state(branch) !== branch),
    );
    expectClean(repo);
    repo.aynig(['cancel', 'cancelled']);
    runner.kill('SIGKILL');
    await ended;
    repo.run([]);
    expect(['renews', 'steps', 'falls', 'invalid', 'cancelled', 'killed'].map((branch) => repo.state(branch))).toEqual([
      'done',
      'rest',
      'stalled',
      'stalled',
      'stalled',
      'stalled',
    ]);
    expect(expectClean(repo)).toBe(6);
  });

  test('where the ops pack asks again, gives up, parts and joins', async () => {
    const made = withOpsPack({ build: 'exit 4', job: completing('ops-fan-in') });
    made.git('config', 'aynig.ops.backoffSeconds', '0');
    const commit = (title: string, body: string, ...trailers: string[]): void =>
      void made.git('commit', '--quiet', '--allow-empty', '--message', title, '--message', body, '--message', trailers.join('\n'));
    made.git('switch', '--quiet', '--create', 'hopeless');
    commit('Build', 'this', 'aynig-state: build', 'aynig-max-attempts: 2');
    await made.untilState('failed', 'hopeless');
    await made.untilQuiet();
    made.git('switch', '--quiet', '--create', 'parted', 'main');
    commit('Part', 'a: one\nb: two', 'aynig-state: ops-fan-out', 'aynig-fan-state: job');
    await made.untilState('done', 'parted');
    await made.untilQuiet();
    await made.untilStill();
    expect(expectClean(made)).toBeGreaterThanOrEqual(9);
    expect(made.aynig(['verify', 'main..parted']).stderr).toContain(': 0 errors, 0 warnings.');
  });

  test('where another machine takes over at a remote, and the first one finds out', async () => {
    const { clones, ask, remote, run, root } = farm({ command: completing('review', waitFor()), clones: 2 });
    const [ana, bob] = clones as [Workspace, Workspace];
    const clock = new Clock(root);
    ask('topic');
    const runner = ana.start(['run', '--aynig-remote', 'origin'], { env: clock.environment(ana.env) });
    const ended = endOf(runner);
    await ana.until('the command runs', () => ana.ran().length > 0);
    runner.kill('SIGSTOP');
    try {
      clock.putTo(700);
      await run(bob, [], clock.environment(bob.env));
      expect(remote.state('topic')).toBe('stalled');
    } finally {
      runner.kill('SIGCONT');
    }
    ana.release();
    await ended;
    remote.git('config', 'aynig.skewSeconds', ana.git('config', '--default', '30', 'aynig.skewSeconds'));
    expect(expectClean(remote)).toBe(1);
  });
});
