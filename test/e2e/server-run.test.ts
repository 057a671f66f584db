import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kill } from '../support/processes.js';
import { installHook, leaseRefOf, type Server, server } from '../support/server.js';
import { changesFile, completing, launch, waitFor } from '../support/workspace.js';

const both = ['pre-receive', 'post-receive'] as const;
const identity = 'git config user.name Server; git config user.email server@example.com';

/** A server that runs what is pushed. Its commands know who they are: the server has no identity of its own. */
function running(work = '', options: { hooks?: readonly (typeof both)[number][]; format?: 'sha1' | 'sha256' } = {}): Server {
  const made = server({
    hooks: both,
    command: completing('review', [identity, work].filter((line) => line !== '').join('\n')),
    ...options,
  });
  return made;
}

const branchState = (made: Server, branch = 'work'): string => made.bare.state(`refs/heads/${branch}`);
const untilState = (made: Server, state: string, branch = 'work') => made.bare.untilState(state, `refs/heads/${branch}`);
const leaseRefs = (made: Server): string => made.bare.git('for-each-ref', '--format=%(refname)', 'refs/aynig/lease');
const ask = (made: Server, branch = 'work', parent?: string) =>
  made.clone.gitAnswer(['push', 'origin', `${made.clone.ask('build', parent)}:refs/heads/${branch}`]);

describe('a push', () => {
  test('that asks for a state has its command run, and says that the branch will move and how to follow it', async () => {
    const made = running(changesFile);
    const answer = ask(made);
    expect(answer.stderr.match(/remote: aynig: .*/g)).toHaveLength(1);
    expect(answer.stderr).toMatch(/remote: aynig: a pushed commit asks for "build".*git pull --ff-only/);
    await untilState(made, 'review');
    await made.bare.untilQuiet();
    expect(made.bare.states('refs/heads/work').slice(-3)).toEqual(['build', 'working', 'review']);
    expect(leaseRefs(made)).toBe('');
    made.clone.git('fetch', '--quiet', 'origin');
    made.clone.git('switch', '--quiet', '--create', 'follow', 'origin/work~2');
    made.clone.git('pull', '--quiet', '--ff-only', 'origin', 'work');
    expect(made.clone.exists('built.txt')).toBe(true);
    expect(readdirSync(join(made.bare.path, 'aynig/pushed'))).toEqual([]);
    expect(made.bare.exists('aynig/pushed-taken')).toBe(false);
  });

  test('returns before its command has ended, and the fence holds the branch meanwhile', async () => {
    const made = running(waitFor());
    expect(ask(made).exitCode).toBe(0);
    await made.bare.until('the command has started', () => made.bare.ran().length > 0);
    expect(branchState(made)).toBe('working');
    const run = made.bare.trailer('aynig-run-id', 'refs/heads/work');
    expect(leaseRefs(made)).toBe(leaseRefOf(run));
    expect(made.bare.git('rev-parse', leaseRefOf(run))).toBe(made.bare.head('refs/heads/work'));
    made.clone.git('fetch', '--quiet', 'origin');
    const mine = made.clone.commit('mine', { parents: ['origin/work'] });
    expect(made.clone.push(`${mine}:refs/heads/work`).stderr).toContain(`run ${run} of`);
    expect(made.clone.push(`+main:refs/heads/work`).exitCode).toBe(1);
    made.bare.release();
    await untilState(made, 'review');
    await made.bare.untilQuiet();
    expect(leaseRefs(made)).toBe('');
    made.clone.git('fetch', '--quiet', 'origin');
    expect(made.clone.push(`${made.clone.commit('next', { parents: ['origin/work'] })}:refs/heads/work`).exitCode).toBe(0);
  });

  test('that asks for nothing says nothing, and starts nothing but a look', async () => {
    const made = running();
    const answer = made.clone.gitAnswer(['push', 'origin', 'main:refs/heads/plain']);
    expect(answer.stderr).not.toContain('remote: aynig');
    await made.bare.untilStill();
    expect(made.bare.ran()).toEqual([]);
  });

  test.each<[string, readonly string[]]>([
    ['a tag', ['main:refs/tags/v1']],
    ['a deletion', [':refs/heads/gone']],
  ])('of %s starts no process', async (_, refspec) => {
    const made = running();
    made.bare.git('branch', 'gone', 'main');
    writeFileSync(
      join(made.bare.path, 'hooks/post-receive'),
      made.bare.read('hooks/post-receive').replace(/^node=.*$/m, `node='${made.bare.script('node', 'touch "$HOME/started"')}'`),
    );
    expect(made.clone.push(...refspec).exitCode).toBe(0);
    await made.bare.untilStill();
    expect(made.bare.noted('started')).toBe(false);
  });

  test('ticks the pushed branches only, however many others are ready', async () => {
    const made = running();
    made.bare.git(
      'fetch',
      '--quiet',
      made.clone.path,
      `${made.clone.git('update-ref', 'refs/heads/ready', made.clone.ask('build'))}refs/heads/ready:refs/heads/ready`,
    );
    ask(made);
    await untilState(made, 'review');
    await made.bare.untilStill();
    expect(branchState(made, 'ready')).toBe('build');
    expect(made.bare.ran().map(({ branch }) => branch)).toEqual(['work']);
  });

  test('is run once, however many come at the same time', async () => {
    const made = running(waitFor());
    made.bare.git('config', 'aynig.maxParallel', '2');
    const names = Array.from({ length: 8 }, (_, at) => `many/${at}`);
    const asks = names.map((name) => `${made.clone.ask('build', 'HEAD', [`aynig-note: ${name}`])}:refs/heads/${name}`);
    const env = made.clone.env;
    const pushed = await Promise.all(asks.map((refspec) => launch('git', ['push', 'origin', refspec], { cwd: made.clone.path, env })));
    expect(pushed.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
    await made.bare.until('two commands have started', () => made.bare.ran().length >= 2);
    // One runner has put all pushes together.
    await made.bare.until('the pushes are taken', () => readdirSync(join(made.bare.path, 'aynig/pushed')).length === 0);
    expect(made.bare.ran()).toHaveLength(2);
    made.bare.release();
    for (const name of names) await untilState(made, 'review', name);
    await made.bare.untilQuiet();
    expect(
      made.bare
        .ran()
        .map(({ branch }) => branch)
        .sort(),
    ).toEqual(names);
  });

  test('is not lost when its runner is killed: the next push of any branch finds it', async () => {
    const made = running(waitFor());
    made.bare.git('config', 'aynig.maxParallel', '1');
    ask(made, 'first');
    await made.bare.until('the command has started', () => made.bare.ran().length > 0);
    ask(made, 'second');
    await made.bare.until('the push is taken', () => readdirSync(join(made.bare.path, 'aynig/pushed')).length === 0);
    const runner = made.bare.runnerPid();
    if (runner === undefined) throw new Error('the runner has gone');
    kill(runner, 'SIGKILL');
    made.bare.release();
    made.clone.push('main:refs/heads/third');
    await untilState(made, 'review', 'second');
    await untilState(made, 'stalled', 'first');
    await made.bare.untilQuiet();
    expect(leaseRefs(made)).toBe('');
  });

  test('of more than can be queued makes the runner look at every branch', async () => {
    const made = running();
    for (let at = 0; at < 1001; at++) made.bare.write(`aynig/pushed/${at}.0.tmp`, '');
    ask(made);
    await untilState(made, 'review');
    await made.bare.untilQuiet();
    expect(made.bare.exists('aynig/again')).toBe(false);
  });

  test('with AYNIG=0 starts nothing', async () => {
    const made = running();
    made.clone.gitAnswer(['push', '--quiet', 'origin', `${made.clone.ask('build')}:refs/heads/work`], { env: { AYNIG: '0' }, expected: 0 });
    await made.bare.untilStill();
    expect(branchState(made)).toBe('build');
  });

  test('from inside of a run elsewhere hands nothing of that run on', async () => {
    const made = running('env >"$HOME/environment"');
    const env = { AYNIG_RUN_ID: '0c9b7a52-3d1e-4f6a-8b2c-5d4e3f2a1b0c', AYNIG_ROLE: 'boss', GIT_AUTHOR_NAME: 'Leak' };
    made.clone.gitAnswer(['push', '--quiet', 'origin', `${made.clone.ask('build')}:refs/heads/work`], { env, expected: 0 });
    await untilState(made, 'review');
    expect(made.bare.note('environment')).not.toMatch(/0c9b7a52|boss|Leak|GIT_QUARANTINE|GIT_DIR/);
  });

  test('is served without a home, an identity or the discovery of bare repositories', async () => {
    const made = running();
    const global = join(made.root, 'gitconfig');
    writeFileSync(global, '[safe]\n\tbareRepository = explicit\n');
    // The command notes what it does in $HOME, which is not there now.
    made.clone.command('build', `#!/bin/sh\nset -eu\n${identity}\ngit commit --quiet --allow-empty -m done -m 'aynig-state: review'`);
    made.clone.git('push', '--quiet', '--force', 'origin', 'main');
    const rest: Record<string, string> = { ...made.clone.env, GIT_CONFIG_GLOBAL: global };
    delete rest['HOME'];
    const variables = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
    const refspec = `${made.clone.ask('build')}:refs/heads/work`;
    made.clone.program('env', ['-i', ...variables, 'git', 'push', '--quiet', 'origin', refspec]);
    await untilState(made, 'review');
    await made.bare.untilQuiet();
    expect(made.bare.git('log', '-1', '--format=%an', 'refs/heads/work~1')).toBe('aynig');
  });

  test('works with the object names of SHA-256', async () => {
    const made = running('', { format: 'sha256' });
    ask(made);
    await untilState(made, 'review');
  });
});

describe('what a push may have run', () => {
  test('are the commands of the HEAD branch, and no others', async () => {
    const made = running();
    made.clone.git('switch', '--quiet', '--create', 'evil');
    made.clone.command('build', 'touch "$HOME/evil"');
    ask(made, 'evil');
    await made.bare.untilStill();
    expect(branchState(made, 'evil')).toBe('build');
    expect(made.bare.noted('evil')).toBe(false);
    expect(made.bare.hookLog()).toContain('evil');
    // Once the branch that is trusted has them, they run.
    made.clone.git('push', '--quiet', 'origin', 'HEAD:refs/heads/main');
    ask(made, 'good');
    await made.bare.until('the command ran', () => made.bare.noted('evil'));
  });

  test('are those of aynig.trustedRef where it is set', async () => {
    const made = running();
    made.bare.git('config', 'aynig.trustedRef', 'release');
    ask(made, 'first');
    await made.bare.untilStill();
    expect(branchState(made, 'first')).toBe('build');
    made.bare.git('branch', 'release', 'main');
    ask(made, 'second');
    await untilState(made, 'review', 'second');
  });

  test('is limited to aynig.branches', async () => {
    const made = running();
    made.bare.git('config', 'aynig.branches', 'work');
    ask(made, 'other');
    ask(made, 'work');
    await untilState(made, 'review');
    await made.bare.untilStill();
    expect(branchState(made, 'other')).toBe('build');
  });
});

describe("other programs' ways of calling the hook", () => {
  test('the delegate of Gitea and Forgejo', async () => {
    const made = running('', { hooks: [] });
    const delegate = (name: string): string =>
      `#!/usr/bin/env bash\ndata=$(cat)\nexitcodes=""\nhookname=$(basename $0)\nGIT_DIR=\${GIT_DIR:-$(dirname $0)/..}\nfor hook in \${GIT_DIR}/hooks/\${hookname}.d/*; do\n  test -x "\${hook}" && test -f "\${hook}" || continue\n  echo "\${data}" | "\${hook}"\n  exitcodes="\${exitcodes} $?"\ndone\nfor i in \${exitcodes}; do\n  [ \${i} -eq 0 ] || exit \${i}\ndone\n# ${name}\n`;
    for (const name of both) {
      made.bare.write(`hooks/${name}`, delegate(name), 0o755);
      made.bare.write(`hooks/${name}.d/gitea`, `#!/bin/sh\ncat >"$HOME/gitea-${name}"\n`, 0o755);
      installHook(made.bare, name, `hooks/${name}.d`, 'aynig');
    }
    expect(made.clone.push(`${made.clone.commit('x\n\naynig-state: a\naynig-state: b')}:refs/heads/bad`).stderr).toContain(
      'aynig: refused',
    );
    ask(made);
    await untilState(made, 'review');
    expect(made.bare.note('gitea-post-receive')).toContain('refs/heads/work');
  });

  test('custom_hooks of GitLab', async () => {
    const made = running('', { hooks: [] });
    // As Gitaly does it: standard input for each, its own variables, the repository as working directory.
    for (const name of both) {
      installHook(made.bare, name, `custom_hooks/${name}.d`, 'aynig');
      made.bare.write(
        `hooks/${name}`,
        `#!/bin/sh\nexport GL_ID=user-1 GL_REPOSITORY=project-1 GL_PROTOCOL=ssh GL_USERNAME=ana\ndata=$(cat)\nfor hook in custom_hooks/${name}.d/*; do printf '%s\\n' "$data" | "$hook" || exit 1; done\n`,
        0o755,
      );
    }
    expect(made.clone.push(`${made.clone.commit('x\n\naynig-state: a\naynig-state: b')}:refs/heads/bad`).stderr).toContain(
      'remote: GL-HOOK-ERR: aynig: refused',
    );
    ask(made);
    await untilState(made, 'review');
  });
});

describe('a run of the server', () => {
  test('shows that it is alive in its lease ref, by the clock of the server', async () => {
    const made = running(waitFor());
    made.bare.git('config', 'aynig.leaseSeconds', '1');
    ask(made);
    await made.bare.until(
      'the lease is renewed',
      () => leaseRefs(made) !== '' && made.bare.gitAnswer(['log', '--format=%s', leaseRefs(made)]).stdout.includes('aynig: alive'),
    );
    const lease = leaseRefs(made);
    expect(made.bare.state(lease)).toBe('');
    expect(made.bare.trailer('aynig-run-id', lease)).toBe(lease.slice('refs/aynig/lease/'.length));
    expect(existsSync(join(made.bare.path, 'logs', lease))).toBe(true);
    made.bare.release();
    await untilState(made, 'review');
    await made.bare.untilQuiet();
    expect(leaseRefs(made)).toBe('');
  });

  test('is ended by a cancellation that was pushed', async () => {
    const made = running(waitFor());
    // The runner sees at a renewal that it was cancelled; one that comes between the fetch and the push makes it try again.
    made.bare.git('config', 'aynig.leaseSeconds', '20');
    ask(made);
    await made.bare.until('the command has started', () => made.bare.ran().length > 0);
    await made.clone.until('the cancellation is taken', () => {
      made.clone.git('fetch', '--quiet', 'origin', '+refs/heads/work:refs/cancel/work', '+refs/aynig/lease/*:refs/cancel/lease/*');
      const [run = ''] = made.bare.ran().map(({ runId }) => runId);
      const cancel = made.clone.stall('refs/cancel/work', run, { by: 'ana' });
      return made.clone.push('--atomic', `${cancel}:refs/heads/work`, `:${leaseRefOf(run)}`).exitCode === 0;
    });
    await made.bare.untilQuiet();
    expect(branchState(made)).toBe('stalled');
    expect(made.bare.trailer('aynig-cancelled-by', 'refs/heads/work')).toBe('ana');
  });

  test('is ended from a clone that has its lease, whose branch is then brought in by a pull', async () => {
    const made = running(waitFor());
    // The runner sees at a renewal that it was cancelled; one that comes while a push is under way makes it try again.
    made.bare.git('config', 'aynig.leaseSeconds', '20');
    ask(made);
    await made.bare.until('the command has started', () => made.bare.ran().length > 0);
    made.clone.git('fetch', '--quiet', 'origin');
    made.clone.git('checkout', '--quiet', '-B', 'work', '--track', 'origin/work');
    const said = made.clone.aynig(['cancel', 'work']);
    expect(said.stdout).toMatch(/^work: cancelled at origin, now at [0-9a-f]{12}\n$/);
    expect(said.stderr).toContain('git switch work && git pull --ff-only');
    expect(made.clone.state('work')).toBe('working');
    await made.bare.untilQuiet();
    expect(branchState(made)).toBe('stalled');
    made.clone.git('pull', '--quiet', '--ff-only', 'origin', 'work');
    expect(made.clone.state('work')).toBe('stalled');
  });

  test('is cancelled in the repository itself, and its lease ref goes with it', async () => {
    const made = running(waitFor());
    ask(made);
    await made.bare.until('the command has started', () => made.bare.ran().length > 0);
    made.bare.aynig(['cancel', 'work']);
    await untilState(made, 'stalled');
    await made.bare.untilQuiet();
    expect(leaseRefs(made)).toBe('');
  });

  test('whose branch was deleted by an admin leaves no lease ref', async () => {
    const made = running(waitFor());
    ask(made);
    await made.bare.until('the command has started', () => made.bare.ran().length > 0);
    made.bare.git('update-ref', '-d', 'refs/heads/work');
    made.bare.release();
    await made.bare.until('the lease ref is gone', () => leaseRefs(made) === '');
    await made.bare.untilQuiet();
    expect(made.bare.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept')).not.toBe('');
  });
});

describe('a lease that a client holds at the server', () => {
  test('is not taken over while its lease ref is renewed, and is afterwards', async () => {
    const made = server({ hooks: ['pre-receive'] });
    const { run, lease } = made.claimed('work', { 'aynig-lease-seconds': '60' });
    // Its own clock is an hour behind: the record of the server counts.
    const behind = made.clone.lease(
      made.clone.head(`${lease}^`),
      run,
      { 'aynig-lease-seconds': '60' },
      { at: Math.floor(Date.now() / 1000) - 3600 },
    );
    made.bare.git(
      'fetch',
      '--quiet',
      '--force',
      made.clone.path,
      `${made.clone.git('update-ref', 'refs/heads/behind', behind)}+refs/heads/behind:refs/heads/work`,
    );
    made.bare.aynig(['run'], { expected: 'any' });
    expect(branchState(made)).toBe('working');
    made.age(3600, ['refs/heads/work', leaseRefOf(run)]);
    made.bare.aynig(['run'], { expected: 'any' });
    expect(branchState(made)).toBe('stalled');
    expect(leaseRefs(made)).toBe('');
  });

  test('is cancelled also where it is renewed in that moment', () => {
    const made = server({ hooks: ['pre-receive'] });
    const { clone, root } = made;
    const { run, lease } = made.claimed();
    const git = clone.program('sh', ['-c', 'command -v git']).stdout.trim();
    const renew = `: >"$HOME/renewed"; ${git} push --quiet origin ${clone.alive(lease, run)}:${leaseRefOf(run)}`;
    clone.script('bin/git', `case " $* " in *" push "*) [ -e "$HOME/renewed" ] || { ${renew}; } ;; esac\nexec ${git} "$@"`);
    const env = { PATH: `${join(root, 'bin')}:${clone.env['PATH']}` };
    const said = clone.aynig(['cancel', 'work', '--aynig-remote', 'origin'], { env });
    expect(said.stdout).toMatch(/^work: cancelled at origin, now at [0-9a-f]{12}\n$/);
    expect(clone.noted('renewed')).toBe(true);
    expect(branchState(made)).toBe('stalled');
    expect(leaseRefs(made)).toBe('');
  });
});
