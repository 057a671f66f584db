import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { bareEnvironment, cliPath, temporaryDirectory } from '../support/scratch.js';

describe('a command line that is not understood names the next step', () => {
  const answer = (args: string[]) => {
    const cwd = temporaryDirectory();
    return spawnSync(process.execPath, [cliPath, ...args], { cwd, env: bareEnvironment(cwd), encoding: 'utf8', timeout: 30_000 });
  };
  test.each([
    ['statsu', 'There is no verb statsu', 'aynig status'],
    ['-C .. runn', 'There is no verb runn', 'aynig run'],
    ['xyzzy', 'Unknown argument: xyzzy', 'aynig --help'],
    ['status --al', 'Unknown argument: al', 'aynig status --help'],
    ['-C . land a b', 'Unknown argument: b', 'aynig land --help'],
    ['status -- a b', 'One word too many: b', 'aynig status --help'],
    ['packs -- a', 'Unknown argument: a', 'aynig packs --help'],
    ['graph --format x', 'Choices: "text"', 'aynig graph --help'],
    ['set-state', 'at least 1', 'aynig set-state --help'],
    ['', 'Name a verb', 'aynig --help'],
  ])('aynig %s', (line, why, next) => {
    const { status, stdout, stderr } = answer(line.split(' ').filter((word) => word !== ''));
    expect([status, stdout]).toEqual([2, '']);
    const [first, hint, ...more] = stderr.trimEnd().split('\n');
    expect(first).toMatch(/^aynig: .* \[usage\]$/);
    expect(first).toContain(why);
    expect(hint?.replace(/^hint: [^:]*: /, '')).toBe(next);
    expect(more).toEqual([]);
  });
});
