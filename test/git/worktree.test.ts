import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Git, GitError, openGit } from '../../src/git/gate.js';
import { type Oid, oid, type RefName } from '../../src/git/names.js';
import { addWorktree, adminDirectory, gitInWorktree, operationInProgress, removeWorktree, worktreeHead } from '../../src/git/worktree.js';
import { type Scratch, scratch } from '../support/scratch.js';
import { smallDisk } from '../support/small-disk.js';
import { skipBecause } from '../support/workspace.js';

const main = 'refs/heads/main' as RefName;
const topic = 'refs/heads/topic' as RefName;

interface Opened {
  readonly repo: Scratch;
  readonly common: string;
  readonly git: Git;
}

function opened(repo = scratch()): Opened {
  const common = join(repo.path, '.git');
  return { repo, common, git: openGit({ cwd: common, gitDir: common }, repo.env) };
}

/** Branches main and topic that conflict in the same file; topic is checked out. */
function conflicting(): Opened {
  const at = opened();
  const { repo } = at;
  repo.git('branch', 'topic');
  repo.write('README', 'from main\n');
  repo.git('commit', '--quiet', '--all', '--message', 'on main');
  repo.git('checkout', '--quiet', 'topic');
  repo.write('README', 'from topic\n');
  repo.git('commit', '--quiet', '--all', '--message', 'on topic');
  return at;
}

async function withRunWorktree(): Promise<Opened & { readonly path: string; readonly adminDir: string; readonly head: Oid }> {
  const at = opened();
  const path = join(at.repo.path, '.worktrees', 'a run');
  const head = oid(at.repo.head());
  await addWorktree(at.git, { commonDir: at.common, path, commit: head, runId: 'a-run' });
  return { ...at, path, head, adminDir: join(at.common, 'worktrees/a-run') };
}

describe('a worktree of a run', () => {
  it('is detached at its commit and locked from the first moment', async () => {
    const { repo, path, head, adminDir } = await withRunWorktree();
    expect(repo.gitAnswer(['symbolic-ref', '--quiet', 'HEAD'], { cwd: path }).exitCode).toBe(1);
    expect(repo.gitAnswer(['rev-parse', 'HEAD'], { cwd: path }).stdout.trim()).toBe(head as string);
    expect(existsSync(join(adminDir, 'locked'))).toBe(true);
    expect(existsSync(join(path, 'README'))).toBe(true);
  });

  it('is whole for git at every moment of its making: nobody else stumbles over it', async () => {
    const at = opened();
    let done = false;
    let looks = 0;
    let made = 0;
    const making = (async () => {
      // As many as it takes until both sides had their turns.
      for (; made < 40 || looks < 20; made++)
        await addWorktree(at.git, {
          commonDir: at.common,
          path: join(at.repo.root, `w${made}`),
          commit: oid(at.repo.head()),
          runId: 'a-run',
        });
    })().finally(() => {
      done = true;
    });
    for (; !done; looks++) expect((await at.git(['rev-list', '--all'])).exitCode).toBe(0);
    await making;
    expect(at.repo.git('worktree', 'list', '--porcelain').match(/^detached$/gm)).toHaveLength(made);
  });

  it('leaves nothing where its files cannot be written', async () => {
    const at = opened();
    const missing = oid('1'.repeat(40));
    const path = join(at.repo.root, 'w');
    await expect(addWorktree(at.git, { commonDir: at.common, path, commit: missing, runId: 'a-run' })).rejects.toMatchObject({
      code: 'git-failed',
    });
    expect(existsSync(path)).toBe(false);
    expect(existsSync(join(at.common, 'worktrees/w'))).toBe(false);
  });

  it('leaves nothing on a disk that is too small for its files, and says that this was it', async (context) => {
    const at = opened();
    at.repo.write('large', randomBytes(8 << 20));
    at.repo.git('add', 'large');
    at.repo.git('commit', '--quiet', '--message', 'large');
    const disk = smallDisk(at.repo.root, 'size=4m');
    if ('why' in disk) return skipBecause(disk.why, context);
    const path = join(disk.path, 'w');
    const commit = oid(at.repo.head());
    await expect(addWorktree(at.git, { commonDir: at.common, path, commit, runId: 'a-run' })).rejects.toMatchObject({
      code: 'disk-full',
    });
    expect(readdirSync(disk.path)).toEqual([]);
    expect(existsSync(join(at.common, 'worktrees/w'))).toBe(false);
  });

  it('has the sparse checkout of its repository', async () => {
    const at = opened();
    at.repo.write('in/file', 'x');
    at.repo.write('out/file', 'x');
    at.repo.git('add', '--all');
    at.repo.git('commit', '--quiet', '--message', 'folders');
    at.repo.git('sparse-checkout', 'set', 'in');
    const path = join(at.repo.root, 'w');
    await addWorktree(at.git, { commonDir: at.common, path, commit: oid(at.repo.head()), runId: 'a-run' });
    expect(existsSync(join(path, 'in/file'))).toBe(true);
    expect(existsSync(join(path, 'out/file'))).toBe(false);
  });

  it('runs no hook of the user when it is made', async () => {
    const at = opened();
    at.repo.write('.git/hooks/post-checkout', '#!/bin/sh\ntouch "$HOME/ran"\n', 0o755);
    await addWorktree(at.git, { commonDir: at.common, path: join(at.repo.root, 'w'), commit: oid(at.repo.head()), runId: 'a-run' });
    expect(existsSync(join(at.repo.root, 'ran'))).toBe(false);
  });

  it('that lost its git file is no repository, and never the one around it', async () => {
    const { repo, path } = await withRunWorktree();
    rmSync(join(path, '.git'));
    const git = gitInWorktree(path, join(repo.path, '.worktrees'));
    await expect(git(['rev-parse', '--git-dir'])).rejects.toThrow(GitError);
  });
});

describe("git's record of a worktree", () => {
  it('is found by the path of the worktree', async () => {
    const { repo, common, path, adminDir } = await withRunWorktree();
    expect(adminDirectory(common, path)).toBe(adminDir);
    expect(adminDirectory(common, join(repo.path, '.worktrees'))).toBeUndefined();
    expect(adminDirectory(join(repo.root, 'none'), path)).toBeUndefined();
  });

  it('is found when the worktree itself is damaged or gone', async () => {
    const { common, path, adminDir } = await withRunWorktree();
    rmSync(path, { recursive: true });
    expect(adminDirectory(common, path)).toBe(adminDir);
  });

  it('is found when git keeps its paths relative (worktree.useRelativePaths, git 2.48)', async () => {
    const { common, path, adminDir } = await withRunWorktree();
    writeFileSync(join(adminDir, 'gitdir'), `${relative(adminDir, join(path, '.git'))}\n`);
    expect(adminDirectory(common, path)).toBe(adminDir);
  });

  it('names the commit at its HEAD, on a branch or not, with or without the worktree', async () => {
    const { repo, git, path, head, adminDir } = await withRunWorktree();
    expect(await worktreeHead(git, adminDir)).toBe(head);
    repo.gitAnswer(['checkout', '--quiet', '-b', 'own'], { cwd: path, expected: 0 });
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'x'], { cwd: path, expected: 0 });
    const made = repo.head('own');
    rmSync(path, { recursive: true });
    expect(await worktreeHead(git, adminDir)).toBe(made);
    rmSync(join(adminDir, 'HEAD'));
    expect(await worktreeHead(git, adminDir)).toBeUndefined();
  });
});

function replace(path: string, make: (path: string) => unknown): void {
  rmSync(path, { recursive: true });
  make(path);
}

describe('removing a worktree', () => {
  it.each<[string, (path: string, adminDir: string) => void]>([
    ['sound and locked', () => undefined],
    ['full of unsaved work', (path) => writeFileSync(join(path, 'unsaved'), 'x')],
    ['without its git file', (path) => rmSync(join(path, '.git'))],
    ['with a git file that says nothing', (path) => writeFileSync(join(path, '.git'), 'nonsense')],
    ['with a folder for a git file', (path) => replace(join(path, '.git'), mkdirSync)],
    ['gone', (path) => rmSync(path, { recursive: true })],
    ['a file by now', (path) => replace(path, (file) => writeFileSync(file, 'x'))],
    ['without its record', (_, adminDir) => rmSync(adminDir, { recursive: true })],
    ['with a record without HEAD', (_, adminDir) => rmSync(join(adminDir, 'HEAD'))],
  ])('leaves neither it nor its record: %s', async (_, damage) => {
    const { repo, git, common, path, adminDir } = await withRunWorktree();
    damage(path, adminDir);
    await removeWorktree(git, common, path);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(adminDir)).toBe(false);
    expect(repo.git('worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(1);
    expect(repo.git('status', '--porcelain', '--ignored')).not.toContain('README');
  });

  it('leaves other worktrees alone', async () => {
    const { repo, git, common, path } = await withRunWorktree();
    const other = join(repo.root, 'other');
    repo.git('worktree', 'add', '--quiet', other);
    await removeWorktree(git, common, path);
    expect(existsSync(join(other, 'README'))).toBe(true);
    expect(repo.git('worktree', 'list')).toContain(other);
  });
});

describe('an operation in progress', () => {
  it('is none in a repository at rest, whatever is unsaved', () => {
    const { repo, common } = opened();
    repo.write('README', 'changed\n');
    expect(operationInProgress(common, main)).toBeUndefined();
  });

  it.each<[string, readonly string[], string]>([
    ['a rebase', ['rebase', 'main'], 'a rebase'],
    ['a rebase by patches', ['rebase', '--apply', 'main'], 'a rebase'],
    ['a merge', ['merge', 'main'], 'a merge'],
    ['a cherry-pick', ['cherry-pick', 'main'], 'a cherry-pick or revert'],
    ['a revert', ['revert', '--no-edit', 'main'], 'a cherry-pick or revert'],
  ])('is seen for the branch of %s and for no other, until it ends', (_, args, name) => {
    const { repo, common } = conflicting();
    expect(operationInProgress(common, topic)).toBeUndefined();
    expect(repo.gitAnswer([...args]).exitCode).not.toBe(0);
    expect(operationInProgress(common, topic)).toBe(name);
    expect(operationInProgress(common, main)).toBeUndefined();
    repo.git(args[0] as string, '--abort');
    expect(operationInProgress(common, topic)).toBeUndefined();
  });

  it('is seen between two picks of a sequence', () => {
    const { repo, common } = conflicting();
    const picked = repo.head('main');
    repo.git('checkout', '--quiet', 'main');
    repo.request('second');
    repo.git('checkout', '--quiet', 'topic');
    repo.gitAnswer(['cherry-pick', '--allow-empty', picked, 'main']);
    repo.git('checkout', '--ours', 'README');
    repo.git('add', 'README');
    repo.gitAnswer(['commit', '--quiet', '--allow-empty', '--no-edit'], { env: { GIT_EDITOR: 'true' }, expected: 0 });
    expect(operationInProgress(common, topic)).toBe('a cherry-pick or revert');
  });

  it('is seen for patches that are being applied', () => {
    const { repo, common } = conflicting();
    const patch = repo.git('format-patch', '-1', '--stdout', 'main');
    expect(repo.gitAnswer(['am', '--quiet'], { input: patch }).exitCode).not.toBe(0);
    expect(operationInProgress(common, topic)).toBe('a rebase');
    expect(operationInProgress(common, main)).toBeUndefined();
  });

  it('is seen for a bisect, though HEAD is elsewhere', () => {
    const { repo, common } = conflicting();
    repo.request('one');
    repo.request('two');
    repo.git('bisect', 'start', 'topic', 'topic~3');
    expect(operationInProgress(common, topic)).toBe('a bisect');
    expect(operationInProgress(common, main)).toBeUndefined();
    repo.git('bisect', 'reset');
    expect(operationInProgress(common, topic)).toBeUndefined();
  });

  it('is seen in every linked worktree', () => {
    const { repo, common } = conflicting();
    const linked = join(repo.root, 'linked');
    repo.git('checkout', '--quiet', 'main');
    repo.git('worktree', 'add', '--quiet', linked, 'topic');
    expect(repo.gitAnswer(['rebase', 'main'], { cwd: linked }).exitCode).not.toBe(0);
    expect(operationInProgress(common, topic)).toBe('a rebase');
    expect(operationInProgress(common, main)).toBeUndefined();
  });

  it('is seen for every branch that a rebase will move (--update-refs)', () => {
    const { repo, common } = conflicting();
    repo.git('branch', 'lower');
    repo.request('upper');
    expect(repo.gitAnswer(['rebase', '--update-refs', 'main']).exitCode).not.toBe(0);
    expect(operationInProgress(common, 'refs/heads/lower' as RefName)).toBe('a rebase');
  });
});
