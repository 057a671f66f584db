import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gitVersion, openRepository } from '../../src/git/repository.js';
import { bareEnvironment, Scratch, scratch, temporaryDirectory } from '../support/scratch.js';

const open = (repo: Scratch, cwd = repo.path, env: Record<string, string> = {}, gitDir?: string) =>
  openRepository(cwd, { ...repo.env, ...env }, gitDir);

/** A `git` on PATH that is not git. */
function fakeGit(repo: Scratch, script: string): Record<string, string> {
  repo.write('../bin/git', `#!/bin/sh\n${script}\n`, 0o755);
  return { PATH: `${repo.root}/bin:/usr/bin:/bin` };
}

describe('the repository around a directory', () => {
  it('is found from its root and from any directory below', async () => {
    const repo = scratch();
    mkdirSync(join(repo.path, 'a b/ü'), { recursive: true });
    const gitDir = join(repo.path, '.git');
    for (const cwd of [repo.path, join(repo.path, 'a b/ü')])
      expect(await open(repo, cwd)).toMatchObject({ cwd, gitDir, commonDir: gitDir, toplevel: repo.path, mainRoot: repo.path });
  });

  it('is the main one and this worktree for a linked worktree', async () => {
    const repo = scratch();
    const linked = join(repo.root, 'linked tree');
    repo.git('worktree', 'add', '--quiet', '--detach', linked);
    expect(await open(repo, linked)).toMatchObject({
      gitDir: join(repo.path, '.git/worktrees/linked-tree'),
      commonDir: join(repo.path, '.git'),
      toplevel: linked,
      mainRoot: repo.path,
    });
  });

  it('has no worktree when it is bare', async () => {
    const repo = scratch();
    const bare = join(repo.root, 'bare.git');
    repo.git('clone', '--quiet', '--bare', repo.path, bare);
    const opened = await open(repo, bare);
    expect(opened).toMatchObject({ gitDir: bare, commonDir: bare });
    expect(opened).not.toHaveProperty('toplevel');
    expect(opened).not.toHaveProperty('mainRoot');
  });

  it('has no main worktree when a linked one belongs to a bare repository', async () => {
    const repo = scratch();
    const bare = join(repo.root, 'bare.git');
    const linked = join(repo.root, 'linked');
    repo.git('clone', '--quiet', '--bare', repo.path, bare);
    repo.git(`--git-dir=${bare}`, 'worktree', 'add', '--quiet', linked);
    const opened = await open(repo, linked);
    expect(opened).toMatchObject({ commonDir: bare, toplevel: linked });
    expect(opened).not.toHaveProperty('mainRoot');
  });

  it('is the submodule and not what is around it', async () => {
    const repo = scratch();
    const inner = scratch();
    repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.path, 'sub');
    const toplevel = join(repo.path, 'sub');
    const gitDir = join(repo.path, '.git/modules/sub');
    expect(await open(repo, toplevel)).toMatchObject({ gitDir, commonDir: gitDir, toplevel, mainRoot: toplevel });
    const linked = join(repo.root, 'linked');
    repo.gitAnswer(['worktree', 'add', '--quiet', linked], { cwd: toplevel, expected: 0 });
    expect(await open(repo, linked)).toMatchObject({ commonDir: gitDir, toplevel: linked, mainRoot: toplevel });
  });

  it('may keep its git directory elsewhere', async () => {
    const repo = scratch();
    const path = join(repo.root, 'work');
    const gitDir = join(repo.root, 'elsewhere');
    repo.git('init', '--quiet', '--separate-git-dir', gitDir, path);
    expect(await open(repo, path)).toMatchObject({ gitDir, commonDir: gitDir, toplevel: path, mainRoot: path });
  });

  it('is the one that git names to its hooks', async () => {
    const repo = scratch();
    const other = scratch();
    const gitDir = join(repo.path, '.git');
    expect(await open(repo, repo.path, {}, gitDir)).toMatchObject({ commonDir: gitDir, toplevel: repo.path });
    expect((await open(repo, other.path, { GIT_DIR: gitDir })).commonDir).toBe(join(other.path, '.git'));
  });

  it('is asked as a repository, wherever the process stands and whatever becomes of that place', async () => {
    const repo = scratch();
    const linked = join(repo.root, 'linked');
    repo.git('worktree', 'add', '--quiet', linked);
    const { git } = await open(repo, linked);
    repo.git('worktree', 'remove', '--force', linked);
    expect((await git(['rev-parse', 'refs/heads/main'])).stdout.toString().trim()).toBe(repo.head());
  });
});

describe('a directory without a repository', () => {
  it('is a not-a-repository failure', async () => {
    const root = temporaryDirectory();
    const nowhere = new Scratch(root, root, { ...bareEnvironment(root), GIT_CEILING_DIRECTORIES: '/' });
    await expect(open(nowhere)).rejects.toMatchObject({ code: 'not-a-repository' });
  });

  it.runIf(process.getuid?.() === 0)('of the own user is a dubious-ownership failure that says what to type', async () => {
    const repo = scratch();
    chownSync(repo.path, 12_345, 12_345);
    chownSync(join(repo.path, '.git'), 12_345, 12_345);
    await expect(open(repo)).rejects.toMatchObject({
      code: 'dubious-ownership',
      hint: `git config --global --add safe.directory ${repo.path}`,
    });
  });
});

describe('the git on PATH', () => {
  it('is too old when it does not know absolute paths', async () => {
    const repo = scratch();
    const env = fakeGit(
      repo,
      `for word; do [ "$word" = --version ] && { echo 'git version 2.30.2'; exit; }; done
       echo --path-format=absolute; echo false; echo ${repo.path}/.git; echo .git; echo ${repo.path}`,
    );
    await expect(open(repo, repo.path, env)).rejects.toMatchObject({
      code: 'git-too-old',
      message: 'git 2.30.2 is older than 2.31.',
      hint: 'Install git 2.31 or newer.',
    });
  });

  it('is too old also when it refuses to answer at all', async () => {
    const repo = scratch();
    const env = fakeGit(
      repo,
      `for word; do [ "$word" = --version ] && { echo 'git version 1.8.3.1'; exit; }; done\necho 'usage: git' >&2; exit 128`,
    );
    await expect(open(repo, repo.path, env)).rejects.toMatchObject({ code: 'git-too-old', message: 'git 1.8.3.1 is older than 2.31.' });
  });

  it.each(['2.31.0', '2.39.5', '3.0.0'])('is not too old in version %s, whatever else is wrong', async (version) => {
    const repo = scratch();
    const env = fakeGit(
      repo,
      `for word; do [ "$word" = --version ] && { echo 'git version ${version}'; exit; }; done\necho 'fatal: not a git repository' >&2; exit 128`,
    );
    await expect(open(repo, repo.path, env)).rejects.toMatchObject({ code: 'not-a-repository' });
  });

  it('is missing when there is none', async () => {
    const repo = scratch();
    await expect(open(repo, repo.path, { PATH: join(repo.root, 'none') })).rejects.toMatchObject({ code: 'git-missing' });
  });

  it('says its version', async () => {
    const repo = scratch();
    const { git } = await open(repo);
    expect(`git version ${await gitVersion(git)}`).toBe(repo.git('--version').replace(/(\d) .*$/, '$1'));
  });
});
