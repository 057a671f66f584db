import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/failure.js';
import { failureOf } from '../../src/git/causes.js';
import { GitError, lineOf, openGit } from '../../src/git/gate.js';
import { type Scratch, scratch } from '../support/scratch.js';

const gateOf = (repo: Scratch, env: NodeJS.ProcessEnv = {}) => openGit({ cwd: repo.path }, { ...repo.env, ...env });

/** A `git` on PATH that does what the script says. */
function fakeGit(repo: Scratch, script: string): Record<string, string> {
  repo.write('../bin/git', `#!/bin/sh\n${script}\n`, 0o755);
  return { PATH: `${repo.root}/bin:/usr/bin:/bin` };
}

describe('a call of git', () => {
  it('answers with what git printed, byte by byte', async () => {
    const repo = scratch();
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0x0d]);
    const git = gateOf(repo);
    const name = lineOf(await git(['hash-object', '-w', '--stdin'], { input: bytes }));
    expect((await git(['cat-file', 'blob', name])).stdout).toEqual(bytes);
  });

  it('fails for an exit code that was not named, and keeps why', async () => {
    const git = gateOf(scratch());
    const error = await git(['rev-parse', '--verify', 'none']).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(GitError);
    expect(error).toMatchObject({
      exitCode: 128,
      args: ['rev-parse', '--verify', 'none'],
      stderr: expect.stringContaining('single revision'),
    });
    expect((await git(['rev-parse', '--verify', '--quiet', 'none'], { ok: [0, 1] })).exitCode).toBe(1);
  });

  it('is ended after its time limit', async () => {
    const repo = scratch();
    const git = gateOf(repo, fakeGit(repo, 'exec sleep 600'));
    await expect(git(['fetch'], { timeoutMs: 50 })).rejects.toMatchObject({ code: 'git-timeout', message: /^git fetch / });
  });

  it('is ended with all that it started when it is no longer wanted, and fails with the reason', async () => {
    const repo = scratch();
    const git = gateOf(repo, fakeGit(repo, 'sleep 600 & echo $! >"$HOME/child"; wait'));
    const stop = new AbortController();
    const call = git(['fetch'], { stop: stop.signal }).catch((caught: unknown) => caught);
    const child = await repo.until('it has begun', () => (repo.exists('../child') ? repo.read('../child').trim() : ''));
    const why = new Error('not wanted');
    stop.abort(why);
    expect(await call).toBe(why);
    await repo.until('the child is gone', () => repo.program('kill', ['-0', child], { expected: 'any' }).exitCode !== 0);
    await expect(git(['fetch'], { stop: stop.signal })).rejects.toBe(why);
  });

  it('that was killed is a failure that names the signal', async () => {
    const repo = scratch();
    const git = gateOf(repo, fakeGit(repo, 'kill -KILL $$'));
    await expect(git(['fetch'])).rejects.toMatchObject({ name: 'GitError', stderr: expect.stringContaining('SIGKILL') });
  });

  it('that ends without reading its input is no failure of ours', async () => {
    const repo = scratch();
    const git = gateOf(repo, fakeGit(repo, 'exit 0'));
    expect((await git(['hash-object'], { input: 'x'.repeat(4_000_000) })).exitCode).toBe(0);
  });

  it('is told nothing that a hook left in the environment', async () => {
    const repo = scratch();
    const env = {
      GIT_DIR: '/none',
      GIT_WORK_TREE: '/none',
      GIT_INDEX_FILE: '/none',
      GIT_CONFIG_PARAMETERS: "'a.b=c'",
      GIT_EDITOR: 'false',
    };
    const git = gateOf(repo, env);
    expect(lineOf(await git(['rev-parse', 'HEAD']))).toBe(repo.head());
    expect((await git(['config', 'a.b'], { ok: [1] })).exitCode).toBe(1);
  });

  it('runs no hooks, unless it is made for the user', async () => {
    const repo = scratch();
    repo.write('.git/hooks/post-commit', '#!/bin/sh\ntouch "$HOME/ran"\n', 0o755);
    const git = gateOf(repo);
    await git(['commit', '--quiet', '--allow-empty', '--message', 'x']);
    expect(repo.exists('../ran')).toBe(false);
    await git(['commit', '--quiet', '--allow-empty', '--message', 'x'], { asUser: true });
    expect(repo.exists('../ran')).toBe(true);
  });
});

describe('the cause of a failure', () => {
  const failed = (stderr: string) => failureOf(new GitError(['fetch'], 128, stderr));

  it.each([
    ['disk-full', 'error: unable to write file x: No space left on device'],
    ['disk-full', 'fatal: write error: Disk quota exceeded'],
    ['read-only', "error: unable to create '.git/x.lock': Read-only file system"],
    ['read-only', 'error: insufficient permission: Permission denied'],
    ['dubious-ownership', "fatal: detected dubious ownership in repository at '/x'"],
    ['not-a-repository', 'fatal: not a git repository (or any of the parent directories): .git'],
    ['corrupt-object', 'error: object file .git/objects/aa/bb is empty'],
    ['corrupt-object', 'fatal: loose object 0123 (stored in x) is corrupt'],
    ['corrupt-object', `error: Could not read ${'0'.repeat(40)}`],
    ['git-failed', 'fatal: something new'],
  ])('is %s when git says so: %s', (code, stderr) => {
    expect(failed(stderr)).toMatchObject({ code });
  });

  it.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EROFS', 'read-only'],
    ['EACCES', 'read-only'],
    ['EPERM', 'read-only'],
  ])('of the file system is read from its code: %s', (code, name) => {
    expect(failureOf(Object.assign(new Error('x'), { code, path: '/a/b' }))).toMatchObject({ code: name });
  });

  it('is not invented for what is a bug of ours', () => {
    expect(failureOf(new TypeError('x is not a function'))).toBeUndefined();
    expect(failureOf(undefined)).toBeUndefined();
    const own = new Failure('no-log', 'x', { hint: 'y' });
    expect(failureOf(own)).toBe(own);
  });
});
