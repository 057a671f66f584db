import { describe, expect, test } from 'vitest';
import { type LockFile, lockText, readLock } from '../../src/packs/lock-file.js';

const oid = 'a'.repeat(40);
const lock: LockFile = {
  schema: 'aynig.packs.lock/1',
  packs: {
    ops: {
      source: 'https://example.org/ops.git',
      ref: 'main',
      subfolder: '.aynig',
      commit: oid,
      version: '1.0.0',
      fromDwp: false,
      uses: ['base'],
      files: { 'command/z': { mode: '100755', blob: oid }, 'command/a': { mode: '100755', blob: oid, mergedWith: null } },
      states: { columns: ['state'], rows: { z: ['z'], a: ['a'] } },
    },
    base: {
      source: './x',
      ref: null,
      subfolder: 'pack',
      commit: oid,
      version: null,
      fromDwp: true,
      uses: [],
      files: {},
      states: { columns: [], rows: {} },
    },
  },
};

test('the lock file is read as it was written, sorted, with one file a line', () => {
  const text = lockText(lock);
  expect(readLock(text)).toEqual(lock);
  expect(Object.keys(readLock(text).packs)).toEqual(['base', 'ops']);
  expect(text).toContain(`        "command/a": { "mode": "100755", "blob": "${oid}", "mergedWith": null },\n`);
  expect(lockText(readLock(text))).toBe(text);
});

describe('a lock file that is not one is a failure that says why', () => {
  const changed = (change: (one: { [key: string]: unknown }) => void): string => {
    const copy = JSON.parse(lockText(lock));
    change(copy.packs.ops);
    return JSON.stringify(copy);
  };
  test.each([
    ['no JSON', 'hello', 'it is not JSON'],
    ['a conflict of a merge', '{\n<<<<<<< HEAD\n}', 'marks of a merge conflict'],
    ['another kind of file', '{"packs":{}}', 'schema'],
    ['a later kind of lock file', '{"schema":"aynig.packs.lock/2","packs":{}}', 'this version of aynig knows aynig.packs.lock/1'],
    [
      'a path that leaves the folder',
      changed((ops) => Object.assign(ops['files'] as object, { '../x': { mode: '100755', blob: oid } })),
      'packs.ops.files.../x: must be a path below .aynig',
    ],
    [
      'a path into .git',
      changed((ops) => Object.assign(ops['files'] as object, { 'a/.GIT/x': { mode: '100755', blob: oid } })),
      'packs.ops.files',
    ],
    [
      'a mode that no file of a pack has',
      changed((ops) => Object.assign(ops['files'] as object, { x: { mode: '120000', blob: oid } })),
      'mode',
    ],
    ['an object name that is none', changed((ops) => Object.assign(ops, { commit: '--upload-pack=x' })), 'commit'],
    ['a name of a pack that is none', lockText(lock).replace('"ops"', '"-x"'), 'packs.-x: must be the name of a pack'],
  ])('%s', (_, text, why) => {
    expect(() => readLock(text)).toThrow(expect.objectContaining({ code: 'pack-lock', message: expect.stringContaining(why) }));
  });
});
