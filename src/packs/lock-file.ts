import * as z from 'zod/mini';
import { Failure } from '../failure.js';
import { isOid } from '../git/names.js';

/** Where it lies, below `.aynig/`. */
export const lockFileName = 'packs.lock.json';

const objectName = z.string().check(z.refine(isOid, 'must be a full object name'));
const pathBelow = z
  .string()
  .check(
    z.refine(
      (path) =>
        path.length <= 240 && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/^\.git/i.test(part)),
      'must be a path below .aynig',
    ),
  );
const lockedFile = z.object({
  mode: z.enum(['100644', '100755']),
  /** git's name of the content in the pack. */
  blob: objectName,
  /**
   * Only where the file here does not have that content in it: the content of the pack that it was last merged with; null
   * where it never was.
   */
  mergedWith: z.optional(z.nullable(objectName)),
});
const lockedPack = z.object({
  /** What `aynig install` was given, without secrets; a relative path is one from the top of the working tree. */
  source: z.string().check(z.minLength(1), z.maxLength(2048)),
  /** Null: the branch that HEAD names there. */
  ref: z.nullable(z.string()),
  subfolder: z.string(),
  commit: objectName,
  version: z.nullable(z.string()),
  /** Translated from the earlier naming. */
  fromDwp: z._default(z.boolean(), false),
  /** By path below `.aynig/`. */
  files: z.record(pathBelow, lockedFile),
  /** Rows of COMMANDS.md as they were installed, by state and column. */
  states: z.record(z.string(), z.record(z.string(), z.string())),
  /** Names of the packs that it builds on. */
  uses: z._default(z.array(z.string()), []),
});

/** A pack's name: one that can be typed, and that is one component of a path. */
export const packNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const lockFile = z.object({
  schema: z.literal('aynig.packs.lock/1'),
  packs: z.record(z.string().check(z.regex(packNamePattern, 'must be the name of a pack')), lockedPack),
});

export type LockedFile = z.infer<typeof lockedFile>;
export type LockedPack = z.infer<typeof lockedPack>;
export type LockFile = z.infer<typeof lockFile>;

export const emptyLock: LockFile = { schema: 'aynig.packs.lock/1', packs: {} };

/** Reads the lock file. Throws {@link Failure} pack-lock where it is not one: a conflict of a merge, or an edit by hand. */
export function readLock(text: string): LockFile {
  const read = lockFile.safeParse(json(text));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  throw broken(`${where}${issue?.message ?? 'it is not as expected'}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw broken(/^(?:<{7}|>{7}|={7}) ?/m.test(text) ? 'it has the marks of a merge conflict' : 'it is not JSON', error);
  }
}

const broken = (why: string, cause?: unknown): Failure =>
  new Failure('pack-lock', `.aynig/${lockFileName} cannot be read: ${why}.`, {
    hint: `Bring back the last good one: git log -- .aynig/${lockFileName}; then: aynig install`,
    cause,
  });

/** As text that merges well: one file a line, everything sorted. */
export function lockText({ packs }: LockFile): string {
  const ordered: LockFile = { schema: emptyLock.schema, packs: sorted(packs, inOrder) };
  const text = JSON.stringify(ordered, undefined, 2);
  // A file in three lines would be in the way of whoever reads the difference.
  return `${text.replace(/\{\n\s+"mode": [^{}]*\}/g, (entry) => entry.replace(/\n\s*/g, ' '))}\n`;
}

function inOrder(pack: LockedPack): LockedPack {
  const { source, ref, subfolder, commit, version, fromDwp, uses, files, states } = pack;
  return {
    source,
    ref,
    subfolder,
    commit,
    version,
    fromDwp,
    uses,
    files: sorted(files, (file) => file),
    states: sorted(states, (row) => row),
  };
}

const sorted = <V>(record: Readonly<Record<string, V>>, each: (value: V) => V): Record<string, V> =>
  Object.fromEntries(
    Object.entries(record)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => [key, each(value)]),
  );
