import { Failure } from '../failure.js';
import type { Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { printable, quoted } from '../printable.js';
import { asWord, type PackAddress } from './address.js';
import { isFolder } from './listing.js';
import { readTree } from './read.js';
import { PackRefusal } from './refuse.js';

/** Folders that are looked into for somebody who named none that is there. */
const maxLookedInto = 64;
const maxNamed = 6;

/** A folder of a repository as somebody asked for it. */
export interface WantedFolder {
  readonly address: PackAddress;
  /** `HEAD` where none was named. */
  readonly ref: string;
  /** `.` is the top. */
  readonly subfolder: string;
}

/** The tree of a folder in a commit. Throws {@link Failure} no-such-folder, which says where packs may be. */
export async function findFolder(objects: Objects, commit: Oid, wanted: WantedFolder): Promise<Oid> {
  const { subfolder } = wanted;
  const { tree } = await objects.commit(commit);
  let at = tree;
  for (const part of subfolder === '.' ? [] : subfolder.split('/')) {
    const entry = (await readTree(objects, at))?.find(({ name }) => name === part);
    if (entry === undefined || !isFolder(entry)) {
      if (entry?.mode === '120000' || entry?.mode === '160000')
        throw new PackRefusal([
          { path: subfolder, why: entry.mode === '120000' ? 'leads through a symbolic link' : 'leads into a submodule' },
        ]);
      throw noSuchFolder(wanted, entry !== undefined, await foldersLikePacks(objects, tree));
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

function noSuchFolder({ address, ref, subfolder }: WantedFolder, isThere: boolean, others: readonly string[]): Failure {
  const what = isThere
    ? `"${printable(subfolder)}" of ${address.shown} is no folder`
    : `${address.shown} has no folder "${printable(subfolder)}"`;
  const install = `aynig install ${asWord(address)} ${quoted(ref)}`;
  // A name that would be shown otherwise than it is cannot be typed.
  const only = others.length === 1 && others[0] !== undefined && printable(others[0]) === others[0] ? quoted(others[0]) : undefined;
  const named = others.slice(0, maxNamed).map((path) => printable(path));
  return new Failure('no-such-folder', `${what}.${named.length === 0 ? '' : ` A folder command/ is in: ${named.join(', ')}.`}`, {
    hint: others.includes('.dwp')
      ? `It has a pack of the earlier naming: ${install} .dwp --from-dwp`
      : `Name the folder of the pack as the third argument: ${install} ${only ?? '<folder>'}`,
  });
}
