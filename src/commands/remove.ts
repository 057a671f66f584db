import { removePack } from '../packs/remove.js';
import { printable } from '../printable.js';
import type { Io } from './io.js';
import { openPackCheckout, writePacks } from './pack-checkout.js';
import { commitHint, confirmed } from './pack-confirm.js';
import { changeLines, closingLines } from './pack-summary.js';

export interface RemoveFlags {
  readonly cwd: string;
  readonly name: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  /** Also files that a person changed, and packs that others build on. */
  readonly force: boolean;
}

/** `aynig remove`: takes the files of a pack out again. Files that a person changed stay. */
export async function remove(flags: RemoveFlags, io: Io): Promise<number> {
  const checkout = await openPackCheckout(flags.cwd, io);
  const { draft } = checkout;
  const { changes, notes } = await removePack(draft, flags.name, flags.force ? 'force' : undefined);
  draft.finish();
  for (const line of [...changeLines(changes), ...notes.map((note) => printable(`  note: ${note}`)), ...closingLines(checkout)])
    io.out(line);
  if (!(await confirmed(checkout, `Remove ${flags.name}?`, flags, io))) return 0;
  await writePacks(checkout);
  io.out(commitHint(`Remove the pack ${flags.name}`));
  return 0;
}
