import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Oid, oid, type RefName } from '../../src/git/names.js';
import { type Objects, openObjects } from '../../src/git/objects.js';
import { bareEnvironment, Scratch, scratch, temporaryDirectory } from '../support/scratch.js';

function opened(repo = scratch()): { repo: Scratch; objects: Objects } {
  const objects = openObjects(join(repo.path, '.git'), repo.env);
  onTestFinished(() => objects.close());
  return { repo, objects };
}

const blob = (repo: Scratch, content: string | Buffer): Oid =>
  oid(repo.gitAnswer(['hash-object', '-w', '--stdin'], { input: content, expected: 0 }).stdout.trim());

const looseFile = (repo: Scratch, name: string): string => join(repo.path, '.git/objects', name.slice(0, 2), name.slice(2));

describe('reading objects', () => {
  it('answers each of many questions with its own object, in whatever sizes they come', async () => {
    const { repo, objects } = opened();
    const contents = Array.from({ length: 40 }, (_, index) => `${index}:${'x\n'.repeat(index * index * 40)}`);
    const names = contents.map((content) => blob(repo, content));
    const asked = Array.from({ length: 2000 }, (_, index) => index % names.length);
    const answers = await Promise.all(asked.map((index) => objects.read(names[index] as Oid)));
    for (const [at, answer] of answers.entries()) {
      const content = contents[asked[at] as number] as string;
      expect(answer).toMatchObject({ kind: 'found', type: 'blob', size: content.length, truncated: false });
      expect(answer.kind === 'found' && answer.bytes.toString() === content).toBe(true);
    }
  });

  it('says when there is none, and goes on', async () => {
    const { repo, objects } = opened();
    const names = ['f'.repeat(40), 'HEAD:none', 'refs/heads/none', 'no such thing', '', 'HEAD:a\nb', 'a\0b'];
    for (const name of names) expect(await objects.read(name)).toEqual({ kind: 'missing' });
    expect(await objects.read('HEAD')).toMatchObject({ kind: 'found', type: 'commit', oid: repo.head() });
  });

  it('keeps no more of the content than was asked for', async () => {
    const { repo, objects } = opened();
    const name = blob(repo, 'abcdef'.repeat(100_000));
    const [cut, next] = await Promise.all([objects.read(name, 7), objects.read(name, 600_000)]);
    expect(cut).toMatchObject({ kind: 'found', size: 600_000, truncated: true });
    expect(cut.kind === 'found' && cut.bytes.toString()).toBe('abcdefa');
    expect(next).toMatchObject({ kind: 'found', size: 600_000, truncated: false });
    expect(await objects.read(name, 0)).toMatchObject({ kind: 'found', truncated: true, bytes: Buffer.alloc(0) });
  });

  it('reads an empty object', async () => {
    const { repo, objects } = opened();
    expect(await objects.read(blob(repo, ''))).toMatchObject({ kind: 'found', size: 0, truncated: false });
  });

  it('goes on after it was closed', async () => {
    const { repo, objects } = opened();
    expect(await objects.ref('refs/heads/main' as RefName)).toBe(repo.head());
    await objects.close();
    expect(await objects.ref('refs/heads/main' as RefName)).toBe(repo.head());
  });

  it('fails with git-missing where there is no git', async () => {
    const repo = scratch();
    const objects = openObjects(join(repo.path, '.git'), { PATH: '/nonexistent' });
    await expect(objects.read('HEAD')).rejects.toMatchObject({ code: 'git-missing' });
    await objects.close();
  });
});

describe('reading refs', () => {
  it('answers with the value of now, however the ref is stored', async () => {
    const { repo, objects } = opened();
    const main = 'refs/heads/main' as RefName;
    const first = repo.head();
    expect(await objects.ref(main)).toBe(first);
    const second = repo.request('build');
    expect(await objects.ref(main)).toBe(second);
    repo.git('pack-refs', '--all');
    expect(await objects.ref(main)).toBe(second);
    repo.git('update-ref', main, first);
    expect(await objects.ref(main)).toBe(first);
    repo.git('update-ref', '-d', main);
    expect(await objects.ref(main)).toBeUndefined();
  });

  it('sees objects and packs that were made after it began', async () => {
    const { repo, objects } = opened();
    await objects.read('HEAD');
    const made = repo.request('build');
    repo.git('repack', '-a', '-d', '--quiet');
    expect((await objects.commit(made as Oid)).parents).toHaveLength(1);
  });
});

describe('a damaged object', () => {
  it('is a corrupt-object failure, and the next read works', async () => {
    const { repo, objects } = opened();
    const sound = repo.head();
    const damaged = repo.request('build');
    chmodSync(looseFile(repo, damaged), 0o644);
    writeFileSync(looseFile(repo, damaged), 'this is no object');
    await expect(objects.commit(damaged as Oid)).rejects.toMatchObject({ code: 'corrupt-object' });
    expect((await objects.commit(sound as Oid)).oid).toBe(sound);
  });

  it('that is missing is a corrupt-object failure that names it', async () => {
    const { repo, objects } = opened();
    const gone = repo.request('build');
    rmSync(looseFile(repo, gone), { force: true });
    await expect(objects.commit(gone as Oid)).rejects.toMatchObject({ code: 'corrupt-object', message: expect.stringContaining(gone) });
  });

  it('that is no commit is a corrupt-object failure that says what it is', async () => {
    const { repo, objects } = opened();
    const name = blob(repo, 'x');
    await expect(objects.commit(name)).rejects.toMatchObject({ code: 'corrupt-object', message: expect.stringContaining('is a blob') });
  });
});

describe('reading trees', () => {
  it('answers with the entries of a folder, and with nothing for what is no folder', async () => {
    const { repo, objects } = opened();
    repo.write('a/b/run', '#!/bin/sh\n', 0o755);
    repo.write('a/b/ä b', 'x');
    repo.git('add', '--all');
    const tree = oid(repo.git('write-tree'));
    expect(await objects.tree(tree, 'a/b')).toEqual([
      { mode: '100755', name: 'run', oid: repo.git('rev-parse', ':a/b/run') },
      { mode: '100644', name: 'ä b', oid: repo.git('rev-parse', ':a/b/ä b') },
    ]);
    expect((await objects.tree(tree, ''))?.map(({ mode, name }) => `${mode} ${name}`)).toEqual(['100644 README', '40000 a']);
    expect(await objects.tree(tree, 'a/none')).toBeUndefined();
    expect(await objects.tree(tree, 'README')).toBeUndefined();
  });

  it('works where object names have 64 digits', async () => {
    const root = temporaryDirectory();
    const repo = new Scratch(root, join(root, 'repo'), bareEnvironment(root));
    repo.gitAnswer(['init', '--quiet', '--object-format=sha256', repo.path], { cwd: root, expected: 0 });
    repo.write('f', 'x', 0o755);
    repo.git('add', '--all');
    repo.git('-c', 'user.name=A', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message', 'first');
    const { objects } = opened(repo);
    const commit = await objects.commit(oid(repo.head()));
    expect(await objects.tree(commit.tree, '')).toEqual([{ mode: '100755', name: 'f', oid: repo.git('rev-parse', 'HEAD:f') }]);
    expect(commit.tree).toHaveLength(64);
  });

  it('finds a ref that another process makes while it is being asked for', async () => {
    const repo = scratch();
    const folder = join(repo.root, 'slow');
    mkdirSync(folder);
    const real = repo.program('sh', ['-c', 'command -v git']).stdout.trim();
    const made = 'refs/aynig/made';
    writeFileSync(
      join(folder, 'git'),
      `#!/bin/sh\ncase " $* " in *' rev-parse '*) ${real} --git-dir="${repo.path}/.git" update-ref ${made} HEAD ;; esac\nexec ${real} "$@"\n`,
      { mode: 0o755 },
    );
    const objects = openObjects(join(repo.path, '.git'), { ...repo.env, PATH: `${folder}:${repo.env['PATH']}` });
    onTestFinished(() => objects.close());
    expect(await objects.ref(made as RefName)).toBe(repo.head());
  });
});
