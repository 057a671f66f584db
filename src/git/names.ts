declare const brand: unique symbol;
type Brand<B extends string> = string & { readonly [brand]: B };

/** A full object name, 40 or 64 hex digits, never abbreviated. */
export type Oid = Brand<'Oid'>;
/** A full ref name: `refs/heads/…`, `refs/aynig/…`. */
export type RefName = Brand<'RefName'>;
/** A branch's short name, what stands behind `refs/heads/`. */
export type BranchName = Brand<'BranchName'>;

const oidPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads text that git printed as an object name. Throws a plain Error when it is not one: that would be a bug, not bad input. */
export function oid(text: string): Oid {
  if (!oidPattern.test(text)) throw new Error(`not an object name: ${JSON.stringify(text.slice(0, 80))}`);
  return text as Oid;
}

export const isOid = (text: string): text is Oid => oidPattern.test(text);
export const branchRef = (branch: BranchName): RefName => `refs/heads/${branch}` as RefName;
export const branchOf = (ref: RefName): BranchName => ref.slice('refs/heads/'.length) as BranchName;
/**
 * git keeps names of branches as bytes. One that is no UTF-8 is read with U+FFFD in it, and what is written down then leads back
 * to no branch; so it is never acted on.
 */
export const isNameable = (branch: string): boolean => !branch.includes('\uFFFD');
/** Twelve digits: long enough to stay unique in large repositories, short enough for one line. */
export const shortOid = (full: string): string => full.slice(0, 12);
/** Where a run's work is pinned until its branch contains it. */
export const keptRef = (runId: string): RefName => `refs/aynig/kept/${runId}` as RefName;
/** The sign of life of a run at the arbiter of its branch: there from its claim to its end. */
export const heartbeatRef = (runId: string): RefName => `refs/aynig/lease/${runId}` as RefName;
