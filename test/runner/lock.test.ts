import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tryLock, waitForLock } from '../../src/runner/lock.js';
import { identityOf } from '../../src/runner/process-identity.js';
import { Child, scriptOf } from '../support/children.js';
import { temporaryDirectory } from '../support/scratch.js';

const lockFile = (): string => join(temporaryDirectory(), 'lock');
const dead = JSON.stringify({ ...identityOf(process.pid), startTime: '1', token: 'gone' });

function taken(path: string): { release(): void } {
  const lock = tryLock(path);
  if ('holder' in lock) throw new Error(`held by ${lock.holder.pid}`);
  return lock;
}

describe('a lock', () => {
  it('is held by one at a time, and says by whom', () => {
    const path = lockFile();
    const lock = taken(path);
    expect(tryLock(path)).toMatchObject({ holder: { pid: process.pid } });
    lock.release();
    taken(path).release();
  });

  it('is left alone by one that no longer holds it', () => {
    const path = lockFile();
    const first = taken(path);
    first.release();
    const second = taken(path);
    first.release();
    expect(tryLock(path)).toMatchObject({ holder: { pid: process.pid } });
    second.release();
  });

  it('of a dead process is taken over', () => {
    const path = lockFile();
    writeFileSync(path, dead);
    const lock = taken(path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, startTime: identityOf(process.pid).startTime });
    lock.release();
  });

  it('of a process that was killed while it held it is taken over', async () => {
    const path = lockFile();
    const script = scriptOf(
      { tryLock: 'src/runner/lock.ts' },
      `console.log('release' in tryLock(${JSON.stringify(path)}) ? 'held' : 'lost'); process.stdin.resume();`,
    );
    const holder = new Child(process.execPath, [script]);
    expect(await holder.hear()).toBe('held');
    expect(tryLock(path)).toMatchObject({ holder: { pid: holder.pid } });
    await holder.end();
    taken(path).release();
  });

  it('of a process on another host is never taken', () => {
    const path = lockFile();
    writeFileSync(path, JSON.stringify({ ...identityOf(process.pid), pid: 4711, space: 'another host\nboot\npid:[1]' }));
    expect(tryLock(path)).toMatchObject({ holder: { pid: 4711 } });
  });

  it.each([['', 'no']].concat([['{"pid":', 'half']]))('that holds %j is nobody’s', (text) => {
    const path = lockFile();
    writeFileSync(path, text);
    taken(path).release();
  });
});

describe('waiting for a lock', () => {
  it('ends when it is let go', async () => {
    const path = lockFile();
    const lock = taken(path);
    const waiting = waitForLock(path, 20_000);
    setImmediate(() => lock.release());
    (await waiting).release();
    taken(path).release();
  });

  it('ends with a failure that names the holder', async () => {
    const path = lockFile();
    const lock = taken(path);
    await expect(waitForLock(path, 30)).rejects.toMatchObject({
      code: 'lock-timeout',
      message: `${path} was not free in time (held by process ${process.pid}).`,
    });
    lock.release();
  });
});

describe('a race of many processes', () => {
  const racers = 8;
  const rounds = 40;

  /** Each racer takes the lock that it is told at the time it is told, says who won, and lets go when it is told. */
  const racer = `
    import { createInterface } from 'node:readline';
    let held;
    console.log('ready');
    createInterface({ input: process.stdin }).on('line', (line) => {
      const [word, path, at] = JSON.parse(line);
      if (word === 'release') held?.release();
      else {
        while (Date.now() < at);
        const lock = tryLock(path);
        held = 'release' in lock ? lock : undefined;
      }
      console.log(held === undefined ? 'lost' : 'won');
    });`;

  it.each([
    ['a free lock', undefined],
    ['a lock that a dead process left', dead],
  ])('for %s has one winner', async (_, left) => {
    const script = scriptOf({ tryLock: 'src/runner/lock.ts' }, racer);
    const children = Array.from({ length: racers }, () => new Child(process.execPath, [script]));
    await Promise.all(children.map((child) => child.hear()));
    const all = (message: readonly unknown[]): Promise<string[]> => {
      for (const child of children) child.say(JSON.stringify(message));
      return Promise.all(children.map((child) => child.hear()));
    };
    for (let round = 0; round < rounds; round++) {
      const path = lockFile();
      if (left !== undefined) writeFileSync(path, left);
      const outcomes = await all(['take', path, Date.now() + 10]);
      expect({ round, winners: outcomes.filter((outcome) => outcome === 'won').length }).toEqual({ round, winners: 1 });
      await all(['release']);
    }
  });
});
