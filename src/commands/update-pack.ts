import { parseAddress } from '../packs/address.js';
import { installedPack } from '../packs/remove.js';
import { installPacks, type PackFlags } from './install.js';
import type { Io } from './io.js';
import { openPackCheckout } from './pack-checkout.js';

export interface UpdatePackFlags extends PackFlags {
  /** Default: all. */
  readonly name?: string | undefined;
  /** Another branch, tag or commit than before. */
  readonly ref?: string | undefined;
}

/** `aynig update-pack`: brings packs to the newest commit of their branch or tag, merged with what a person changed. */
export async function updatePack(flags: UpdatePackFlags, io: Io): Promise<number> {
  const checkout = await openPackCheckout(flags.cwd, io);
  const { draft, here } = checkout;
  const names = flags.name === undefined ? Object.keys(draft.lock.packs).sort() : [flags.name];
  if (names.length === 0) {
    io.out('No pack is installed here. Install one with: aynig install <repo>');
    return 0;
  }
  const requests = names.map((name) => {
    const { source, ref, subfolder, fromDwp } = installedPack(draft, name);
    const address = parseAddress(source, { cwd: here.base, base: here.base });
    return { address, ref: flags.ref ?? ref ?? undefined, subfolder, name, fromDwp };
  });
  return installPacks(flags, checkout, requests, { restore: false, io });
}
