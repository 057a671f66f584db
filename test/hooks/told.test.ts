import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tipFormat } from '../../src/git/refs.js';
import { parseTold, readTold } from '../../src/hooks/told.js';
import { settingsPattern } from '../../src/kernel/settings.js';

import { projectRoot, temporaryDirectory } from '../support/scratch.js';

const main = `refs/heads/main\0${'a'.repeat(40)}\0\0/there\0\n`;
const tip = { ref: 'refs/heads/main', branch: 'main', oid: 'a'.repeat(40), worktree: '/there' };

test('settings and tips are read as the shell prints them', () => {
  expect(parseTold(`file:.git/config\0aynig.tick\noff\0file:.git/config\0aynig.role\0\x000\0${main}\x000`)).toEqual({
    config: [
      { origin: 'file:.git/config', key: 'aynig.tick', value: 'off' },
      { origin: 'file:.git/config', key: 'aynig.role', value: undefined },
    ],
    tips: [tip],
  });
});

test('no settings and no branches are an answer too', () => {
  expect(parseTold(`\x001\0${main}\x000`)).toEqual({ config: [], tips: [tip] });
  expect(parseTold('\x001\0\x000')).toEqual({ config: [], tips: [] });
});

test.each([
  ['nothing', ''],
  ['a bad configuration', `\x00128\0${main}\x000`],
  ['a failed listing', `\x001\0${main}\x00128`],
  ['a listing cut short', `\x001\0${main.slice(0, 30)}`],
  ['a shell that was killed after the settings', '\x001\0'],
  ['a shell that was killed in the settings', 'file:.git/config\0aynig.tick\nof'],
  ['something else', 'hello\n'],
])('%s is no answer', (_, text) => {
  expect(parseTold(text)).toBeUndefined();
});

test('what cannot be read is no answer', async () => {
  expect(await readTold(9_999)).toBeUndefined();
});

test('more than a pipe holds is read to its end', async () => {
  const file = join(temporaryDirectory(), 'told');
  writeFileSync(file, `\x001\0${main.repeat(10_000)}\x000`);
  const fd = openSync(file, 'r');
  expect((await readTold(fd))?.tips).toHaveLength(10_000);
  closeSync(fd);
});

test('the shell asks in the form that the runner reads', () => {
  expect(readFileSync(join(projectRoot, 'hooks/launch'), 'utf8')).toContain(`--get-regexp "${settingsPattern}"`);
  expect(readFileSync(join(projectRoot, 'hooks/launch'), 'utf8')).toContain(`--format="${tipFormat}"`);
});
