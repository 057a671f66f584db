import { Failure } from '../failure.js';
import type { Io } from './io.js';
import type { PackCheckout } from './pack-checkout.js';
import { diffText } from './pack-summary.js';

export interface ConfirmFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
}

/**
 * Lets a person look at every line and say yes. False where it was only to be shown. Throws {@link Failure} pack-not-confirmed
 * where nobody says yes.
 */
export async function confirmed(checkout: PackCheckout, what: string, flags: ConfirmFlags, io: Io): Promise<boolean> {
  if (flags.diff) io.out(await diffText(checkout));
  if (flags.dryRun) return false;
  if (flags.yes) return true;
  if (!io.canAsk)
    throw new Failure('pack-not-confirmed', 'Nothing was changed: there is no terminal to ask on.', {
      hint: 'Look at what is shown above (all of it with --diff --dry-run), then add: --yes',
    });
  for (;;) {
    const answer = (await io.ask(`${what} [y/N, d shows every line] `))?.trim().toLowerCase() ?? '';
    if (answer === 'y' || answer === 'yes') return true;
    if (answer !== 'd') break;
    io.out(await diffText(checkout));
  }
  throw new Failure('pack-not-confirmed', 'Nothing was changed.', { hint: 'Ask again with the same command.' });
}

/** What is left to do once files are written and staged. */
export const commitHint = (what: string): string => `Written and staged. Look at it with: git diff --staged; then: git commit -m '${what}'`;
