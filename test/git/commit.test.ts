import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCommit } from '../../src/git/commit.js';
import { commitTree } from '../../src/git/commit-tree.js';
import { openGit } from '../../src/git/gate.js';
import { type Oid, oid } from '../../src/git/names.js';
import { openObjects } from '../../src/git/objects.js';
import { oidOf } from '../support/commits.js';
import { scratch } from '../support/scratch.js';

const name = oidOf('commit');
const tree = oidOf('tree');
const [one, two] = [oidOf('one'), oidOf('two')];
const who = 'Ana Example <ana@example.com>';

const commitOf = (headers: readonly string[], message = 'title\n') => parseCommit(name, Buffer.from(`${headers.join('\n')}\n\n${message}`));
const plain = [`tree ${tree}`, `parent ${one}`, `author ${who} 1700000000 +0100`, `committer ${who} 1700000001 -0330`];

describe('the bytes of a commit', () => {
  it('are taken apart into its parts', () => {
    expect(commitOf(plain)).toEqual({
      oid: name,
      tree,
      parents: [one],
      author: who,
      committedAt: 1_700_000_001,
      signed: false,
      message: Buffer.from('title\n'),
    });
  });

  it('may have no parent, or several', () => {
    expect(commitOf(plain.filter((line) => !line.startsWith('parent'))).parents).toEqual([]);
    expect(commitOf([...plain.slice(0, 2), `parent ${two}`, ...plain.slice(2)]).parents).toEqual([one, two]);
  });

  it('may carry a signature whose lines look like headers', () => {
    const signed = commitOf([
      ...plain,
      'gpgsig -----BEGIN PGP SIGNATURE-----',
      ' ',
      ` tree ${two}`,
      ' encoding ISO-8859-1',
      ' committer Mallory <m@example.com> 1 +0000',
      ' -----END PGP SIGNATURE-----',
    ]);
    expect(signed).toEqual({ ...commitOf(plain), signed: true });
  });

  it('may carry a merged tag with a message of its own', () => {
    const merged = commitOf([...plain, `mergetag object ${two}`, ' type commit', ' tag v1', ` tagger ${who} 1 +0000`, ' ', ' a tag']);
    expect(merged).toEqual(commitOf(plain));
  });

  it('name their encoding where it is not UTF-8', () => {
    expect(commitOf([...plain, 'encoding ISO-8859-1']).encoding).toBe('ISO-8859-1');
    expect(commitOf(plain)).not.toHaveProperty('encoding');
  });

  it('have a message of raw bytes, down to none at all', () => {
    const bytes = Buffer.concat([Buffer.from(`${plain.join('\n')}\n\n`), Buffer.from([0xff, 0x00, 0x0a])]);
    expect(parseCommit(name, bytes).message).toEqual(Buffer.from([0xff, 0x00, 0x0a]));
    expect(commitOf(plain, '').message).toHaveLength(0);
    expect(parseCommit(name, Buffer.from(`${plain.join('\n')}\n`)).message).toHaveLength(0);
    expect(Buffer.from(commitOf(plain, '\n\ntitle\n').message).toString()).toBe('\n\ntitle\n');
  });

  it('may have names that look like dates, in UTF-8, or none', () => {
    const odd = `tree ${tree}\nauthor Jürgen 1 +0000 <j> 5 +0000\ncommitter 9 +0000 <> 7 +0000\n\nx`;
    expect(parseCommit(name, Buffer.from(odd))).toMatchObject({ author: 'Jürgen 1 +0000 <j>', committedAt: 7 });
    expect(commitOf([`tree ${tree}`, `author  <> 1 +0000`, `committer  <> -5 +0000`])).toMatchObject({ author: ' <>', committedAt: -5 });
  });

  it.each([
    ['no tree', plain.slice(1)],
    ['no committer', plain.slice(0, 3)],
    ['a committer without a date', [...plain.slice(0, 3), `committer ${who}`]],
    ['a tree that is no object name', ['tree abc', ...plain.slice(1)]],
  ])('are refused with %s', (_, headers) => {
    expect(() => commitOf(headers)).toThrow();
  });
});

describe('a commit made without index or worktree', () => {
  it('has the tree, the parent, the message and the identity given, and is seen nowhere else', async () => {
    const repo = scratch();
    const gitDir = join(repo.path, '.git');
    const leaked = { ...repo.env, GIT_AUTHOR_NAME: 'Leaked', GIT_AUTHOR_DATE: '1 +0000', GIT_COMMITTER_DATE: '1 +0000', GIT_DIR: '/none' };
    const git = openGit({ cwd: gitDir, gitDir }, leaked);
    const objects = openObjects(gitDir, repo.env);
    onTestFinished(() => objects.close());
    const head = await objects.commit(oid(repo.head()));
    repo.write('unsaved', 'x');
    const before = repo.git('status', '--porcelain', '--branch');
    const made = await commitTree(git, {
      tree: head.tree,
      parent: head.oid,
      message: 'title\n\n# kept\n\naynig-state: working\n',
      identity: { name: 'aynig', email: 'aynig@host' },
    });
    const commit = await objects.commit(made);
    expect(commit).toMatchObject({ tree: head.tree, parents: [head.oid], author: 'aynig <aynig@host>' });
    expect(Buffer.from(commit.message).toString()).toBe('title\n\n# kept\n\naynig-state: working\n');
    expect(commit.committedAt).toBeGreaterThan(1_700_000_000);
    expect(repo.git('log', '-1', '--format=%an %cn %ce', made)).toBe('aynig aynig aynig@host');
    expect(repo.git('status', '--porcelain', '--branch')).toBe(before);
    expect(repo.head()).toBe(head.oid as string);
  });

  it('is read back from a repository that encodes messages in another way', async () => {
    const repo = scratch();
    repo.git('config', 'i18n.commitEncoding', 'ISO-8859-1');
    const objects = openObjects(join(repo.path, '.git'), repo.env);
    onTestFinished(() => objects.close());
    const commit = await objects.commit(repo.request('build', { title: 'prüfe' }) as Oid);
    expect(commit.encoding).toBe('ISO-8859-1');
  });
});
