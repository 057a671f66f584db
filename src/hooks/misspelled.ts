import { distance } from 'fastest-levenshtein';
import type { Trailer } from '../kernel/message.js';

/** As many letters may be wrong, missing or too many for a word to be taken for a slip of the pen. */
const slips = 2;

/** What to say of a message that names no state, yet has a trailer that was most likely meant to: nothing would come of it, in silence. */
export function misspelledState(trailers: readonly Trailer[]): string[] {
  const keys = trailers.map(({ key }) => key.toLowerCase());
  if (keys.includes('aynig-state')) return [];
  const meant = keys.find((key) => key.startsWith('aynig-') && distance(key, 'aynig-state') <= slips);
  if (meant === undefined) return [];
  return [`aynig: "${meant}" asks for nothing; the trailer is called aynig-state. Mend it with: git commit --amend`];
}
