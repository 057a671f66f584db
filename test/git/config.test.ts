import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, readScopedConfig } from '../../src/git/config.js';
import { openGit } from '../../src/git/gate.js';
import { type Scratch, scratch } from '../support/scratch.js';

const read = (repo: Scratch, pattern: string, env: Record<string, string> = {}) => {
  const gitDir = join(repo.path, '.git');
  return readConfig(openGit({ cwd: gitDir, gitDir }, { ...repo.env, ...env }), pattern);
};

describe('the configuration of git', () => {
  it('is nothing where nothing matches', async () => {
    expect(await read(scratch(), '^aynig\\.')).toEqual([]);
  });

  it('comes with all values of a key in order, weakest first, each with its origin', async () => {
    const repo = scratch();
    repo.write('../user', '[aynig]\n\tLeaseSeconds = 1\n');
    repo.git('config', 'aynig.leaseSeconds', '2');
    repo.git('config', '--add', 'aynig.leaseSeconds', '3');
    const values = await read(repo, '^aynig\\.', { GIT_CONFIG_GLOBAL: join(repo.root, 'user') });
    expect(values.map(({ key, value }) => [key, value])).toEqual([
      ['aynig.leaseseconds', '1'],
      ['aynig.leaseseconds', '2'],
      ['aynig.leaseseconds', '3'],
    ]);
    expect(values[0]?.origin).toBe(`file:${join(repo.root, 'user')}`);
    expect(values[1]?.origin).toMatch(/^file:.*config$/);
  });

  it('keeps values whole: empty, over several lines, with equals signs, in other scripts', async () => {
    const repo = scratch();
    const odd = ['', 'a\nb', 'a=b # c', ' spaces ', '日本', '"quoted"'];
    for (const value of odd) repo.git('config', '--add', 'aynig.odd', value);
    expect((await read(repo, '^aynig\\.odd$')).map(({ value }) => value)).toEqual(odd);
  });

  it('tells a key without a value from one with an empty value', async () => {
    const repo = scratch();
    repo.write('../user', '[aynig]\n\tbare\n\tempty =\n');
    const values = await read(repo, '^aynig\\.', { GIT_CONFIG_GLOBAL: join(repo.root, 'user') });
    expect(values.map(({ key, value }) => [key, value])).toEqual([
      ['aynig.bare', undefined],
      ['aynig.empty', ''],
    ]);
  });

  it('names the file that an include brought in', async () => {
    const repo = scratch();
    repo.write('../included', '[aynig]\n\ttick = off\n');
    repo.git('config', 'include.path', join(repo.root, 'included'));
    expect((await read(repo, '^aynig\\.'))[0]?.origin).toBe(`file:${join(repo.root, 'included')}`);
  });

  it('comes with scope and absolute file, and nothing from a command line', async () => {
    const repo = scratch();
    repo.write('../user', '[aynig]\n\ttick = off\n\tbare\n');
    repo.git('config', 'aynig.tick', 'two\nlines');
    const git = openGit({ cwd: repo.path }, { ...repo.env, GIT_CONFIG_GLOBAL: join(repo.root, 'user') });
    const values = await readScopedConfig(git, '^(aynig\\.|core\\.hookspath$)', repo.path);
    expect(values.map(({ key, value, scope, file }) => [key, value, scope, file])).toEqual([
      ['aynig.tick', 'off', 'global', join(repo.root, 'user')],
      ['aynig.bare', undefined, 'global', join(repo.root, 'user')],
      ['aynig.tick', 'two\nlines', 'local', join(repo.path, '.git/config')],
    ]);
  });
});
