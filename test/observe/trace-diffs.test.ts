import { describe, expect, onTestFinished, test } from 'vitest';
import type { Oid } from '../../src/git/names.js';
import { openContext } from '../../src/kernel/open-context.js';
import { type Change, type DiffLimits, diffsOf } from '../../src/observe/trace/diffs.js';
import type { TraceDiff } from '../../src/trace-page/data.js';
import { type Scratch, scratch } from '../support/scratch.js';

/** The tree of a commit with these files and no others. */
function treeOf(made: Scratch, files: Readonly<Record<string, string>>): Oid {
  made.git('rm', '-r', '--quiet', '--cached', '--ignore-unmatch', '.');
  for (const [path, text] of Object.entries(files)) made.write(path, text);
  made.git('add', '--', ...Object.keys(files));
  return made.git('write-tree') as Oid;
}

async function read(
  made: Scratch,
  changes: readonly Change[],
  limits?: DiffLimits,
): Promise<{ diffs: TraceDiff[]; left: string | undefined }> {
  const context = await openContext({ cwd: made.path, startedBy: 'person', environment: made.env });
  onTestFinished(() => context.objects.close());
  const found = diffsOf(context, changes, limits);
  const diffs: TraceDiff[] = [];
  for (let step = await found.next(); ; step = await found.next()) {
    if (step.done === true) return { diffs, left: step.value };
    expect(step.value.change).toBe(changes[diffs.length]);
    diffs.push(step.value.diff);
  }
}

const lines = (count: number, word: string): string => Array.from({ length: count }, (_, index) => `${word} ${index}\n`).join('');

describe('what changed', () => {
  test('is read for one pair of trees after another, whatever files say', async () => {
    const made = scratch();
    const [a, b, c] = [
      { x: 'one\n' },
      { x: 'two\n', y: `${'a'.repeat(40)} ${'b'.repeat(40)}\ndiff --git a/z b/z\n` },
      { moved: 'two\n' },
    ].map((files) => treeOf(made, files)) as [Oid, Oid, Oid];
    const { diffs, left } = await read(made, [
      { from: a, to: b },
      { from: b, to: c },
      { from: c, to: a },
    ]);
    expect(left).toBeUndefined();
    expect(diffs.map(({ files, added, removed, cut }) => [files, added, removed, cut])).toEqual([
      [2, 3, 1, null],
      [2, 0, 2, null],
      [2, 1, 1, null],
    ]);
    expect(diffs[0]?.text).toContain('-one\n+two');
    expect(diffs[1]?.text).toContain('rename from x\nrename to moved');
  });

  test('is cut by itself, and left out where there is no room for more', async () => {
    const made = scratch();
    const [a, b, c] = [{ x: '1\n' }, { x: lines(100, 'a') }, { x: '2\n' }].map((files) => treeOf(made, files)) as [Oid, Oid, Oid];
    const changes = [
      { from: a, to: b },
      { from: b, to: c },
      { from: a, to: c },
    ];
    const { diffs, left } = await read(made, changes, { each: 400, total: 700 });
    expect(Math.max(...diffs.map(({ text }) => text.length))).toBeLessThanOrEqual(400);
    expect(diffs[0]).toMatchObject({ added: 100, removed: 1, cut: expect.stringMatching(/^Cut: \d+ more lines\.$/) as string });
    expect(
      (await read(made, changes, { each: 400, total: 300 })).diffs.reduce((sum, { text }) => sum + text.length, 0),
    ).toBeLessThanOrEqual(300);
    expect(left).toBeUndefined();
    expect((await read(made, changes, { each: 400, total: 0 })).left).toBe('the page holds no more');
  });

  test('goes on behind a change that is too long to be read', async () => {
    const made = scratch();
    const large = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`f${index}`, lines(60_000, `number ${index}`)]));
    const [a, b, c] = [{ x: '1\n' }, large, { x: '2\n' }].map((files) => treeOf(made, files)) as [Oid, Oid, Oid];
    const { diffs, left } = await read(made, [
      { from: a, to: b },
      { from: a, to: c },
    ]);
    expect(diffs.map(({ cut }) => cut)).toEqual(['Cut: the rest is too long to be read.', null]);
    expect(diffs[1]?.text).toContain('-1\n+2');
    expect(left).toBeUndefined();
  });

  test('does not show a file line by line that is very large, and cuts lines that are very long', async () => {
    const made = scratch();
    const [a, b] = [
      { wide: 'x\n', large: '' },
      { wide: `${'y'.repeat(900_000)}\n`, large: lines(200_000, 'z') },
    ].map((files) => treeOf(made, files)) as [Oid, Oid];
    const { diffs } = await read(made, [{ from: a, to: b }]);
    expect(diffs[0]?.text).toContain('Binary files a/large and b/large differ');
    expect(diffs[0]?.text).toContain(' … 898001 more characters');
    expect(diffs[0]).toMatchObject({ files: 2, added: 1, removed: 1, cut: null });
  });

  test('starts no program that a repository names', async () => {
    const made = scratch();
    made.write('evil', `#!/bin/sh\ntouch "${made.root}/ran"\n`, 0o755);
    made.git('config', 'diff.evil.command', `${made.path}/evil`);
    made.git('config', 'diff.evil.textconv', `${made.path}/evil`);
    made.git('config', 'diff.external', `${made.path}/evil`);
    made.write('.git/info/attributes', '* diff=evil\n');
    const [a, b] = [{ x: 'one\n' }, { x: 'two\n' }].map((files) => treeOf(made, files)) as [Oid, Oid];
    const { diffs } = await read(made, [{ from: a, to: b }]);
    expect(diffs[0]?.text).toContain('-one\n+two');
    expect(made.program('ls', [made.root]).stdout).not.toContain('ran');
  });

  test('says so where an object cannot be read, and the rest is there', async () => {
    const made = scratch();
    const [a, b] = [{ x: 'one\n' }, { x: 'two\n' }].map((files) => treeOf(made, files)) as [Oid, Oid];
    const { diffs, left } = await read(made, [
      { from: a, to: 'd'.repeat(40) as Oid },
      { from: a, to: b },
    ]);
    expect(diffs.map(({ files, cut }) => [files, cut?.slice(0, 15)])).toEqual([
      [0, 'git cannot read'],
      [1, undefined],
    ]);
    expect(left).toBeUndefined();
    const blob = made.git('rev-parse', `${b}:x`);
    made.program('rm', ['-f', `${made.path}/.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`]);
    expect((await read(made, [{ from: a, to: b }])).left).toContain(blob);
  });
});
