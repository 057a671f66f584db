import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endOf, isAlive } from '../support/endings.js';
import { finish, hold, type Lab, lab } from '../support/lab.js';

function asked(script: string): Lab {
  const repo = lab();
  repo.command('build', script);
  repo.request('build');
  return repo;
}

/** Puts a `working` commit on main by hand, as a runner of another host would have left it. */
function leaseByHand(repo: Lab, trailers: readonly string[]): string {
  const message = ['a lease', ['aynig-state: working', 'aynig-origin-state: build', ...trailers].join('\n')].join('\n\n');
  const lease = repo.git('commit-tree', '-p', 'main', '-m', message, 'main^{tree}');
  repo.git('update-ref', 'refs/heads/main', lease);
  return lease;
}

describe('aynig cancel', () => {
  it('ends a live run with all its processes and leaves the branch stalled, with the commits and changes of the command', async () => {
    const repo = asked(`
echo 1 > made; git add made; git commit --quiet -m 'half of it'
echo 2 > loose
sleep 300 & echo $! > "$OUT/pid"
${hold()}
${finish()}`);
    const ended = endOf(repo.start(['run', '--current-branch', 'include']));
    await repo.untilHeld();
    const runId = repo.runId();
    const answer = repo.aynig(['cancel']);
    expect(answer.stdout).toContain(`cancelled run ${runId.slice(0, 8)}`);
    expect((await ended).exitCode).toBe(1);
    expect(isAlive(Number(repo.outFile('pid')))).toBe(false);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-stalled-run')).toBe(runId);
    // What tells a recovery command to leave it alone.
    expect(repo.trailer('aynig-cancelled-by')).not.toBe('');
    expect(repo.git('log', '-1', '--format=%b')).toContain('cancel');
    expect(repo.git('log', '-1', '--format=%s', 'HEAD~1')).toBe('half of it');
    expect(repo.read('made')).toBe('1\n');
    expect(repo.fileAt(`refs/aynig/kept/${runId}-uncommitted`, 'loose')).toBe('2');
    expect(repo.linkedWorktrees()).toEqual([]);
    expect(repo.journals()).toEqual([]);
  });

  it('ends the run of the branch that is named and no other', async () => {
    const repo = lab();
    repo.command('build', `${hold('$AYNIG_BRANCH')}\n${finish()}`);
    for (const branch of ['one', 'two']) {
      repo.git('checkout', '--quiet', '-b', branch, 'main');
      repo.request('build');
    }
    repo.git('checkout', '--quiet', 'main');
    repo.git('config', 'aynig.maxParallel', '2');
    const ended = endOf(repo.start(['run']));
    await Promise.all([repo.untilHeld('one'), repo.untilHeld('two')]);
    repo.aynig(['cancel', 'one']);
    expect(repo.state('one')).toBe('stalled');
    expect(repo.state('two')).toBe('working');
    repo.letGo('two');
    await ended;
    expect(repo.state('two')).toBe('done');
  });

  it('releases a lease without end, which no tick ever takes over', () => {
    const repo = asked(finish());
    const lease = leaseByHand(repo, ['aynig-run-id: 11111111-2222-4333-8444-555555555555', 'aynig-runner-id: elsewhere']);
    const status = JSON.parse(repo.aynig(['status', '--json']).stdout).branches[0];
    expect(status).toMatchObject({ reading: 'leased', lease: { status: 'endless', secondsLeft: null }, runnerId: 'elsewhere' });
    expect(status.detail).toContain('aynig cancel');
    repo.run();
    expect(repo.head()).toBe(lease);
    repo.aynig(['cancel']);
    expect(repo.state()).toBe('stalled');
    expect(repo.head('HEAD~1')).toBe(lease);
    expect(repo.trailer('aynig-stalled-run')).toBe('11111111-2222-4333-8444-555555555555');
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  it('releases a lease that names no run at all', () => {
    const repo = asked(finish());
    leaseByHand(repo, []);
    repo.aynig(['cancel']);
    expect(repo.state()).toBe('stalled');
    repo.request('build');
    expect(repo.run().exitCode).toBe(0);
  });

  it('gives an undelivered result up, which stays at its ref and can be landed by its run', async () => {
    const repo = asked(`echo 'from the run' > made; git add made\n${hold()}\n${finish()}`);
    const ended = endOf(repo.start(['run', '--current-branch', 'include']));
    await repo.untilHeld();
    repo.write('made', 'mine\n');
    repo.letGo();
    await ended;
    const runId = repo.runId();
    const result = repo.head(`refs/aynig/kept/${runId}`);
    const answer = repo.aynig(['cancel']);
    expect(answer.stderr).toContain(`refs/aynig/kept/${runId}`);
    expect(repo.state()).toBe('stalled');
    expect(repo.read('made')).toBe('mine\n');
    expect(repo.head(`refs/aynig/kept/${runId}`)).toBe(result);
    expect(repo.journals()).toEqual([]);
    unlinkSync(join(repo.path, 'made'));
    repo.aynig(['land', runId]);
    expect(repo.state()).toBe('done');
    expect(repo.read('made')).toBe('from the run\n');
    expect(repo.leftovers()).toEqual([]);
  });

  it('finishes what a killed runner left', async () => {
    const repo = asked(`${hold()}\n${finish()}`);
    const child = repo.start(['run', '--current-branch', 'include']);
    const ended = endOf(child);
    await repo.untilHeld();
    child.kill('SIGKILL');
    await ended;
    repo.aynig(['cancel'], { expected: 'any' });
    expect(repo.state()).toBe('stalled');
    expect(repo.leftovers()).toEqual([]);
  });

  it('changes nothing where no run holds the branch', () => {
    const repo = asked(finish());
    const before = repo.refs();
    const answer = repo.aynig(['cancel'], { expected: 1 });
    expect(answer.stderr).toContain('[nothing-to-cancel]');
    expect(repo.refs()).toBe(before);
  });
});
