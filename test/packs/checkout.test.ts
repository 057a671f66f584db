import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRepository } from '../../src/git/repository.js';
import { blobName } from '../../src/packs/blob.js';
import { checkOut, healCheckout } from '../../src/packs/checkout.js';
import { readHere } from '../../src/packs/here.js';
import { type Edit, treeWith, withObjectsApart } from '../../src/packs/write.js';
import { type Scratch, scratch } from '../support/scratch.js';

const edit = (path: string, text: string, mode = '100755'): Edit => ({
  path,
  mode,
  blob: blobName(Buffer.from(text), 'sha1'),
  bytes: Buffer.from(text),
});

function repositoryWithCommands(): Scratch {
  const made = scratch();
  made.write('.aynig/command/old', 'old\n', 0o755);
  made.write('.aynig/command/gone', 'gone\n', 0o755);
  made.git('add', '.');
  made.git('commit', '--quiet', '--message', 'commands');
  return made;
}

async function opened(made: Scratch) {
  const repository = await openRepository(made.path, made.env);
  return { repository, here: await readHere(repository) };
}

const edits = [edit('command/a', 'a\n'), edit('command/old', 'new\n'), { path: 'command/gone' }, edit('command/z/y', 'z\n', '100644')];

/** What a person sees of `.aynig`: contents and modes in the working tree, and what git says of them. */
const seen = (made: Scratch) => ({
  files: made.program('sh', [
    '-c',
    '(find .aynig -type f | sort >"$HOME/found"; xargs ls -l <"$HOME/found"; xargs cat <"$HOME/found") | sed "s/ [A-Z][a-z]* .*[0-9] / /"',
  ]).stdout,
  status: made.git('status', '--porcelain', '--untracked-files=all'),
  locks: made.exists('.git/index.lock') || made.exists('.git/aynig/packs-being-written.json'),
});

describe('checking out what a pack brings', () => {
  test('stages every file with its mode, and keeps what is staged and changed elsewhere', async () => {
    const made = repositoryWithCommands();
    made.write('staged.txt', 'staged\n');
    made.git('add', 'staged.txt');
    made.write('unstaged.txt', 'unstaged\n');
    const { repository, here } = await opened(made);
    await checkOut(repository, here, await treeWith(here, edits));
    expect(made.git('status', '--porcelain', '--untracked-files=all', '--no-renames').split('\n')).toEqual([
      'A  .aynig/command/a',
      'D  .aynig/command/gone',
      'M  .aynig/command/old',
      'A  .aynig/command/z/y',
      'A  staged.txt',
      '?? unstaged.txt',
    ]);
    expect(made.git('ls-files', '--stage', '.aynig/command/a', '.aynig/command/z/y')).toMatch(/^100755 .*\n100644 /);
    expect(made.read('.aynig/command/old')).toBe('new\n');
    expect(seen(made).locks).toBe(false);
  });

  test('works before the first commit', async () => {
    const made = scratch();
    made.git('checkout', '--quiet', '--orphan', 'fresh');
    made.git('rm', '-r', '--quiet', '--cached', '.');
    const { repository, here } = await opened(made);
    await checkOut(repository, here, await treeWith(here, [edit('command/a', 'a\n')]));
    expect(made.git('ls-files')).toContain('.aynig/command/a');
  });

  test('writes nothing where an ignored file of a person is in the way', async () => {
    const made = repositoryWithCommands();
    made.write('.git/info/exclude', 'a\n');
    made.write('.aynig/command/a', 'mine\n');
    const { repository, here } = await opened(made);
    const before = seen(made);
    const after = await treeWith(here, edits);
    await expect(checkOut(repository, here, after)).rejects.toMatchObject({ code: 'pack-in-the-way' });
    expect(seen(made)).toEqual(before);
  });

  test('writes nothing through an ignored link of a person', async () => {
    const made = repositoryWithCommands();
    made.write('.git/info/exclude', 'z\n');
    made.program('sh', ['-c', 'mkdir ../elsewhere && ln -s ../../../elsewhere .aynig/command/z']);
    const { repository, here } = await opened(made);
    const after = await treeWith(here, edits);
    await expect(checkOut(repository, here, after)).rejects.toMatchObject({ code: 'pack-in-the-way' });
    expect(made.program('ls', ['../elsewhere']).stdout).toBe('');
    expect(made.git('status', '--porcelain')).toBe('');
  });

  test('puts everything back when it fails in the middle', async () => {
    const made = repositoryWithCommands();
    made.write('.git/info/attributes', '.aynig/command/z/y filter=broken\n');
    made.git('config', 'filter.broken.smudge', 'exit 1');
    made.git('config', 'filter.broken.required', 'true');
    const { repository, here } = await opened(made);
    const before = seen(made);
    const after = await treeWith(here, edits);
    await expect(checkOut(repository, here, after)).rejects.toMatchObject({ code: 'pack-undone' });
    expect(seen(made)).toEqual(before);
  });
});

describe('a file that becomes a folder, and a folder that becomes a file', () => {
  const below = edit('command/gone/below', 'below\n');
  const folder = [{ path: 'command/gone' }, below, edit('command/z', 'z\n')];
  const breakZ = (made: Scratch): void => {
    made.write('.git/info/attributes', '.aynig/command/z filter=broken\n');
    made.git('config', 'filter.broken.smudge', 'exit 1');
    made.git('config', 'filter.broken.required', 'true');
  };

  test('are checked out', async () => {
    const made = repositoryWithCommands();
    const first = await opened(made);
    await checkOut(first.repository, first.here, await treeWith(first.here, folder));
    expect(made.read('.aynig/command/gone/below')).toBe('below\n');
    made.git('commit', '--quiet', '--message', 'a folder');
    const second = await opened(made);
    const after = await treeWith(second.here, [{ path: 'command/gone/below' }, edit('command/gone', 'file\n')]);
    await checkOut(second.repository, second.here, after);
    expect(made.read('.aynig/command/gone')).toBe('file\n');
  });

  test('are put back when it fails in the middle', async () => {
    const made = repositoryWithCommands();
    breakZ(made);
    const first = await opened(made);
    const asFile = seen(made);
    await expect(checkOut(first.repository, first.here, await treeWith(first.here, folder))).rejects.toMatchObject({ code: 'pack-undone' });
    expect(seen(made)).toEqual(asFile);
    const { repository, here } = await opened(made);
    await checkOut(repository, here, await treeWith(here, [{ path: 'command/gone' }, below]));
    made.git('commit', '--quiet', '--message', 'a folder');
    const second = await opened(made);
    const asFolder = seen(made);
    const after = await treeWith(second.here, [{ path: 'command/gone/below' }, edit('command/gone', 'file\n'), edit('command/z', 'z\n')]);
    await expect(checkOut(second.repository, second.here, after)).rejects.toMatchObject({ code: 'pack-undone' });
    expect(seen(made)).toEqual(asFolder);
  });
});

describe('an install that was killed', () => {
  /** As it is when some files are written and the index is not. */
  async function interrupted(made: Scratch) {
    const { repository, here } = await opened(made);
    const before = seen(made);
    const after = await treeWith(here, edits);
    mkdirSync(join(made.path, '.git/aynig'), { recursive: true });
    writeFileSync(join(made.path, '.git/aynig/packs-being-written.json'), JSON.stringify({ before: here.tree, after }));
    made.write('.aynig/command/a', 'a');
    made.write('.aynig/command/old', 'new\n', 0o755);
    rmSync(join(made.path, '.aynig/command/gone'));
    return { repository, here, before, after };
  }

  test('is put back by the next one', async () => {
    const made = repositoryWithCommands();
    const { repository, here, before } = await interrupted(made);
    expect(await healCheckout(repository, here)).toEqual([]);
    expect(seen(made)).toEqual(before);
  });

  test('leaves alone what a person wrote meanwhile, and says so', async () => {
    const made = repositoryWithCommands();
    const { repository, here } = await interrupted(made);
    made.write('.aynig/command/old', 'mine\n', 0o755);
    expect(await healCheckout(repository, here)).toEqual(['.aynig/command/old']);
    expect(made.read('.aynig/command/old')).toBe('mine\n');
    expect(made.exists('.aynig/command/a')).toBe(false);
    expect(made.read('.aynig/command/gone')).toBe('gone\n');
  });

  test('is left as it is when it had come to its end', async () => {
    const made = repositoryWithCommands();
    const { repository, here } = await opened(made);
    const after = await treeWith(here, edits);
    await checkOut(repository, here, after);
    writeFileSync(join(made.path, '.git/aynig/packs-being-written.json'), JSON.stringify({ before: here.tree, after }));
    const before = made.git('status', '--porcelain');
    expect(await healCheckout(repository, here)).toBeUndefined();
    expect(made.git('status', '--porcelain')).toBe(before);
    expect(await healCheckout(repository, here)).toBeUndefined();
  });

  test('is forgotten where git came to its end without it, and a person has committed that and gone on', async () => {
    const made = repositoryWithCommands();
    const { repository, here } = await opened(made);
    const after = await treeWith(here, edits);
    await checkOut(repository, here, after);
    writeFileSync(join(made.path, '.git/aynig/packs-being-written.json'), JSON.stringify({ before: here.tree, after }));
    made.write('.aynig/command/old', 'mine\n', 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'installed, and changed');
    expect(await healCheckout(repository, here)).toBeUndefined();
    expect(made.git('status', '--porcelain', '--untracked-files=all')).toBe('');
  });

  test('is forgotten where git has thrown away what was to be written', async () => {
    const made = repositoryWithCommands();
    const { repository, here } = await interrupted(made);
    made.git('prune', '--expire=now');
    expect(await healCheckout(repository, here)).toBeUndefined();
    expect(made.exists('.git/aynig/packs-being-written.json')).toBe(false);
    expect(made.exists('.aynig/command/a')).toBe(true);
  });

  test('half of whose note was written is forgotten', async () => {
    const made = repositoryWithCommands();
    const { repository, here } = await opened(made);
    mkdirSync(join(made.path, '.git/aynig'), { recursive: true });
    made.write('.git/aynig/packs-being-written.json', '{"before":"x"}');
    expect(await healCheckout(repository, here)).toBeUndefined();
    expect(made.exists('.git/aynig/packs-being-written.json')).toBe(false);
  });
});

describe('what is there to be changed', () => {
  test('is not read while files of .aynig are changed, staged or new', async () => {
    for (const change of [
      'echo x >>.aynig/command/old',
      'echo x >.aynig/new',
      'git rm -q --cached .aynig/command/old',
      'chmod -x .aynig/command/old',
    ]) {
      const made = repositoryWithCommands();
      made.program('sh', ['-c', change]);
      await expect(opened(made)).rejects.toMatchObject({ code: 'pack-uncommitted' });
    }
  });

  test('is not written through a link', async () => {
    const made = scratch();
    made.program('sh', ['-c', 'mkdir elsewhere && ln -s elsewhere .aynig && git add .aynig && git commit -qm link']);
    await expect(opened(made)).rejects.toMatchObject({ code: 'pack-in-the-way' });
  });

  test('is not written into a submodule', async () => {
    const made = scratch();
    made.git('commit', '--quiet', '--allow-empty', '--message', 'first');
    made.git('clone', '--quiet', '.', '.aynig');
    made.git('-c', 'advice.addEmbeddedRepo=false', 'add', '.aynig');
    made.git('commit', '--quiet', '--message', 'submodule');
    await expect(opened(made)).rejects.toMatchObject({ code: 'pack-in-the-way', message: expect.stringContaining('submodule') });
  });

  test('is looked at without a trace', async () => {
    const made = repositoryWithCommands();
    const { here } = await opened(made);
    const objects = (): string => made.git('count-objects', '-v');
    const before = objects();
    const shown = await withObjectsApart(here, async (apart) => {
      const after = await treeWith(here, edits, apart);
      return (await here.git(['diff', '--no-ext-diff', here.tree, after], { env: apart })).stdout.toString();
    });
    expect(shown).toContain('+new');
    expect(objects()).toBe(before);
  });

  test('a path into .git is refused by git itself', async () => {
    const made = repositoryWithCommands();
    const { here } = await opened(made);
    for (const path of ['../x', '.git/hooks/x', 'a/.GIT/x', 'git~1/x', '.g\u200cit/x'])
      await expect(treeWith(here, [edit(path, 'x')])).rejects.toMatchObject({ code: 'pack-refused' });
  });
});
