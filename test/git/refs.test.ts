import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Git, GitError, openGit } from '../../src/git/gate.js';
import { type Oid, oid, type RefName } from '../../src/git/names.js';
import { type Objects, openObjects } from '../../src/git/objects.js';
import { deleteRef, isAncestor, readBranchTips, swapRef, writeRef } from '../../src/git/refs.js';
import { type Scratch, scratch } from '../support/scratch.js';

const topic = 'refs/heads/topic' as RefName;

interface Opened {
  readonly repo: Scratch;
  readonly git: Git;
  readonly objects: Objects;
  readonly one: Oid;
  readonly two: Oid;
  readonly three: Oid;
}

/** Three commits in a row; branch topic is at the first. */
function opened(): Opened {
  const repo = scratch();
  const gitDir = join(repo.path, '.git');
  const objects = openObjects(gitDir, repo.env);
  onTestFinished(() => objects.close());
  const one = oid(repo.head());
  repo.git('branch', 'topic');
  const two = oid(repo.request('two'));
  const three = oid(repo.request('three'));
  return { repo, git: openGit({ cwd: gitDir, gitDir }, repo.env), objects, one, two, three };
}

const swap = ({ git, objects }: Opened, expected: Oid, to: Oid) =>
  swapRef(git, objects, { ref: topic, expected, to, reason: 'aynig: test' });

describe('moving a ref by compare-and-swap', () => {
  it('moves it from the expected value, and writes the reason into its reflog', async () => {
    const at = opened();
    expect(await swap(at, at.one, at.two)).toEqual({ kind: 'moved' });
    expect(at.repo.head('topic')).toBe(at.two);
    expect(at.repo.git('reflog', '-1', '--format=%gs', 'topic')).toBe('aynig: test');
  });

  it('is beaten by whoever moved it first, and says to what', async () => {
    const at = opened();
    at.repo.git('update-ref', topic, at.three);
    expect(await swap(at, at.one, at.two)).toEqual({ kind: 'beaten', tip: at.three });
    expect(at.repo.head('topic')).toBe(at.three);
  });

  it('is beaten by whoever deleted it, and does not bring it back', async () => {
    const at = opened();
    at.repo.git('update-ref', '-d', topic);
    expect(await swap(at, at.one, at.two)).toEqual({ kind: 'beaten', tip: undefined });
    expect(at.repo.gitAnswer(['rev-parse', '--verify', '--quiet', topic]).exitCode).toBe(1);
  });

  it('has moved when the ref is where it should be, whoever moved it there', async () => {
    const at = opened();
    at.repo.git('update-ref', topic, at.two);
    expect(await swap(at, at.one, at.two)).toEqual({ kind: 'moved' });
  });

  it.each(['packed', 'loose'])('works on a %s ref', async (form) => {
    const at = opened();
    if (form === 'packed') at.repo.git('pack-refs', '--all');
    expect(await swap(at, at.one, at.two)).toEqual({ kind: 'moved' });
    expect(await swap(at, at.one, at.three)).toEqual({ kind: 'beaten', tip: at.two });
  });

  it('throws when a stale lock is in the way, and the ref stays', async () => {
    const at = opened();
    writeFileSync(join(at.repo.path, '.git', `${topic}.lock`), '');
    await expect(swap(at, at.one, at.two)).rejects.toThrow(GitError);
    expect(at.repo.head('topic')).toBe(at.one);
  });

  it('throws when the new commit does not exist, and the ref stays', async () => {
    const at = opened();
    await expect(swap(at, at.one, 'f'.repeat(40) as Oid)).rejects.toThrow(GitError);
    expect(at.repo.head('topic')).toBe(at.one);
  });

  it('has one winner among many', async () => {
    const at = opened();
    const others = Array.from({ length: 12 }, (_, index) =>
      oid(at.repo.git('commit-tree', '-p', at.one, '-m', `${index}`, `${at.one}^{tree}`)),
    );
    const outcomes = await Promise.allSettled(others.map((other) => swap(at, at.one, other)));
    const moved = outcomes.flatMap((outcome, index) =>
      outcome.status === 'fulfilled' && outcome.value.kind === 'moved' ? [others[index]] : [],
    );
    expect(moved).toEqual([at.repo.head('topic')]);
  });
});

describe('refs of our own', () => {
  it('are set whatever they were, and deleted only at the expected value', async () => {
    const { git, repo, one, two } = opened();
    const kept = 'refs/aynig/kept/x' as RefName;
    await writeRef(git, kept, one, 'keep');
    await writeRef(git, kept, two, 'keep');
    expect(repo.head(kept)).toBe(two);
    await deleteRef(git, kept, one);
    expect(repo.head(kept)).toBe(two);
    await deleteRef(git, kept, two);
    await deleteRef(git, kept, two);
    expect(repo.gitAnswer(['rev-parse', '--verify', '--quiet', kept]).exitCode).toBe(1);
  });
});

describe('ancestry', () => {
  it('holds for the commit itself and for what came before it', async () => {
    const { git, one, two } = opened();
    expect(await isAncestor(git, one, two)).toBe(true);
    expect(await isAncestor(git, one, one)).toBe(true);
    expect(await isAncestor(git, two, one)).toBe(false);
    expect(await isAncestor(git, two, topic)).toBe(false);
  });

  it('of a commit that does not exist is a failure and not a no', async () => {
    const { git, one } = opened();
    await expect(isAncestor(git, 'f'.repeat(40) as Oid, one)).rejects.toThrow(GitError);
  });
});

describe('the tips of branches', () => {
  it('come with their upstream and the worktree that has them checked out', async () => {
    const { git, repo, one, three } = opened();
    const linked = join(repo.root, 'a b\nünd "c"');
    repo.git('worktree', 'add', '--quiet', linked, 'topic');
    repo.git('branch', '--quiet', '--track', 'tracking', 'main');
    expect(await readBranchTips(git)).toEqual([
      { ref: 'refs/heads/main', branch: 'main', oid: three, worktree: repo.path },
      { ref: topic, branch: 'topic', oid: one, worktree: linked },
      { ref: 'refs/heads/tracking', branch: 'tracking', oid: three, upstream: 'refs/heads/main' },
    ]);
  });

  it('are those of the branches asked for, and none of a branch that is gone', async () => {
    const { git, repo } = opened();
    repo.git('branch', 'topical');
    expect((await readBranchTips(git, [topic])).map(({ branch }) => branch)).toEqual(['topic']);
    expect(await readBranchTips(git, ['refs/heads/none' as RefName])).toEqual([]);
  });

  it('do not hold symbolic branches, which would be read twice', async () => {
    const { git, repo } = opened();
    repo.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    repo.git('branch', 'zeta');
    expect((await readBranchTips(git)).map(({ branch }) => branch)).toEqual(['main', 'topic', 'zeta']);
  });

  it('are read from thousands of branches', async () => {
    const { git, repo, one } = opened();
    const lines = Array.from({ length: 3000 }, (_, index) => `create refs/heads/many/${index} ${one}\n`).join('');
    repo.gitAnswer(['update-ref', '--stdin'], { input: lines, expected: 0 });
    repo.git('pack-refs', '--all');
    const tips = await readBranchTips(git);
    expect(tips).toHaveLength(3002);
    expect(new Set(tips.map(({ branch }) => branch)).size).toBe(3002);
  });
});
