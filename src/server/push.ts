import { isOid, type Oid, type RefName } from '../git/names.js';
import { isRunId } from '../kernel/names.js';

/** One ref that a push wants to create, move or delete. */
export interface RefUpdate {
  readonly ref: RefName;
  /** Undefined: it is created. */
  readonly from: Oid | undefined;
  /** Undefined: it is deleted. */
  readonly to: Oid | undefined;
}

export const branchPrefix = 'refs/heads/';
export const leasePrefix = 'refs/aynig/lease/';

/** Reads what git hands to `pre-receive` and `post-receive`: a line `<old> <new> <ref>` for each ref, zeros for what is not there. */
export function parsePush(text: string): RefUpdate[] {
  return text.split('\n').flatMap((line): RefUpdate[] => {
    const match = /^([0-9a-f]+) ([0-9a-f]+) (.+)$/.exec(line);
    if (match?.[3] === undefined) return [];
    return [{ ref: match[3] as RefName, from: oidOr(match[1]), to: oidOr(match[2]) }];
  });
}

// All zeros, of either length of object names.
const oidOr = (text = ''): Oid | undefined => (isOid(text) && /[^0]/.test(text) ? text : undefined);

/** The run that a lease ref is of; undefined where the ref is none, or is named after nothing that can be a run. */
export function runOfLeaseRef(ref: RefName): string | undefined {
  const name = ref.startsWith(leasePrefix) ? ref.slice(leasePrefix.length) : '';
  return isRunId(name) ? name : undefined;
}

/** A push, sorted by what its refs are for. Tags and whatever else is pushed are nobody's concern here. */
export interface Push {
  readonly branches: readonly RefUpdate[];
  readonly leases: readonly RefUpdate[];
}

export const sorted = (updates: readonly RefUpdate[]): Push => ({
  branches: updates.filter(({ ref }) => ref.startsWith(branchPrefix)),
  leases: updates.filter(({ ref }) => ref.startsWith(leasePrefix)),
});

/** What the push does with one lease ref. */
export const updateOf = (push: Push, ref: RefName): RefUpdate | undefined => push.leases.find((update) => update.ref === ref);
