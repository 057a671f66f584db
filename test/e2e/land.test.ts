import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finish, type Lab, lab } from '../support/lab.js';

const first = '11111111-2222-4333-8444-555555555555';
const second = '11111111-9999-4333-8444-555555555555';

/** A repository with work of an ended run beside it: a file, in a commit that nothing else names. */
function withKept(...runs: readonly string[]): Lab {
  const repo = lab();
  repo.write('shared.txt', 'as it was\n');
  repo.git('add', '--all');
  repo.git('commit', '--quiet', '-m', 'files');
  repo.git('switch', '--quiet', '--create', 'aside');
  repo.write('shared.txt', 'from the run\n');
  repo.git('commit', '--quiet', '--all', '-m', 'half done');
  for (const run of runs) repo.git('update-ref', `refs/aynig/kept/${run}`, 'HEAD');
  repo.git('switch', '--quiet', 'main');
  repo.git('branch', '--quiet', '-D', 'aside');
  return repo;
}

describe('aynig land', () => {
  it('says in whose checkout changes are in the way, and which branch a result waits for', () => {
    const repo = lab();
    repo.command('build', `echo built >built.txt && git add built.txt && ${finish()}`);
    repo.git('branch', '--quiet', 'side');
    const linked = join(repo.root, 'a linked one');
    repo.git('worktree', 'add', '--quiet', linked, 'side');
    repo.git('-C', linked, 'commit', '--quiet', '--no-verify', '--allow-empty', '-m', 'ask', '-m', 'aynig-state: build');
    repo.write('../a linked one/built.txt', 'mine\n');
    repo.aynig(['run', '--branch', 'side'], { expected: 'any' });
    const [kept = ''] = repo.keptRefs();
    const told = repo.aynig(['land'], { expected: 1 }).stderr;
    expect(told).toContain('One waits for another branch: aynig land side');
    expect(told).not.toContain(kept.replace('refs/aynig/kept/', ''));
    const refused = repo.aynig(['land', 'side'], { expected: 1 }).stderr;
    expect(refused).toContain(`cd '${linked}' && git stash --include-untracked && aynig land && git stash pop`);
    expect(repo.state('main')).toBe('');
  });

  it('knows a run by the beginning of its id that messages show, where no other has it and no branch is called so', () => {
    const repo = withKept(first);
    repo.git('branch', first.slice(0, 8));
    expect(repo.aynig(['land', first.slice(0, 8)], { expected: 1 }).stderr).toContain('[nothing-to-land]');
    repo.git('branch', '--quiet', '-D', first.slice(0, 8));
    repo.aynig(['land', first.slice(0, 8)]);
    expect(repo.read('shared.txt')).toBe('from the run\n');
    expect(repo.keptRefs()).toEqual([]);
    const two = withKept(first, second);
    expect(two.aynig(['land', first.slice(0, 8)], { expected: 2 }).stderr).toContain(
      'The ids of 2 runs whose work is kept begin with 11111111.',
    );
    expect(two.keptRefs()).toHaveLength(2);
  });

  it('names the files that are in the way', () => {
    const repo = withKept(first);
    repo.write('shared.txt', 'mine\n');
    const { stderr } = repo.aynig(['land', first], { expected: 1 });
    expect(stderr).toContain('would be overwritten by merge: shared.txt [land-refused]');
    expect(stderr).toContain(`git stash --include-untracked && aynig land ${first} && git stash pop`);
    expect(repo.read('shared.txt')).toBe('mine\n');
  });

  it('says how a merge that is not finished is ended', () => {
    const repo = withKept(first);
    repo.write('shared.txt', 'mine\n');
    repo.git('commit', '--quiet', '--no-verify', '--all', '-m', 'mine');
    expect(repo.aynig(['land', first], { expected: 1 }).stderr).toContain('[land-conflict]');
    const again = repo.aynig(['land', first], { expected: 1 }).stderr;
    expect(again).toContain('[land-refused]');
    expect(again).toContain('or give it up: git merge --abort');
    expect(again).not.toContain('git stash');
  });
});
