import * as z from 'zod/mini';
import { Failure } from '../failure.js';
import { isOid } from '../git/names.js';
import { isPackName } from './pack-name.js';

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
  /** What `aynig install` was given, without secrets; a relative path is one from the top of the main working tree. */
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
  /** Rows of COMMANDS.md as they were installed, by state. */
  states: z.object({ columns: z.array(z.string()), rows: z.record(z.string(), z.array(z.string())) }),
  /** Names of the packs that it builds on. */
  uses: z._default(z.array(z.string()), []),
});

const lockFile = z.object({
  schema: z.literal('aynig.packs.lock/1'),
  packs: z.record(z.string().check(z.refine(isPackName, 'must be the name of a pack')), lockedPack),
});

export type LockedFile = z.infer<typeof lockedFile>;
export type LockedPack = z.infer<typeof lockedPack>;
export type LockFile = z.infer<typeof lockFile>;

export const emptyLock: LockFile = { schema: 'aynig.packs.lock/1', packs: {} };

/** The installed pack of that name; a pack may be called like something that every object has, such as `constructor`. */
export const packOf = ({ packs }: LockFile, name: string): LockedPack | undefined => (Object.hasOwn(packs, name) ? packs[name] : undefined);

/** Reads the lock file. Throws {@link Failure} pack-lock where it is not one: a conflict of a merge, or an edit by hand. */
export function readLock(text: string): LockFile {
  const value = json(text);
  const read = lockFile.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  const { schema } = (value ?? {}) as { readonly schema?: unknown };
  if (typeof schema === 'string' && schema !== emptyLock.schema)
    throw broken(`it is of the kind ${JSON.stringify(schema)}, and this version of aynig knows ${emptyLock.schema}`);
  // What is wrong with a key is said one level below it.
  const [inside] = issue?.code === 'invalid_key' ? issue.issues : [];
  throw broken(`${where}${inside?.message ?? issue?.message ?? 'it is not as expected'}`);
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
    hint: `Bring back the last good one: git log -- :/.aynig/${lockFileName}; then: aynig install`,
    cause,
  });

/** As text that merges well: one file a line, everything sorted. */
export function lockText({ packs }: LockFile): string {
  const ordered: LockFile = { schema: emptyLock.schema, packs: sorted(packs, inOrder) };
  const text = JSON.stringify(ordered, undefined, 2);
  // A file or a row in many lines would be in the way of whoever reads the difference.
  const inOneLine = text
    .replace(/\{\n\s+"mode": [^{}]*\}/g, (entry) => entry.replace(/\n\s*/g, ' '))
    .replace(/\[\n(?:\s*"(?:[^"\\]|\\.)*",?\n)*\s*\]/g, (list) => list.replace(/\n\s*(?=\])|(?<=^\[)\n\s*/g, '').replace(/\n\s*/g, ' '));
  return `${inOneLine}\n`;
}

function inOrder(pack: LockedPack): LockedPack {
  const { source, ref, subfolder, commit, version, fromDwp, uses, files, states } = pack;
  const { columns, rows } = states;
  const sortedRows = sorted(rows, (row) => row);
  return {
    source,
    ref,
    subfolder,
    commit,
    version,
    fromDwp,
    uses,
    files: sorted(files, (file) => file),
    states: { columns, rows: sortedRows },
  };
}

function sorted<V>(record: Readonly<Record<string, V>>, each: (value: V) => V): Record<string, V> {
  const names = Object.keys(record).sort();
  return Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, each(record[name])]])));
}
