import type { Oid } from '../git/names.js';
import { atOnce } from './at-once.js';
import type { HereFile } from './here.js';
import { type LockedFile, type LockFile, packOf } from './lock-file.js';

/** A file of a pack as it is to be installed. */
export interface NewFile {
  /** Below `.aynig/`. */
  readonly path: string;
  readonly mode: '100644' | '100755';
  readonly bytes: Buffer;
  /** git's name of `bytes` in this repository. */
  readonly blob: Oid;
}

/** What happens to one file. `mode` and `blob` are those it has afterwards. */
export type Change =
  | {
      /** `return`: another pack had it before. */
      readonly kind: 'add' | 'update' | 'merge' | 'replace' | 'return';
      readonly path: string;
      readonly mode: string;
      readonly blob: Oid;
      readonly bytes: Buffer;
      /** The other pack that has a file of this path, of `replace` and `return`. */
      readonly owner?: string | undefined;
    }
  | { readonly kind: 'mode'; readonly path: string; readonly mode: string; readonly blob: Oid }
  /** `back`: it is committed and was deleted since. */
  | { readonly kind: 'same' | 'yours' | 'back'; readonly path: string; readonly mode: string }
  | { readonly kind: 'delete'; readonly path: string }
  /** The file here stays; `theirs` is the pack's, where it still has one. */
  | { readonly kind: 'left'; readonly path: string; readonly mode: string; readonly why: string; readonly theirs?: Oid }
  /** A person deleted it, and that stays so. */
  | { readonly kind: 'gone'; readonly path: string; readonly why: string };

export interface PackPlan {
  readonly changes: readonly Change[];
  /** What the lock file says of the pack's files afterwards. */
  readonly files: Readonly<Record<string, LockedFile>>;
}

export interface PlanOptions {
  /** What a person does about files that differ and cannot be merged: their own are listed and left where nothing is said. */
  readonly differing?: 'force' | 'keep-mine' | undefined;
  /** Whether files of the pack that a person deleted come back. */
  readonly restore: boolean;
}

interface Inputs {
  readonly name: string;
  readonly files: readonly NewFile[];
  readonly here: ReadonlyMap<string, HereFile>;
  readonly lock: LockFile;
  readonly options: PlanOptions;
  /** Merges a file, given git's names of what is here and of the base; undefined where that does not work. */
  readonly merge: (mine: Oid, base: string, theirs: Buffer) => Promise<Buffer | undefined>;
  readonly nameOf: (bytes: Buffer) => Oid;
  /** Told with every file how many are planned. */
  readonly progress?: ((planned: number) => void) | undefined;
}

/** Merging a file is a process of git; more of them than a machine has processors for are not faster. */
const mergedAtOnce = 4;

/** What installing the files of one pack does to `.aynig/`: looks at nothing but its arguments, and changes nothing. */
export async function planPack(inputs: Inputs): Promise<PackPlan> {
  const { name, files, lock } = inputs;
  const before = packOf(lock, name)?.files ?? {};
  const changes: Change[] = [];
  const locked: Record<string, LockedFile> = {};
  let planned = 0;
  await atOnce(mergedAtOnce, files, async (file) => {
    const change = await planFile(inputs, file, before[file.path]);
    changes.push(change);
    locked[file.path] = lockedAs(file, change, before[file.path]);
    planned += 1;
    inputs.progress?.(planned);
  });
  const wanted = new Set(files.map(({ path }) => path));
  for (const [path, entry] of Object.entries(before)) {
    if (wanted.has(path) || ownerBeside(lock, name, path) !== undefined) continue;
    const gone = dropFile(inputs.here.get(path), path, entry, inputs.options);
    if (gone !== undefined) changes.push(gone);
  }
  return { changes: changes.sort((one, other) => (one.path < other.path ? -1 : 1)), files: locked };
}

/** Another pack that has a file of this path. */
export const ownerBeside = (lock: LockFile, name: string, path: string): string | undefined =>
  Object.entries(lock.packs).find(([other, pack]) => other !== name && pack.files[path] !== undefined)?.[0];

/** The other pack that brought what is here; undefined where a person has changed it. */
function ownerOf({ lock, name }: Inputs, path: string, blob: Oid): string | undefined {
  const owner = ownerBeside(lock, name, path);
  return owner !== undefined && packOf(lock, owner)?.files[path]?.blob === blob ? owner : undefined;
}

/** What was last merged into the file here; null where nothing was. */
const baseOf = (entry: LockedFile | undefined): string | null =>
  entry === undefined ? null : entry.mergedWith === undefined ? entry.blob : entry.mergedWith;

async function planFile(inputs: Inputs, file: NewFile, entry: LockedFile | undefined): Promise<Change> {
  const { here, options } = inputs;
  const { path, mode, blob, bytes } = file;
  const mine = here.get(path);
  const base = baseOf(entry);
  if (mine === undefined) {
    if (entry === undefined || options.restore || options.differing === 'force') return { kind: 'add', path, mode, blob, bytes };
    return { kind: 'gone', path, why: entry.blob === blob ? 'you deleted it' : 'you deleted it, and the pack has changed it' };
  }
  const hereMode = mine.mode === '100755' || mine.mode === '100644' ? mine.mode : undefined;
  if (hereMode === undefined) return { kind: 'left', path, mode: mine.mode, why: 'what is here is no regular file', theirs: blob };
  // The mode is merged like the content: whoever changed it has their way, and a person before a pack.
  const merged = entry?.mode === hereMode ? mode : hereMode;
  if (mine.blob === blob) return planMode(file, hereMode, entry === undefined && options.differing === 'force' ? mode : merged, entry);
  if (base !== null && mine.blob === base) return { kind: 'update', path, mode: merged, blob, bytes };
  if (base !== null && base === blob) return { kind: 'yours', path, mode: hereMode };
  const text = base === null ? undefined : await inputs.merge(mine.blob, base, bytes);
  if (text !== undefined) {
    const name = inputs.nameOf(text);
    return name === mine.blob ? { kind: 'yours', path, mode: hereMode } : { kind: 'merge', path, mode: merged, blob: name, bytes: text };
  }
  if (options.differing === 'force') return { kind: 'replace', path, mode, blob, bytes, owner: ownerOf(inputs, path, mine.blob) };
  if (options.differing === 'keep-mine') return { kind: 'yours', path, mode: hereMode };
  return { kind: 'left', path, mode: hereMode, why: whyLeft(inputs, path, base), theirs: blob };
}

/** A file whose content is here already. */
function planMode({ path, mode, blob }: NewFile, hereMode: string, wanted: string, entry: LockedFile | undefined): Change {
  if (wanted !== hereMode) return { kind: 'mode', path, mode: wanted, blob };
  if (entry === undefined && hereMode !== mode)
    return { kind: 'left', path, mode: hereMode, why: `it has mode ${hereMode} here and ${mode} in the pack`, theirs: blob };
  return { kind: 'same', path, mode: hereMode };
}

function whyLeft({ lock, name }: Inputs, path: string, base: string | null): string {
  const owner = ownerBeside(lock, name, path);
  if (owner !== undefined) return `it is another file of the pack ${owner}`;
  return base === null ? 'a file of yours has this name' : 'you and the pack changed the same lines';
}

function lockedAs({ mode, blob }: NewFile, change: Change, entry: LockedFile | undefined): LockedFile {
  return change.kind === 'left' ? { mode, blob, mergedWith: baseOf(entry) } : { mode, blob };
}

/** A file that the pack no longer has. One that a person changed stays theirs. */
export function dropFile(
  mine: HereFile | undefined,
  path: string,
  entry: LockedFile,
  { differing }: Pick<PlanOptions, 'differing'>,
): Change | undefined {
  if (mine === undefined) return undefined;
  if (mine.blob === entry.blob || differing === 'force') return { kind: 'delete', path };
  return { kind: 'left', path, mode: mine.mode, why: 'the pack has it no more, and you changed it: it is yours now' };
}
