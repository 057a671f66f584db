import { existsSync, readdirSync, readFileSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endOf, isAlive, peakMemoryMiB } from '../support/endings.js';
import { finish, hold, type Lab, lab } from '../support/lab.js';

/** A repository with one command `build` and a request for it on the current branch. */
function asked(script: string, request: { body?: string; trailers?: readonly string[]; title?: string } = {}): Lab {
  const repo = lab();
  repo.command('build', script);
  repo.request('build', request);
  return repo;
}

/** What `build` printed for the newest request. */
const logOf = (repo: Lab): string => repo.aynig(['logs']).stdout;

/** The environment that a command was started with, as the kernel has it: a shell drops names that it cannot use. */
const saveEnvironment = 'tr "\\0" "\\n" < /proc/$$/environ > "$OUT/env"';

const environmentIn = (repo: Lab, file = 'env'): Record<string, string> =>
  Object.fromEntries(
    repo
      .outFile(file)
      .split('\n')
      .filter((line) => /^[A-Za-z_]/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

describe('what a command is handed', () => {
  it('is cut in AYNIG_BODY and whole in AYNIG_BODY_FILE when the body has a megabyte', () => {
    const body = Array.from({ length: 14_000 }, (_, index) => `line ${index} of a long prompt, with ä, 漢 and 😀 in it, up to here`).join(
      '\n',
    );
    expect(Buffer.byteLength(body)).toBeGreaterThan(900_000);
    const repo = asked(`cp "$AYNIG_BODY_FILE" "$OUT/whole"; printf %s "$AYNIG_BODY" > "$OUT/cut"\n${finish()}`, { body });
    expect(repo.run().exitCode).toBe(0);
    expect(repo.outFile('whole') === body).toBe(true);
    const cut = repo.outFile('cut');
    expect(Buffer.byteLength(cut)).toBeGreaterThan(100_000);
    expect(Buffer.byteLength(`AYNIG_BODY=${cut}`)).toBeLessThan(131_072);
    expect(body.startsWith(cut)).toBe(true);
    expect(repo.state()).toBe('done');
  });

  it('holds each of 200 trailers under its raw and its shell-friendly name', () => {
    const trailers = Array.from({ length: 199 }, (_, index) => `x-item-${index}: value ${index}`);
    const repo = asked(`${saveEnvironment}\n${finish()}`, { trailers });
    expect(repo.run().exitCode).toBe(0);
    const env = environmentIn(repo);
    for (let index = 0; index < 199; index++) {
      expect(env[`AYNIG_TRAILER_X-ITEM-${index}`]).toBe(`value ${index}`);
      expect(env[`AYNIG_TRAILER_X_ITEM_${index}`]).toBe(`value ${index}`);
    }
    expect(env['AYNIG_TRAILER_AYNIG-STATE']).toBe('build');
  });

  it('joins repeated trailers with newlines', () => {
    const repo = asked(`printf %s "$AYNIG_TRAILER_X_FILE" > "$OUT/joined"\n${finish()}`, { trailers: ['X-File: a', 'x-file: b'] });
    repo.run();
    expect(repo.outFile('joined')).toBe('a\nb');
  });

  it('names every fact of the run, and none of what git tells a hook', async () => {
    const repo = lab();
    repo.command('build', `${saveEnvironment}; pwd > "$OUT/pwd"; git rev-parse --local-env-vars > "$OUT/local"\n${finish()}`);
    repo.init();
    const env = {
      GIT_AUTHOR_DATE: '2001-01-01T00:00:00Z',
      GIT_COMMITTER_DATE: '2001-01-01T00:00:00Z',
      GIT_AUTHOR_NAME: 'Somebody Else',
      GIT_PUSH_OPTION_COUNT: '1',
      GIT_PUSH_OPTION_0: 'x',
      GIT_REFLOG_ACTION: 'commit',
    };
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'ask', '-m', 'the prompt', '-m', 'aynig-state: build\nx-key: v'], {
      env,
      expected: 0,
    });
    const asking = repo.lines('rev-list', '--grep=^ask$', 'main')[0];
    await repo.untilState('done', 'main');
    const found = environmentIn(repo);
    expect(found).toMatchObject({
      AYNIG_BODY: 'the prompt',
      AYNIG_COMMIT_HASH: asking,
      AYNIG_BRANCH: 'main',
      AYNIG_STATE: 'build',
      AYNIG_LOG_LEVEL: 'info',
      AYNIG_REMOTE: '',
      AYNIG_ROLE: '',
      'AYNIG_TRAILER_AYNIG-STATE': 'build',
      AYNIG_TRAILER_AYNIG_STATE: 'build',
      'AYNIG_TRAILER_X-KEY': 'v',
      AYNIG_TRAILER_X_KEY: 'v',
    });
    expect(found['AYNIG_RUN_ID']).toBe(repo.runId());
    expect(found['AYNIG_BODY_FILE']).toMatch(/^\//);
    const pwd = repo.outFile('pwd').trim();
    expect(found['GIT_CEILING_DIRECTORIES']).toBe(join(pwd, '..'));
    const harmless = ['GIT_CEILING_DIRECTORIES', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM', 'GIT_TERMINAL_PROMPT', 'GIT_EXEC_PATH'];
    expect(Object.keys(found).filter((name) => name.startsWith('GIT_') && !harmless.includes(name))).toEqual([]);
    expect(repo.outFile('local')).toContain('GIT_DIR');
    expect(repo.git('log', '-1', '--format=%an', 'main')).toBe('Ana Example');
    expect(Number(repo.git('log', '-1', '--format=%at', 'main'))).toBeGreaterThan(Date.now() / 1000 - 600);
    await repo.untilQuiet();
  });

  it('is free of the repository that a hook in a linked worktree names', async () => {
    const repo = lab();
    repo.command('build', `echo made > made; git add made\n${finish()}`);
    repo.init();
    const linked = join(repo.root, 'linked');
    repo.git('worktree', 'add', '--quiet', '-b', 'feature', linked);
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'ask', '-m', 'aynig-state: build'], { cwd: linked, expected: 0 });
    await repo.untilState('done', 'feature');
    await repo.untilQuiet();
    expect(repo.fileAt('feature', 'made')).toBe('made');
    expect(existsSync(join(linked, 'made'))).toBe(true);
    expect(repo.gitAnswer(['status', '--porcelain'], { cwd: linked }).stdout).toBe('');
    expect(repo.exists('made')).toBe(false);
  });

  it('has an empty standard input', () => {
    const repo = asked(`cat > "$OUT/stdin"\n${finish()}`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.outFile('stdin')).toBe('');
    expect(repo.state()).toBe('done');
  });

  it('takes the log level from the flag, else from the request, else from the settings', () => {
    const repo = lab();
    repo.command('build', `echo "$AYNIG_LOG_LEVEL" >> "$OUT/levels"\n${finish()}`);
    repo.git('config', 'aynig.logLevel', 'warn');
    repo.request('build');
    repo.run();
    repo.request('build', { trailers: ['aynig-log-level: error'] });
    repo.run();
    repo.request('build', { trailers: ['aynig-log-level: error'] });
    repo.run(['--current-branch', 'include', '--log-level', 'debug']);
    expect(repo.outFile('levels')).toBe('warn\nerror\ndebug\n');
  });
});

describe('which command is found', () => {
  it('is the one in small letters when the state is written with capitals', () => {
    const repo = lab();
    repo.command('build', finish());
    repo.request('Build');
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
  });

  it('is none for a folder, and the file in it for its full name', () => {
    const repo = lab();
    repo.command('ops/triage', finish());
    repo.request('ops');
    const before = repo.refs();
    expect(repo.run().exitCode).toBe(0);
    expect(repo.refs()).toBe(before);
    expect(JSON.parse(repo.aynig(['status', '--json']).stdout).branches[0].reading).toBe('waiting');
    repo.request('ops/triage');
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
  });

  it.each([
    ['flag', ['--role', 'coder'], {}, 'coder'],
    ['environment', [], { AYNIG_ROLE: 'coder' }, 'coder'],
    ['flag before the environment', ['--role', 'coder'], { AYNIG_ROLE: 'other' }, 'coder'],
  ] as const)('is the one of the role given by the %s', (_, flags, env, role) => {
    const repo = lab();
    repo.command('build', `echo common > "$OUT/which"\n${finish()}`);
    repo.write('.aynig/roles/coder/command/build', `#!/bin/sh\necho "$AYNIG_ROLE" > "$OUT/which"\n${finish()}\n`, 0o755);
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '-m', 'role');
    repo.request('build');
    expect(repo.run(['--current-branch', 'include', ...flags], { env }).exitCode).toBe(0);
    expect(repo.outFile('which')).toBe(`${role}\n`);
  });

  it('is the common one where the role has none', () => {
    const repo = asked(`echo "common for $AYNIG_ROLE" > "$OUT/which"\n${finish()}`);
    repo.git('config', 'aynig.role', 'coder');
    expect(repo.run().exitCode).toBe(0);
    expect(repo.outFile('which')).toBe('common for coder\n');
  });

  it.each([
    ['a file that is not executable', 'chmod'],
    ['a symbolic link', 'symbolic link'],
  ])('is none that can run for %s: the reading is invalid, nothing is written, and status and run say what to do', (kind, words) => {
    const repo = lab();
    if (kind === 'a symbolic link') {
      repo.write('tool', `#!/bin/sh\n${finish()}\n`, 0o755);
      repo.write('.aynig/command/other', '#!/bin/sh\n', 0o755);
      symlinkSync('../../tool', join(repo.path, '.aynig/command/build'));
    } else repo.write('.aynig/command/build', `#!/bin/sh\n${finish()}\n`, 0o644);
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '-m', 'a command that cannot run');
    repo.request('build');
    const before = repo.refs();
    const answer = repo.run();
    expect(repo.refs()).toBe(before);
    expect(repo.leftovers()).toEqual([]);
    const status = repo.aynig(['status', '--json']);
    expect(JSON.parse(status.stdout).branches[0]).toMatchObject({ reading: 'invalid', command: { status: 'unusable' } });
    expect(JSON.parse(status.stdout).branches[0].detail).toContain(words);
    // Section 4: an invalid tip is left alone, and the tick says what is wrong.
    expect(answer.stderr).toContain(words);
  });

  it('runs without a shebang as a shell script, as a shell would', () => {
    const repo = lab();
    repo.write('.aynig/command/build', `${finish()}\n`, 0o755);
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '-m', 'no shebang');
    repo.request('build');
    const answer = repo.run();
    expect([answer.exitCode, repo.state()]).toEqual([0, 'done']);
    expect(repo.leftovers()).toEqual([]);
  });

  it('stalls at once when its interpreter does not exist', () => {
    const repo = asked('#!/does/not/exist\n');
    const answer = repo.run();
    expect(answer.exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.git('log', '-1', '--format=%b')).toContain('could not be started');
    expect(answer.stderr).toContain('could not be started');
    expect(logOf(repo)).toContain('could not be started');
    expect(repo.leftovers()).toEqual([]);
  });
});

describe('how a command ends', () => {
  it('advances the branch by its own commit, delivered into the checkout', () => {
    const repo = asked(`echo text > made; git add made\n${finish('review', 'the title')}`);
    const answer = repo.run();
    expect(answer.exitCode).toBe(0);
    expect(answer.stderr).toContain('build -> review');
    expect(repo.lines('log', '-3', '--format=%s')).toEqual(['the title', 'aynig: working on build', 'ask for build']);
    expect(repo.read('made')).toBe('text\n');
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.leftovers()).toEqual([]);
  });

  it('stalls on the lease when it fails without a commit', () => {
    const repo = asked('exit 3');
    const request = repo.head();
    const answer = repo.run();
    expect(answer.exitCode).toBe(1);
    expect(repo.head('HEAD~2')).toBe(request);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-exit-code')).toBe('3');
    expect(repo.trailer('aynig-origin-state')).toBe('build');
    expect(repo.trailer('aynig-stalled-run')).toBe(repo.trailer('aynig-run-id', 'HEAD~1'));
    expect(repo.head('HEAD^{tree}')).toBe(repo.head(`${request}^{tree}`));
    expect(repo.leftovers()).toEqual([]);
  });

  it('stalls on top of its commits when it fails after them, even if they name a next state', () => {
    const repo = asked(`echo 1 > made; git add made\n${finish('done', 'almost there')}\nexit 4`);
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-exit-code')).toBe('4');
    expect(repo.git('log', '-1', '--format=%s', 'HEAD~1')).toBe('almost there');
    expect(repo.read('made')).toBe('1\n');
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.leftovers()).toEqual([]);
  });

  it('stalls with the name of the signal that killed it', () => {
    const repo = asked('kill -KILL $$');
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-signal')).toBe('SIGKILL');
    expect(repo.trailer('aynig-exit-code')).toBe('');
  });

  it.each([
    ['makes no commit at all', 'exit 0', /made no commit/],
    ['names no next state', "git commit -q --allow-empty -m 'plain work'", /names no next state/],
    ['names two states', "git commit -q --allow-empty -m t -m 'aynig-state: a\naynig-state: b'", /not valid/],
    ['names an illegal state', "git commit -q --allow-empty -m t -m 'aynig-state: ../x'", /not valid/],
    ['ends in working', "git commit -q --allow-empty -m t -m 'aynig-state: working'", /still "working"/],
    ['ends in a renewed lease', '"$NODE" "$AYNIG_CLI" set-working', /still "working"/],
  ])('stalls, with its commits in the branch, when it exits with 0 and %s', (kind, script, why) => {
    const repo = asked(script);
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-exit-code')).toBe('0');
    expect(repo.git('log', '-1', '--format=%b')).toMatch(why);
    expect(repo.git('rev-list', '--count', 'main')).toBe(kind === 'makes no commit at all' ? '5' : '6');
    expect(repo.leftovers()).toEqual([]);
  });

  it('is stopped at its time limit', () => {
    const repo = asked('sleep 300');
    repo.git('config', 'aynig.timeoutSeconds', '1');
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.git('log', '-1', '--format=%b')).toContain('aynig.timeoutSeconds');
    expect(repo.leftovers()).toEqual([]);
  });

  it('is killed with all its children ten seconds after it ignored TERM', async () => {
    const repo = asked(`trap '' TERM; (while :; do sleep 1; done) & echo $! > "$OUT/pid"; ${hold()}; ${finish()}`);
    const ended = endOf(repo.start(['run', '--current-branch', 'include']));
    // A time limit could be over before the command ignores anything.
    await repo.untilHeld();
    const started = Date.now();
    repo.aynig(['cancel']);
    expect((await ended).exitCode).toBe(1);
    const seconds = (Date.now() - started) / 1000;
    expect(seconds).toBeGreaterThan(10);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-signal')).toBe('SIGKILL');
    expect(isAlive(Number(repo.outFile('pid')))).toBe(false);
  });

  it('takes a child that it left in the background with it', () => {
    const repo = asked(`sleep 300 & echo $! > "$OUT/pid"\n${finish()}`);
    expect(repo.run().exitCode).toBe(0);
    expect(isAlive(Number(repo.outFile('pid')))).toBe(false);
    expect(repo.state()).toBe('done');
  });

  it('does not hold up the runner by a daemon of its own that keeps the output open', () => {
    const repo = asked(`setsid sleep 300 & echo $! > "$OUT/pid"\n${finish()}`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
    expect(repo.leftovers()).toEqual([]);
  });

  it('may print 100 MB: the log has all of it, for its owner only, and the runner stays small', async () => {
    const repo = asked(`head -c 104857600 /dev/zero | tr '\\0' x\n${hold()}\n${finish()}`);
    const child = repo.start(['run', '--current-branch', 'include']);
    const ended = endOf(child);
    await repo.untilHeld();
    expect(peakMemoryMiB(child.pid ?? 0)).toBeLessThan(150);
    repo.letGo();
    expect((await ended).exitCode).toBe(0);
    const logs = join(repo.path, '.aynig/logs');
    const log = join(logs, `${repo.head('HEAD~2')}.log`);
    expect(statSync(log).size).toBe(104_857_600);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(readdirSync(logs).sort()).toEqual(['.gitignore', `${repo.head('HEAD~2')}.log`].sort());
  });
});

describe('what a command leaves uncommitted', () => {
  it('is kept at a ref of the run when it stalls, and the stall says where', () => {
    const repo = asked(`echo changed > README; echo new > new.txt; mkdir d; echo deep > d/e; echo 'no' > skip.log; exit 1`);
    repo.write('.git/info/exclude', '*.log\n');
    expect(repo.run().exitCode).toBe(1);
    const ref = `refs/aynig/kept/${repo.trailer('aynig-stalled-run')}-uncommitted`;
    expect(repo.keptRefs()).toEqual([ref]);
    expect(repo.git('log', '-1', '--format=%B')).toContain(ref);
    expect(repo.fileAt(ref, 'README')).toBe('changed');
    expect(repo.fileAt(ref, 'new.txt')).toBe('new');
    expect(repo.fileAt(ref, 'd/e')).toBe('deep');
    expect(repo.gitAnswer(['cat-file', '-e', `${ref}:skip.log`]).exitCode).not.toBe(0);
    expect(repo.read('README')).toBe('scratch\n');
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.linkedWorktrees()).toEqual([]);
  });

  it('is kept when it completes, too', () => {
    const repo = asked(`${finish()}\necho late > late.txt`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
    expect(repo.fileAt(`refs/aynig/kept/${repo.runId()}-uncommitted`, 'late.txt')).toBe('late');
  });

  it('is landed by the name that land gives to whoever names the run alone', () => {
    const repo = asked('echo half > half.txt; exit 1');
    repo.run();
    const refused = repo.aynig(['land', repo.trailer('aynig-stalled-run')], { expected: 1 });
    expect(refused.stderr).toContain('[nothing-to-land]');
    const [, ...named] = refused.stderr.match(/aynig (land) (\S+-uncommitted)$/m) ?? [];
    repo.aynig(named);
    expect(repo.read('half.txt')).toBe('half\n');
    expect(repo.keptRefs()).toEqual([]);
    expect(repo.state()).toBe('');
  });

  it('is kept when the index is locked and half staged', () => {
    const repo = asked('echo staged > staged; git add staged; echo loose > loose; : > "$(git rev-parse --git-path index.lock)"; exit 1');
    repo.run();
    const ref = `refs/aynig/kept/${repo.trailer('aynig-stalled-run')}-uncommitted`;
    expect(repo.fileAt(ref, 'staged')).toBe('staged');
    expect(repo.fileAt(ref, 'loose')).toBe('loose');
    expect(repo.linkedWorktrees()).toEqual([]);
  });
});

describe('a command that meddles with git', () => {
  it('may switch to a new branch: its result is delivered all the same', () => {
    const repo = asked(`git checkout -q -b other; echo 1 > made; git add made\n${finish()}`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state('main')).toBe('done');
    expect(repo.head('other')).toBe(repo.head('main'));
    expect(repo.read('made')).toBe('1\n');
    expect(repo.git('symbolic-ref', '--short', 'HEAD')).toBe('main');
    expect(repo.leftovers()).toEqual([]);
  });

  it.each([
    ['succeeds', '', 'done', 0],
    ['fails', 'exit 1', 'stalled', 1],
  ])('may switch to the very branch and %s: the branch is free again afterwards', (_, end, state, exitCode) => {
    const repo = lab();
    repo.command('build', `git checkout -q "$AYNIG_BRANCH"; echo 1 > made; git add made\n${finish()}\n${end}`);
    repo.git('branch', 'feature');
    repo.git('checkout', '--quiet', 'feature');
    repo.request('build');
    repo.git('checkout', '--quiet', 'main');
    const answer = repo.run([]);
    expect(answer.exitCode).toBe(exitCode);
    expect(repo.state('feature')).toBe(state);
    expect(repo.fileAt('feature', 'made')).toBe('1');
    expect(repo.leftovers()).toEqual([]);
    repo.git('checkout', '--quiet', 'feature');
  });

  it('stalls when it deletes its worktree without a commit', () => {
    const repo = asked('rm -rf "$PWD"');
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.linkedWorktrees()).toEqual([]);
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.journals()).toEqual([]);
  });

  it('loses no commit when it deletes its worktree after it', () => {
    const repo = asked(`echo 1 > made; git add made\n${finish()}\nrm -rf "$PWD"`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
    expect(repo.read('made')).toBe('1\n');
    expect(repo.leftovers()).toEqual([]);
  });

  it("never commits the user's own files when it removes its .git file", () => {
    const repo = asked(`echo work > work.txt; rm .git; git add --all; ${finish()}; git status`);
    repo.write('secret.txt', 'the user is not done with it\n');
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.lines('log', '--all', '--format=%H', '--', 'secret.txt')).toEqual([]);
    expect(repo.git('status', '--porcelain')).toBe('?? secret.txt');
    expect(repo.fileAt(`refs/aynig/kept/${repo.trailer('aynig-stalled-run')}-uncommitted`, 'work.txt')).toBe('work');
    expect(repo.linkedWorktrees()).toEqual([]);
  });

  it('loses no commit when it removes its .git file after it', () => {
    const repo = asked(`echo 1 > made; git add made\n${finish()}\nrm .git`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
    expect(repo.read('made')).toBe('1\n');
    expect(repo.leftovers()).toEqual([]);
  });

  it('cannot remove its worktree by --force once, since it is locked', () => {
    const repo = asked(`git worktree remove --force "$PWD" || ${finish()}`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
    expect(repo.leftovers()).toEqual([]);
  });

  it('loses no commit when it removes its worktree and its record behind it', () => {
    const repo = asked(`echo 1 > made; git add made; ${finish('done', 'mine')}; git worktree remove --force --force "$PWD"`);
    expect(repo.run().exitCode).toBe(0);
    expect([repo.state(), repo.read('made')]).toEqual(['done', '1\n']);
    expect(repo.leftovers()).toEqual([]);
  });

  it('stalls when it removes its worktree and its record by --force twice', () => {
    const repo = asked('git worktree remove --force --force "$PWD"');
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.journals()).toEqual([]);
    expect(repo.linkedWorktrees()).toEqual([]);
    expect(repo.git('status', '--porcelain')).toBe('');
    // The next request runs as ever.
    repo.command('again', finish());
    repo.request('again');
    expect(repo.run().exitCode).toBe(0);
  });

  it.each([
    ['amends the lease', "git commit -q --amend --allow-empty -m 'mine' -m 'aynig-state: done'"],
    ['goes back below it', `git reset -q --hard HEAD~2; echo 1 > made; git add made; ${finish('done', 'mine')}`],
    ['starts an unrelated history', `git checkout -q --orphan fresh; ${finish('done', 'mine')}`],
  ])('stalls and keeps what it made when it %s', (_, script) => {
    const repo = asked(script);
    const request = repo.head();
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.head('HEAD~2')).toBe(request);
    const kept = `refs/aynig/kept/${repo.trailer('aynig-stalled-run')}`;
    expect(repo.keptRefs()).toEqual([kept]);
    expect(repo.git('log', '-1', '--format=%s', kept)).toBe('mine');
    expect(repo.git('log', '-1', '--format=%B')).toContain(kept);
    expect(repo.linkedWorktrees()).toEqual([]);
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  it('renews its lease by set-working, and completes on top of it', () => {
    const repo = asked(`"$NODE" "$AYNIG_CLI" set-working --subject 'half way' --prompt 'two of four' --trailer x-step:2\n${finish()}`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.lines('log', '-4', '--format=%s')).toEqual(['built', 'half way', 'aynig: working on build', 'ask for build']);
    expect(repo.state('HEAD~1')).toBe('working');
    expect(repo.trailer('aynig-run-id', 'HEAD~1')).toBe(repo.trailer('aynig-run-id', 'HEAD~2'));
    expect(repo.trailer('aynig-origin-state', 'HEAD~1')).toBe('build');
    expect(repo.trailer('x-step', 'HEAD~1')).toBe('2');
  });

  it('names its next state by set-state', () => {
    const repo = asked(`echo 1 > made; git add made; "$NODE" "$AYNIG_CLI" set-state review --prompt 'please look'`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('review');
    expect(repo.git('log', '-1', '--format=%b')).toContain('please look');
    expect(repo.read('made')).toBe('1\n');
  });
});

describe('where a command runs', () => {
  it('is a worktree below .worktrees, detached and not the checkout', () => {
    const repo = asked(
      `pwd -P > "$OUT/pwd"; git symbolic-ref -q HEAD > "$OUT/head"; git worktree list --porcelain > "$OUT/list"\n${finish()}`,
    );
    repo.run();
    const pwd = repo.outFile('pwd').trim();
    expect(join(pwd, '..')).toBe(join(realpathSync(repo.path), '.worktrees'));
    expect(repo.outFile('head')).toBe('');
    expect(repo.outFile('list')).toMatch(/^locked /m);
    expect(repo.leftovers()).toEqual([]);
  });

  it.each([
    ['-w', (folder: string) => ['-w', folder]],
    ['--worktree', (folder: string) => ['--worktree', folder]],
    ['aynig.worktreeDir', () => []],
  ])('is below the folder that %s names', (name, flags) => {
    const repo = asked(`pwd -P > "$OUT/pwd"\n${finish()}`);
    const folder = join(repo.root, 'elsewhere', 'trees');
    if (name === 'aynig.worktreeDir') repo.git('config', 'aynig.worktreeDir', '../elsewhere/trees');
    expect(repo.run(['--current-branch', 'include', ...flags(folder)]).exitCode).toBe(0);
    expect(join(repo.outFile('pwd').trim(), '..')).toBe(folder);
    expect(readdirSync(folder)).toEqual(['.gitignore']);
    expect(repo.leftovers()).toEqual([]);
  });

  it('is inside the wrapper that aynig.wrapper names, quotes and all', () => {
    const repo = asked(`echo "$WRAPPED" > "$OUT/wrapped"; echo "$#" >> "$OUT/wrapped"\n${finish()}`);
    repo.git('config', 'aynig.wrapper', `env WRAPPED='two words' sh -c 'exec "$@"' wrap`);
    expect(repo.run().exitCode).toBe(0);
    expect(repo.outFile('wrapped')).toBe('two words\n0\n');
  });

  it('stalls when the wrapper cannot be started', () => {
    const repo = asked(finish());
    repo.git('config', 'aynig.wrapper', '/does/not/exist');
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(logOf(repo)).toContain('/does/not/exist');
  });

  it('is one worktree along a chain of ticks, and none afterwards', () => {
    const repo = lab();
    for (const [state, next] of [
      ['one', 'two'],
      ['two', 'three'],
      ['three', 'done'],
    ] as const)
      repo.command(
        state,
        `pwd >> "$OUT/pwd"; git status --porcelain >> "$OUT/dirty"; echo ${state} > ${state}; git add .\n${finish(next)}\necho left > left`,
      );
    repo.request('one');
    expect(repo.run().exitCode).toBe(0);
    expect(repo.state()).toBe('done');
    const places = repo.outFile('pwd').trim().split('\n');
    expect(places).toHaveLength(3);
    expect(new Set(places).size).toBe(1);
    // What one command leaves is kept at its ref and does not meet the next.
    expect(repo.outFile('dirty')).toBe('');
    expect(repo.keptRefs()).toHaveLength(3);
    expect(repo.linkedWorktrees()).toEqual([]);
    expect(repo.journals()).toEqual([]);
    expect(repo.read('three')).toBe('three\n');
  });

  it('is a bare repository too: worktrees and logs are in the git directory', () => {
    const repo = asked(`pwd -P > "$OUT/pwd"; echo said; echo 1 > made; git add made\n${finish()}`);
    const bare = join(repo.root, 'bare.git');
    repo.git('clone', '--quiet', '--bare', repo.path, bare);
    const inBare = (...args: string[]): string => repo.gitAnswer(args, { cwd: bare, expected: 0 }).stdout.trim();
    inBare('config', 'user.name', 'Server');
    inBare('config', 'user.email', 'server@example.com');
    const request = inBare('rev-parse', 'main');
    expect(repo.run(undefined, { cwd: bare }).exitCode).toBe(0);
    expect(inBare('log', '-1', '--format=%(trailers:key=aynig-state,valueonly,only)', 'main')).toBe('done');
    expect(inBare('show', 'main:made')).toBe('1');
    expect(join(repo.outFile('pwd').trim(), '..')).toBe(join(bare, 'aynig/worktrees'));
    expect(readFileSync(join(bare, 'aynig/logs', `${request}.log`), 'utf8')).toContain('said');
    expect(inBare('worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(1);
  });

  it('is started from a linked worktree and delivered into it, its log kept in the main one', () => {
    const repo = lab();
    repo.command('build', `echo said; echo 1 > made; git add made\n${finish()}`);
    const linked = join(repo.root, 'linked');
    repo.git('worktree', 'add', '--quiet', '-b', 'feature', linked);
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'ask', '-m', 'aynig-state: build'], { cwd: linked, expected: 0 });
    const request = repo.head('feature');
    expect(repo.run(undefined, { cwd: linked }).exitCode).toBe(0);
    expect(repo.state('feature')).toBe('done');
    expect(readFileSync(join(linked, 'made'), 'utf8')).toBe('1\n');
    expect(repo.gitAnswer(['status', '--porcelain'], { cwd: linked }).stdout).toBe('');
    expect(repo.exists('made')).toBe(false);
    expect(repo.read(`.aynig/logs/${request}.log`)).toBe('said\n');
    expect(repo.aynig(['logs'], { cwd: linked }).stdout).toBe('said\n');
  });

  it('may be a repository with SHA-256 names', () => {
    const repo = lab(['--object-format=sha256']);
    repo.command('build', `echo 1 > made; git add made\n${finish()}`);
    repo.request('build');
    expect(repo.run().exitCode).toBe(0);
    expect(repo.head()).toHaveLength(64);
    expect(repo.state()).toBe('done');
    expect(repo.read('made')).toBe('1\n');
    expect(JSON.parse(repo.aynig(['status', '--json']).stdout).branches[0].head).toBe(repo.head());
    expect(repo.leftovers()).toEqual([]);
  });
});

describe('how many ticks there are in one go', () => {
  it('is at most aynig.maxTicks, and the rest can be asked for', () => {
    const repo = asked(`echo x >> "$OUT/ticks"\n${finish('build')}`);
    repo.git('config', 'aynig.maxTicks', '3');
    const answer = repo.run();
    expect(repo.outFile('ticks')).toBe('x\nx\nx\n');
    expect(repo.state()).toBe('build');
    expect(answer.stderr).toContain('aynig.maxTicks');
    expect(answer.stderr).toContain('aynig run --branch main');
    expect(repo.leftovers()).toEqual([]);
    repo.run(['--branch', 'main']);
    expect(repo.outFile('ticks')).toBe('x\n'.repeat(6));
  });

  it('is one more when a stall has a command that recovers', () => {
    const repo = lab();
    repo.command('build', 'exit 7');
    repo.command(
      'stalled',
      `echo "$AYNIG_TRAILER_AYNIG_ORIGIN_STATE $AYNIG_TRAILER_AYNIG_EXIT_CODE $AYNIG_TRAILER_AYNIG_ATTEMPT" > "$OUT/seen"\n${finish()}`,
    );
    repo.request('build', { trailers: ['aynig-attempt: 2'] });
    repo.run();
    expect(repo.outFile('seen')).toBe('build 7 2\n');
    expect(repo.state()).toBe('done');
    expect(repo.leftovers()).toEqual([]);
  });

  it('is no more when recovery itself failed: a person decides', () => {
    const repo = lab();
    repo.command('build', 'echo build >> "$OUT/ran"; exit 1');
    repo.command('stalled', 'echo stalled >> "$OUT/ran"; exit 1');
    repo.request('build');
    expect(repo.run().exitCode).toBe(1);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-origin-state')).toBe('stalled');
    const tip = repo.head();
    repo.run();
    expect(repo.head()).toBe(tip);
    expect(repo.outFile('ran')).toBe('build\nstalled\n');
    expect(JSON.parse(repo.aynig(['status', '--json']).stdout).branches[0].reading).toBe('waiting');
  });
});
