import { Failure } from '../failure.js';
import type { Draft } from './draft.js';
import type { LockedPack } from './lock-file.js';
import type { Change } from './plan.js';

type Contents = readonly { readonly path: string; readonly bytes: Buffer }[];

/**
 * Plans into the draft what brings back files that the lock file names and that are not there; files that a person changed stay.
 * Their contents come from this repository where it has them, else from where the pack comes from (`obtain`, asked at most
 * once). Throws {@link Failure} pack-mismatch where that holds something else by now.
 */
export async function restorePack(draft: Draft, name: string, pack: LockedPack, obtain: () => Promise<Contents>): Promise<Change[]> {
  const changes = await draft.reading(() => missing(draft, name, pack, obtain));
  draft.take(changes);
  return changes;
}

async function missing(draft: Draft, name: string, pack: LockedPack, obtain: () => Promise<Contents>): Promise<Change[]> {
  const changes: Change[] = [];
  let there: Contents | undefined;
  for (const [path, { mode, blob }] of Object.entries(pack.files)) {
    if (draft.files.has(path)) continue;
    let bytes = await draft.content(blob);
    if (bytes === undefined) {
      there ??= await obtain();
      bytes = there.find((file) => file.path === path)?.bytes;
    }
    if (bytes === undefined || draft.nameOf(bytes) !== blob)
      throw new Failure('pack-mismatch', `${path} of ${name} is not what the lock file says, at ${pack.source}.`, {
        hint: `Look at what is there now: aynig update-pack ${name} --dry-run --diff`,
      });
    changes.push({ kind: 'add', path, mode, blob: blob as never, bytes });
  }
  return changes;
}
