import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { identityOf } from '../../src/runner/process-identity.js';
import { makeTemporaryFolder, sweepTemporaryFolders } from '../../src/runner/temporary-folder.js';
import { temporaryDirectory } from '../support/scratch.js';

/** A folder for temporary files of this test alone. */
function temporaryFiles(): string {
  const path = temporaryDirectory();
  vi.stubEnv('TMPDIR', path);
  onTestFinished(() => void vi.unstubAllEnvs());
  return path;
}
const hours = (path: string, old: number): void => {
  const time = new Date(Date.now() - old * 60 * 60_000);
  utimesSync(path, time, time);
};
/** A process that is gone, of this machine. */
const dead = () => ({ ...identityOf(process.pid), pid: spawnSync(process.execPath, ['-e', '']).pid });

describe('what a killed command left in the folder for temporary files', () => {
  function left(name: string, owner: unknown = dead(), old = 2): string {
    const path = join(process.env['TMPDIR'] ?? '', name);
    mkdirSync(join(path, 'sha1/objects'), { recursive: true });
    if (owner !== null) writeFileSync(join(path, 'aynig-owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner));
    hours(path, old);
    return path;
  }

  test('is removed once it is older than an hour', () => {
    const temporary = temporaryFiles();
    for (const kind of ['pack', 'objects', 'merge']) left(`aynig-${kind}-aB3xyz`);
    const young = left('aynig-pack-young1', dead(), 0.5);
    sweepTemporaryFolders();
    expect(readdirSync(temporary)).toEqual(['aynig-pack-young1']);
    hours(young, 1.1);
    sweepTemporaryFolders();
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.each<[string, (temporary: string) => string]>([
    ['of a process that lives', () => left('aynig-pack-aB3xyz', identityOf(process.pid))],
    ['of another machine', () => left('aynig-pack-aB3xyz', { ...dead(), space: 'elsewhere\nboot\npid:[1]' })],
    ['without an owner', () => left('aynig-pack-aB3xyz', null)],
    ['whose owner is no owner', () => left('aynig-pack-aB3xyz', '{"pid":"1"}')],
    ['whose owner is no JSON', () => left('aynig-pack-aB3xyz', 'x')],
    ['with a name that is not one of ours', () => left('aynig-pack-of-mine')],
    [
      'that a link leads to',
      (temporary) => {
        const path = left('mine');
        symlinkSync(path, join(temporary, 'aynig-pack-aB3xyz'));
        return path;
      },
    ],
  ])('is left where it is a folder %s', (_, make) => {
    const path = make(temporaryFiles());
    sweepTemporaryFolders();
    expect(existsSync(join(path, 'sha1/objects'))).toBe(true);
  });

  test('is removed by a few at a time, however much it is', () => {
    const temporary = temporaryFiles();
    const owner = dead();
    for (let number = 100; number < 140; number++) left(`aynig-pack-aaa${number}`, owner);
    sweepTemporaryFolders();
    expect(readdirSync(temporary)).toHaveLength(24);
    sweepTemporaryFolders();
    sweepTemporaryFolders();
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('is known by the process that made it', () => {
    const temporary = temporaryFiles();
    const path = makeTemporaryFolder('pack');
    expect(path.startsWith(join(temporary, 'aynig-pack-'))).toBe(true);
    expect(JSON.parse(readFileSync(join(path, 'aynig-owner.json'), 'utf8'))).toEqual(identityOf(process.pid));
    hours(path, 3);
    sweepTemporaryFolders();
    expect(existsSync(path)).toBe(true);
  });

  test('is nobody’s concern where that folder is not there', () => {
    vi.stubEnv('TMPDIR', '/no/such/folder');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(() => sweepTemporaryFolders()).not.toThrow();
  });
});
