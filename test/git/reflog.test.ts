import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGit } from '../../src/git/gate.js';
import type { RefName } from '../../src/git/names.js';
import { type ReflogEntry, readReflog } from '../../src/git/reflog.js';
import { type Scratch, scratch } from '../support/scratch.js';

const main = 'refs/heads/main' as RefName;

const read = (repo: Scratch, ref: RefName | 'HEAD', count: number): Promise<ReflogEntry[]> => {
  const gitDir = join(repo.path, '.git');
  return readReflog(openGit({ cwd: gitDir, gitDir }, repo.env), gitDir, ref, count);
};

/** Commits without changes, each at a date of its own. */
function commitAt(repo: Scratch, seconds: number, subject: string): string {
  const env = { GIT_COMMITTER_DATE: `${seconds} +0200` };
  repo.gitAnswer(['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--message', subject], { env, expected: 0 });
  return repo.head();
}

describe('a reflog', () => {
  it('is read newest first, with time and message', async () => {
    const repo = scratch();
    const one = commitAt(repo, 1_700_000_001, 'one');
    const two = commitAt(repo, 1_700_000_002, 'zwei: ü');
    repo.git('branch', '--force', 'other', one);
    expect(await read(repo, main, 2)).toMatchObject([
      { oid: two, at: 1_700_000_002, message: 'commit: zwei: ü' },
      { oid: one, at: 1_700_000_001, message: 'commit: one' },
    ]);
    expect(await read(repo, main, 50)).toHaveLength(3);
    expect(await read(repo, 'HEAD', 1)).toMatchObject([{ oid: two }]);
    expect(await read(repo, 'refs/heads/other' as RefName, 5)).toMatchObject([{ oid: one, message: `branch: Created from ${one}` }]);
  });

  it('says how a commit came: by amending, merging, resetting, picking', async () => {
    const repo = scratch();
    const first = repo.head();
    commitAt(repo, 1_700_000_001, 'one');
    repo.git('commit', '--quiet', '--amend', '--allow-empty', '--message', 'changed');
    const changed = repo.head();
    repo.git('reset', '--quiet', '--hard', first);
    repo.git('merge', '--quiet', '--ff-only', changed);
    repo.git('reset', '--quiet', '--hard', first);
    repo.git('cherry-pick', '--allow-empty', changed);
    const messages = (await read(repo, main, 5)).map(({ message }) => message);
    expect(messages).toEqual([
      'cherry-pick: changed',
      `reset: moving to ${first}`,
      `merge ${changed}: Fast-forward`,
      `reset: moving to ${first}`,
      'commit (amend): changed',
    ]);
  });

  it.each([
    ['the end of a header', 'x> 5 +0000'],
    ['an entry of its own', `${'0'.repeat(40)} ${'1'.repeat(40)} Mallory <m@example.com> 5 +0000 commit: x`],
    ['an entry behind a tab', `${'0'.repeat(40)} ${'1'.repeat(40)} Mallory <m@example.com> 5 +0000\tcommit: x`],
  ])('is not deceived by a subject that looks like %s', async (_, subject) => {
    const repo = scratch();
    const made = commitAt(repo, 1_700_000_001, subject);
    expect(await read(repo, main, 1)).toMatchObject([
      { oid: made, at: 1_700_000_001, message: `commit: ${subject.replaceAll('\t', ' ')}` },
    ]);
  });

  it('has no entries where there is no reflog, or no such ref', async () => {
    const repo = scratch();
    rmSync(join(repo.path, '.git/logs'), { recursive: true });
    expect(await read(repo, main, 5)).toMatchObject([]);
    expect(await read(repo, 'refs/heads/none' as RefName, 5)).toMatchObject([]);
  });

  it('that is long is read from its end', async () => {
    const repo = scratch();
    const [one, two] = [repo.head(), commitAt(repo, 1_700_000_001, 'one')];
    for (let move = 0; move < 40; move++)
      repo.git('update-ref', '-m', `move ${move} ${'x'.repeat(2_000)}`, main, move % 2 === 0 ? one : two);
    const entries = await read(repo, main, 3);
    expect(entries.map(({ oid, message }) => [oid, message.slice(0, 7)])).toEqual([
      [two, 'move 39'],
      [one, 'move 38'],
      [two, 'move 37'],
    ]);
  });

  it.each([[30_000], [40_000], [200_000]])('knows how a commit came whose first line has %i characters', async (length) => {
    const repo = scratch();
    const made = commitAt(repo, 1_700_000_001, 'x');
    repo.gitAnswer(['commit', '--quiet', '--amend', '--allow-empty', '--file=-'], { input: 'y'.repeat(length), expected: 0 });
    expect(repo.head()).not.toBe(made);
    const [entry] = await read(repo, main, 50);
    expect(entry?.oid).toBe(repo.head());
    expect(entry?.message.slice(0, 17)).toBe('commit (amend): y');
  });
});
