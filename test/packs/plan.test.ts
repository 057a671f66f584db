import { describe, expect, test } from 'vitest';
import { blobName } from '../../src/packs/blob.js';
import type { HereFile } from '../../src/packs/here.js';
import { emptyLock, type LockedFile, type LockFile } from '../../src/packs/lock-file.js';
import { type NewFile, type PlanOptions, planPack } from '../../src/packs/plan.js';

const nameOf = (text: string | Buffer) => blobName(Buffer.from(text), 'sha1');
const path = 'command/build';

interface Given {
  /** Content in the pack; undefined where it has the file no more. */
  readonly theirs?: string;
  readonly mine?: string;
  readonly locked?: string;
  readonly mergedWith?: string | null;
  readonly modes?: { readonly theirs?: '100644' | '100755'; readonly mine?: string; readonly locked?: '100644' | '100755' };
  readonly options?: Partial<PlanOptions>;
  /** What merging answers; by default it is a conflict. */
  readonly merged?: string;
  readonly alsoOf?: string;
}

async function planned(given: Given) {
  const { theirs, mine, locked, mergedWith, modes = {} } = given;
  const here = new Map<string, HereFile>();
  if (mine !== undefined) here.set(path, { mode: modes.mine ?? '100755', blob: nameOf(mine) });
  const entry = (text: string): LockedFile => ({
    mode: modes.locked ?? '100755',
    blob: nameOf(text),
    ...(mergedWith === undefined ? {} : { mergedWith: mergedWith === null ? null : nameOf(mergedWith) }),
  });
  const pack = (files: Record<string, LockedFile>): LockFile['packs'][string] => ({
    source: 'x',
    ref: null,
    subfolder: '.aynig',
    commit: nameOf('a commit'),
    version: null,
    fromDwp: false,
    uses: [],
    files,
    states: { columns: [], rows: {} },
  });
  const lock: LockFile = {
    ...emptyLock,
    packs: {
      ...(locked === undefined ? {} : { ops: pack({ [path]: entry(locked) }) }),
      ...(given.alsoOf === undefined ? {} : { other: pack({ [path]: entry(given.alsoOf) }) }),
    },
  };
  const files: NewFile[] =
    theirs === undefined ? [] : [{ path, mode: modes.theirs ?? '100755', bytes: Buffer.from(theirs), blob: nameOf(theirs) }];
  const plan = await planPack({
    name: 'ops',
    files,
    here,
    lock,
    options: { restore: false, ...given.options },
    merge: async () => (given.merged === undefined ? undefined : Buffer.from(given.merged)),
    nameOf,
  });
  const [change] = plan.changes;
  return { change, kind: change?.kind, entry: plan.files[path] };
}

describe('a file that differs and was never a file of this pack', () => {
  test('is left, and the lock file says that nothing of the pack is in it', async () => {
    const { change, entry } = await planned({ theirs: 'pack', mine: 'person' });
    expect(change).toMatchObject({ kind: 'left', why: 'a file of yours has this name', theirs: nameOf('pack') });
    expect(entry).toEqual({ mode: '100755', blob: nameOf('pack'), mergedWith: null });
  });

  test('is left with the name of the other pack that has it', async () => {
    expect((await planned({ theirs: 'pack', mine: 'other', alsoOf: 'other' })).change).toMatchObject({
      why: 'it is another file of the pack other',
    });
  });

  test('is replaced by force, and is merged from then on', async () => {
    const { kind, entry } = await planned({ theirs: 'pack', mine: 'person', options: { differing: 'force' } });
    expect(kind).toBe('replace');
    expect(entry).toEqual({ mode: '100755', blob: nameOf('pack') });
  });

  test('is left as well when only its mode differs', async () => {
    expect((await planned({ theirs: 'same', mine: 'same', modes: { mine: '100644' } })).change).toMatchObject({ kind: 'left' });
  });

  test('is never written where it is a link', async () => {
    expect((await planned({ theirs: 'pack', mine: 'link', modes: { mine: '120000' }, options: { differing: 'force' } })).kind).toBe('left');
  });
});

describe('a file that changed on both sides', () => {
  const both: Given = { theirs: 'new', mine: 'mine', locked: 'old' };

  test('is merged where that works', async () => {
    const { change, entry } = await planned({ ...both, merged: 'mine and new' });
    expect(change).toMatchObject({ kind: 'merge', blob: nameOf('mine and new') });
    expect(entry).toEqual({ mode: '100755', blob: nameOf('new') });
  });

  test('is left where it does not, and what it was merged with last is remembered', async () => {
    const { change, entry } = await planned(both);
    expect(change).toMatchObject({ kind: 'left', why: 'you and the pack changed the same lines' });
    expect(entry).toEqual({ mode: '100755', blob: nameOf('new'), mergedWith: nameOf('old') });
  });

  test('is merged from what it was merged with last, when it was left before', async () => {
    const { kind, entry } = await planned({ theirs: 'newer', mine: 'old', locked: 'new', mergedWith: 'old' });
    expect(kind).toBe('update');
    expect(entry).toEqual({ mode: '100755', blob: nameOf('newer') });
  });

  test('counts as merged when the person says so', async () => {
    const { kind, entry } = await planned({ ...both, options: { differing: 'keep-mine' } });
    expect(kind).toBe('yours');
    expect(entry).toEqual({ mode: '100755', blob: nameOf('new') });
  });

  test('is replaced by force', async () => {
    expect((await planned({ ...both, options: { differing: 'force' } })).change).toMatchObject({ kind: 'replace', blob: nameOf('new') });
  });

  test('stays where merging brings nothing new', async () => {
    expect((await planned({ ...both, merged: 'mine' })).kind).toBe('yours');
  });
});

describe('a file that changed on one side', () => {
  test('is updated when only the pack changed it', async () => {
    expect((await planned({ theirs: 'new', mine: 'old', locked: 'old' })).kind).toBe('update');
  });
  test('stays when only the person changed it', async () => {
    const { kind, entry } = await planned({ theirs: 'old', mine: 'mine', locked: 'old' });
    expect(kind).toBe('yours');
    expect(entry).toEqual({ mode: '100755', blob: nameOf('old') });
  });
  test('gets the mode of the pack unless the person changed that', async () => {
    const texts = { theirs: 'new', mine: 'old', locked: 'old' };
    expect((await planned({ ...texts, modes: { locked: '100644', mine: '100644' } })).change).toMatchObject({ mode: '100755' });
    expect((await planned({ ...texts, modes: { mine: '100644' } })).change).toMatchObject({ mode: '100644' });
    const same = { theirs: 'old', mine: 'old', locked: 'old' };
    expect((await planned({ ...same, modes: { locked: '100644', mine: '100644' } })).kind).toBe('mode');
    expect((await planned({ ...same, modes: { mine: '100644' } })).kind).toBe('same');
  });
});

describe('a file that is gone', () => {
  test('here comes back only where it is asked for', async () => {
    expect((await planned({ theirs: 'old', locked: 'old' })).change).toMatchObject({ kind: 'gone', why: 'you deleted it' });
    expect((await planned({ theirs: 'new', locked: 'old' })).change).toMatchObject({ why: 'you deleted it, and the pack has changed it' });
    expect((await planned({ theirs: 'old', locked: 'old', options: { restore: true } })).kind).toBe('add');
  });
  test('from the pack goes here too, unless the person changed it', async () => {
    expect((await planned({ mine: 'old', locked: 'old' })).kind).toBe('delete');
    expect((await planned({ mine: 'mine', locked: 'old' })).change).toMatchObject({ kind: 'left' });
    expect((await planned({ mine: 'mine', locked: 'old', options: { differing: 'force' } })).kind).toBe('delete');
  });
  test('from the pack stays while another pack has it', async () => {
    expect((await planned({ mine: 'old', locked: 'old', alsoOf: 'old' })).kind).toBeUndefined();
  });
  test('on both sides is no change', async () => {
    expect((await planned({ locked: 'old' })).kind).toBeUndefined();
  });
});

test('a file that is new is added, and one that is the same already is the same', async () => {
  expect((await planned({ theirs: 'pack' })).kind).toBe('add');
  expect((await planned({ theirs: 'pack', mine: 'pack' })).kind).toBe('same');
  expect((await planned({ theirs: 'pack', mine: 'pack', alsoOf: 'pack' })).kind).toBe('same');
});
