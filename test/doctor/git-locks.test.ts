import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isProvablyStale, readGitLocks, staleAfterMs } from '../../src/doctor/git-locks.js';
import { temporaryDirectory } from '../support/scratch.js';

function lock(name: string, ageMs: number): { folder: string; path: string; changedAt: number; now: number } {
  const folder = temporaryDirectory();
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  const now = Date.now();
  utimesSync(path, (now - ageMs) / 1000, (now - ageMs) / 1000);
  return { folder, path, changedAt: readGitLocks(folder, [], now)[0]?.changedAt ?? 0, now };
}

describe('a lock file of git', () => {
  it('is found in the git directory and at any depth of refs, and nowhere else', () => {
    const folder = temporaryDirectory();
    for (const name of ['index.lock', 'refs/heads/a/b.lock', 'refs/heads/main', 'objects/x.lock', 'refs/remotes/o/m.lock']) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), '');
      utimesSync(join(folder, name), 1, 1);
    }
    const found = readGitLocks(folder, [], Date.now()).map(({ path, isRef }) => [path.slice(folder.length + 1), isRef]);
    expect(found.sort()).toEqual([
      ['index.lock', false],
      ['refs/heads/a/b.lock', true],
      ['refs/remotes/o/m.lock', true],
    ]);
  });

  it.runIf(process.platform === 'linux')('is stale only when it is old, unchanged and nobody holds it', () => {
    const old = lock('refs/heads/main.lock', staleAfterMs + 5_000);
    expect(isProvablyStale(old.folder, [], old.path, old.changedAt, old.now)).toBe(true);
    expect(isProvablyStale(old.folder, [], old.path, old.changedAt + 1_000, old.now)).toBe(false);
    expect(isProvablyStale(old.folder, [], `${old.path}x`, old.changedAt, old.now)).toBe(false);
    const young = lock('refs/heads/main.lock', staleAfterMs - 5_000);
    expect(isProvablyStale(young.folder, [], young.path, young.changedAt, young.now)).toBe(false);
  });

  it('that git has just taken is no finding yet', () => {
    const { folder, now } = lock('index.lock', 0);
    expect(readGitLocks(folder, [], now).filter(({ holder }) => holder === 'none')).toEqual([]);
  });
});
