import { Failure } from '../failure.js';
import { parseAddress } from '../packs/address.js';
import { installedPack } from '../packs/remove.js';
import { printable, quoted } from '../printable.js';
import { installPacks, type PackFlags } from './install.js';
import type { Io } from './io.js';
import { openPackCheckout } from './pack-checkout.js';

export interface UpdatePackFlags extends PackFlags {
  /** Default: all. */
  readonly name?: string | undefined;
  /** Another branch, tag or commit than before; only of one pack. */
  readonly ref?: string | undefined;
}

/** `aynig update-pack`: brings packs to the newest commit of their branch or tag, merged with what a person changed. Throws {@link Failure} usage for a ref of many. */
export async function updatePack(flags: UpdatePackFlags, io: Io): Promise<number> {
  const checkout = await openPackCheckout(flags.cwd, io);
  const { draft, here } = checkout;
  const names = flags.name === undefined ? Object.keys(draft.lock.packs).sort() : [flags.name];
  if (names.length === 0) {
    io.out('No pack is installed here. Install one with: aynig install <repo>');
    return 0;
  }
  if (flags.ref !== undefined && flags.name === undefined && names.length > 1)
    throw new Failure('usage', `--ref would be for all ${names.length} packs: say for which one it is.`, {
      hint: `Installed are: ${names.join(', ')}; name one: aynig update-pack <name> --ref ${quoted(printable(flags.ref))}`,
    });
  const requests = names.map((name) => {
    const { source, ref, subfolder, fromDwp } = installedPack(draft, name);
    const address = parseAddress(source, { cwd: here.base, base: here.base });
    return { address, ref: flags.ref ?? ref ?? undefined, subfolder, name, fromDwp };
  });
  const code = await installPacks(flags, checkout, requests, { restore: false, io });
  // A tag does not move, so that this may be all that ever comes of it.
  if (flags.ref === undefined && draft.edits().length === 0)
    for (const { name, ref } of requests)
      io.out(
        `${name} stays with ${printable(ref ?? 'HEAD')} of its repository; another version: aynig update-pack ${quoted(name)} --ref <ref>`,
      );
  return code;
}
