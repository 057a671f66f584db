import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identify } from '../support/scratch.js';
import { changesFile, completing, hooked, twoClones, Workspace, waitFor, workspace } from '../support/workspace.js';

const request = ['--message', 'ask for it', '--message', 'Please.', '--message', 'aynig-state: build'];
const requestText = 'ask for it\n\nPlease.\n\naynig-state: build\n';

/** A repository whose command for build waits until the test lets it go on. */
const holding = (): Workspace => hooked(completing('review', `: >"$HOME/started"\n${waitFor()}\n${changesFile}`));

/** The one run that a request led to, after it ended: its result is in the checkout and nothing else has changed. */
async function expectOneRun(made: Workspace, branch = 'main'): Promise<void> {
  await made.untilState('review', branch);
  await made.untilStill();
  const ran = made.ran();
  expect(ran).toHaveLength(1);
  expect(ran[0]).toMatchObject({ branch, state: 'build' });
  expect(made.git('symbolic-ref', 'HEAD')).toBe(`refs/heads/${branch}`);
  expect(made.read('built.txt')).toBe(`built by ${ran[0]?.runId}\n`);
  expect(made.git('status', '--porcelain')).toBe('');
  expect(made.git('worktree', 'list', '--porcelain')).not.toContain('.worktrees');
}

/** Nothing was started, and nothing can start any more. */
async function expectNoRun(made: Workspace): Promise<void> {
  await made.untilStill();
  expect(made.ran()).toEqual([]);
}

describe('a request that is committed by git', () => {
  const ways: readonly { name: string; commit: (made: Workspace) => void }[] = [
    { name: 'from the root of the repository', commit: (made) => made.git('commit', '--quiet', '--allow-empty', ...request) },
    {
      name: 'from a subdirectory',
      commit(made) {
        made.write('deep/er/file.txt', 'x\n');
        made.git('add', '--all');
        made.program('git', ['commit', '--quiet', ...request], { cwd: join(made.path, 'deep/er') });
      },
    },
    {
      name: 'from a directory elsewhere with git -C',
      commit: (made) => made.program('git', ['-C', made.path, 'commit', '--quiet', '--allow-empty', ...request], { cwd: made.root }),
    },
    {
      name: 'with all changes (-a)',
      commit(made) {
        made.write('README', 'changed\n');
        made.git('commit', '--quiet', '-a', ...request);
      },
    },
    {
      name: 'with one path (-- path)',
      commit(made) {
        made.write('README', 'changed\n');
        made.git('commit', '--quiet', ...request, '--', 'README');
      },
    },
    {
      name: 'as an amended commit',
      commit(made) {
        made.git('commit', '--quiet', '--allow-empty', '--message', 'not yet');
        made.git('commit', '--quiet', '--allow-empty', '--amend', ...request);
      },
    },
    {
      name: 'with a message from a file (-F)',
      commit(made) {
        writeFileSync(join(made.root, 'message'), requestText);
        made.git('commit', '--quiet', '--allow-empty', '-F', join(made.root, 'message'));
      },
    },
    {
      name: 'with a message from standard input (-F -)',
      commit: (made) => made.gitAnswer(['commit', '--quiet', '--allow-empty', '-F', '-'], { input: requestText, expected: 0 }),
    },
    {
      name: 'with CRLF line ends in the message',
      commit: (made) =>
        made.gitAnswer(['commit', '--quiet', '--allow-empty', '-F', '-'], { input: requestText.replaceAll('\n', '\r\n'), expected: 0 }),
    },
    {
      name: 'in an editor',
      commit(made) {
        const editor = made.script('editor', `cat - "$1" >"$1.new" <<'END'\n${requestText}END\nmv "$1.new" "$1"`);
        made.gitAnswer(['commit', '--quiet', '--allow-empty'], { env: { GIT_EDITOR: editor }, expected: 0 });
      },
    },
    {
      name: 'in an editor that shows the changes (-v), which speak of another state',
      commit(made) {
        made.write('notes.txt', 'aynig-state: working\n\naynig-state: other\n');
        made.git('add', '--all');
        const editor = made.script('editor', `cat - "$1" >"$1.new" <<'END'\n${requestText}END\nmv "$1.new" "$1"`);
        made.gitAnswer(['commit', '--quiet', '-v'], { env: { GIT_EDITOR: editor }, expected: 0 });
      },
    },
    {
      name: 'with settings on the command line (git -c)',
      commit: (made) =>
        made.git('-c', 'user.name=Somebody Else', '-c', 'core.quotePath=false', 'commit', '--quiet', '--allow-empty', ...request),
    },
    {
      name: 'with --git-dir and --work-tree from elsewhere',
      commit: (made) =>
        made.program(
          'git',
          [`--git-dir=${join(made.path, '.git')}`, `--work-tree=${made.path}`, 'commit', '--quiet', '--allow-empty', ...request],
          { cwd: made.root },
        ),
    },
    {
      name: 'with GIT_DIR and GIT_WORK_TREE in the environment',
      commit: (made) =>
        made.gitAnswer(['commit', '--quiet', '--allow-empty', ...request], {
          cwd: made.root,
          env: { GIT_DIR: join(made.path, '.git'), GIT_WORK_TREE: made.path },
          expected: 0,
        }),
    },
    {
      name: 'with an index file of its own',
      commit(made) {
        made.git('read-tree', `--index-output=${join(made.path, '.git/other-index')}`, 'HEAD');
        made.gitAnswer(['commit', '--quiet', '--allow-empty', ...request], {
          env: { GIT_INDEX_FILE: join(made.path, '.git/other-index') },
          expected: 0,
        });
      },
    },
    { name: 'past the checks (--no-verify)', commit: (made) => made.git('commit', '--quiet', '--allow-empty', '--no-verify', ...request) },
    { name: 'by aynig set-state', commit: (made) => made.aynig(['set-state', 'build', '--prompt', 'Please.']) },
  ];

  test.each(ways)('is run once and delivered: $name', async ({ commit }) => {
    const made = hooked();
    commit(made);
    await expectOneRun(made);
    expect(made.git('log', '-1', '--format=%b', `${made.ran()[0]?.request}`)).toContain('aynig-state: build');
  });

  test('in a linked working tree is run on that branch and delivered there', async () => {
    const made = hooked();
    const before = made.head();
    const linked = made.linked('feature');
    linked.git('commit', '--quiet', '--allow-empty', ...request);
    await expectOneRun(linked, 'feature');
    expect(made.head('main')).toBe(before);
    expect(made.exists('built.txt')).toBe(false);
    expect(made.git('status', '--porcelain')).toBe('');
  });

  test('in a repository with a separate git directory is run and delivered', async () => {
    const made = hooked();
    made.git('init', '--quiet', `--separate-git-dir=${join(made.root, 'elsewhere.git')}`);
    // What is allowed belongs to a place: a git directory that was moved is another one.
    made.aynig(['allow', '--yes']);
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await expectOneRun(made);
  });

  test('in a repository with a separate git directory is never taken back by the next commit there, whoever runs it', () => {
    const made = hooked();
    made.git('init', '--quiet', `--separate-git-dir=${join(made.root, 'elsewhere.git')}`);
    const linked = made.linked('side');
    made.request('build');
    // From a linked working tree, where nothing says where the main one is.
    linked.aynig(['run', '--branch', 'main'], { expected: 'any' });
    expect(made.ran()).toHaveLength(1);
    expect(made.git('status', '--porcelain')).toBe('');
  });

  test('in a submodule is run and delivered', async () => {
    const outer = hooked();
    const inner = workspace('inner');
    inner.command('build', completing('review', changesFile));
    outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.path, 'sub');
    outer.git('commit', '--quiet', '--message', 'with a submodule');
    const sub = new Workspace(outer.root, join(outer.path, 'sub'), outer.env);
    identify((...args) => sub.git(...args));
    sub.init();
    sub.aynig(['allow', '--yes']);
    // Not the branch that stands at the upstream.
    sub.git('switch', '--quiet', '--create', 'feature');
    sub.git('commit', '--quiet', '--allow-empty', ...request);
    await expectOneRun(sub, 'feature');
    expect(outer.states()).toEqual(['-', '-', '-']);
  });

  test('as the first commit of a branch without history is run', async () => {
    const made = hooked();
    made.git('switch', '--quiet', '--orphan', 'fresh');
    made.write('.aynig/command/build', `#!/bin/sh\n${completing('review', changesFile)}\n`, 0o755);
    made.git('add', '--all');
    made.git('commit', '--quiet', ...request);
    await expectOneRun(made, 'fresh');
  });

  test("leaves the user's index, branch and other files as they are, besides the delivery", async () => {
    const made = holding();
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.until('the command has started', () => made.noted('started'));
    made.write('staged.txt', 'staged\n');
    made.git('add', 'staged.txt');
    made.write('README', 'changed and not staged\n');
    made.write('untracked.txt', 'untracked\n');
    made.git('update-index', '--assume-unchanged', '.aynig/command/build');
    const before = made.git('status', '--porcelain');
    const staged = made.git('diff', '--cached');
    made.release();
    await made.untilState('review');
    await made.untilStill();
    expect(before).toBe(' M README\nA  staged.txt\n?? untracked.txt');
    expect(made.git('status', '--porcelain')).toBe(before);
    expect(made.git('diff', '--cached')).toBe(staged);
    expect(made.git('ls-files', '-v', '.aynig')).toMatch(/^h /);
    expect(made.read('README')).toBe('changed and not staged\n');
    expect(made.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(made.read('built.txt')).toContain('built by');
    expect(made.git('stash', 'list')).toBe('');
  });

  test('is leased by a commit of aynig with the date of now, whoever asked and whenever; the command commits as the user, now', async () => {
    const made = holding();
    const from = Math.floor(Date.now() / 1000);
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '--author=Bob <bob@example.com>', '--date=2001-02-03T04:05:06Z', ...request], {
      env: {
        GIT_AUTHOR_DATE: '2001-02-03T04:05:06Z',
        GIT_COMMITTER_DATE: '2002-02-03T04:05:06Z',
        GIT_COMMITTER_NAME: 'Carol',
        GIT_COMMITTER_EMAIL: 'carol@example.com',
      },
      expected: 0,
    });
    await made.until('the command has started', () => made.noted('started'));
    const lease = made.git('log', '-1', '--format=%an|%cn|%ae|%at|%ct|%T|%(trailers:key=aynig-state,valueonly,only)', 'main').split('|');
    const [authorName, committerName, email, authored, committed, tree] = lease;
    expect(lease[6]?.trim()).toBe('working');
    expect([authorName, committerName]).toEqual(['aynig', 'aynig']);
    expect(email).toMatch(/^aynig@/);
    expect(Number(authored)).toBeGreaterThanOrEqual(from);
    expect(Number(committed)).toBeGreaterThanOrEqual(from);
    expect(Number(committed)).toBeLessThanOrEqual(Date.now() / 1000 + 1);
    expect(tree).toBe(made.git('rev-parse', 'main~1^{tree}'));
    made.release();
    await made.untilState('review');
    const [author, at, committedAt] = made.git('log', '-1', '--format=%an|%at|%ct').split('|');
    expect(author).toBe('Ana Example');
    expect(Number(at)).toBeGreaterThanOrEqual(from);
    expect(Number(committedAt)).toBeGreaterThanOrEqual(from);
  });
});

describe('a history that git rewrites or brings in', () => {
  /** Branch `work` with three requests that no hook has seen, one file each, and a main that went on. */
  const diverged = (made: Workspace): void => {
    made.git('switch', '--quiet', '--create', 'work');
    for (const name of ['one', 'two', 'three']) {
      made.write(`${name}.txt`, `${name}\n`);
      made.git('add', '--all');
      made.request('build', { title: name });
    }
    made.git('switch', '--quiet', 'main');
    made.write('other.txt', 'other\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'other');
    made.git('switch', '--quiet', 'work');
  };

  const rebased = ['-', '-', '-', 'build', 'build', 'build'];

  test.each([
    ['the merge backend', ['rebase', 'main']],
    ['the apply backend', ['rebase', '--apply', 'main']],
    ['an interactive rebase', ['rebase', '--interactive', 'main']],
    ['every pick made anew', ['rebase', '--force-rebase', '--merge', 'main']],
  ])('is rebased without a run or a lease in the middle: %s', async (_, args) => {
    const made = hooked();
    diverged(made);
    made.gitAnswer(args, { env: { GIT_SEQUENCE_EDITOR: 'true', GIT_EDITOR: 'true' }, expected: 0 });
    await made.untilStill();
    expect(made.git('symbolic-ref', 'HEAD')).toBe('refs/heads/work');
    expect(made.states('work')).toEqual(rebased);
    expect(made.ran()).toEqual([]);
    expect(made.statusOf().reading).toBe('untrusted');
    made.aynig(['run', '--current-branch', 'only']);
    expect(made.ran()).toHaveLength(1);
    expect(made.states('work')).toEqual([...rebased, 'working', 'review']);
  });

  test('is rebased in a linked working tree without a run or a lease in the middle', async () => {
    const made = hooked();
    diverged(made);
    made.git('switch', '--quiet', '--detach');
    made.git('worktree', 'add', '--quiet', join(made.root, 'second'), 'work');
    made.gitAnswer(['rebase', '--quiet', 'main'], { cwd: join(made.root, 'second'), expected: 0 });
    await expectNoRun(made);
    expect(made.states('work')).toEqual(rebased);
  });

  test('tells the terminal at the end of a rebase what was not started, and how to start it', async () => {
    const made = hooked();
    diverged(made);
    const answer = made.gitAnswer(['rebase', 'main'], { expected: 0 });
    expect(answer.stderr).toMatch(/aynig: work asks for build .*nothing was started, .* Next: aynig run --branch work/);
    expect(answer.stderr.match(/aynig:/g)).toHaveLength(1);
    await expectNoRun(made);
  });

  test('has at most one run when a rebase stops at a conflict and goes on, and none before its end', async () => {
    const made = hooked();
    diverged(made);
    made.git('switch', '--quiet', 'main');
    made.write('two.txt', 'another two\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'in the way');
    made.git('switch', '--quiet', 'work');
    made.gitAnswer(['rebase', 'main'], { expected: 1 });
    made.write('two.txt', 'both\n');
    made.git('add', '--all');
    await expectNoRun(made);
    made.gitAnswer(['rebase', '--continue'], { env: { GIT_EDITOR: 'true' }, expected: 0 });
    await made.untilStill();
    expect(made.ran().length).toBeLessThanOrEqual(1);
    expect(made.states('work').slice(0, 7)).toEqual(['-', ...rebased]);
    expect(made.states('work').slice(7)).toEqual(made.ran().length === 0 ? [] : ['working', 'review']);
  });

  test('runs a request that was committed by hand in the middle of a rebase once, after its end', async () => {
    const made = hooked();
    diverged(made);
    const state = 'git symbolic-ref --quiet HEAD >>"$HOME/head" || echo detached >>"$HOME/head"';
    made.gitAnswer(['rebase', '--exec', `${state}; git commit --quiet --allow-empty -m "by hand" -m "aynig-state: build"`, 'main'], {
      expected: 0,
    });
    await made.untilStill();
    expect(made.note('head')).toBe('detached\n'.repeat(3));
    expect(made.states('work')).toEqual(['-', '-', '-', 'build', 'build', 'build', 'build', 'build', 'build', 'working', 'review']);
    expect(made.ran()).toHaveLength(1);
  });

  test('does not run a cherry-picked request by itself, and never twice', async () => {
    const made = hooked();
    diverged(made);
    made.git('switch', '--quiet', 'main');
    made.git('tag', 'picked', 'work~2');
    made.git('branch', '--quiet', '-D', 'work');
    made.gitAnswer(['cherry-pick', 'picked'], { expected: 0 });
    await expectNoRun(made);
    expect(made.state('main')).toBe('build');
    const status = made.statusOf('main');
    expect(status).toMatchObject({ reading: 'untrusted', state: 'build' });
    expect(status.detail).toContain('aynig run --branch main');
    expect(made.hookLog()).toContain('main: asks for build; not started');
    made.aynig(['run', '--branch', 'main']);
    made.aynig(['run', '--branch', 'main']);
    expect(made.ran()).toHaveLength(1);
  });

  test('cherry-picks several requests without a lease between them', async () => {
    const made = hooked();
    diverged(made);
    made.git('switch', '--quiet', 'main');
    made.git('tag', 'picked', 'work');
    made.git('branch', '--quiet', '-D', 'work');
    made.gitAnswer(['cherry-pick', 'picked~2', 'picked~1', 'picked'], { expected: 0 });
    await expectNoRun(made);
    expect(made.states('main')).toEqual(rebased);
  });

  test('reads a lease that was cherry-picked or rebased as a copy that holds nothing', async () => {
    const made = holding();
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.until('the command has started', () => made.noted('started'));
    const other = made.linked('other', 'main~2');
    other.gitAnswer(['cherry-pick', '--allow-empty', 'main'], { expected: 0 });
    expect(made.statusOf('other')).toMatchObject({ reading: 'invalid' });
    expect(other.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'goes on']).exitCode).toBe(0);
    made.release();
    await expectOneRun(made);
  });

  test('does not run a request in the message of a merge that stopped at a conflict and was concluded by a commit', async () => {
    const made = hooked();
    made.write('shared.txt', 'base\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'base');
    made.git('switch', '--quiet', '--create', 'side');
    made.write('shared.txt', 'side\n');
    made.git('commit', '--quiet', '-a', '--message', 'side');
    made.git('switch', '--quiet', 'main');
    made.write('shared.txt', 'main\n');
    made.git('commit', '--quiet', '-a', '--message', 'main');
    made.gitAnswer(['merge', 'side'], { expected: 1 });
    made.write('shared.txt', 'both\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', ...request);
    await made.untilStill();
    expect(made.head('HEAD^2')).toBe(made.head('side'));
    expect(made.ran()).toEqual([]);
    expect(made.statusOf('main')).toMatchObject({ reading: 'untrusted', state: 'build' });
    made.aynig(['run', '--current-branch', 'include']);
    expect(made.ran()).toHaveLength(1);
    expect(made.states('main').slice(-3)).toEqual(['build', 'working', 'review']);
  });

  test('announces a request that a fast-forward merge of a fetched branch brought, and runs it only when a person says so', async () => {
    const { ana, bob } = twoClones();
    bob.git('switch', '--quiet', '--create', 'topic');
    bob.request('build', { title: 'from bob' });
    bob.git('push', '--quiet', 'origin', 'topic');
    ana.git('fetch', '--quiet');
    const merged = ana.gitAnswer(['merge', 'origin/topic'], { expected: 0 });
    expect(merged.stdout).toContain('Fast-forward');
    expect(merged.stderr).toMatch(/^aynig: main asks for build \(Ana Example, [0-9a-f]{12}\); .*Next: aynig run --branch main$/m);
    await expectNoRun(ana);
    expect(ana.statusOf('main').reading).toBe('untrusted');
    ana.aynig(['run', '--branch', 'main']);
    await expectOneRun(ana);
  });

  test('announces a request that a true merge brought in its own message, and does not run it', async () => {
    const { ana, bob } = twoClones();
    bob.git('switch', '--quiet', '--create', 'topic');
    bob.write('topic.txt', 'topic\n');
    bob.git('add', '--all');
    bob.git('commit', '--quiet', '--message', 'topic');
    bob.git('push', '--quiet', 'origin', 'topic');
    ana.git('fetch', '--quiet');
    const merged = ana.gitAnswer(['merge', '--no-ff', ...request, 'origin/topic'], { expected: 0 });
    expect(merged.stderr).toMatch(/^aynig: main asks for build /m);
    await expectNoRun(ana);
  });

  test.each([
    ['pull', '--ff-only'],
    ['pull', '--rebase'],
    ['pull', '--no-rebase'],
  ])('announces a request that arrives by git %s %s, and aynig run claims it at the remote, which has it too', async (...pull) => {
    const { ana, bob } = twoClones();
    bob.request('build', { title: 'from bob' });
    bob.git('push', '--quiet', 'origin', 'main');
    const pulled = ana.gitAnswer(pull, { expected: 0 });
    expect(pulled.stderr).toMatch(/^aynig: main asks for build .*Next: aynig run --branch main$/m);
    await expectNoRun(ana);
    ana.aynig(['run', '--branch', 'main']);
    expect(ana.state('main')).toBe('build');
    ana.git('pull', '--quiet', '--ff-only');
    expect(ana.state('main')).toBe('review');
  });

  test('claims a request of its own that stands at the upstream by now there, and leaves the branch here alone', async () => {
    const { ana } = twoClones();
    ana.gitAnswer(['commit', '--quiet', '--allow-empty', ...request], { env: { AYNIG: '0' }, expected: 0 });
    ana.git('push', '--quiet', 'origin', 'main');
    expect(ana.statusOf('main')).toMatchObject({ reading: 'remote', command: { status: 'exists' } });
    const before = ana.head();
    ana.aynig(['run', '--current-branch', 'include']);
    expect(ana.head()).toBe(before);
    ana.git('fetch', '--quiet');
    expect(ana.state('origin/main')).toBe('review');
    expect(ana.ran()).toHaveLength(1);
  });

  test('runs a request of its own on a branch with an upstream that does not have it', async () => {
    const { ana } = twoClones();
    ana.git('commit', '--quiet', '--allow-empty', ...request);
    await expectOneRun(ana);
    expect(ana.git('rev-parse', 'origin/main')).toBe(ana.git('rev-parse', 'HEAD~3'));
  });

  test('starts nothing when a request becomes the tip by reset, by branch --force or by fetch', async () => {
    const made = hooked();
    diverged(made);
    made.git('switch', '--quiet', 'main');
    made.git('reset', '--quiet', '--hard', 'work');
    made.git('branch', '--force', 'copy', 'work');
    made.git('fetch', '--quiet', '.', 'work:fetched');
    await expectNoRun(made);
    expect(existsSync(join(made.path, '.git/aynig'))).toBe(false);
  });
});

describe('commits that ask for nothing', () => {
  /** Puts a Node before the real one that writes down each of its starts, and makes the hooks use it. */
  const countingNode = (made: Workspace): Record<string, string> => {
    const counting = made.script('bin/node', `echo "$*" >>"$HOME/node-starts"\nexec '${process.execPath}' "$@"`);
    for (const name of readdirSync(join(made.path, '.git/hooks'))) {
      const hook = made.read(`.git/hooks/${name}`);
      // Of all of them this one has no use for Node.
      if (name !== 'pre-push') expect(hook).toContain(`node='${process.execPath}'`);
      made.write(`.git/hooks/${name}`, hook.replace(process.execPath, counting), 0o755);
    }
    return { PATH: `${join(made.root, 'bin')}:${made.env['PATH']}` };
  };

  test('start no Node and leave no trace in .git', async () => {
    const made = hooked();
    const env = countingNode(made);
    const git = (...args: string[]) => made.gitAnswer(args, { env, expected: 0 });
    git('commit', '--quiet', '--allow-empty', '--message', 'plain');
    git('commit', '--quiet', '--allow-empty', '--message', 'plain', '--message', 'Body of aynig.', '--message', 'Reviewed-by: Bob');
    git('commit', '--quiet', '--allow-empty', '--amend', '--message', 'amended');
    git('switch', '--quiet', '--create', 'side');
    made.write('side.txt', 'side\n');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'side');
    git('switch', '--quiet', 'main');
    git('commit', '--quiet', '--allow-empty', '--message', 'main goes on');
    git('merge', '--quiet', '--no-edit', 'side');
    git('switch', '--quiet', 'side');
    git('commit', '--quiet', '--allow-empty', '--message', 'side goes on');
    git('rebase', '--quiet', 'main');
    git('switch', '--quiet', 'main');
    git('merge', '--quiet', '--ff-only', 'side');
    git('cherry-pick', '--allow-empty', 'side');
    made.write('README', 'changed\n');
    git('commit', '--quiet', '-a', '--message', 'to be taken back');
    git('revert', '--no-edit', 'HEAD');
    await made.untilStill();
    expect(made.note('node-starts')).toBe('');
    expect(existsSync(join(made.path, '.git/aynig'))).toBe(false);
    // The same count notices a Node that is started.
    git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review');
    expect(made.note('node-starts')).toMatch(/hook/);
    expect(made.note('node-starts')).toMatch(/runner/);
    expect(existsSync(join(made.path, '.git/aynig'))).toBe(true);
  });

  test('start no Node on top of the result of a run', async () => {
    const made = hooked();
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await expectOneRun(made);
    const env = countingNode(made);
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'read it'], { env, expected: 0 });
    await made.untilStill();
    expect(made.note('node-starts')).toBe('');
  });
});

describe('AYNIG=0', () => {
  test('silences every hook: nothing is checked, said or started', async () => {
    const made = hooked();
    const quiet = (...args: string[]) => made.gitAnswer(args, { env: { AYNIG: '0' }, expected: 0 });
    expect(quiet('commit', '--quiet', '--allow-empty', ...request).stderr).toBe('');
    expect(quiet('commit', '--quiet', '--allow-empty', '--message', 'both', '--message', 'aynig-state: a\naynig-state: b').stderr).toBe('');
    quiet('switch', '--quiet', '--create', 'side', 'HEAD~2');
    expect(quiet('merge', '--quiet', 'main~1').stderr).toBe('');
    await expectNoRun(made);
    expect(existsSync(join(made.path, '.git/aynig'))).toBe(false);
  });

  test('is not handed on to commands, whose own commits are checked', async () => {
    const made = hooked(completing('review', 'echo "AYNIG=${AYNIG-unset}" >"$HOME/seen"'));
    made.request('build');
    made.aynig(['run', '--current-branch', 'only'], { env: { AYNIG: '0' } });
    expect(made.note('seen')).toBe('AYNIG=unset\n');
  });
});
