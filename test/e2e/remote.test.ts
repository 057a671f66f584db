import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Clock } from '../support/clock.js';
import { endOf } from '../support/endings.js';
import { farm } from '../support/farm.js';
import { changesFile, completing, skipBecause, type Workspace, waitFor } from '../support/workspace.js';

/** A hook of the remote: shell text, with what git passes. */
function hookOf(remotePath: string, name: string, text: string): void {
  writeFileSync(join(remotePath, 'hooks', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

const identity = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.com' };

/** What runs leave behind in a clone; nothing of it may stay. */
const leftovers = (clone: Workspace): string[] =>
  [
    ...clone
      .git('worktree', 'list', '--porcelain')
      .split('\n')
      .filter((line) => line.includes('.worktrees')),
    ...clone.program('find', [join(clone.common, 'aynig/runs'), '-name', '*.json'], { expected: 'any' }).stdout.split('\n'),
  ].filter((line) => line !== '');

const running = (name: string): string => `echo started >>"$HOME/${name}"`;

describe('a request at a remote', () => {
  test('is claimed there, run, and published, and the local branch of that name stays as it is', async () => {
    const { remote, clones, ask, at, heartbeats, run } = farm({ command: completing('review', changesFile) });
    const [clone] = clones as [Workspace];
    const request = ask('main');
    // A push by the name of the remote would move what a person's own pull is about to lock.
    const mine = ['refs/heads/', 'refs/remotes/'];
    const before = clone.git('for-each-ref', ...mine);
    const answer = await run(clone);
    expect(answer).toMatchObject({ exitCode: 0 });
    expect(remote.state('main')).toBe('review');
    expect(remote.git('log', '--format=%(trailers:key=aynig-state,valueonly,only,separator=%x2C)', 'main')).toBe(
      'review\nworking\nbuild\n',
    );
    expect(at('main~2')).toBe(request);
    const lease = remote.git('log', '-1', '--format=%B', 'main~1');
    expect(lease).toContain('aynig-remote: origin');
    expect(lease).toContain('aynig-runner-id: clone1');
    expect(lease).toContain(`aynig-parent: ${request}`);
    expect(clone.git('for-each-ref', ...mine)).toBe(before);
    expect(clone.git('status', '--porcelain')).toBe('');
    expect(heartbeats()).toEqual([]);
    expect(leftovers(clone)).toEqual([]);
  });

  test('is found by the setting aynig.remote, by a hook-less clone that has no such branch', async () => {
    const { remote, clones, ask } = farm({ command: completing('review') });
    const [clone] = clones as [Workspace];
    clone.git('config', 'aynig.remote', 'origin');
    ask('topic/one');
    expect(clone.aynig(['run']).stderr).toContain('topic/one: build -> review');
    expect(remote.state('topic/one')).toBe('review');
    expect(clone.git('for-each-ref', '--format=%(refname)', 'refs/heads/')).toBe('refs/heads/main');
  });

  test.each([
    ['the root of the working tree', (clone: Workspace) => clone.path],
    ['a folder in it', (clone: Workspace) => join(clone.path, '.aynig')],
    ['a linked working tree in another place', (clone: Workspace) => clone.linked('side/of/it').path],
  ] as const)('is found at an address that is relative to the main working tree, from %s', (_, from) => {
    const { remote, clones, ask } = farm({ command: completing('review', changesFile) });
    const [clone] = clones as [Workspace];
    clone.git('config', 'remote.origin.url', relative(clone.path, remote.path));
    const cwd = from(clone);
    ask('main');
    const ready = clone.aynig(['status', '--all', '--remote', 'origin', '--json'], { cwd });
    expect(JSON.parse(ready.stdout)).toMatchObject({ branches: [{ branch: 'main', reading: 'ready' }] });
    const ran = clone.aynig(['run', '--aynig-remote', 'origin', '--current-branch', 'include'], { cwd });
    expect(ran.stderr).toContain('main: build -> review');
    expect(remote.state('main')).toBe('review');
  });

  test('tells the command which remote decides', async () => {
    const { clones, ask, run } = farm({ command: completing('review', 'echo "$AYNIG_REMOTE $AYNIG_BRANCH" >"$HOME/told"') });
    const [clone] = clones as [Workspace];
    ask('topic');
    await run(clone);
    expect(clone.note('told')).toBe('origin topic\n');
  });

  test('that its own trailer sends to a remote waits there and nowhere else', async () => {
    const { remote, clones, at } = farm({ command: completing('review') });
    const [clone] = clones as [Workspace];
    clone.request('build', { trailers: ['aynig-remote: origin'] });
    const early = clone.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
    expect(early.stderr).toContain('asks for build at origin, which does not have it yet. Next: git push origin main');
    expect(clone.ran()).toEqual([]);
    clone.git('push', '--quiet', 'origin', 'main');
    clone.aynig(['run', '--current-branch', 'include']);
    expect(remote.state('main')).toBe('review');
    expect(clone.head()).toBe(at('main~2'));
  });

  test('goes on in the same run while the command names a next one', async () => {
    const { remote, clones, ask, run } = farm({
      command:
        'n=$(cat n 2>/dev/null || echo 0); echo $((n + 1)) >n; git add n; s=build; [ "$n" = 2 ] && s=done; git commit -qm step -m "aynig-state: $s"',
    });
    const [clone] = clones as [Workspace];
    ask('topic');
    expect((await run(clone)).stderr).toContain('3 advanced');
    expect(remote.state('topic')).toBe('done');
    expect(leftovers(clone)).toEqual([]);
  });

  test('is run where its upstream has another name, and --current-branch means that upstream', async () => {
    const { remote, clones, ask, run } = farm({ command: completing('review') });
    const [clone] = clones as [Workspace];
    ask('theirs');
    ask('other');
    clone.git('fetch', '--quiet');
    clone.git('checkout', '--quiet', '-b', 'mine', '--track', 'origin/theirs');
    const skipped = await run(clone, ['--current-branch', 'skip']);
    expect(skipped.stderr).toContain(
      'theirs is ready and was skipped, as it is the current branch; run it with: aynig run --aynig-remote origin --current-branch include',
    );
    expect(remote.state('theirs')).toBe('build');
    expect(remote.state('other')).toBe('review');
    await run(clone, ['--current-branch', 'only']);
    expect(remote.state('theirs')).toBe('review');
  });

  test.each(['run', 'status'])('of a remote that is not there is an error of %s with the next step', (verb) => {
    const { clones } = farm();
    const [clone] = clones as [Workspace];
    if (verb === 'run') {
      const answer = clone.aynig(['run', '--aynig-remote', 'nowhere'], { expected: 'any' });
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stderr).toContain('[no-such-remote]');
      expect(answer.stderr).toContain('git remote -v');
    } else {
      clone.git('config', 'aynig.trust', 'branch');
      clone.request('build', { trailers: ['aynig-remote: nowhere'] });
      expect(clone.statusOf('main')).toMatchObject({ reading: 'remote', state: 'build', command: { status: 'exists' } });
    }
  });

  test('is run once by five who pulled it, by their hooks alone', async () => {
    const { clones, ask, remote, root } = farm({ command: completing('review', waitFor('pulled')), clones: 5 });
    for (const clone of clones) {
      clone.init();
      clone.aynig(['allow', '--yes']);
      clone.aynig(['allow', '--remote', 'origin', '--yes']);
    }
    ask('main');
    for (const clone of clones) clone.git('pull', '--quiet', '--ff-only');
    writeFileSync(join(root, 'pulled'), '');
    const [clone] = clones as [Workspace];
    await remote.until('the remote has the result', () => remote.state('main') === 'review');
    await clone.untilStill();
    expect(clone.ran()).toHaveLength(1);
    // Moved by the pull and by nothing else.
    for (const one of clones) expect(one.git('reflog', '-1', '--format=%gs', 'main')).toMatch(/^pull/);
  });
});

describe('a race for one request', () => {
  test('has one winner, and the losers say nothing of it', async () => {
    const { clones, ask, run } = farm({ command: completing('review'), clones: 4 });
    ask('topic');
    const [clone] = clones as [Workspace];
    const answers = await Promise.all(clones.map((one) => run(one)));
    expect(clone.ran()).toHaveLength(1);
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(answers.filter(({ stderr }) => stderr.includes('1 advanced'))).toHaveLength(1);
    for (const { stderr } of answers) expect(stderr).not.toMatch(/refused|failed|error|lost/);
    for (const one of clones) expect(leftovers(one)).toEqual([]);
  });
});

describe('a lease at a remote', () => {
  test('is renewed by its heartbeat for as long as the command works, and nobody takes it over', async () => {
    const { clones, ask, run, remote, heartbeats, at, root } = farm({ command: completing('review', waitFor()), clones: 2 });
    const [holder, other] = clones as [Workspace, Workspace];
    const [clock, later] = [new Clock(root, 'clock'), new Clock(root, 'later')];
    ask('topic');
    const ended = run(holder, [], clock.environment(holder.env));
    await holder.until('the command has started', () => holder.ran().length > 0);
    const lease = at('topic');
    const [name = ''] = heartbeats();
    expect(at(name)).toBe(lease);
    // A third of the lease is over.
    clock.putTo(250);
    await holder.until('it is renewed', () => at(name) !== lease);
    // Past the date of the lease itself, only the heartbeat says that somebody is there.
    later.putTo(700);
    expect((await run(other, [], later.environment(other.env))).stderr).toContain('nothing to run');
    expect(at('topic')).toBe(lease);
    holder.release();
    expect((await ended).exitCode).toBe(0);
    expect(remote.state('topic')).toBe('review');
    expect(heartbeats()).toEqual([]);
  });

  test('is renewed by a working commit of the command itself, which is published while the command works', async () => {
    const own = '"$NODE" "$AYNIG_CLI" set-working --subject "half way" >/dev/null';
    const { clones, ask, run, remote, at } = farm({ command: completing('review', `${own}\n${waitFor()}`) });
    const [clone] = clones as [Workspace];
    ask('topic');
    const ended = run(clone, [], { NODE: process.execPath, AYNIG_CLI: join(process.cwd(), 'dist/cli.js') });
    await clone.until('it is published', () => remote.git('log', '-1', '--format=%s', 'topic') === 'half way');
    expect(remote.state('topic')).toBe('working');
    const half = at('topic');
    clone.release();
    expect((await ended).exitCode).toBe(0);
    expect(remote.state('topic')).toBe('review');
    expect(at('topic~1')).toBe(half);
  });

  test('that nothing has renewed is taken over when its time is up, once, and what its holder makes then is kept and not published', async () => {
    const { clones, ask, run, remote, heartbeats, root } = farm({ command: completing('review', waitFor()), clones: 2 });
    const [holder, other] = clones as [Workspace, Workspace];
    const clock = new Clock(root);
    const env = clock.environment(holder.env);
    ask('topic');
    const runner = holder.start(['run', '--aynig-remote', 'origin', '--current-branch', 'include'], { env });
    const ended = endOf(runner);
    await holder.until('the command has started', () => holder.ran().length > 0);
    runner.kill('SIGSTOP');
    try {
      clock.putTo(300);
      await run(other, [], env);
      expect(remote.state('topic')).toBe('working');
      clock.putTo(700);
      await run(other, [], env);
      expect(remote.state('topic')).toBe('stalled');
    } finally {
      runner.kill('SIGCONT');
    }
    holder.release();
    const answer = await ended;
    expect(answer.stderr).toContain('nothing was published');
    expect(remote.state('topic')).toBe('stalled');
    expect(heartbeats()).toEqual([]);
    expect(leftovers(holder)).toEqual([]);
  });

  test('that a person cut off leaves a heartbeat, which a later run deletes when it is older than any lease', async () => {
    const { clones, ask, run, remote, heartbeats } = farm();
    const [clone] = clones as [Workspace];
    ask('topic', 'note');
    const beat = (age: number): string =>
      remote.program('git', ['commit-tree', '-m', 'aynig: alive', 'main^{tree}'], {
        env: { GIT_COMMITTER_DATE: `@${Math.floor(Date.now() / 1000) - age} +0000`, ...identity },
      }).stdout;
    const [old, young] = ['0b0e7d3a-4c1d-4f7e-9a55-0123456789ab', '1b0e7d3a-4c1d-4f7e-9a55-0123456789ab'];
    remote.git('update-ref', `refs/aynig/lease/${old}`, beat(90_000).trim());
    remote.git('update-ref', `refs/aynig/lease/${young}`, beat(60).trim());
    expect((await run(clone)).exitCode).toBe(0);
    expect(heartbeats()).toEqual([`refs/aynig/lease/${young}`]);
  });

  test('keeps its own working commit when the command rewrites it, and stalls', async () => {
    const own = '"$NODE" "$AYNIG_CLI" set-working --subject "half way" >/dev/null';
    const amend = 'git commit --quiet --amend --allow-empty --message rewritten --message "aynig-state: review"';
    const { clones, ask, run, remote } = farm({ command: `echo run >>"$HOME/ran"\n${own}\n${waitFor()}\n${amend}` });
    const [clone] = clones as [Workspace];
    ask('topic');
    const ended = run(clone, [], { NODE: process.execPath, AYNIG_CLI: join(process.cwd(), 'dist/cli.js') });
    await clone.until('it is published', () => remote.git('log', '-1', '--format=%s', 'topic') === 'half way');
    clone.release();
    expect((await ended).exitCode).toBe(1);
    expect(remote.git('log', '-2', '--format=%s', 'topic')).toBe('aynig: build stalled\nhalf way');
    expect(remote.git('log', '-1', '--format=%b', 'topic')).toContain('history was rewritten');
  });

  test('can be ended by a person in another clone', async () => {
    const { clones, ask, run, remote, heartbeats } = farm({ command: completing('review', waitFor()), clones: 2 });
    const [holder, other] = clones as [Workspace, Workspace];
    ask('topic');
    const ended = run(holder);
    await holder.until('the command has started', () => holder.ran().length > 0);
    expect(other.aynig(['cancel', 'topic', '--aynig-remote', 'origin']).stdout).toContain('topic: cancelled');
    expect(remote.trailer('aynig-cancelled-by', 'topic')).toBe('clone2');
    expect(heartbeats()).toEqual([]);
    holder.release();
    expect((await ended).stderr).toContain('nothing was published');
    expect(remote.state('topic')).toBe('stalled');
  });
});

describe('a remote that takes no refs beside its branches', () => {
  const onlyBranches = 'case $1 in refs/heads/*) exit 0 ;; esac; echo "only branches here" >&2; exit 1';

  test('still works, and that leases cannot be renewed is said once', async () => {
    const { clones, ask, run, remote, heartbeats } = farm({ command: completing('review') });
    const [clone] = clones as [Workspace];
    hookOf(remote.path, 'update', onlyBranches);
    ask('one');
    ask('two');
    const answer = await run(clone);
    expect(answer.exitCode).toBe(0);
    expect([remote.state('one'), remote.state('two')]).toEqual(['review', 'review']);
    expect(answer.stderr.match(/takes no refs beside its branches/g)).toHaveLength(1);
    expect(heartbeats()).toEqual([]);
    expect(leftovers(clone)).toEqual([]);
  });

  test('gives a command two thirds of its lease, then ends it and says why', async () => {
    const { clones, ask, run, remote } = farm({ command: completing('review', waitFor()), leaseSeconds: 3 });
    const [clone] = clones as [Workspace];
    hookOf(remote.path, 'update', onlyBranches);
    ask('topic');
    const answer = await run(clone);
    expect(answer.exitCode).toBe(1);
    expect(remote.state('topic')).toBe('stalled');
    expect(remote.git('log', '-1', '--format=%b', 'topic')).toContain('The lease could no longer be confirmed.');
  });
});

describe('a push that the remote refuses', () => {
  test('withdraws the claim and says why in the remote’s own words', async () => {
    const { clones, ask, run, remote, at } = farm({ command: completing('review') });
    const [clone] = clones as [Workspace];
    const request = ask('protected');
    ask('open');
    hookOf(remote.path, 'update', '[ "$1" = refs/heads/protected ] || exit 0; echo "protected branch" >&2; exit 1');
    const answer = await run(clone);
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toMatch(
      /protected: The claim of protected was not accepted: origin refused it: .*protected branch.*\[push-refused\]/,
    );
    expect(at('protected')).toBe(request);
    expect(remote.state('open')).toBe('review');
    expect(clone.ran()).toHaveLength(1);
    expect(leftovers(clone)).toEqual([]);
  });

  test('of a result stalls the branch, and the work is kept at the remote too', async () => {
    const { clones, ask, run, remote, at, heartbeats, clone: cloneOf } = farm({ command: completing('review', changesFile) });
    const [clone] = clones as [Workspace];
    ask('topic');
    hookOf(
      remote.path,
      'update',
      'case $1 in refs/heads/*) ;; *) exit 0 ;; esac; git ls-tree -r --name-only "$3" | grep -qx built.txt || exit 0; echo "no built files" >&2; exit 1',
    );
    const answer = await run(clone);
    expect(answer.exitCode).toBe(1);
    expect(remote.state('topic')).toBe('stalled');
    expect(remote.git('log', '-1', '--format=%b', 'topic')).toContain('no built files');
    const kept = remote.trailer('aynig-kept', 'topic');
    expect(remote.git('show', `${at(kept)}:built.txt`)).toContain('built by');
    expect(heartbeats()).toEqual([]);
    expect(leftovers(clone)).toEqual([]);

    // As docs/remotes.md says for another machine.
    const other = cloneOf('other');
    other.git('checkout', '--quiet', 'topic');
    other.git('fetch', '--quiet', 'origin', 'refs/aynig/kept/*:refs/aynig/kept/*');
    other.aynig(['land', kept.replace('refs/aynig/kept/', '')]);
    expect(other.read('built.txt')).toContain('built by');
    expect(other.state()).toBe('review');
    other.program('sh', ['-c', "git for-each-ref --format='delete %(refname)' refs/aynig/remotes/ | git update-ref --stdin"]);
  });
});

describe('a remote that cannot be reached', () => {
  const away = (path: string): (() => void) => {
    renameSync(path, `${path}.away`);
    return () => renameSync(`${path}.away`, path);
  };

  test('is an error with the next step, and nothing is started', async () => {
    const { clones, ask, run, remote } = farm({ command: completing('review') });
    const [clone] = clones as [Workspace];
    ask('topic');
    const back = away(remote.path);
    const answer = await run(clone);
    back();
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toMatch(/The remote origin could not be read: .*\[remote-unreachable\]/);
    expect(answer.stderr.match(/could not be read/g)).toHaveLength(1);
    expect(clone.ran()).toEqual([]);
  });

  test('when a result is to be published keeps the result, and the next run publishes it', async () => {
    const { clones, ask, run, remote, heartbeats } = farm({ command: completing('review', `${running('up')}\n${waitFor()}`) });
    const [clone] = clones as [Workspace];
    ask('topic');
    const ended = run(clone);
    await clone.until('the command has started', () => clone.noted('up'));
    const back = away(remote.path);
    clone.release();
    const answer = await ended;
    back();
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toContain('[remote-unreachable]');
    expect(answer.stderr).toMatch(/kept at refs\/aynig\/kept\//);
    expect(remote.state('topic')).toBe('working');
    expect((await run(clone)).exitCode).toBe(0);
    expect(remote.state('topic')).toBe('review');
    expect(clone.ran()).toHaveLength(1);
    expect(heartbeats()).toEqual([]);
    expect(leftovers(clone)).toEqual([]);
    expect(clone.git('for-each-ref', 'refs/aynig/kept/')).toBe('');
  });

  test('for two thirds of a lease ends the command', async () => {
    const { clones, ask, run, remote, root } = farm({ command: completing('review', `${running('up')}\n${waitFor()}`), leaseSeconds: 60 });
    const [clone] = clones as [Workspace];
    const clock = new Clock(root);
    ask('topic');
    const ended = run(clone, [], clock.environment(clone.env));
    await clone.until('the command has started', () => clone.noted('up'));
    const back = away(remote.path);
    clock.putTo(45);
    const answer = await ended;
    back();
    expect(answer.exitCode).toBe(1);
    await run(clone);
    expect(remote.state('topic')).toBe('stalled');
    expect(remote.git('log', '-1', '--format=%b', 'topic')).toContain('could no longer be confirmed');
  });
});

describe('a branch that others move during a run', () => {
  test.each([
    [
      'is forced to another commit',
      (remote: Workspace | { git(...args: string[]): string }) => remote.git('update-ref', 'refs/heads/topic', 'main'),
    ],
    ['is deleted', (remote) => remote.git('update-ref', '-d', 'refs/heads/topic')],
    ['is renamed', (remote) => remote.git('branch', '-m', 'topic', 'renamed')],
  ] as readonly [string, (remote: { git(...args: string[]): string }) => unknown][])(
    'and that %s gets nothing of the run, whose work is kept',
    async (_, move) => {
      const { clones, ask, run, remote, at, heartbeats } = farm({ command: completing('review', `${changesFile}\n${waitFor()}`) });
      const [clone] = clones as [Workspace];
      ask('topic');
      const ended = run(clone);
      await clone.until('the command has started', () => clone.ran().length > 0);
      move(remote);
      const after = at('topic');
      clone.release();
      const answer = await ended;
      expect(answer.stderr).toContain('nothing was published');
      expect(at('topic')).toBe(after);
      const [kept = ''] = clone.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/').split('\n');
      expect(clone.git('show', `${kept}:built.txt`)).toContain('built by');
      // There too, for a machine that is gone tomorrow.
      expect(remote.git('show', `${kept}:built.txt`)).toContain('built by');
      expect(heartbeats()).toEqual([]);
      expect(leftovers(clone)).toEqual([]);
    },
  );
});

describe('clones of every kind', () => {
  test('run at a remote of SHA-256', async () => {
    const { clones, ask, run, remote, at } = farm({ command: completing('review'), initArguments: ['--object-format=sha256'] });
    const [clone] = clones as [Workspace];
    ask('topic');
    expect((await run(clone)).exitCode).toBe(0);
    expect(at('topic')).toHaveLength(64);
    expect(remote.state('topic')).toBe('review');
  });

  test.each([
    ['shallow', ['--depth=1']],
    ['partial', ['--filter=blob:none']],
    ['single-branch', ['--single-branch', '--branch=main']],
  ])('that are %s run and publish', async (name, args) => {
    const { ask, run, remote, clone: cloneOf } = farm({ command: completing('review', changesFile) });
    remote.git('config', 'uploadpack.allowFilter', 'true');
    for (let made = 0; made < 3; made++) ask('topic', 'note');
    const clone = cloneOf(name, args);
    ask('topic');
    const answer = await run(clone);
    expect(answer.stderr).toContain('1 advanced');
    expect(remote.state('topic')).toBe('review');
    expect(remote.git('show', 'topic:built.txt')).toContain('built by');
    expect(remote.git('fsck', '--strict', '--no-dangling')).toBe('');
  });

  test('of a repository with git-lfs upload its large files with the result', async (context) => {
    const { ask, run, remote, clones, root } = farm({
      command: completing(
        'review',
        'git lfs track --filename big.bin >/dev/null; head -c 4096 /dev/zero >big.bin; git add .gitattributes big.bin',
      ),
    });
    const [clone] = clones as [Workspace];
    if (clone.gitAnswer(['lfs', 'version']).exitCode !== 0) return skipBecause('git-lfs is not installed', context);
    clone.git('lfs', 'install', '--local', '--skip-repo');
    clone.git('remote', 'set-url', 'origin', `file://${remote.path}`);
    // A repository that uses git-lfs has this folder by its first large file.
    mkdirSync(join(clone.common, 'lfs/objects'), { recursive: true });
    ask('topic');
    const answer = await run(clone);
    expect(answer.stderr).toContain('1 advanced');
    expect(remote.git('show', 'topic:big.bin')).toContain('version https://git-lfs');
    const fresh = join(root, 'fresh');
    clone.git('clone', '--quiet', '--branch', 'topic', `file://${remote.path}`, fresh);
    clone.git('-C', fresh, 'lfs', 'install', '--local', '--skip-repo');
    clone.git('-C', fresh, 'lfs', 'pull');
    expect(statSync(join(fresh, 'big.bin')).size).toBe(4096);
  });

  test('with an unborn or foreign local branch of that name leave it alone', async () => {
    const { ask, run, remote, clones } = farm({ command: completing('review') });
    const [clone] = clones as [Workspace];
    clone.git('checkout', '--quiet', '--orphan', 'topic');
    ask('topic');
    expect((await run(clone)).exitCode).toBe(0);
    expect(remote.state('topic')).toBe('review');
    expect(existsSync(join(clone.common, 'refs/heads/topic'))).toBe(false);
  });
});
