import { describe, expect, test } from 'vitest';
import { linesFor, mostShown } from '../../src/server/check-push.js';
import { parsePush, runOfLeaseRef, sorted } from '../../src/server/push.js';
import { oidOf } from '../support/commits.js';

const run = '0c9b7a52-3d1e-4f6a-8b2c-5d4e3f2a1b0c';

describe('what git hands to a receiving hook', () => {
  test.each([40, 64])('is read with object names of %i digits, zeros being nothing', (length) => {
    const [none, one, other] = ['0', 'a', 'b'].map((digit) => digit.repeat(length)) as [string, string, string];
    const text = `${none} ${one} refs/heads/a b\n${one} ${none} refs/tags/x\n${one} ${other} refs/aynig/lease/${run}\n`;
    expect(parsePush(text)).toEqual([
      { ref: 'refs/heads/a b', from: undefined, to: one },
      { ref: 'refs/tags/x', from: one, to: undefined },
      { ref: `refs/aynig/lease/${run}`, from: one, to: other },
    ]);
    const { branches, leases } = sorted(parsePush(text));
    expect([branches.length, leases.length]).toEqual([1, 1]);
  });

  test('may be empty', () => {
    expect(parsePush('\n')).toEqual([]);
  });
});

test('a lease ref is named after a run, and nothing else is one', () => {
  expect(runOfLeaseRef(`refs/aynig/lease/${run}` as never)).toBe(run);
  for (const ref of [`refs/aynig/lease/${run.toUpperCase()}`, `refs/aynig/lease/${run}/x`, 'refs/aynig/lease/', `refs/heads/${run}`])
    expect(runOfLeaseRef(ref as never)).toBeUndefined();
});

describe('the lines for who pushed', () => {
  const refusal = { ref: 'refs/heads/main' as never, rule: 'it is held', fix: 'wait' };

  test('are none where nothing is refused', () => {
    expect(linesFor([], { GL_ID: 'user-1' })).toEqual([]);
  });

  test('are as many as can be read, and say how to go on', () => {
    const lines = linesFor(Array(mostShown + 3).fill(refusal), {});
    expect(lines).toHaveLength(mostShown + 2);
    expect(lines[0]).toBe('aynig: refused branch main: it is held. What to do: wait');
    expect(lines.at(-2)).toBe('aynig: and 3 more like these');
    expect(lines.at(-1)).toContain('push again');
  });

  test('begin so that GitLab shows them', () => {
    for (const line of linesFor([refusal], { GL_REPOSITORY: 'project-1' })) expect(line).toMatch(/^GL-HOOK-ERR: aynig: /);
  });

  test('name the commit with its title', () => {
    const commit = { oid: oidOf('x'), message: Buffer.from('A title\n\nbody') } as never;
    expect(linesFor([{ commit, rule: 'r', fix: 'f' }], {})[0]).toBe(
      `aynig: refused commit ${oidOf('x').slice(0, 12)} (A title): r. What to do: f`,
    );
  });
});
