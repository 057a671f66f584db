import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOid, type Oid, oid, type RefName } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { readReflog } from '../git/reflog.js';
import type { BranchTip } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import { canRead, unreadableTips } from '../git/unreadable-tips.js';
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

/** A branch that is at a commit which git cannot read. */
export interface LostTip {
  readonly ref: RefName;
  readonly oid: Oid;
  /** The last commit that git has noted for it and can read. */
  readonly last: Oid | undefined;
}

/** More of them are not told one by one. */
const maxLost = 100;

export async function readLostTips({ commonDir, git }: Repository, objects: Objects, branches: readonly BranchTip[]): Promise<LostTip[]> {
  const lost = await unreadableTips(objects, branches, maxLost);
  const tips: LostTip[] = [];
  for (const { ref, oid: at } of lost) {
    const noted = (await readReflog(git, commonDir, ref, 20)).map((entry) => entry.oid);
    let last: Oid | undefined;
    for (const name of new Set(noted)) {
      if (last !== undefined || !isOid(name) || !(await canRead(objects, name))) continue;
      last = oid(name);
    }
    tips.push({ ref, oid: at, last });
  }
  return tips;
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
