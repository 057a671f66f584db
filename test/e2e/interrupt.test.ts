import { describe, expect, it } from 'vitest';
import { endOf, isAlive } from '../support/endings.js';
import { finish, hold, type Lab, lab } from '../support/lab.js';
import { processesWithHome } from '../support/processes.js';

function asked(script: string): Lab {
  const repo = lab();
  repo.command('build', script);
  repo.request('build');
  return repo;
}

/** A command with a child and a grandchild, a commit and a change that is not committed. */
const busy = `
echo 1 > made; git add made; git commit --quiet -m 'half of it'
echo 2 > loose
(sleep 300 & echo $! > "$OUT/grandchild"; wait) & echo $! > "$OUT/child"
echo $$ > "$OUT/command"
until [ -s "$OUT/grandchild" ] && [ -s "$OUT/child" ]; do sleep 0.05; done
${hold()}
${finish()}`;

const pidsOf = (repo: Lab): number[] => ['command', 'child', 'grandchild'].map((name) => Number(repo.outFile(name)));

function expectSaved(repo: Lab): void {
  expect(repo.state()).toBe('stalled');
  expect(repo.trailer('aynig-origin-state')).toBe('build');
  expect(repo.git('log', '-1', '--format=%s', 'HEAD~1')).toBe('half of it');
  expect(repo.read('made')).toBe('1\n');
  expect(repo.git('status', '--porcelain')).toBe('');
  expect(repo.fileAt(`refs/aynig/kept/${repo.trailer('aynig-stalled-run')}-uncommitted`, 'loose')).toBe('2');
  expect(repo.linkedWorktrees()).toEqual([]);
  expect(repo.journals()).toEqual([]);
}

describe('aynig run', () => {
  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGHUP', 'SIGHUP', 129],
  ] as const)(
    'ended by %s takes the whole process group of the command with it and leaves the branch stalled',
    async (_, signal, exitCode) => {
      const repo = asked(busy);
      const child = repo.start(['run', '--current-branch', 'include']);
      const ended = endOf(child);
      await repo.untilHeld();
      // As a terminal does it: to everybody in the foreground process group.
      process.kill(-(child.pid ?? 0), signal);
      const ending = await ended;
      expect(ending.exitCode).toBe(exitCode);
      expect(ending.stderr).toContain(signal);
      expect(pidsOf(repo).filter(isAlive)).toEqual([]);
      expectSaved(repo);
      expect(repo.git('log', '-1', '--format=%b')).toContain(signal);
      // A git that has lost its runner ends by itself, a moment later.
      await repo.until('nothing is left', () => processesWithHome(repo.root).length === 0);
    },
  );

  it('ended by Ctrl-C starts none of the branches that were still waiting', async () => {
    const repo = lab();
    repo.command('build', `echo "$AYNIG_BRANCH" >> "$OUT/ran"; ${hold()}\n${finish()}`);
    for (const branch of ['one', 'two', 'three']) {
      repo.git('checkout', '--quiet', '-b', branch, 'main');
      repo.request('build');
    }
    repo.git('checkout', '--quiet', 'main');
    repo.git('config', 'aynig.maxParallel', '1');
    const child = repo.start(['run']);
    const ended = endOf(child);
    await repo.untilHeld();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect((await ended).exitCode).toBe(130);
    const ran = repo.outFile('ran').trim().split('\n');
    expect(ran).toHaveLength(1);
    expect(['one', 'two', 'three'].map((branch) => repo.state(branch)).sort()).toEqual(['build', 'build', 'stalled']);
  });

  it('ended by two Ctrl-C in a row saves the work all the same', async () => {
    const repo = asked(busy);
    const child = repo.start(['run', '--current-branch', 'include']);
    const ended = endOf(child);
    await repo.untilHeld();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect((await ended).exitCode).toBe(130);
    expectSaved(repo);
  });

  it('killed with -9 leaves an orphan, which the next tick ends and whose work it saves at once', async () => {
    const repo = asked(busy);
    const child = repo.start(['run', '--current-branch', 'include']);
    const ended = endOf(child);
    await repo.untilHeld();
    child.kill('SIGKILL');
    await ended;
    expect(pidsOf(repo).filter(isAlive)).toHaveLength(3);
    expect(JSON.parse(repo.aynig(['status', '--json']).stdout).branches[0].reading).toBe('expired');
    const answer = repo.run();
    expect(answer.stderr).toContain('stalled');
    expect(pidsOf(repo).filter(isAlive)).toEqual([]);
    expectSaved(repo);
    // Asking again runs as ever.
    repo.command('again', finish());
    repo.request('again');
    expect(repo.run().exitCode).toBe(0);
  });

  it('killed with -9 after its command made the result is judged by how the command ended, and the run is not done again', async () => {
    const repo = asked(`echo x >> "$OUT/ran"; ${finish()}; ${hold()}`);
    const child = repo.start(['run', '--current-branch', 'include']);
    const ended = endOf(child);
    await repo.untilHeld();
    child.kill('SIGKILL');
    await ended;
    repo.run();
    expect(repo.outFile('ran')).toBe('x\n');
    expect(repo.state()).toBe('stalled');
    expect(repo.state('HEAD~1')).toBe('done');
  });

  it('started twice at once runs each of many branches exactly once', async () => {
    const repo = lab();
    repo.command('build', `echo "$AYNIG_BRANCH" >> "$OUT/ran"; echo "$AYNIG_BRANCH" > made; git add made\n${finish()}`);
    const branches = Array.from({ length: 16 }, (_, index) => `branch-${index}`);
    const request = repo.git('commit-tree', '-p', 'main', '-m', 'ask', '-m', 'aynig-state: build', 'main^{tree}');
    for (const branch of branches) repo.git('branch', branch, request);
    const endings = await Promise.all([endOf(repo.start(['run'])), endOf(repo.start(['run']))]);
    expect(endings.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(repo.outFile('ran').trim().split('\n').sort()).toEqual([...branches].sort());
    for (const branch of branches) {
      expect(repo.state(branch)).toBe('done');
      expect(repo.fileAt(branch, 'made')).toBe(branch);
      expect(repo.git('rev-list', '--count', `main..${branch}`)).toBe('3');
    }
    expect(repo.leftovers()).toEqual([]);
  });

  it('started while another runs the branch leaves it alone', async () => {
    const repo = asked(`echo x >> "$OUT/ran"; ${hold()}\n${finish()}`);
    const ended = endOf(repo.start(['run', '--current-branch', 'include']));
    await repo.untilHeld();
    const lease = repo.head();
    const second = repo.run();
    expect(second.exitCode).toBe(0);
    expect(repo.head()).toBe(lease);
    repo.letGo();
    expect((await ended).exitCode).toBe(0);
    expect(repo.outFile('ran')).toBe('x\n');
    expect(repo.state()).toBe('done');
  });
});
