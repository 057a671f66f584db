import { expect, test } from 'vitest';
import { convertedCommands, whyNotRun } from '../../src/packs/will-run.js';
import { workspace } from '../support/workspace.js';

const file = (bytes: string | Buffer, path = 'command/greet', mode: '100755' | '100644' = '100755') => ({
  path,
  mode,
  bytes: Buffer.from(bytes),
});

test.each<[string, ReturnType<typeof file>, RegExp | undefined]>([
  ['a script', file('#!/bin/sh\nexit 0\n'), undefined],
  ['a script without an end of line', file('#!/bin/sh'), undefined],
  ['a script whose text has a carriage return', file('#!/usr/bin/env python3\nprint("\r\n")\n'), undefined],
  ['a program', file(Buffer.from('7f454c460201', 'hex')), undefined],
  ['a script of Windows', file('#!/bin/sh\r\nexit 0\r\n'), /CRLF/],
  ['a text', file('echo hello\n'), /no #! line/],
  ['nothing', file(''), /no #! line/],
  ['a pointer', file('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'), /Git LFS/],
  ['a script of a role', file('echo\n', 'roles/night/command/greet'), /no #! line/],
  ['a script that is not executable', file('#!/bin/sh\n', 'command/greet', '100644'), /not executable/],
  ['a text beside commands', file('words\n', 'command/words.txt', '100644'), undefined],
  ['shared code', file('x=1\r\n', 'command/.lib/x'), undefined],
  ['a file elsewhere', file('x\r\n', 'lib/x'), undefined],
])('of %s it is known whether it can run', (_, one, why) => {
  if (why === undefined) expect(whyNotRun(one)).toBeUndefined();
  else expect(whyNotRun(one)).toMatch(why);
});

test('what git would write with CRLF is as git says, by setting and by attribute', async () => {
  const made = workspace();
  const git = async (args: readonly string[], { input = '' }: { readonly input?: string | Uint8Array } = {}) => {
    const answer = made.gitAnswer(args, { input: Buffer.from(input) });
    return { exitCode: answer.exitCode, stdout: Buffer.from(answer.stdout), stderr: answer.stderr, cwd: made.path };
  };
  const files = [file('#!/bin/sh\n'), file('#!/bin/sh\n', 'command/other'), file('\0', 'command/binary'), file('x\n', 'lib/x')];
  expect(await convertedCommands({ git }, files)).toEqual([]);
  made.git('config', 'core.autocrlf', 'input');
  expect(await convertedCommands({ git }, files)).toEqual([]);
  made.git('config', 'core.autocrlf', 'true');
  expect(await convertedCommands({ git }, files)).toEqual(['command/greet', 'command/other']);
  for (const [attributes, converted] of [
    ['.aynig/command/greet -text\n', ['command/other']],
    ['.aynig/command/greet text eol=lf\n', ['command/other']],
    ['* text=auto eol=lf\n', []],
  ] as const) {
    made.write('.gitattributes', attributes);
    expect(await convertedCommands({ git }, files)).toEqual(converted);
  }
  made.git('config', '--unset', 'core.autocrlf');
  made.write('.gitattributes', '.aynig/command/other eol=crlf\n');
  expect(await convertedCommands({ git }, files)).toEqual(['command/other']);
});
