/** Longest state name, in characters (CONTRACT.md). */
export const maxStateLength = 128;
const segment = '[a-z0-9][a-z0-9._-]*';
const statePattern = new RegExp(`^${segment}(?:/${segment})*$`);
const rolePattern = new RegExp(`^${segment}$`);

declare const brand: unique symbol;
/** The value of `aynig-state`, lower-cased: a dispatch key and nothing more. */
export type State = string & { readonly [brand]: 'State' };

/** Reads a state name; undefined when it is not legal. Capitals are read as small letters. */
export function readState(text: string): State | undefined {
  // Only A to Z: other letters, such as the Kelvin sign, become small letters of ASCII too.
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const legal = lower.length <= maxStateLength && statePattern.test(lower) && !lower.includes('..');
  return legal ? (lower as State) : undefined;
}

/** A role is one segment of a state name: it becomes one folder under `.aynig/roles`. */
export const isRole = (text: string): boolean => text.length <= maxStateLength && rolePattern.test(text) && !text.includes('..');
