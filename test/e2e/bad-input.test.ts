import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { FailureCode } from '../../src/failure.js';
import { schemas } from '../../src/observe/schemas.js';
import { endOf } from '../support/endings.js';
import { finish, hold, type Lab, lab } from '../support/lab.js';
import { type Answer, cliPath } from '../support/scratch.js';
import { skipBecause } from '../support/workspace.js';

/** One sentence, one hint, a stable code, nothing on standard output, and an exit code that is not 0. */
function expectFailure(answer: Answer, code: FailureCode): string {
  expect(answer.stderr).toMatch(/^aynig: [^\n]+ \[[a-z-]+\]\nhint: [^\n]+\n$/);
  expect(answer.stderr).toContain(`[${code}]`);
  expect(answer.stdout).toBe('');
  expect(answer.exitCode).toBe(code === 'usage' ? 2 : 1);
  return answer.stderr;
}

const failing = (repo: Lab, args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Answer =>
  repo.aynig(args, { expected: 'any', ...options });

describe('a place that takes no output', () => {
  it.each([['events', '--all'], ['status', '--all'], ['status', '--json'], ['metrics'], ['explain'], ['trace', '-o', '-']])(
    'aynig %s %s says so, with a code and a next step',
    (...args) => {
      const repo = lab();
      repo.request('build');
      const answer = repo.program('sh', ['-c', '"$0" "$@" >/dev/full', process.execPath, cliPath, ...args], { expected: 'any' });
      expect(expectFailure(answer, 'output-stream')).toContain('ENOSPC');
    },
  );

  it('has nothing to say where words cannot be written either', () => {
    const repo = lab();
    expect(repo.program('sh', ['-c', '"$0" "$@" >/dev/full 2>&1', process.execPath, cliPath, 'explain'], { expected: 1 }).stderr).toBe('');
  });
});

describe('a place that is no usable repository', () => {
  it.each([
    ['run'],
    ['status'],
    ['status', '--all', '--json'],
    ['events'],
    ['logs'],
    ['land'],
    ['cancel'],
    ['set-state', 'x'],
    ['init'],
    ['uninstall'],
  ])('aynig %s outside a repository says so', (...args) => {
    const repo = lab();
    expectFailure(failing(repo, args, { cwd: repo.out }), 'not-a-repository');
  });

  it.each([
    ['status'],
    ['events'],
    ['events', '--history'],
    ['graph'],
    ['trace', '-o', '-'],
    ['verify'],
    ['verify', '--branch', 'main'],
    ['events', '--all', '--json'],
    ['events', '--all', '--history', '--json'],
    ['verify', '--all', '--json'],
  ])('aynig %s on a branch whose commit is missing does not take it for unborn', (...args) => {
    const repo = lab();
    const tip = repo.request('build');
    rmSync(join(repo.path, '.git/objects', tip.slice(0, 2), tip.slice(2)));
    expect(expectFailure(failing(repo, args), 'corrupt-object')).toContain(tip);
  });

  it('is a directory that is not there, that is a file, or that was deleted under the shell', () => {
    const repo = lab();
    for (const where of ['nowhere', '.git/HEAD', '.git/HEAD/x'])
      expect(expectFailure(failing(repo, ['-C', where, 'status', '--all']), 'not-a-repository')).toContain('There is no directory /');
    const deleted = repo.program('sh', ['-c', 'mkdir gone; cd gone; rmdir "$PWD"; exec "$0" "$@"', process.execPath, cliPath, 'status'], {
      expected: 'any',
    });
    expect(expectFailure(deleted, 'not-a-repository')).toContain('The current directory is not there any more.');
  });

  it.each([['status'], ['events'], ['logs'], ['cancel'], ['land'], ['set-state', 'x']])(
    'aynig %s on an unborn branch says so',
    (...args) => {
      const repo = lab();
      const unborn = join(repo.root, 'unborn');
      repo.git('init', '--quiet', '--initial-branch=trunk', unborn);
      expect(expectFailure(failing(repo, args, { cwd: unborn }), 'unborn-branch')).toContain('trunk');
      expect(repo.gitAnswer(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd: unborn }).exitCode).toBe(1);
    },
  );

  it('aynig run in a repository without commits has nothing to run', () => {
    const repo = lab();
    const unborn = join(repo.root, 'unborn');
    repo.git('init', '--quiet', unborn);
    const answer = failing(repo, ['run', '--current-branch', 'include'], { cwd: unborn });
    expect([answer.exitCode, answer.stderr]).toEqual([0, 'aynig: nothing to run\n']);
  });

  it.each([['status'], ['events'], ['logs'], ['cancel'], ['land'], ['set-state', 'x']])(
    'aynig %s on a detached HEAD says so',
    (...args) => {
      const repo = lab();
      repo.git('checkout', '--quiet', '--detach');
      const before = repo.refs();
      expectFailure(failing(repo, args), 'detached-head');
      expect(repo.refs()).toBe(before);
      expect(repo.head()).toBe(repo.head('main'));
    },
  );

  it.each([['set-state', 'x'], ['init']])('aynig %s in a bare repository says so', (...args) => {
    const repo = lab();
    const bare = join(repo.root, 'bare.git');
    repo.git('clone', '--quiet', '--bare', repo.path, bare);
    expectFailure(failing(repo, args, { cwd: bare }), 'bare-repository');
    expect(repo.gitAnswer(['rev-parse', 'main'], { cwd: bare }).stdout.trim()).toBe(repo.head());
  });

  it('aynig refuses a repository of another user with the way out that git names', (context) => {
    const repo = lab();
    const other = asNobody(repo);
    if (other === undefined) return skipBecause('a second user needs root and setpriv', context);
    const answer = other(['run'], { GIT_CONFIG_GLOBAL: '/dev/null' });
    expect(expectFailure(answer, 'dubious-ownership')).toContain('safe.directory');
  });
});

/** The command line as user nobody, who may read the repository and not write to it; undefined where that cannot be done. */
function asNobody(repo: Lab): ((args: readonly string[], env?: Record<string, string>) => Answer) | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  chmodSync(repo.root, 0o755);
  writeFileSync(join(repo.root, 'gitconfig'), '[safe]\n\tdirectory = *\n[user]\n\tname = Nobody\n\temail = nobody@example.com\n');
  const reads = repo.program('setpriv', [...nobody, 'cat', cliPath, join(repo.path, '.git/HEAD')], { expected: 'any' });
  if (reads.exitCode !== 0) return undefined;
  return (args, env = {}) =>
    repo.program('setpriv', [...nobody, process.execPath, cliPath, ...args], {
      expected: 'any',
      env: { GIT_CONFIG_GLOBAL: join(repo.root, 'gitconfig'), ...env },
    });
}

describe('a repository that cannot be written to', () => {
  const unwritten = (): Lab => {
    const repo = lab();
    repo.command('build', `echo ran > "$OUT/ran"\n${finish()}`);
    repo.request('build');
    return repo;
  };

  it.for([[['run', '--current-branch', 'include']], [['set-state', 'build']], [['init']]] as const)(
    'fails aynig %s, and nothing is lost',
    ([args], context) => {
      const repo = unwritten();
      const before = repo.refs();
      const nobody = asNobody(repo);
      if (nobody === undefined) return skipBecause('a second user needs root and setpriv', context);
      const answer = nobody(args);
      expect(answer.stderr).toContain('[read-only]');
      expect(answer.stderr).not.toContain('internal error');
      expect(answer.exitCode).toBe(1);
      expect(repo.refs()).toBe(before);
      expect(repo.outHas('ran')).toBe(false);
      expect(repo.leftovers()).toEqual([]);
      // And it runs as soon as it can be written to.
      repo.run();
      expect(repo.state()).toBe('done');
    },
  );

  it.for([
    [['status'], 'before any run'],
    [['status', '--all'], 'before any run'],
    [['events'], 'before any run'],
    [['status'], 'after a run'],
    [['status', '--all'], 'after a run'],
    [['events'], 'after a run'],
    [['logs'], 'after a run'],
  ] as const)('can still be read by aynig %s %s', ([args, when], context) => {
    const repo = unwritten();
    if (when === 'after a run') {
      repo.run();
      chmodSync(join(repo.path, '.aynig/logs', `${repo.head('HEAD~2')}.log`), 0o644);
    }
    const nobody = asNobody(repo);
    if (nobody === undefined) return skipBecause('a second user needs root and setpriv', context);
    const answer = nobody(args);
    expect([answer.exitCode, answer.stderr]).toEqual([0, '']);
  });
});

describe('a damaged object', () => {
  function damaged(): { repo: Lab; broken: string } {
    const repo = lab();
    repo.command('build', `echo "$AYNIG_BRANCH" >> "$OUT/ran"\n${finish()}`);
    for (const branch of ['first', 'broken', 'last']) {
      repo.git('checkout', '--quiet', '-b', branch, 'main');
      repo.request('build', { title: `ask on ${branch}` });
    }
    repo.git('checkout', '--quiet', 'main');
    const broken = repo.head('broken');
    const file = join(repo.path, '.git/objects', broken.slice(0, 2), broken.slice(2));
    chmodSync(file, 0o644);
    truncateSync(file, 20);
    return { repo, broken };
  }

  it('at the tip of one branch does not keep the others from running, and is named', () => {
    const { repo, broken } = damaged();
    const answer = repo.run();
    expect(repo.outFile('ran').trim().split('\n').sort()).toEqual(['first', 'last']);
    expect([repo.state('first'), repo.state('last')]).toEqual(['done', 'done']);
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toContain('broken: ');
    expect(answer.stderr).toContain('[corrupt-object]');
    expect(answer.stderr).toContain('git fsck');
    expect(readFileSync(join(repo.path, '.git/refs/heads/broken'), 'utf8').trim()).toBe(broken);
  });

  it.each([
    ['status', 'broken'],
    ['events', 'broken'],
    ['logs', 'broken'],
    ['cancel', 'broken'],
    ['run', '--branch', 'broken'],
  ])('fails aynig %s %s with its name and what to do', (...args) => {
    const { repo } = damaged();
    const answer = failing(repo, args);
    expect(answer.stderr).toContain('[corrupt-object]');
    expect(answer.stderr).toContain('git fsck');
    expect(answer.stderr).not.toContain('internal error');
    expect(answer.exitCode).toBe(1);
  });

  it('is one line of the table of all branches', () => {
    const { repo } = damaged();
    repo.aynig(['allow', '--yes', 'main']);
    const answer = failing(repo, ['status', '--all', '--json']);
    const readings = JSON.parse(answer.stdout).branches.map(({ branch, reading }: { branch: string; reading: string }) => [
      branch,
      reading,
    ]);
    expect(Object.fromEntries(readings)).toMatchObject({ first: 'ready', broken: 'unreadable', last: 'ready', main: 'idle' });
    expect(answer.exitCode).toBe(1);
  });

  it.each([
    ['an empty ref file', ''],
    ['a ref to an object that is gone', 'ab'.repeat(20)],
  ])('and %s, as a power cut leaves them, do not keep the others from running', (_, content) => {
    const repo = lab();
    repo.command('build', finish());
    repo.git('checkout', '--quiet', '-b', 'whole');
    repo.request('build');
    repo.git('checkout', '--quiet', 'main');
    repo.write('.git/refs/heads/broken', content === '' ? '' : `${content}\n`);
    const answer = repo.run();
    expect(answer.stderr).not.toContain('internal error');
    expect(repo.state('whole')).toBe('done');
    expect(repo.read('.git/refs/heads/broken').trim()).toBe(content);
  });
});

describe('a command line that cannot be understood', () => {
  it.each([
    ['an unknown flag', ['run', '--frobnicate']],
    ['an unknown verb', ['frobnicate']],
    ['no verb', []],
    ['a value that is no choice', ['run', '--current-branch', 'maybe']],
    ['a missing argument', ['set-state']],
    ['too many arguments', ['status', 'a', 'b']],
    ['a role without a name', ['run', '--role']],
    ['a branch without a name', ['run', '--branch']],
    ['a folder without a name', ['run', '-w']],
    ['a prompt without text', ['set-state', 'x', '--prompt']],
    ['a count that is no number', ['events', '-n', 'many']],
    ['two bodies', ['set-state', 'x', '--prompt', 'a', '--prompt-file', 'README']],
    ['a prompt file that is not there', ['set-state', 'x', '--prompt-file', 'nowhere']],
  ])('(%s) is refused, and nothing is written', (_, args) => {
    const repo = lab();
    const before = repo.refs();
    expectFailure(failing(repo, args), 'usage');
    expect(repo.refs()).toBe(before);
  });

  it.each([
    ['a branch that does not exist', ['run', '--branch', 'nowhere'], 'no-such-branch'],
    ['a branch that does not exist', ['status', 'nowhere'], 'no-such-branch'],
    ['a branch that does not exist', ['cancel', 'nowhere'], 'no-such-branch'],
    ['a branch with an empty name', ['run', '--branch', ''], 'no-such-branch'],
    ['a branch that looks like a flag', ['status', '--', '--upload-pack=x'], 'no-such-branch'],
    ['a branch after two dashes', ['cancel', '--', 'nowhere'], 'no-such-branch'],
    ['a state that is none', ['set-state', 'no such state'], 'bad-state'],
    ['the reserved state', ['set-state', 'working'], 'bad-state'],
    ['a trailer without a colon', ['set-state', 'x', '--trailer', 'nonsense'], 'bad-trailer'],
    ['a second state', ['set-state', 'x', '--trailer', 'aynig-state: y'], 'bad-trailer'],
    ['a body with a stray request', ['set-state', 'x', '--prompt', 'aynig-state: y'], 'bad-message'],
    ['a subject of two lines', ['set-state', 'x', '--subject', 'a\nb'], 'bad-message'],
    ['set-working outside a run', ['set-working'], 'not-in-a-run'],
    ['a role that is a path', ['run', '--role', '../x'], 'usage'],
  ] as const)('(%s) is refused, and nothing is written', (_, args, code) => {
    const repo = lab();
    repo.write('staged', 'mine\n');
    repo.git('add', 'staged');
    const before = repo.refs();
    expectFailure(failing(repo, args), code);
    expect(repo.refs()).toBe(before);
    expect(repo.git('status', '--porcelain')).toBe('A  staged');
  });
});

describe('a setting that is not usable', () => {
  it.each([
    ['leaseSeconds', 'soon'],
    ['leaseSeconds', '0'],
    ['maxParallel', '-1'],
    ['logLevel', 'loud'],
    ['tick', 'maybe'],
    ['role', '../x'],
    ['worktreeDir', ''],
  ])('(aynig.%s = %j) is named with its file by run and status', (name, value) => {
    const repo = lab();
    repo.command('build', finish());
    const request = repo.request('build');
    repo.git('config', `aynig.${name}`, value);
    for (const args of [['run', '--current-branch', 'include'], ['status']]) {
      const text = expectFailure(failing(repo, args), 'bad-setting');
      expect(text).toContain(`aynig.${name}`);
      expect(text).toMatch(/\.git\/config|config/);
    }
    expect(repo.head()).toBe(request);
    expect(repo.leftovers()).toEqual([]);
  });

  it('is named with the file that sets it when that is not the repository', () => {
    const repo = lab();
    const global = join(repo.root, 'global-config');
    writeFileSync(global, '[aynig]\n\tmaxTicks = none\n');
    const text = expectFailure(failing(repo, ['run'], { env: { GIT_CONFIG_GLOBAL: global } }), 'bad-setting');
    expect(text).toContain(global);
    expect(text).toContain('aynig.maxTicks');
  });

  it('does not keep a commit from being made, and a later look says what is wrong', async () => {
    const repo = lab();
    repo.command('build', finish());
    repo.init();
    repo.git('config', 'aynig.leaseSeconds', 'soon');
    const head = repo.head();
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'ask', '-m', 'aynig-state: build'], { expected: 0 });
    expect(repo.head('HEAD~1')).toBe(head);
    expectFailure(failing(repo, ['status']), 'bad-setting');
    repo.git('config', '--unset', 'aynig.leaseSeconds');
    repo.run();
    await repo.untilState('done');
    await repo.untilQuiet();
  });
});

describe('a message that breaks the grammar', () => {
  const twoStates = 'title\n\nbody\n\naynig-state: a\naynig-state: b\n';

  it('is refused by the hook with line, rule and fix; the staged work and the message are still there', () => {
    const repo = lab();
    repo.init();
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '-m', 'init');
    repo.write('staged', 'mine\n');
    repo.git('add', 'staged');
    const head = repo.head();
    const answer = repo.gitAnswer(['commit', '--file=-'], { input: twoStates });
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toContain('line 6: aynig-state stands more than once');
    expect(answer.stderr).toContain('fix: ');
    const saved = /git commit -e -F (\S+)/.exec(answer.stderr)?.[1] ?? '';
    expect(readFileSync(saved, 'utf8')).toContain('title\n\nbody');
    expect(repo.head()).toBe(head);
    expect(repo.git('status', '--porcelain')).toBe('A  staged');
  });

  it('is read as invalid where no hook was asked, and nothing runs', () => {
    const repo = lab();
    repo.command('a', finish());
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '--file=-'], { input: twoStates, expected: 0 });
    const before = repo.refs();
    const answer = repo.run();
    expect(repo.refs()).toBe(before);
    const status = JSON.parse(repo.aynig(['status', '--json']).stdout).branches[0];
    expect(status.reading).toBe('invalid');
    expect(status.detail).toContain('aynig-state stands more than once');
    expect(answer.stderr).toContain('aynig-state stands more than once');
  });
});

describe('a git that is', () => {
  it.each([['run'], ['status'], ['set-state', 'x'], ['init'], ['version']])('not on PATH fails aynig %s', (...args) => {
    const repo = lab();
    const bin = join(repo.root, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    expect(expectFailure(failing(repo, args, { env: { PATH: bin } }), 'git-missing')).toContain('2.31');
  });

  /** Answers like git 2.30, which knows no --path-format and prints it as it is. */
  const oldGit = (real: string): string => `#!/bin/sh
left=$#
while [ "$left" -gt 0 ]; do
  argument=$1; shift; left=$((left - 1))
  case $argument in
  --version) echo 'git version 2.30.1'; exit 0 ;;
  --path-format=absolute) echo "$argument" ;;
  *) set -- "$@" "$argument" ;;
  esac
done
exec ${real} "$@"
`;

  it.each([['run'], ['status'], ['set-state', 'x'], ['init']])('older than 2.31 fails aynig %s', (...args) => {
    const repo = lab();
    repo.write('../bin/git', oldGit(repo.program('sh', ['-c', 'command -v git']).stdout.trim()), 0o755);
    const before = repo.refs();
    const text = expectFailure(failing(repo, args, { env: { PATH: `${join(repo.root, 'bin')}:${repo.env['PATH']}` } }), 'git-too-old');
    expect(text).toContain('2.30.1');
    expect(text).toContain('2.31');
    expect(repo.refs()).toBe(before);
    expect(existsSync(join(repo.path, '.git/hooks/post-commit'))).toBe(false);
  });

  it('older than 2.31 is named by aynig version all the same', () => {
    const repo = lab();
    repo.write('../bin/git', oldGit('/bin/false'), 0o755);
    const answer = failing(repo, ['version'], { env: { PATH: `${join(repo.root, 'bin')}:${repo.env['PATH']}` } });
    expect([answer.exitCode, answer.stdout]).toEqual([0, expect.stringContaining('git 2.30.1')]);
  });
});

describe('what --json prints', () => {
  /** Checks against the JSON Schema that the command line itself prints, and against the source of it. */
  function expectToMatch(repo: Lab, verb: keyof typeof schemas, answer: Answer): unknown {
    const document: unknown = JSON.parse(answer.stdout);
    const schema = JSON.parse(repo.aynig(['schema', verb]).stdout);
    expect(z.fromJSONSchema(schema).safeParse(document).error?.issues).toBeUndefined();
    expect(schemas[verb].safeParse(document).error?.issues).toBeUndefined();
    expect(answer.stdout.trimEnd()).not.toContain('\n');
    return document;
  }

  /** Branches in every state that can be made at once. */
  async function manyStates(): Promise<Lab> {
    const repo = lab();
    repo.command('build', `${hold('$AYNIG_BRANCH')}\n${finish()}`);
    repo.command('fail', 'exit 3');
    repo.write('.aynig/command/plain', 'x', 0o644);
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '-m', 'not executable');
    for (const state of ['build', 'fail', 'plain', 'review']) {
      repo.git('checkout', '--quiet', '-b', `on-${state}`, 'main');
      repo.request(state, { trailers: ['x-note: quotes " and \\ and ä'] });
    }
    repo.git('checkout', '--quiet', '-b', 'invalid', 'main');
    repo.request('a', { trailers: ['aynig-state: b'] });
    repo.git(
      'update-ref',
      'refs/heads/endless',
      repo.git('commit-tree', '-p', 'main', '-m', 't', '-m', 'aynig-state: working', 'main^{tree}'),
    );
    repo.git('checkout', '--quiet', 'main');
    repo.aynig(['allow', '--yes']);
    return repo;
  }

  it('matches the schema for status, events and logs of every kind of branch, and for run and version', async () => {
    const repo = await manyStates();
    const first = expectToMatch(repo, 'status', repo.aynig(['status', '--all', '--json'])) as {
      branches: { branch: string; reading: string }[];
    };
    expect(Object.fromEntries(first.branches.map(({ branch, reading }) => [branch, reading]))).toEqual({
      endless: 'leased',
      invalid: 'invalid',
      main: 'idle',
      'on-build': 'ready',
      'on-fail': 'ready',
      'on-plain': 'invalid',
      'on-review': 'waiting',
    });
    const ended = endOf(repo.start(['run', '--json']));
    await repo.untilHeld('on-build');
    expectToMatch(repo, 'status', repo.aynig(['status', 'on-build', '--json']));
    expectToMatch(repo, 'events', repo.aynig(['events', 'on-build', '--json']));
    expectToMatch(repo, 'logs', repo.aynig(['logs', 'on-build', '--json']));
    repo.letGo('on-build');
    const { stdout, stderr, exitCode } = await ended;
    const report = expectToMatch(repo, 'run', { stdout, stderr, exitCode: exitCode ?? -1 });
    expect(report).toMatchObject({ counts: { advanced: 1, stalled: 1, undelivered: 0, failed: 0 } });
    expect(exitCode).toBe(1);
    for (const { branch } of first.branches) {
      expectToMatch(repo, 'status', repo.aynig(['status', branch, '--json']));
      expectToMatch(repo, 'events', repo.aynig(['events', branch, '--history', '--json']));
    }
    expectToMatch(repo, 'version', repo.aynig(['version', '--json']));
  });

  it('matches the schema for a branch that cannot be read and a run that failed', () => {
    const repo = lab();
    repo.git('branch', 'broken');
    const lost = repo.git('commit-tree', '-p', 'main', '-m', 'x', 'main^{tree}');
    repo.git('update-ref', 'refs/heads/broken', lost);
    truncateSync(join(repo.path, '.git/objects', lost.slice(0, 2), lost.slice(2)), 10);
    expectToMatch(repo, 'status', repo.aynig(['status', '--all', '--json'], { expected: 1 }));
    const report = expectToMatch(repo, 'run', repo.aynig(['run', '--json'], { expected: 1 }));
    expect(report).toMatchObject({ counts: { failed: 1 }, branches: [{ branch: 'broken', failure: { code: 'corrupt-object' } }] });
  });

  it('is nothing on standard output when the verb fails', () => {
    const repo = lab();
    for (const args of [
      ['status', 'nowhere', '--json'],
      ['events', 'nowhere', '--json'],
      ['logs', '--json'],
      ['run', '--branch', 'nowhere', '--json'],
    ])
      expect([args, failing(repo, args).stdout]).toEqual([args, '']);
  });
});

describe('a branch whose name is not valid UTF-8', () => {
  function latin(): { repo: Lab; name: string } {
    const repo = lab();
    repo.command('build', `: >"$OUT/ran"\n${finish()}`);
    repo.request('build');
    repo.program('sh', ['-c', `git branch "$(printf 'b\\344h')" && git branch "$(printf 'idle\\344')" HEAD~1`]);
    return { repo, name: 'b\uFFFDh' };
  }

  it('is not run, and status and run say so in one line each; others are', () => {
    const { repo, name } = latin();
    const says = 'the name of the branch is not valid UTF-8, so nothing is run; rename it with git branch -m';
    const before = repo.git('for-each-ref', '--format=%(objectname)', 'refs/heads/');
    const status = repo.aynig(['status', '--all', '--json']);
    const branches = (JSON.parse(status.stdout) as { branches: { branch: string; reading: string; detail: string | null }[] }).branches;
    expect(branches.map(({ branch, reading, detail }) => [branch, reading, detail])).toEqual([
      [name, 'invalid', says],
      ['idle\uFFFD', 'idle', null],
      ['main', 'untrusted', expect.any(String)],
    ]);
    const answer = repo.run(['--current-branch', 'skip']);
    expect(answer.exitCode).toBe(0);
    expect(answer.stderr.split('\n').filter((line) => line.includes('UTF-8'))).toEqual([`${name}: cannot be run: ${says}`]);
    expect(repo.git('for-each-ref', '--format=%(objectname)', 'refs/heads/')).toBe(before);
    expect(repo.outHas('ran')).toBe(false);
  });

  it('is named by the verbs that mean it, with the command that helps', () => {
    const { repo } = latin();
    repo.program('sh', ['-c', `git switch --quiet "$(printf 'b\\344h')"`]);
    for (const args of [['status'], ['set-state', 'build'], ['run', '--current-branch', 'only'], ['status', 'b\uFFFDh']])
      expect(repo.aynig(args, { expected: 1 }).stderr).toContain('[branch-name]');
    const doctor = repo.aynig(['doctor'], { expected: 'any' }).stdout;
    repo.program('sh', ['-c', /git branch -m "\$\(printf 'b.*/.exec(doctor)?.[0] ?? 'false']);
    repo.run(['--current-branch', 'only']);
    expect(repo.outHas('ran')).toBe(true);
  });
});
