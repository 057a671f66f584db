import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { kill, processesWithHome, runnersWithHome } from '../support/processes.js';
import { projectRoot } from '../support/scratch.js';
import { changesFile, completing, hooked, skipBecause, type Workspace, waitFor, workspace } from '../support/workspace.js';

const ask = 'git commit --quiet --allow-empty -m ask -m "aynig-state: build"';
const request = ['--message', 'ask', '--message', 'aynig-state: build'];

/** A command that holds the branch until the test lets it go on. */
const held = completing('review', `: >"$HOME/started"\n${waitFor()}\n${changesFile}\necho finished`);

const runners = (made: Workspace): number[] => runnersWithHome(made.root);

/** The delivery is there and nothing runs any more: the run has survived. */
async function expectSurvived(made: Workspace): Promise<void> {
  await made.until('the command has started', () => made.noted('started'));
  made.release();
  await made.untilState('review');
  await made.untilStill();
  expect(made.ran()).toHaveLength(1);
  expect(made.read('built.txt')).toContain('built by');
}

describe('the terminal that committed', () => {
  test.each([
    ['captured output', ask],
    ['a pipe for output and errors', `${ask} 2>&1 | cat`],
    ['a command substitution', `text=$(${ask} 2>&1); echo "text: $text"`],
    ['a merge that announces', 'git merge --no-ff -m ask -m "aynig-state: build" side 2>&1 | cat'],
  ])('is free while the command is still at work: %s', async (_, script) => {
    const made = hooked(held);
    made.git('switch', '--quiet', '--create', 'side');
    made.write('side.txt', 'side\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'side');
    made.git('switch', '--quiet', 'main');
    // Another branch waits to be run, so that every way here starts a command that is held.
    made.git('switch', '--quiet', '--create', 'other');
    made.request('build');
    made.git('switch', '--quiet', 'main');
    // Returns when the last process that holds its output has ended, or fails after a minute in vain.
    made.program('sh', ['-c', script]);
    await made.until('the command has started', () => made.noted('started'));
    await made.until('one runner is at work', () => runners(made).length === 1);
    made.release();
    await made.untilState('review', 'other');
    await made.untilStill();
  });

  test('gets nothing printed later, and no process of the run has it open', async () => {
    const made = hooked(held);
    const path = join(made.root, 'terminal');
    const terminal = openSync(path, 'w');
    const child = spawn('sh', ['-c', `${ask}; echo prompt`], { cwd: made.path, env: made.env, stdio: [terminal, terminal, terminal] });
    closeSync(terminal);
    await new Promise((ended) => child.on('close', ended));
    expect(readFileSync(path, 'utf8')).toBe('prompt\n');
    await made.until('the command has started', () => made.noted('started'));
    const holders = processesWithHome(made.root).flatMap(({ pid }) => openFiles(pid).filter((file) => file === path));
    expect(processesWithHome(made.root).length).toBeGreaterThan(1);
    expect(holders).toEqual([]);
    await expectSurvived(made);
    expect(readFileSync(path, 'utf8')).toBe('prompt\n');
  });

  test('may be closed: the run goes on', async (context) => {
    const made = hooked(held);
    if (made.program('sh', ['-c', 'command -v script'], { expected: 'any' }).exitCode !== 0)
      return skipBecause('script(1), which makes a terminal, is not here', context);
    // The terminal of script(1) is gone, with a hang-up for its processes, as soon as the commit is made.
    made.program('script', ['--quiet', '--return', '--command', ask, join(made.root, 'typescript')]);
    await expectSurvived(made);
    expect(made.note('typescript')).not.toContain('finished');
  });

  test.each(['SIGKILL', 'SIGINT', 'SIGHUP', 'SIGTERM'] as const)(
    'may be a script that gets %s with its whole process group: the run goes on',
    async (signal) => {
      const made = hooked(held);
      const script = spawn('sh', ['-c', `${ask}; : >"$HOME/committed"; sleep 1000`], {
        cwd: made.path,
        env: made.env,
        stdio: 'ignore',
        detached: true,
      });
      const ended = new Promise((resolve) => script.on('close', resolve));
      const group = script.pid ?? 0;
      onTestFinished(() => kill(-group, 'SIGKILL'));
      await made.until('the commit is made', () => made.noted('committed'));
      // The runner has left the group of the script as soon as it is a runner.
      await made.until('the command has started', () => made.noted('started'));
      kill(-group, signal);
      await ended;
      await made.until('one runner is at work', () => runners(made).length === 1);
      await expectSurvived(made);
    },
  );

  test('may be a script whose process group is killed in the moment in which the commit is made', async () => {
    const rounds = 10;
    let survived = 0;
    for (let round = 0; round < rounds; round++) {
      const made = hooked(completing('review'));
      const script = spawn('sh', ['-c', `${ask}; kill -KILL 0`], { cwd: made.path, env: made.env, stdio: 'ignore', detached: true });
      await new Promise((resolve) => script.on('close', resolve));
      await made.untilStill();
      if (made.state() === 'review') survived++;
      else expect(made.state()).toBe('build');
    }
    process.stdout.write(`killed right after the commit: ${survived} of ${rounds} requests were run at once\n`);
    expect(survived).toBe(rounds);
  });
});

/** What a process has open; nothing of one that ends meanwhile. */
function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

describe('many commits', () => {
  test('of 50 branches in a row are all run, by one runner at a time, and those that find it at work go', {
    timeout: 600_000,
  }, async () => {
    const made = hooked(
      completing(
        'review',
        `if mkdir "$HOME/exclusive"; then sleep 0.01; rmdir "$HOME/exclusive"; else echo overlap >>"$HOME/overlap"; fi
         [ "$AYNIG_BRANCH" != b30 ] || ${waitFor()}`,
      ),
    );
    made.git('config', 'aynig.maxParallel', '1');
    const names = Array.from({ length: 50 }, (_, index) => `b${index}`);
    const script = names.map((name) => `git switch --quiet --create ${name} main && ${ask.replace('-m ask', `-m ${name}`)}`).join(' && ');
    const shell = spawn('sh', ['-c', `${script} && git switch --quiet main`], { cwd: made.path, env: made.env, stdio: 'ignore' });
    const exit = new Promise((resolve) => shell.on('close', resolve));
    let most = 0;
    let over = false;
    void exit.then(() => {
      over = true;
    });
    const atWork = (): number => {
      const count = runners(made).length;
      most = Math.max(most, count);
      return count;
    };
    await made.until('all branches are committed', () => atWork() >= 0 && over);
    expect(await exit).toBe(0);
    // One command is held, so one has to be at work; all the others were started too.
    await made.until('one runner is left', () => atWork() === 1);
    made.release();
    await made.untilStill();
    process.stdout.write(`50 commits on 50 branches: ${made.ran().length} runs, at most ${most} runner processes at a time\n`);
    expect(made.note('overlap')).toBe('');
    expect(
      made
        .ran()
        .map(({ branch }) => branch)
        .sort(),
    ).toEqual([...names].sort());
    for (const name of names) expect(made.states(name).slice(-3)).toEqual(['build', 'working', 'review']);
    expect(existsSync(join(made.path, '.git/aynig/runner.lock'))).toBe(false);
    expect(made.git('worktree', 'list').split('\n')).toHaveLength(1);
  });

  test('on a branch whose turn has not come yet: the newest request is the one that runs', async () => {
    const made = hooked(completing('review', `case $AYNIG_BRANCH in main) ${waitFor()} ;; esac`));
    made.git('config', 'aynig.maxParallel', '1');
    const other = made.linked('other');
    const mark = join(made.common, 'aynig/again');
    made.git('commit', '--quiet', '--allow-empty', '-m', 'first', '-m', 'aynig-state: build');
    await made.untilState('working', 'main');
    // Both are seen while the runner has no room for the branch.
    for (const title of ['early', 'late']) {
      other.git('commit', '--quiet', '--allow-empty', '-m', title, '-m', 'aynig-state: build');
      await made.until('the runner has looked', () => !existsSync(mark) && runners(made).length === 1);
    }
    const asked = other.head();
    made.release();
    await made.untilState('review', 'other');
    await made.untilStill();
    expect(made.ran().filter(({ branch }) => branch === 'other')).toEqual([expect.objectContaining({ request: asked })]);
  });

  test('of five working trees at once lose nothing: the last request of each is run, and every commit stays', {
    timeout: 600_000,
  }, async () => {
    const made = hooked(completing('review'));
    const trees = Array.from({ length: 5 }, (_, index) => made.linked(`tree${index}`));
    // A commit that meets the lease or the delivery of the last one is refused, and tried again.
    const script = `for n in 1 2 3 4 5 6 7 8 9 10; do
      until git commit --quiet --allow-empty -m "$1 $n" -m "aynig-state: build" 2>/dev/null; do sleep 0.05; done
      git rev-parse HEAD >>"$HOME/made"
    done`;
    const shells = trees.map(
      (tree, index) =>
        new Promise((resolve) =>
          spawn('sh', ['-c', script, 'sh', `tree${index}`], { cwd: tree.path, env: made.env, stdio: 'ignore' }).on('close', resolve),
        ),
    );
    expect(await Promise.all(shells)).toEqual([0, 0, 0, 0, 0]);
    await made.until('no runner is left', () => runners(made).length === 0);
    await made.untilStill();
    const commits = made.note('made').trim().split('\n');
    expect(commits).toHaveLength(50);
    const ran = made.ran();
    expect(new Set(ran.map(({ runId }) => runId)).size).toBe(ran.length);
    expect(new Set(ran.map(({ request: commit }) => commit)).size).toBe(ran.length);
    const all = made.git('rev-list', '--branches').split('\n');
    expect(commits.filter((commit) => !all.includes(commit))).toEqual([]);
    for (const { env: _, path } of trees) {
      const branch = made.gitAnswer(['symbolic-ref', '--short', 'HEAD'], { cwd: path }).stdout.trim();
      expect(made.state(branch), made.describe()).toBe('review');
      expect(made.gitAnswer(['status', '--porcelain'], { cwd: path }).stdout).toBe('');
    }
    expect(made.git('for-each-ref', 'refs/aynig/')).toBe('');
  });
});

describe('a request that comes while the runner is busy', () => {
  test('on another branch is run while the first still runs', async () => {
    const made = hooked(completing('review', `[ "$AYNIG_BRANCH" != main ] || { : >"$HOME/started"; ${waitFor()}; }`));
    made.git('config', 'aynig.maxParallel', '4');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.until('the command has started', () => made.noted('started'));
    const runner = made.runnerPid();
    const linked = made.linked('other', 'main~1');
    linked.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review', 'other');
    expect(made.state('main')).toBe('working');
    expect(made.runnerPid()).toBe(runner);
    made.release();
    await made.untilState('review', 'main');
    await made.untilStill();
    expect(made.ran().map(({ branch }) => branch)).toEqual(['main', 'other']);
  });

  test.each([
    ['aynig.tick', 'off', 'build', undefined],
    ['aynig.branches', 'release/*', 'build', 'aynig.branches is "release/*"'],
    ['aynig.trust', 'signed', 'build', 'only signed requests are started'],
    ['aynig.maxTicks', 'many', 'build', '[bad-setting]'],
    ['aynig.wrapper', '/bin/false', 'stalled', undefined],
  ])('is met by what was set meanwhile: %s %s', async (key, value, state, said) => {
    const made = hooked(completing('review', `[ "$AYNIG_BRANCH" != main ] || { : >"$HOME/started"; ${waitFor()}; }`));
    made.git('config', 'aynig.maxParallel', '4');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.until('the command has started', () => made.noted('started'));
    made.git('config', key, value);
    made.linked('other', 'main~1').git('commit', '--quiet', '--allow-empty', ...request);
    await made.until('the runner has looked again', () => !existsSync(join(made.path, '.git/aynig/again')));
    if (state === 'stalled') await made.untilState('stalled', 'other');
    if (said !== undefined) await made.until('the log says why', () => said === '[bad-setting]' || made.hookLog().includes(said));
    made.release();
    await made.untilState('review', 'main');
    await made.untilStill();
    expect(made.state('other')).toBe(state);
    expect(made.ran().map(({ branch }) => branch)).toEqual(['main']);
    if (said !== undefined) expect(made.hookLog()).toContain(said);
  });

  test.each([
    ['', 'review', ['main', 'other']],
    ['git config aynig.tick off', 'build', ['main']],
  ])('of a command for another branch is not started once hooks are to start nothing: %j', async (before, state, ran) => {
    const made = hooked(
      completing(
        'review',
        `[ "$AYNIG_BRANCH" != main ] || { ${before}
         git update-ref --create-reflog -m 'aynig: asked' refs/heads/other "$(git commit-tree -p HEAD -m ask -m 'aynig-state: build' 'HEAD^{tree}')"; }`,
      ),
    );
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review', 'main');
    await made.untilStill();
    expect(made.state('other')).toBe(state);
    expect(made.ran().map(({ branch }) => branch)).toEqual(ran);
  });

  test('on the same branch, in the moment in which its run is tidied up, is run too', async () => {
    const made = hooked(completing('review'));
    // A git that holds the removal of the worktree back until the test lets it go on.
    const git = made.program('sh', ['-c', 'command -v git']).stdout.trim();
    made.script('bin/git', `case " $* " in *" worktree remove "*) : >"$HOME/removing"; ${waitFor()} ;; esac\nexec ${git} "$@"`);
    // git puts a directory of its own before PATH when it calls a hook.
    made.write('.git/hooks/post-commit', made.read('.git/hooks/post-commit').replace('\n', '\nPATH=$HOME/bin:$PATH\n'), 0o755);
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.until('the worktree is being removed', () => made.noted('removing'));
    expect(made.state()).toBe('review');
    // What the hook of the second commit starts, in the foreground: it finds the other at work, leaves the mark and ends.
    made.gitAnswer(['commit', '--quiet', '--allow-empty', ...request], { env: { AYNIG: '0' }, expected: 0 });
    const runner = /dist\/runner\.\w+/.exec(readFileSync(join(projectRoot, 'hooks/launch'), 'utf8'))?.[0] ?? '';
    made.program(process.execPath, [join(projectRoot, runner)]);
    await made.until('the runner has looked again', () => !existsSync(join(made.path, '.git/aynig/again')));
    made.release();
    await made.untilStill();
    expect(made.ran()).toHaveLength(2);
    expect(made.state()).toBe('review');
  });
});

describe('a tick that fails', () => {
  test('is visible in aynig status, does not stop other branches, and is forgotten once it works', async () => {
    const made = hooked(completing('review'));
    made.git('switch', '--quiet', '--create', 'topic');
    made.request('build');
    made.git('switch', '--quiet', 'main');
    // What a git leaves that was killed while it wrote the ref.
    writeFileSync(join(made.path, '.git/refs/heads/topic.lock'), '');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review', 'main');
    await made.untilStill();
    const failed = made.statusOf('topic');
    expect(failed.lastFailure).toMatchObject({ code: 'git-failed' });
    expect(failed.lastFailure?.why).toContain('topic.lock');
    expect(made.aynig(['status', 'topic']).stdout).toMatch(/failure .*\[git-failed\]/);
    expect(made.aynig(['status', '--all']).stdout).toMatch(/topic .*!/);
    expect(made.statusOf('main').lastFailure).toBeNull();
    renameSync(join(made.path, '.git/refs/heads/topic.lock'), join(made.root, 'lock'));
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review', 'topic');
    await made.untilStill();
    expect(made.statusOf('topic').lastFailure).toBeNull();
  });

  test('is forgotten when a person commits something that needs no tick', async () => {
    const made = hooked(completing('review'));
    made.git('switch', '--quiet', '--create', 'topic');
    made.request('build');
    made.git('switch', '--quiet', 'main');
    writeFileSync(join(made.path, '.git/refs/heads/topic.lock'), '');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review', 'main');
    await made.untilStill();
    expect(made.statusOf('topic').lastFailure).not.toBeNull();
    renameSync(join(made.path, '.git/refs/heads/topic.lock'), join(made.root, 'lock'));
    made.git('switch', '--quiet', 'topic');
    made.git('commit', '--quiet', '--allow-empty', '--message', 'never mind');
    made.git('commit', '--quiet', '--allow-empty', '--message', 'next', '--message', 'aynig-state: done');
    await made.untilStill();
    expect(made.statusOf('topic').lastFailure).toBeNull();
  });

  test('of a command that fails leaves the branch stalled, which status explains', async () => {
    const made = hooked('echo broken; exit 3');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('stalled');
    await made.untilStill();
    expect(made.trailer('aynig-exit-code')).toBe('3');
    expect(made.statusOf()).toMatchObject({
      reading: 'waiting',
      state: 'stalled',
      lastFailure: {
        code: 'stalled',
        why: 'The command exited with 3.',
        hint: 'See what it printed: aynig logs; ask again with: aynig set-state build',
      },
    });
    expect(made.aynig(['logs']).stdout).toBe('broken\n');
  });

  test('is visible in aynig status when a file stands where the worktrees go', async () => {
    const made = hooked(completing('review'));
    rmSync(join(made.path, '.worktrees'), { recursive: true });
    made.write('.worktrees', 'a file\n');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilStill();
    const report = JSON.parse(made.aynig(['status', '--json'], { expected: 'any' }).stdout) as {
      runnerFailure: unknown;
      branches: { lastFailure: unknown; state: string }[];
    };
    expect(report.branches[0]?.state).not.toBe('working');
    expect([report.runnerFailure, report.branches[0]?.lastFailure]).not.toEqual([null, null]);
    expect(made.hookLog()).not.toBe('');
  });

  test('is visible in aynig status when the settings cannot be read', async () => {
    const made = hooked(completing('review'));
    made.git('config', 'aynig.maxTicks', 'many');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilStill();
    const status = made.aynig(['status'], { expected: 'any' });
    expect(`${status.stdout}${status.stderr}`).toContain('aynig.maxTicks');
    expect(made.state()).toBe('build');
  });
});

describe('a runner that was killed', () => {
  const killed = async (): Promise<Workspace> => {
    const made = hooked(
      completing(
        'review',
        `[ "$AYNIG_BRANCH" != main ] || [ -e "$HOME/started" ] || { : >"$HOME/started"; echo half >half.txt; ${waitFor()}; }`,
      ),
    );
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.until('the command has started', () => made.noted('started'));
    const runner = made.runnerPid() ?? 0;
    await made.until('the one runner is at work', () => runners(made).join() === String(runner));
    kill(runner, 'SIGKILL');
    await made.until('the runner is gone', () => runners(made).length === 0);
    expect(made.state('main')).toBe('working');
    expect(processesWithHome(made.root).length).toBeGreaterThan(0);
    return made;
  };

  test('is made good by the next commit of another branch: its command is ended, its work kept, its branch released', async () => {
    const made = await killed();
    const linked = made.linked('other', 'main~1');
    linked.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review', 'other');
    await made.untilStill();
    expect(made.state('main')).toBe('stalled');
    expect(made.ran().map(({ branch }) => branch)).toEqual(['main', 'other']);
    const kept = made.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/');
    expect(made.git('show', `${kept}:half.txt`)).toBe('half');
    expect(made.git('worktree', 'list').split('\n')).toHaveLength(2);
    expect(made.git('status', '--porcelain')).toBe('');
  });

  test('does not keep its branch from being committed to, and the next request is run', async () => {
    const made = await killed();
    const { stderr } = made.gitAnswer(['commit', '--quiet', '--allow-empty', ...request], { expected: 0 });
    expect(stderr).toMatch(/^aynig: the run of build that held main has died, .* or by: aynig run$/m);
    await made.untilState('review', 'main');
    await made.untilStill();
    expect(made.ran()).toHaveLength(2);
    const kept = made.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/');
    expect(made.git('show', `${kept}:half.txt`)).toBe('half');
    expect(made.git('worktree', 'list').split('\n')).toHaveLength(1);
  });
});

describe('the log of the hooks', () => {
  test('is renamed when it is large, and one older one is kept', async () => {
    const made = workspace();
    made.command('build', completing('review'));
    made.init();
    mkdirSync(join(made.path, '.git/aynig'));
    const log = join(made.path, '.git/aynig/hook.log');
    writeFileSync(log, 'x'.repeat(1024 * 1024 + 1));
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review');
    await made.untilStill();
    expect(statSync(log).size).toBeLessThan(10_000);
    expect(statSync(`${log}.1`).size).toBe(1024 * 1024 + 1);
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });
});
