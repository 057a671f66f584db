import type { Failure } from '../failure.js';
import type { Git } from '../git/gate.js';
import type { Oid } from '../git/names.js';
import type { Objects, TreeEntry } from '../git/objects.js';
import { printable } from '../printable.js';
import { packLimits } from './limits.js';
import { type Entry, fileMode, isFile, isFolder, pathOf, useOf } from './listing.js';
import { PackRefusal, type Refusal, refusalsOf } from './refuse.js';

/** A file that may be installed. */
export interface PackFile {
  /** Below the folder of the pack, and so below `.aynig/`. */
  readonly path: string;
  readonly mode: '100644' | '100755';
  readonly bytes: Buffer;
}

/** The folder of a pack, all of it in memory. Nothing in it has been refused. */
export interface PackContents {
  /** Sorted by path. */
  readonly files: readonly PackFile[];
  /** What `pack.json` says, not yet looked at; undefined where there is none. */
  readonly manifest: unknown;
  /** The text of `COMMANDS.md`; undefined where there is none. */
  readonly map: string | undefined;
  /** What is never installed, and does no harm. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

/** A repository to read from, and the one process that reads its objects. */
export interface Source {
  readonly git: Git;
  readonly objects: Objects;
}

/** A tree may be as large as its author likes; of a larger one no pack is made. */
const maxTreeBytes = 512 * 1024;

export interface Reading {
  /** Whether commands may have capitals in their names: those of the earlier naming do. Default: no. */
  readonly anyCase?: boolean;
}

/** Reads the folder of a pack. Throws {@link PackRefusal} for everything in it that is never installed. */
export async function readPack(source: Source, tree: Oid, { anyCase = false }: Reading = {}): Promise<PackContents> {
  const entries = await withSizes(source.git, await listTree(source.objects, tree));
  const refusals = refusalsOf(entries, { anyCase });
  if (refusals.length > 0) throw new PackRefusal(refusals);
  return readContents(source.objects, entries);
}

/** All folders and files below a tree. A tree may name the same one a thousand times on every level, so it ends at a limit. */
async function listTree(objects: Objects, tree: Oid): Promise<Entry[]> {
  const entries: Entry[] = [];
  const waiting: { readonly folder: string; readonly oid: Oid; readonly depth: number }[] = [{ folder: '', oid: tree, depth: 0 }];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { folder, depth } = next;
    for (const entry of (await readTree(objects, next.oid)) ?? []) {
      if (entries.length >= packLimits.entries)
        throw new PackRefusal([{ path: '', why: `it has more than ${packLimits.entries} files and folders` }]);
      const listed: Entry = { folder, ...entry };
      entries.push(listed);
      // One level more is listed than is allowed, to be refused with its path.
      if (isFolder(entry) && depth <= packLimits.depth) waiting.push({ folder: pathOf(listed), oid: entry.oid, depth: depth + 1 });
    }
  }
  return entries;
}

/** The entries of a tree; undefined where there is no tree of that name. */
export async function readTree(objects: Objects, tree: Oid): Promise<readonly TreeEntry[] | undefined> {
  const found = await objects.read(tree, 0);
  if (found.kind === 'missing' || found.type !== 'tree') return undefined;
  if (found.size > maxTreeBytes)
    throw new PackRefusal([{ path: '', why: `one of its folders has a listing of more than ${maxTreeBytes / 1024} KiB` }]);
  return objects.tree(tree, '');
}

/** The sizes of all files in one call, before any of them is read. */
async function withSizes(git: Git, entries: readonly Entry[]): Promise<Entry[]> {
  const oids = [...new Set(entries.filter(isFile).map(({ oid }) => oid))];
  if (oids.length === 0) return [...entries];
  const answer = await git(['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'], { input: `${oids.join('\n')}\n` });
  const sizes = new Map<string, number>();
  for (const line of answer.stdout.toString('utf8').split('\n')) {
    const [oid = '', type, size] = line.split(' ');
    if (type === 'blob') sizes.set(oid, Number(size));
  }
  return entries.map((entry) => {
    if (!isFile(entry)) return entry;
    const size = sizes.get(entry.oid);
    if (size === undefined) throw new PackRefusal([{ path: pathOf(entry), why: 'has no content in the repository' }]);
    return { ...entry, size };
  });
}

async function readContents(objects: Objects, entries: readonly Entry[]): Promise<PackContents> {
  const files: PackFile[] = [];
  const leftOut: { path: string; why: string }[] = [];
  let manifest: unknown;
  let map: string | undefined;
  for (const entry of entries.filter(isFile)) {
    const path = pathOf(entry);
    const use = useOf(entry);
    if (typeof use === 'object') {
      leftOut.push({ path, why: use.leftOut });
      continue;
    }
    const bytes = await contentOf(objects, entry);
    if (use === 'manifest') manifest = jsonOf(bytes, path);
    else if (use === 'map') map = textOf(bytes, path);
    else files.push({ path, mode: fileMode(entry), bytes });
  }
  return { files: files.sort(byPath), manifest, map, leftOut: leftOut.sort(byPath) };
}

const byPath = (a: { readonly path: string }, b: { readonly path: string }): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

async function contentOf(objects: Objects, entry: Entry): Promise<Buffer> {
  const found = await objects.read(entry.oid, packLimits.fileBytes);
  if (found.kind === 'missing' || found.type !== 'blob' || found.truncated) throw refusal({ path: pathOf(entry), why: 'cannot be read' });
  return found.bytes;
}

function textOf(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refusal({ path, why: 'is not UTF-8' }, cause);
  }
}

function jsonOf(bytes: Buffer, path: string): unknown {
  const text = textOf(bytes, path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refusal({ path, why: `is not valid JSON: ${printable((cause as Error).message.slice(0, 120))}` }, cause);
  }
}

const refusal = (what: Refusal, cause?: unknown): Failure => new PackRefusal([what], cause);
