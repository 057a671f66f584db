import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leaseRefOf, newRun, type Server, server } from '../support/server.js';

const bad = 'two\n\naynig-state: build\naynig-state: review';

/** Exchanges the paths that the hook was installed with. */
function rewire(made: Server, line: RegExp, by: string): void {
  made.bare.write('hooks/pre-receive', made.bare.read('hooks/pre-receive').replace(line, by), 0o755);
}

const withoutNode = (made: Server): void => {
  rewire(made, /^node=.*$/m, "node='/nowhere/node'");
  // A PATH with git and a shell, and without the Node that runs this.
  const folder = join(made.root, 'bin');
  mkdirSync(folder);
  for (const name of ['git', 'sh', 'cat'])
    symlinkSync(made.bare.program('sh', ['-c', `command -v ${name}`]).stdout.trim(), join(folder, name));
};

describe('the pre-receive hook', () => {
  test('judges what is still in quarantine, and leaves nothing of it behind', () => {
    const made = server();
    const commit = made.clone.commit(bad);
    expect(made.clone.push(`${commit}:refs/heads/b`).exitCode).toBe(1);
    expect(made.bare.gitAnswer(['cat-file', '-e', commit]).exitCode).not.toBe(0);
    expect(readdirSync(join(made.bare.path, 'objects')).filter((name) => name.startsWith('incoming'))).toEqual([]);
  });

  test('refuses a push as a whole, atomic or not', () => {
    const made = server();
    const commit = made.clone.commit(bad);
    for (const flags of [[], ['--atomic']]) {
      expect(made.clone.push(...flags, `${commit}:refs/heads/b`, 'main:refs/heads/good').exitCode).toBe(1);
      expect(made.bare.git('for-each-ref', '--format=%(refname)', 'refs/heads')).toBe('refs/heads/main');
    }
  });

  test('starts no Node where no branch and no lease is pushed', () => {
    const made = server();
    rewire(made, /^node=.*$/m, `node='${made.bare.script('node', 'echo "$@" >>"$HOME/node-started"; exit 65')}'`);
    const kept = `refs/aynig/kept/${newRun()}`;
    expect(made.clone.push('main:refs/tags/v1', 'main:refs/notes/x', `main:${kept}`).exitCode).toBe(0);
    expect(made.clone.push(':refs/tags/v1').exitCode).toBe(0);
    expect(made.bare.noted('node-started')).toBe(false);
    expect(made.clone.push('main:refs/heads/b').exitCode).toBe(1);
    expect(made.clone.push(`main:${leaseRefOf(newRun())}`).exitCode).toBe(1);
    expect(made.bare.note('node-started').trim().split('\n')).toHaveLength(2);
  });

  test('is not skipped by a variable of the client', () => {
    const made = server();
    const answer = made.clone.gitAnswer(['push', 'origin', `${made.clone.commit(bad)}:refs/heads/b`], { env: { AYNIG: '0' } });
    expect(answer.stderr).toContain('aynig: refused commit');
  });

  test('lets a push pass that it cannot check, or refuses it, as it is set', () => {
    const made = server();
    withoutNode(made);
    const env = { PATH: join(made.root, 'bin'), GIT_EXEC_PATH: made.bare.git('--exec-path') };
    const push = (name: string) => made.clone.gitAnswer(['push', 'origin', `${made.clone.commit(bad)}:refs/heads/${name}`], { env });
    const open = push('a');
    expect(open.stderr).toMatch(/aynig: Node was not found, so this push was not checked/);
    expect(open.exitCode).toBe(0);
    made.bare.git('config', 'aynig.whenNodeIsMissing', 'refuse');
    const closed = push('b');
    expect(closed.stderr).toMatch(/aynig: Node was not found; this server takes no push that it cannot check/);
    expect(closed.exitCode).toBe(1);
  });

  test('treats a fault of its own like a missing Node', () => {
    const made = server();
    rewire(made, /^node=.*$/m, `node='${made.bare.script('node', 'cat >/dev/null; exit 70')}'`);
    expect(made.clone.push('main:refs/heads/a').stderr).toMatch(/the check failed, so this push was not checked/);
    rewire(made, /^aynig=.*$/m, "aynig='/nowhere/aynig'");
    made.bare.git('config', 'aynig.whenNodeIsMissing', 'refuse');
    const answer = made.clone.push('main:refs/heads/b');
    expect(answer.stderr).toMatch(/\/nowhere\/aynig is gone; this server takes no push/);
    expect(answer.exitCode).toBe(1);
  });

  /** Runs the hook as git does, for a commit that the server has and no ref names. */
  const judged = ({ bare }: Server, message: string) => {
    const commit = bare.gitAnswer(['commit-tree', '-p', 'main', '-F', '-', 'main^{tree}'], {
      input: `${message}\n`,
      env: { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.com' },
      expected: 0,
    });
    const name = commit.stdout.trim();
    return bare.program('hooks/pre-receive', [], {
      input: `${'0'.repeat(name.length)} ${name} refs/heads/b\n`,
      env: { GIT_DIR: '.' },
      expected: 'any',
    });
  };

  test('judges while git adds a working tree for a run, which has no commit for a moment', () => {
    const made = server();
    made.bare.write('worktrees/new/HEAD', `${'0'.repeat(40)}\n`);
    made.bare.write('worktrees/new/commondir', '../..\n');
    made.bare.write('worktrees/new/gitdir', `${made.root}/nowhere/.git\n`);
    expect(made.bare.gitAnswer(['rev-list', '--all']).stderr).toContain('bad object worktrees/new/HEAD');
    expect(judged(made, 'asks\n\naynig-state: build')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(judged(made, bad)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('aynig: refused commit') });
  });

  test('ends where git cannot list what is new', () => {
    const made = server();
    made.bare.git('config', 'aynig.whenNodeIsMissing', 'refuse');
    made.bare.write('refs/heads/broken', `${'1'.repeat(40)}\n`);
    const answer = judged(made, 'asks\n\naynig-state: build');
    expect(answer.stderr).toMatch(/git rev-list failed[\s\S]*the check failed; this server takes no push/);
    expect(answer.exitCode).toBe(1);
  });

  test('speaks so that GitLab shows it', () => {
    const made = server();
    const env = { GL_ID: 'user-1', GL_REPOSITORY: 'project-1' };
    const answer = made.clone.gitAnswer(['push', 'origin', `${made.clone.commit(bad)}:refs/heads/b`], { env });
    expect(answer.stderr.match(/remote: GL-HOOK-ERR: aynig: /g)).toHaveLength(2);
    rewire(made, /^aynig=.*$/m, "aynig='/nowhere/aynig'");
    expect(made.clone.gitAnswer(['push', 'origin', 'main:refs/heads/c'], { env }).stderr).toContain('remote: GL-HOOK-ERR: aynig: /nowhere');
  });

  test('works with the object names of SHA-256', () => {
    const made = server({ format: 'sha256' });
    const { run, lease } = made.claimed();
    expect(lease).toHaveLength(64);
    expect(made.clone.push(`${made.clone.commit('mine', { parents: [lease] })}:refs/heads/work`).stderr).toContain('holds the branch');
    const done = made.clone.ask('review', lease, [`aynig-run-id: ${run}`]);
    expect(made.clone.push('--atomic', `${done}:refs/heads/work`, `:${leaseRefOf(run)}`).exitCode).toBe(0);
  });

  test('needs no home, no identity and no discovery of the repository', () => {
    const made = server();
    const { HOME: _home, XDG_STATE_HOME: _state, ...env } = made.clone.env;
    const global = made.bare.script('gitconfig', '#!\n[safe]\n\tbareRepository = explicit\n');
    const { run, lease } = made.claimed();
    const answer = made.clone.program(
      'env',
      [
        '-i',
        ...Object.entries({ ...env, GIT_CONFIG_GLOBAL: global }).map(([name, value]) => `${name}=${value}`),
        'git',
        'push',
        'origin',
        `${made.clone.commit('x', { parents: [lease] })}:refs/heads/work`,
      ],
      { expected: 'any' },
    );
    expect(answer.stderr).toContain(`run ${run} of elsewhere holds the branch`);
  });

  test('asks git a fixed number of times, for one branch or three thousand', () => {
    const made = server();
    const { clone } = made;
    const calls = (...refspecs: string[]): number => {
      const trace = join(made.root, `trace-${refspecs.length}`);
      const hook = made.bare.read('hooks/pre-receive');
      made.bare.write('hooks/pre-receive', hook.replace('#!/bin/sh\n', `#!/bin/sh\nexport GIT_TRACE2_EVENT='${trace}'\n`), 0o755);
      const answer = clone.gitAnswer(['push', '--quiet', 'origin', ...refspecs]);
      made.bare.write('hooks/pre-receive', hook, 0o755);
      expect(answer.exitCode, answer.stderr).toBe(0);
      return made.bare
        .note(`trace-${refspecs.length}`)
        .split('\n')
        .filter((line) => line.includes('"event":"start"')).length;
    };
    const one = calls(`${clone.ask('build')}:refs/heads/one`);
    const asks = Array.from({ length: 30 }, (_, at) => clone.ask('build', 'HEAD', [`aynig-note: ${at}`]));
    const many = calls(...Array.from({ length: 3000 }, (_, at) => `${asks[at % 30]}:refs/heads/many/${at}`));
    expect(one).toBe(3);
    expect(many).toBe(one);
    expect(made.bare.git('for-each-ref', 'refs/heads/many').split('\n')).toHaveLength(3000);
  });

  test('ends also where git cannot list what is new: a push never hangs on it', () => {
    const made = server();
    const hook = made.bare.program('hooks/pre-receive', [], {
      // A commit that is not there.
      input: `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/b\n`,
      env: { GIT_DIR: '.' },
    });
    expect(hook.stderr).toContain('the check failed');
  });
});
