import { mkdirSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  changeRecord,
  isAllowed,
  isDistrusted,
  readRecord,
  recordPath,
  standingOf,
  type TrustRecord,
  wasTamperedWith,
  withAllowed,
} from '../../src/trust/record.js';
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
});

test('what is allowed is read again, through a link to the repository too', async () => {
  const { commonDir, environment } = place();
  await changeRecord(commonDir, environment, (record) => withAllowed(record, yes));
  const link = join(dirname(dirname(commonDir)), 'link');
  symlinkSync(dirname(commonDir), link);
  expect(isAllowed(await readRecord(join(link, '.git'), environment), content)).toBe(true);
});

test('a git directory that was put into the place of the one it was written for has nothing allowed', async () => {
  const { commonDir, environment } = place();
  await changeRecord(commonDir, environment, (record) => withAllowed(record, yes));
  const { birthtimeMs } = statSync(commonDir);
  // Where a file system does not know when a file was made, it is told by its inode alone: the old one stays, so that the new one gets another.
  if (birthtimeMs === 0) renameSync(commonDir, `${commonDir}.old`);
  else rmSync(commonDir, { recursive: true });
  mkdirSync(commonDir);
  // The clock of a file system has steps of some milliseconds.
  while (birthtimeMs !== 0 && statSync(commonDir).birthtimeMs === birthtimeMs) {
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

describe('a change of the record while a command runs', () => {
  const mistrust = (word: string) => ({ command: word, roles: '', at: 2, runId: 'r' });
  const remote = { name: 'origin', url: 'u', at: 3 };
  const change = async (make: (record: TrustRecord) => TrustRecord, before = [mistrust('a'), mistrust('b')]): Promise<boolean> => {
    const { commonDir, environment } = place();
    await changeRecord(commonDir, environment, (record) => ({ ...withAllowed(record, yes), distrusted: before, remotes: [remote] }));
    const standing = await standingOf(commonDir, environment);
    await changeRecord(commonDir, environment, make);
    return wasTamperedWith(standing, await standingOf(commonDir, environment));
  };

  test.each<[string, boolean, (record: TrustRecord) => TrustRecord]>([
    ['that is none', false, (record) => record],
    ['by another run that ended', false, (record) => ({ ...record, distrusted: [...record.distrusted, mistrust('c')] })],
    ['that allows more', true, (record) => ({ ...record, allowed: [...record.allowed, { ...yes, command: 'more' }] })],
    ['that allows less', true, (record) => ({ ...record, allowed: [] })],
    ['that trusts another remote', true, (record) => ({ ...record, remotes: [...record.remotes, { ...remote, name: 'evil' }] })],
    ['that moves a remote', true, (record) => ({ ...record, remotes: [{ ...remote, url: 'evil' }] })],
    ['that takes mistrust away', true, (record) => ({ ...record, distrusted: record.distrusted.slice(1) })],
    [
      'that takes mistrust away and adds another',
      true,
      (record) => ({ ...record, distrusted: [...record.distrusted.slice(1), mistrust('c')] }),
    ],
    ['that makes it the record of another repository', true, (record) => ({ ...record, inode: 'another' })],
  ])('%s: noticed is %s', async (_, expected, make) => {
    expect(await change(make)).toBe(expected);
  });

  test('by which the oldest mistrust is forgotten is no tampering', async () => {
    const full = Array.from({ length: 200 }, (_, at) => mistrust(String(at)));
    expect(await change((record) => ({ ...record, distrusted: [...record.distrusted, mistrust('c')] }), full)).toBe(false);
  });

  test('that makes it unreadable is noticed', async () => {
    const { commonDir, environment } = place();
    const none = await standingOf(commonDir, environment);
    await changeRecord(commonDir, environment, (record) => record);
    const empty = await standingOf(commonDir, environment);
    expect(wasTamperedWith(none, empty)).toBe(false);
    writeFileSync(await recordPath(commonDir, environment), '{');
    expect(wasTamperedWith(empty, await standingOf(commonDir, environment))).toBe(true);
    rmSync(commonDir, { recursive: true });
    expect(wasTamperedWith(empty, await standingOf(commonDir, environment))).toBe(true);
  });
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
