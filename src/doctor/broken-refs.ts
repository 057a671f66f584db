import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOid, type RefName } from '../git/names.js';
import { readReflog } from '../git/reflog.js';
import type { Repository } from '../git/repository.js';
import { entriesOf } from './entries.js';

/** A file of a ref that git cannot read: a power cut leaves an empty one where git was not told to be careful. */
export interface BrokenRef {
  readonly ref: string;
  readonly path: string;
  /** The last value that git has noted for it. */
  readonly last: string | undefined;
}

/** Files below `refs` that are looked at; a repository with more refs keeps them packed. */
const maxFiles = 200_000;
/** A symbolic ref is the longest that a good file is. */
const maxBytes = 8 * 1024;

export async function readBrokenRefs({ commonDir, git }: Repository): Promise<BrokenRef[]> {
  const broken: BrokenRef[] = [];
  const folders = ['refs'];
  let looked = 0;
  for (let folder = folders.pop(); folder !== undefined && looked < maxFiles; folder = folders.pop()) {
    for (const entry of entriesOf(join(commonDir, folder))) {
      looked++;
      const ref = `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(ref);
      else if (entry.isFile() && !ref.endsWith('.lock') && isBroken(join(commonDir, ref))) {
        const entries = await readReflog(git, commonDir, ref as RefName, 20);
        broken.push({ ref, path: join(commonDir, ref), last: entries.map(({ oid }) => oid).find((oid) => isOid(oid) && /[^0]/.test(oid)) });
      }
    }
  }
  return broken;
}

function isBroken(path: string): boolean {
  const size = lstatSync(path, { throwIfNoEntry: false })?.size;
  // It went away, as it does when refs are packed.
  if (size === undefined) return false;
  if (size === 0 || size > maxBytes) return true;
  try {
    const text = readFileSync(path, 'latin1').trimEnd();
    return !isOid(text) && !text.startsWith('ref: ');
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
