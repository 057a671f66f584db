import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hookSource, readHookFile, recordedIn } from '../../src/doctor/hook-files.js';
import { temporaryDirectory } from '../support/scratch.js';

const folderWith = (text: string, mode = 0o755): string => {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'post-commit'), text);
  chmodSync(join(folder, 'post-commit'), mode);
  return folder;
};

describe('a hook file', () => {
  it('gives back the paths that it was installed with, whatever is in them', () => {
    for (const root of ['/plain', "/it's/a $path", '/two  spaces'])
      expect(recordedIn(hookSource().textOf('post-commit', hookSource().root, `${root}/node`))).toEqual({
        root: hookSource().root,
        node: `${root}/node`,
      });
    expect(recordedIn('#!/bin/sh\n')).toBeUndefined();
  });

  it('is told by its first lines, also with Windows line endings', () => {
    const text = hookSource().textOf('post-commit', hookSource().root, '/node');
    expect(readHookFile(folderWith(text), 'post-commit')).toMatchObject({ kind: 'own', executable: true, times: 1 });
    expect(readHookFile(folderWith(text.replaceAll('\n', '\r\n')), 'post-commit')).toMatchObject({
      kind: 'own',
      recorded: { node: '/node' },
    });
    expect(readHookFile(folderWith(`#!/bin/sh\necho '${text.split('\n')[1]}'\n`), 'post-commit').kind).toBe('foreign');
  });

  it('calls ours by a line that is no comment', () => {
    expect(readHookFile(folderWith('#!/bin/sh\n.git/aynig/hooks/post-commit\n'), 'post-commit')).toMatchObject({
      kind: 'calls-ours',
      times: 1,
    });
    expect(readHookFile(folderWith('#!/bin/sh\n# .git/aynig/hooks/post-commit\n'), 'post-commit').kind).toBe('foreign');
    expect(readHookFile(folderWith('#!/bin/sh\n.git/aynig/hooks/post-commit-other\n'), 'post-commit').kind).toBe('foreign');
  });

  it('is absent where git would pass over it, and never executable as a folder', () => {
    const folder = temporaryDirectory();
    symlinkSync('nowhere', join(folder, 'post-commit'));
    mkdirSync(join(folder, 'post-merge'));
    expect(readHookFile(folder, 'post-commit')).toMatchObject({ kind: 'absent', isLink: true });
    expect(readHookFile(folder, 'post-merge')).toMatchObject({ kind: 'foreign', executable: false });
  });
});
