import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Clock } from '../support/clock.js';
import { type Ending, endOf } from '../support/endings.js';
import { finish, hold, type Lab, lab } from '../support/lab.js';
import { kill, processesWithHome } from '../support/processes.js';

/** What the run changes: a file each modified, added, deleted, one in a folder, and one that the user's git ignores. */
const work = `
echo 'from the run' > tracked.txt
echo 'from the run' > added.txt
echo 'from the run' > dir/file.txt
echo 'from the run' > ignored.bin
git rm --quiet removed.txt
git add --all; git add --force ignored.bin
`;

/** A repository whose current branch asks for `build`, which waits at "hold" before its last commit. */
function asked(script = `${work}\n${hold()}\n${finish()}`): Lab {
  const repo = lab();
  for (const path of ['tracked.txt', 'other.txt', 'removed.txt', 'dir/file.txt']) repo.write(path, `first ${path}\n`);
  repo.write('.gitignore', 'ignored.*\n');
  repo.git('add', '--all');
  repo.git('commit', '--quiet', '-m', 'files');
  repo.command('build', script);
  repo.request('build');
  return repo;
}

/** Runs the current branch; while the command waits, `meanwhile` happens in the user's checkout. */
async function runWhile(repo: Lab, meanwhile: () => void, args = ['run', '--current-branch', 'include']): Promise<Ending> {
  const ended = endOf(repo.start(args));
  await repo.untilHeld();
  meanwhile();
  repo.letGo();
  return ended;
}

interface DirtyState {
  readonly name: string;
  readonly make: (repo: Lab) => void;
  readonly expected: 'delivered' | 'refused';
  /** Bytes of the user's that must be there afterwards, whatever happened. */
  readonly keeps?: Readonly<Record<string, string>>;
  /** How the user puts it aside; default: git stash. */
  readonly aside?: (repo: Lab) => void;
}

const mine = 'mine\n';
const moveAway = (path: string) => (repo: Lab) => renameSync(join(repo.path, path), join(repo.root, 'aside'));

const dirtyStates: readonly DirtyState[] = [
  { name: 'nothing unsaved', make: () => undefined, expected: 'delivered' },
  {
    name: 'a modified file that the run changed too',
    make: (repo) => repo.write('tracked.txt', mine),
    keeps: { 'tracked.txt': mine },
    expected: 'refused',
  },
  {
    name: 'a modified file that the run left alone',
    make: (repo) => repo.write('other.txt', mine),
    keeps: { 'other.txt': mine },
    expected: 'delivered',
  },
  {
    name: 'a modified file that the run deleted',
    make: (repo) => repo.write('removed.txt', mine),
    keeps: { 'removed.txt': mine },
    expected: 'refused',
  },
  {
    name: 'a staged file that the run changed too',
    make: (repo) => {
      repo.write('tracked.txt', mine);
      repo.git('add', 'tracked.txt');
    },
    keeps: { 'tracked.txt': mine },
    expected: 'refused',
  },
  {
    name: 'a staged file that the run left alone',
    make: (repo) => {
      repo.write('other.txt', mine);
      repo.git('add', 'other.txt');
    },
    keeps: { 'other.txt': mine },
    expected: 'delivered',
  },
  {
    name: 'a staged change under the file as committed',
    make: (repo) => {
      repo.write('tracked.txt', mine);
      repo.git('add', 'tracked.txt');
      repo.write('tracked.txt', 'first tracked.txt\n');
    },
    expected: 'refused',
  },
  {
    name: 'a staged deletion of a file that the run changed',
    make: (repo) => repo.git('rm', '--quiet', 'tracked.txt'),
    expected: 'refused',
  },
  {
    name: 'an untracked file in the way',
    make: (repo) => repo.write('added.txt', mine),
    keeps: { 'added.txt': mine },
    expected: 'refused',
  },
  {
    name: 'an ignored file in the way',
    make: (repo) => repo.write('ignored.bin', mine),
    keeps: { 'ignored.bin': mine },
    expected: 'refused',
    aside: moveAway('ignored.bin'),
  },
  {
    name: 'an untracked directory in the way',
    make: (repo) => repo.write('added.txt/inside', mine),
    keeps: { 'added.txt/inside': mine },
    expected: 'refused',
  },
  {
    name: 'an ignored file below a directory in the way',
    make: (repo) => repo.write('added.txt/ignored.inside', mine),
    keeps: { 'added.txt/ignored.inside': mine },
    expected: 'refused',
    aside: moveAway('added.txt'),
  },
  {
    name: 'a file that is only intended to be added',
    make: (repo) => {
      repo.write('added.txt', mine);
      repo.git('add', '--intent-to-add', 'added.txt');
    },
    keeps: { 'added.txt': mine },
    expected: 'refused',
    aside: (repo) => {
      repo.git('rm', '--quiet', '--cached', 'added.txt');
      moveAway('added.txt')(repo);
    },
  },
  {
    name: 'a deleted file that the run left alone',
    make: (repo) => unlinkSync(join(repo.path, 'other.txt')),
    expected: 'delivered',
  },
  {
    name: 'a change of mode of a file that the run changed',
    make: (repo) => chmodSync(join(repo.path, 'tracked.txt'), 0o755),
    expected: 'refused',
  },
  {
    name: 'a file replaced by a directory',
    make: (repo) => {
      unlinkSync(join(repo.path, 'tracked.txt'));
      repo.write('tracked.txt/inside', mine);
    },
    keeps: { 'tracked.txt/inside': mine },
    expected: 'refused',
  },
  {
    name: 'a folder replaced by a link out of the repository',
    make: (repo) => {
      mkdirSync(join(repo.root, 'outside'));
      writeFileSync(join(repo.root, 'outside/file.txt'), mine);
      rmSync(join(repo.path, 'dir'), { recursive: true });
      symlinkSync('../outside', join(repo.path, 'dir'));
    },
    keeps: { 'dir/file.txt': mine },
    expected: 'refused',
    aside: (repo) => {
      unlinkSync(join(repo.path, 'dir'));
      repo.git('checkout', '--quiet', '--', 'dir');
    },
  },
  {
    name: 'a modified file that git is told to assume unchanged',
    make: (repo) => {
      repo.write('tracked.txt', mine);
      repo.git('update-index', '--assume-unchanged', 'tracked.txt');
    },
    keeps: { 'tracked.txt': mine },
    expected: 'refused',
    aside: (repo) => {
      repo.git('update-index', '--no-assume-unchanged', 'tracked.txt');
      repo.git('stash', '--quiet');
    },
  },
  {
    name: 'a merge in progress',
    make: (repo) => repo.git('merge', '--quiet', '--no-ff', '--no-commit', 'topic'),
    expected: 'refused',
    aside: (repo) => repo.git('merge', '--abort'),
  },
  {
    name: 'a rebase in progress',
    make: (repo) => repo.gitAnswer(['rebase', '--quiet', '--exec', 'false', 'HEAD~1'], { expected: 1 }),
    expected: 'refused',
    aside: (repo) => repo.git('rebase', '--abort'),
  },
  {
    name: 'an index that another git holds',
    make: (repo) => repo.write('.git/index.lock', ''),
    expected: 'refused',
    aside: (repo) => unlinkSync(join(repo.path, '.git/index.lock')),
  },
];

describe("the user's checkout", () => {
  it.each(dirtyStates.map((state) => [state.name, state.expected, state] as const))(
    'with %s: the result is %s, no byte of the user is lost, and land brings it in',
    async (_name, _expected, state) => {
      const repo = asked();
      repo.git('branch', 'topic', 'HEAD~1');
      repo.git('update-ref', 'refs/heads/topic', repo.git('commit-tree', '-p', 'topic', '-m', 'on topic', 'topic^{tree}'));
      let before = repo.photograph();
      const ended = await runWhile(repo, () => {
        state.make(repo);
        before = repo.photograph();
      });
      const after = repo.photograph();
      for (const [path, content] of Object.entries(state.keeps ?? {})) expect(repo.read(path)).toBe(content);
      if (state.expected === 'delivered') {
        expect(ended.exitCode).toBe(0);
        expect(repo.state('main')).toBe('done');
        expect(after.status.length).toBe(before.status.length);
        expect(repo.read('tracked.txt')).toBe('from the run\n');
        expect(repo.exists('removed.txt')).toBe(false);
        expect(repo.leftovers()).toEqual([]);
        return;
      }
      expect(ended.stderr).toContain('aynig land');
      expect(repo.state('main')).toBe('working');
      expect(after).toEqual(before);
      const kept = `refs/aynig/kept/${repo.runId('main')}`;
      expect(repo.keptRefs()).toEqual([kept]);
      expect(repo.linkedWorktrees()).toEqual([]);
      // Trying again changes nothing, and says so.
      expect(repo.aynig(['land', 'main'], { expected: 1 }).stderr).toContain('[land-refused]');
      expect(repo.photograph()).toEqual(before);
      expect(repo.keptRefs()).toEqual([kept]);
      (state.aside ?? (() => repo.git('stash', 'push', '--quiet', '--include-untracked')))(repo);
      repo.aynig(['land']);
      expect(repo.state('main')).toBe('done');
      expect(repo.git('status', '--porcelain')).toBe('');
      expect(repo.read('tracked.txt')).toBe('from the run\n');
      expect(repo.read('ignored.bin')).toBe('from the run\n');
      expect(repo.leftovers()).toEqual([]);
    },
  );

  it('with a file deleted by the user that the run changed: either the whole result comes or nothing moves', async () => {
    const repo = asked();
    await runWhile(repo, () => {
      unlinkSync(join(repo.path, 'tracked.txt'));
      repo.write('other.txt', mine);
    });
    expect(repo.read('other.txt')).toBe(mine);
    const delivered = repo.state() === 'done';
    expect(repo.exists('tracked.txt') ? repo.read('tracked.txt') : 'deleted').toBe(delivered ? 'from the run\n' : 'deleted');
    expect(repo.state(delivered ? 'HEAD' : repo.keptRefs()[0])).toBe('done');
  });

  /** Has a person switch to another branch, of which the result is a descendant, right before git is called with a word. */
  function switchingBefore(repo: Lab, word: 'status' | 'merge', branch = 'other'): Record<string, string> {
    const git = repo.program('sh', ['-c', 'command -v git']).stdout.trim();
    const now = `for argument; do [ "$argument" != ${word} ] || mine=yes; done
[ "$PWD" != '${repo.path}' ] || [ -z "\${mine-}" ] || [ -e "$OUT/switched" ] || { : >"$OUT/switched"; ${git} switch --quiet ${branch}; }`;
    repo.write('../bin/git', `#!/bin/sh\n${now}\nexec ${git} "$@"\n`, 0o755);
    return { PATH: `${join(repo.root, 'bin')}:${repo.env['PATH']}` };
  }

  it.each([
    ['an ancestor', 'status', 'main~1'],
    ['an ancestor', 'merge', 'main~1'],
    ['another line', 'merge', 'beside'],
  ] as const)('that is left for a branch on %s right before git %s moves, and not that branch', async (_, word, start) => {
    const repo = asked();
    repo.git('branch', 'beside', repo.git('commit-tree', '-p', 'main~1', '-m', 'beside', 'main~1^{tree}'));
    repo.git('branch', 'other', start);
    repo.write('mine.txt', mine);
    repo.write('other.txt', mine);
    const was = repo.git('rev-parse', 'other');
    const env = switchingBefore(repo, word);
    const ended = endOf(repo.start(['run', '--current-branch', 'include'], { env }));
    await repo.untilHeld();
    repo.letGo();
    expect(await ended).toMatchObject({ exitCode: 0 });
    expect(repo.outHas('switched')).toBe(true);
    expect([repo.git('symbolic-ref', '--short', 'HEAD'), repo.head(), repo.state('main')]).toEqual(['other', was, 'done']);
    expect([repo.read('other.txt'), repo.read('mine.txt'), repo.read('tracked.txt')]).toEqual([mine, mine, 'first tracked.txt\n']);
    expect(repo.git('status', '--porcelain')).toBe(' M other.txt\n?? mine.txt');
    // Only in the very last moment is it taken along at all, and taken back: whoever switched earlier sees no file change.
    expect(repo.lines('reflog', 'show', 'other')).toHaveLength(word === 'merge' && start === 'main~1' ? 3 : 1);
    expect(repo.leftovers()).toEqual([]);
  });

  it.each([
    ['completes', '', 'done'],
    ['stalls', 'exit 1', 'stalled'],
  ])(
    'in the middle of a rebase is left alone when the run %s, and giving the rebase up does not lose the result',
    async (_, end, state) => {
      const repo = asked(`${work}\n${hold()}\n${finish()}\n${end}`);
      await runWhile(repo, () => repo.gitAnswer(['rebase', '--quiet', '--exec', 'false', 'HEAD~1'], { expected: 1 }));
      // `git rebase --abort` puts the branch back to where it was when the rebase began, whatever it is now.
      repo.git('rebase', '--abort');
      repo.run();
      expect(repo.state('main')).toBe(state);
      expect(repo.read('added.txt')).toBe('from the run\n');
      expect(repo.leftovers()).toEqual([]);
    },
  );

  it('that could not take the result gets it at the next tick once it is free', async () => {
    const repo = asked();
    await runWhile(repo, () => repo.write('added.txt', mine));
    expect(JSON.parse(repo.aynig(['status', '--json']).stdout).branches[0].reading).toBe('undelivered');
    const again = repo.run();
    expect(again.stderr).toContain('added.txt');
    expect(repo.read('added.txt')).toBe(mine);
    unlinkSync(join(repo.path, 'added.txt'));
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.leftovers()).toEqual([]);
  });

  it('that could not take the result does not lose it when the run stalled either', async () => {
    const repo = asked(`${work}\n${hold()}\n${finish()}\nexit 9`);
    await runWhile(repo, () => repo.write('added.txt', mine));
    expect(repo.state()).toBe('working');
    expect(repo.read('added.txt')).toBe(mine);
    unlinkSync(join(repo.path, 'added.txt'));
    repo.aynig(['land']);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-exit-code')).toBe('9');
    expect(repo.read('added.txt')).toBe('from the run\n');
  });

  it("has the run's result still after the user's next commit -a", async () => {
    const repo = asked();
    await runWhile(repo, () => repo.write('other.txt', mine));
    repo.git('commit', '--quiet', '--all', '-m', 'mine');
    expect(repo.git('diff', '--name-only', 'HEAD~1')).toBe('other.txt');
    expect(repo.fileAt('HEAD', 'tracked.txt')).toBe('from the run');
    expect(repo.fileAt('HEAD', 'added.txt')).toBe('from the run');
    expect(repo.gitAnswer(['cat-file', '-e', 'HEAD:removed.txt']).exitCode).not.toBe(0);
  });

  it('sees nothing of a lease and of a stall', async () => {
    const repo = asked(`${hold()}\nexit 1`);
    repo.write('tracked.txt', mine);
    repo.write('staged.txt', mine);
    repo.git('add', 'staged.txt');
    repo.write('untracked.txt', mine);
    const before = repo.photograph();
    const ended = endOf(repo.start(['run', '--current-branch', 'include']));
    await repo.untilHeld();
    expect(repo.state()).toBe('working');
    expect(repo.photograph()).toEqual(before);
    repo.letGo();
    expect((await ended).exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.photograph()).toEqual(before);
    expect(repo.leftovers()).toEqual([]);
  });

  it('is the linked worktree that has the branch', async () => {
    const repo = asked();
    const linked = join(repo.root, 'linked');
    repo.git('checkout', '--quiet', '-b', 'elsewhere', 'HEAD~1');
    repo.git('worktree', 'add', '--quiet', linked, 'main');
    const before = repo.photograph();
    const ended = await runWhile(repo, () => writeFileSync(join(linked, 'other.txt'), mine), ['run', '--branch', 'main']);
    expect(ended.exitCode).toBe(0);
    expect(repo.state('main')).toBe('done');
    expect(readFileSync(join(linked, 'tracked.txt'), 'utf8')).toBe('from the run\n');
    expect(repo.gitAnswer(['status', '--porcelain'], { cwd: linked }).stdout).toBe(' M other.txt\n');
    expect(repo.photograph()).toEqual(before);
  });

  it('that a person deleted by hand does not hold up the branch', async () => {
    const repo = asked();
    const linked = join(repo.root, 'linked');
    repo.git('checkout', '--quiet', '-b', 'elsewhere', 'HEAD~1');
    repo.git('worktree', 'add', '--quiet', linked, 'main');
    const ended = await runWhile(repo, () => rmSync(linked, { recursive: true }), ['run', '--branch', 'main']);
    expect(ended.exitCode).toBe(0);
    expect(repo.state('main')).toBe('done');
  });

  it('runs no hook of the user for a delivery', async () => {
    const repo = asked();
    for (const hook of ['post-merge', 'post-checkout', 'pre-merge-commit'])
      repo.write(`.git/hooks/${hook}`, `#!/bin/sh\necho ${hook} >> "$OUT/hooks"\n`, 0o755);
    await runWhile(repo, () => undefined);
    expect(repo.state()).toBe('done');
    expect(repo.outHas('hooks')).toBe(false);
  });
});

describe('aynig land', () => {
  /** A result that waits, and a commit of the user's on top of the lease. */
  async function overtaken(path: string): Promise<Lab> {
    const repo = asked();
    await runWhile(repo, () => repo.write('added.txt', mine));
    unlinkSync(join(repo.path, 'added.txt'));
    repo.write(path, mine);
    repo.git('commit', '--quiet', '--no-verify', '-m', 'on top of the lease', path);
    return repo;
  }

  it("makes a merge commit with the result's trailers where the user went on", async () => {
    const repo = await overtaken('other.txt');
    const [kept] = repo.keptRefs();
    const result = repo.head(kept);
    const top = repo.head();
    repo.aynig(['land']);
    expect(repo.head('HEAD^1')).toBe(top);
    expect(repo.head('HEAD^2')).toBe(result);
    expect(repo.state()).toBe('done');
    expect(repo.read('other.txt')).toBe(mine);
    expect(repo.read('added.txt')).toBe('from the run\n');
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.leftovers()).toEqual([]);
  });

  it('leaves a conflict to the user and the result where it was', async () => {
    const repo = await overtaken('tracked.txt');
    const [kept = ''] = repo.keptRefs();
    const result = repo.head(kept);
    const top = repo.head();
    const answer = repo.aynig(['land'], { expected: 1 });
    expect(answer.stderr).toContain('[land-conflict]');
    expect(repo.head()).toBe(top);
    expect(repo.head(kept)).toBe(result);
    repo.git('merge', '--abort');
    expect(repo.read('tracked.txt')).toBe(mine);
    // Another try, and this time the user resolves it.
    const runId = kept.replace('refs/aynig/kept/', '');
    expect(repo.aynig(['land', runId], { expected: 1 }).stderr).toContain('[land-conflict]');
    repo.write('tracked.txt', 'both\n');
    repo.git('commit', '--quiet', '--all', '--no-edit');
    expect(repo.head('HEAD^2')).toBe(result);
    expect(repo.state()).toBe('done');
    // A comment of git's below the trailers would make it a message that cannot be used.
    expect(JSON.parse(repo.aynig(['status', '--json']).stdout).branches).toMatchObject([{ state: 'done', reading: 'waiting' }]);
  });

  it('says that nothing waits when nothing does', () => {
    const repo = lab();
    const before = repo.refs();
    expect(repo.aynig(['land'], { expected: 1 }).stderr).toContain('[nothing-to-land]');
    expect(repo.refs()).toBe(before);
  });
});

describe('a branch that goes another way during its run', () => {
  it.each([
    ['forced to another commit', (repo: Lab) => repo.git('branch', '--force', 'feature', 'main'), 'main'],
    ['deleted', (repo: Lab) => repo.git('branch', '-D', 'feature'), undefined],
    ['renamed', (repo: Lab) => repo.git('branch', '-m', 'feature', 'renamed'), undefined],
  ] as const)('and is %s keeps its new value; the result is kept and can be landed', async (_, change, expected) => {
    const repo = asked();
    repo.git('branch', '-m', 'feature');
    repo.git('checkout', '--quiet', '-b', 'main', 'HEAD~1');
    const ended = await runWhile(repo, () => change(repo), ['run']);
    expect(repo.gitAnswer(['rev-parse', '--verify', '--quiet', 'refs/heads/feature']).stdout.trim()).toBe(
      expected === undefined ? '' : repo.head(expected),
    );
    const [kept = ''] = repo.keptRefs();
    expect(repo.state(kept)).toBe('done');
    expect(ended.stderr).toContain(kept);
    expect(repo.linkedWorktrees()).toEqual([]);
    expect(repo.journals()).toEqual([]);
    repo.aynig(['land', kept.replace('refs/aynig/kept/', '')]);
    expect(repo.state('main')).toBe('done');
    expect(repo.keptRefs()).toEqual([]);
  });

  it.each([
    ['reset by the user', (repo: Lab) => repo.git('reset', '--quiet', '--hard', 'HEAD~2')],
    [
      'deleted by the user',
      (repo: Lab) => {
        repo.git('stash', '--quiet', '--include-untracked');
        repo.git('checkout', '--quiet', '-b', 'x', 'HEAD~2');
        repo.git('branch', '-D', 'main');
      },
    ],
  ] as const)('and is %s while its result waits is left alone by later ticks; the result is kept', async (_, change) => {
    const repo = asked();
    await runWhile(repo, () => repo.write('added.txt', mine));
    const [kept = ''] = repo.keptRefs();
    const result = repo.head(kept);
    change(repo);
    const before = repo.git('for-each-ref', 'refs/heads');
    const answer = repo.run();
    expect(repo.git('for-each-ref', 'refs/heads')).toBe(before);
    expect(answer.stderr).toContain(kept);
    expect(repo.head(kept)).toBe(result);
    expect(repo.journals()).toEqual([]);
  });
});

describe('kill -9 in the middle of a delivery', () => {
  const third = 800;
  /** Modifies a third of the files, deletes a third and adds a third. */
  const bigWork = `
mkdir new
i=0; while [ $i -lt ${third} ]; do echo "new $i" > "changed/$i.txt"; echo "new $i" > "new/$i.txt"; i=$((i+1)); done
git rm -r --quiet deleted
git add --all
`;

  function big(): Lab {
    const repo = lab();
    for (const folder of ['changed', 'deleted'])
      for (let index = 0; index < third; index++) repo.write(`${folder}/${index}.txt`, `old ${index}\n`);
    repo.write('mine.txt', 'committed\n');
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '-m', 'many files');
    repo.command('build', `${bigWork}\n${finish()}`);
    repo.request('build');
    repo.write('mine.txt', mine);
    repo.write('untracked.txt', mine);
    return repo;
  }

  const isDelivering = (repo: Lab): boolean => repo.journals().some(({ phase }) => phase === 'delivering');

  /**
   * Has the delivery stand still, until it is let go, before git does anything, or where git is about to write a file: it deletes
   * first, and then writes in the order of the index. Answers the environment of the runner.
   */
  function holdDelivery(repo: Lab, at: 'its start' | { readonly file: string }): Record<string, string> {
    if (at === 'its start') {
      const git = repo.program('sh', ['-c', 'command -v git']).stdout.trim();
      const merging = `for argument; do [ "$argument" != merge ] || { ${hold()}; }; done`;
      repo.write('../bin/git', `#!/bin/sh\n${merging}\nexec ${git} "$@"\n`, 0o755);
      return { PATH: `${join(repo.root, 'bin')}:${repo.env['PATH']}` };
    }
    // git makes the worktree of the run by the same filter.
    repo.write('../smudge', `#!/bin/sh\n[ "$PWD" != '${repo.path}' ] || { ${hold()}; }\nexec cat\n`, 0o755);
    repo.git('config', 'filter.held.smudge', join(repo.root, 'smudge'));
    repo.write('.git/info/attributes', `${at.file} filter=held\n`);
    return {};
  }

  it.each([
    ['it was noted in the journal', 'its start'],
    ['the first file is written', { file: 'changed/0.txt' }],
    ['half of the files were written', { file: `changed/${third / 2}.txt` }],
    ['the last file is written', { file: 'new/99.txt' }],
  ] as const)("when %s is repaired by the next tick, with the user's unsaved work intact", async (_, at) => {
    const repo = big();
    const child = repo.start(['run', '--current-branch', 'include'], { env: holdDelivery(repo, at) });
    const ended = endOf(child);
    await repo.untilHeld();
    expect([isDelivering(repo), repo.exists('.git/index.lock')]).toEqual([true, at !== 'its start']);
    child.kill('SIGKILL');
    for (const { pid, arguments: words } of processesWithHome(repo.root)) if (words.includes('merge')) kill(pid, 'SIGKILL');
    repo.letGo();
    await ended;
    repo.run();
    expectWhole(repo);
  });

  it('is not repaired in a checkout that has another branch by then: what stands there is of that branch', async () => {
    const repo = big();
    repo.git('branch', 'other', 'main~1');
    const child = repo.start(['run', '--current-branch', 'include'], { env: holdDelivery(repo, { file: 'changed/0.txt' }) });
    const ended = endOf(child);
    await repo.untilHeld();
    child.kill('SIGKILL');
    for (const { pid, arguments: words } of processesWithHome(repo.root)) if (words.includes('merge')) kill(pid, 'SIGKILL');
    repo.letGo();
    await ended;
    // A person clears up with git alone, and makes files that are as those of the run.
    unlinkSync(join(repo.path, '.git/index.lock'));
    repo.git('switch', '--quiet', '--force', 'other');
    for (const index of [0, 1, 2]) repo.write(`new/${index}.txt`, `new ${index}\n`);
    repo.git('add', 'new');
    repo.git('commit', '--quiet', '-m', 'the same files');
    repo.run();
    expect([repo.state('main'), repo.read('new/0.txt'), repo.git('status', '--porcelain')]).toEqual([
      'done',
      'new 0\n',
      '?? untracked.txt',
    ]);
  });

  it('waits for a git that goes on delivering when only the runner was killed', async () => {
    const repo = big();
    const child = repo.start(['run', '--current-branch', 'include'], { env: holdDelivery(repo, { file: 'changed/0.txt' }) });
    const ended = endOf(child);
    await repo.untilHeld();
    expect([isDelivering(repo), repo.exists('.git/index.lock')]).toEqual([true, true]);
    child.kill('SIGKILL');
    repo.letGo();
    await repo.until('a run has found it ended', () => !/lock-timeout/.test(repo.run().stderr));
    await ended;
    expectWhole(repo);
  });

  it('leaves a git alone that goes on delivering for longer than it waits, and says so', async () => {
    const repo = big();
    const child = repo.start(['run', '--current-branch', 'include'], { env: holdDelivery(repo, { file: 'changed/0.txt' }) });
    const ended = endOf(child);
    await repo.untilHeld();
    child.kill('SIGKILL');
    await ended;
    const clock = new Clock(repo.root);
    const next = repo.start(['run', '--current-branch', 'include'], { env: clock.environment(repo.env) });
    const refused = endOf(next);
    const [journal] = repo.journals();
    await repo.until('the next run looks after it', () => repo.exists(`.git/aynig/runs/${journal?.runId}.lock`));
    clock.putTo(60);
    expect(await refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/lock-timeout.*index\.lock/s) });
    expect([isDelivering(repo), repo.exists('.git/index.lock'), repo.state()]).toEqual([true, true, 'working']);
    repo.letGo();
    await repo.until('that git has ended', () => !repo.exists('.git/index.lock'));
    repo.run();
    expectWhole(repo);
  });

  /** Which locks git holds at its first step and at its last one, when nothing but the branch is left to be moved. */
  it.each([
    ['at its start', ['ORIG_HEAD.lock'], ''],
    ['at its end', ['HEAD.lock', 'refs/heads/main.lock'], 'read-tree -m -u HEAD'],
  ])('is repaired when git was killed %s and left other locks than that of the index (%s)', (_, locks, done) => {
    const repo = asked(`${work}\n${finish()}`);
    const git = repo.program('sh', ['-c', 'command -v git']).stdout.trim();
    repo.write(
      '../bin/git',
      `#!/bin/sh
for argument; do [ "$argument" = merge ] && merging=yes; result=$argument; done
[ -n "$merging" ] || exec ${git} "$@"
${done === '' ? '' : `${git} ${done} "$result"`}
for lock in ${locks.join(' ')}; do : > ".git/$lock"; done
kill -KILL $PPID
`,
      0o755,
    );
    repo.run(undefined, { env: { PATH: `${join(repo.root, 'bin')}:${repo.env['PATH']}` } });
    expect(repo.journals().map(({ phase }) => phase)).toEqual(['delivering']);
    repo.run();
    expect(repo.state()).toBe('done');
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(locks.filter((lock) => repo.exists(`.git/${lock}`))).toEqual([]);
    expect(repo.leftovers()).toEqual([]);
  });

  it('names the lock that another git holds, and does not take it away', async () => {
    const repo = asked();
    const ended = await runWhile(repo, () => repo.write('.git/ORIG_HEAD.lock', ''));
    expect(repo.state()).toBe('working');
    expect(ended.stderr).toContain('ORIG_HEAD.lock');
    expect(repo.exists('.git/ORIG_HEAD.lock')).toBe(true);
    unlinkSync(join(repo.path, '.git/ORIG_HEAD.lock'));
    repo.aynig(['land']);
    expect(repo.state()).toBe('done');
  });

  function expectWhole(repo: Lab): void {
    expect(repo.state()).toBe('done');
    expect(repo.git('status', '--porcelain')).toBe(' M mine.txt\n?? untracked.txt');
    expect(repo.read('mine.txt')).toBe(mine);
    expect(repo.read('untracked.txt')).toBe(mine);
    for (const index of [0, third / 2, third - 1]) {
      expect(repo.read(`changed/${index}.txt`)).toBe(`new ${index}\n`);
      expect(repo.read(`new/${index}.txt`)).toBe(`new ${index}\n`);
      expect(repo.exists(`deleted/${index}.txt`)).toBe(false);
    }
    expect(repo.exists('.git/index.lock')).toBe(false);
    expect(repo.gitAnswer(['fsck', '--no-dangling', '--no-progress'], { expected: 0 }).stdout).toBe('');
    expect(repo.leftovers()).toEqual([]);
  }
});
