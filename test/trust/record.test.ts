import { mkdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { changeRecord, isAllowed, isDistrusted, readRecord, recordDigest, recordPath, withAllowed } from '../../src/trust/record.js';
import { temporaryDirectory } from '../support/scratch.js';

const content = { command: '40000 a', roles: '' };
const yes = { ...content, at: 1, by: 'allow', commit: 'c' } as const;

function place(): { commonDir: string; environment: NodeJS.ProcessEnv } {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'repo/.git'), { recursive: true });
  return { commonDir: join(root, 'repo/.git'), environment: { XDG_STATE_HOME: join(root, 'state') } };
}

test('nothing is allowed where nothing was written', async () => {
  const { commonDir, environment } = place();
  expect(await readRecord(commonDir, environment)).toMatchObject({
    allowed: [],
    distrusted: [],
    remotes: [],
    repository: realpathSync(commonDir),
  });
  expect(await recordDigest(commonDir, environment)).toBe('none: ENOENT');
});

test('what is allowed is read again, through a link to the repository too', async () => {
  const { commonDir, environment } = place();
  await changeRecord(commonDir, environment, (record) => withAllowed(record, yes));
  const link = join(dirname(dirname(commonDir)), 'link');
  symlinkSync(dirname(commonDir), link);
  expect(isAllowed(await readRecord(join(link, '.git'), environment), content)).toBe(true);
  expect(await recordDigest(commonDir, environment)).toMatch(/^[0-9a-f]{64}$/);
});

test('a git directory that was put into the place of the one it was written for has nothing allowed', async () => {
  const { commonDir, environment } = place();
  await changeRecord(commonDir, environment, (record) => withAllowed(record, yes));
  const { birthtimeMs } = statSync(commonDir);
  // The clock of a file system has steps of some milliseconds.
  while (statSync(commonDir).birthtimeMs === birthtimeMs) {
    rmSync(commonDir, { recursive: true });
    mkdirSync(commonDir);
  }
  expect(isAllowed(await readRecord(commonDir, environment), content)).toBe(false);
});

test('allowing what a run changed takes the mistrust away, and is there once', () => {
  const record = {
    version: 1,
    repository: '/r',
    inode: '1',
    allowed: [yes],
    distrusted: [{ ...content, at: 2, runId: 'r' }],
    remotes: [],
  } as const;
  const after = withAllowed(record, { ...yes, at: 3 });
  expect(isDistrusted(record, content)).toBe(true);
  expect(isDistrusted(after, content)).toBe(false);
  expect(after.allowed).toHaveLength(1);
});

test('only the newest 200 are kept', async () => {
  const { commonDir, environment } = place();
  const allowed = Array.from({ length: 250 }, (_, index) => ({ ...yes, command: `40000 ${index}` }));
  const after = await changeRecord(commonDir, environment, (record) => ({ ...record, allowed }));
  expect(after.allowed).toHaveLength(200);
  expect(after.allowed.at(-1)?.command).toBe('40000 249');
});

test('a record that cannot be read allows nothing and says which', async () => {
  const { commonDir, environment } = place();
  await changeRecord(commonDir, environment, (record) => withAllowed(record, yes));
  const path = await recordPath(commonDir, environment);
  for (const text of [
    '[]',
    'null',
    '{"version":1,"allowed":[null],"distrusted":[],"remotes":[]}',
    '{"version":1,"allowed":[],"distrusted":[],"remotes":[{}]}',
  ]) {
    writeFileSync(path, text);
    expect(await readRecord(commonDir, environment)).toMatchObject({ allowed: [], broken: path });
  }
  rmSync(path);
  mkdirSync(path);
  expect(await readRecord(commonDir, environment)).toMatchObject({ allowed: [], broken: path });
  await changeRecord(commonDir, environment, (record) => withAllowed(record, yes));
  expect(isAllowed(await readRecord(commonDir, environment), content)).toBe(true);
});

test.each([
  ['XDG_STATE_HOME', { XDG_STATE_HOME: '/state', HOME: '/home/ana' }, '/state/aynig/trust'],
  ['the home directory', { HOME: '/home/ana' }, '/home/ana/.local/state/aynig/trust'],
  [
    'the home directory where the variable is relative, as its specification asks',
    { XDG_STATE_HOME: 'state', HOME: '/home/ana' },
    '/home/ana/.local/state/aynig/trust',
  ],
  ['the home directory of the account where the variable is empty', { HOME: '' }, join(userInfo().homedir, '.local/state/aynig/trust')],
  ['the home directory of the account where no variable says', {}, join(userInfo().homedir, '.local/state/aynig/trust')],
])('it lies in %s', async (_, environment, folder) => {
  expect(dirname(await recordPath(place().commonDir, environment))).toBe(folder);
});
