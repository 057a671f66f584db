import { describe, expect, test } from 'vitest';
import { byLineage, Lanes } from '../../src/observe/lanes.js';
import { oidOf } from '../support/commits.js';

/** Commits as "name parent parent", children first, and the line of each. */
function linesOf(
  tips: Record<string, string>,
  commits: readonly string[],
  merged = false,
): { lines: Record<string, string>; ended: string[] } {
  const ended: string[] = [];
  const order = Object.keys(tips).sort(byLineage());
  const lanes = new Lanes(
    order.map((lane) => ({ lane, oid: oidOf(tips[lane] ?? '') })),
    (lane) => ended.push(lane),
  );
  const lines: Record<string, string> = {};
  for (const line of commits) {
    const [name = '', ...parents] = line.split(' ');
    lines[name] = lanes.take(oidOf(name), parents.map(oidOf), merged);
  }
  return { lines, ended };
}

describe('the lines of a history', () => {
  test('give what branches share to the one that the others were made from', () => {
    const { lines, ended } = linesOf({ topic: 't2', main: 'm2', 'main.a': 'a1' }, ['t2 t1', 'm2 m1', 'a1 m1', 't1 m1', 'm1 m0', 'm0']);
    expect(lines).toEqual({ t2: 'topic', m2: 'main', a1: 'main.a', t1: 'topic', m1: 'main', m0: 'main' });
    expect(ended).toEqual(['main.a', 'topic', 'main']);
  });

  test('leave a branch that has nothing of its own without a commit', () => {
    const { lines, ended } = linesOf({ main: 'm1', fresh: 'm1' }, ['m1 m0', 'm0']);
    expect(lines).toEqual({ m1: 'main', m0: 'main' });
    expect(ended).toEqual(['fresh', 'main']);
  });

  test('are named by a revision where a branch was merged and is gone', () => {
    const { lines } = linesOf({ main: 'm2' }, ['m2 m1 c1', 'c1 m0', 'm1 m0', 'm0'], true);
    expect(lines).toEqual({ m2: 'main', c1: `${oidOf('m2').slice(0, 12)}^2`, m1: 'main', m0: 'main' });
  });

  test('stay a branch of their own while that is there, also when it was merged', () => {
    const { lines } = linesOf({ main: 'm2', 'main.c': 'c1' }, ['m2 m1 c1', 'c1 m0', 'm1 m0', 'm0'], true);
    expect(lines['c1']).toBe('main.c');
  });

  test.each([
    [
      ['topic', 'main'],
      ['main', 'topic'],
    ],
    [
      ['a.b', 'a', 'b'],
      ['a', 'b', 'a.b'],
    ],
    [
      ['trunk', 'master', 'x'],
      ['master', 'trunk', 'x'],
    ],
  ])('look at %j in the order %j', (given, expected) => {
    expect(given.sort(byLineage())).toEqual(expected);
  });

  test('begin with the default branch where it is known', () => {
    expect(['main', 'develop', 'a'].sort(byLineage('develop'))).toEqual(['develop', 'main', 'a']);
  });
});
