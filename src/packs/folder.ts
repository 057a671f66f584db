import { Failure } from '../failure.js';
import type { Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { printable } from '../printable.js';
import type { PackAddress } from './address.js';
import { isFolder } from './listing.js';
import { readTree } from './read.js';
import { PackRefusal } from './refuse.js';

/** Folders that are looked into for somebody who named none that is there. */
const maxLookedInto = 64;
const maxNamed = 6;

/** The tree of a folder in a commit; `.` is its top. Throws {@link Failure} no-such-folder, which says where packs may be. */
export async function findFolder(objects: Objects, commit: Oid, subfolder: string, address: PackAddress): Promise<Oid> {
  const { tree } = await objects.commit(commit);
  let at = tree;
  for (const part of subfolder === '.' ? [] : subfolder.split('/')) {
    const entry = (await readTree(objects, at))?.find(({ name }) => name === part);
    if (entry === undefined || !isFolder(entry)) {
      if (entry?.mode === '120000' || entry?.mode === '160000')
        throw new PackRefusal([
          { path: subfolder, why: entry.mode === '120000' ? 'leads through a symbolic link' : 'leads into a submodule' },
        ]);
      throw noSuchFolder(address, subfolder, entry !== undefined, await foldersLikePacks(objects, tree));
    }
    at = entry.oid;
  }
  return at;
}

/** Folders with a `command` folder in them, at the top and one below, and `.dwp`, which packs of the earlier naming are in. */
async function foldersLikePacks(objects: Objects, top: Oid): Promise<string[]> {
  const found: string[] = [];
  const waiting: { readonly path: string; readonly oid: Oid }[] = [{ path: '.', oid: top }];
  for (let looked = 0; looked < maxLookedInto; looked++) {
    const next = waiting.shift();
    if (next === undefined) break;
    const folders = ((await readTree(objects, next.oid)) ?? []).filter(isFolder);
    if (folders.some(({ name }) => name === 'command')) found.push(next.path);
    if (!next.path.includes('/'))
      for (const { name, oid } of folders) waiting.push({ path: next.path === '.' ? name : `${next.path}/${name}`, oid });
  }
  return found;
}

function noSuchFolder(address: PackAddress, subfolder: string, isThere: boolean, others: readonly string[]): Failure {
  const what = isThere
    ? `"${printable(subfolder)}" of ${address.shown} is no folder`
    : `${address.shown} has no folder "${printable(subfolder)}"`;
  const named = others.slice(0, maxNamed).map((path) => printable(path));
  return new Failure('no-such-folder', `${what}.${named.length === 0 ? '' : ` A folder command/ is in: ${named.join(', ')}.`}`, {
    hint: others.includes('.dwp')
      ? 'It has a pack of the earlier naming: aynig install <repo> <ref> .dwp --from-dwp'
      : 'Name the folder of the pack as the third argument: aynig install <repo> <ref> <folder>',
  });
}
