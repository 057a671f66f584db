import { above, contains, get, holder, type Id, leaseSeconds, skewSeconds } from './history.js';

/** What the remote's refs are, and since when the run on the branch gave its last sign. */
export interface Refs {
  readonly branch: Id;
  /** `refs/aynig/lease/<run>`: pairs of run and value, by run. */
  readonly leases: readonly (readonly [run: Id, value: Id])[];
  /** The server's own time of the last move of the branch or of its holder's lease ref. */
  readonly sign: number;
}

/** The value that a ref must have: a commit, 0 for "absent", or one of git's weaker rules. */
export type Expected = Id | 'anything' | 'an ancestor';

/** One atomic push. */
export interface Push {
  readonly by: 'runner' | 'command' | 'person';
  readonly branch?: { readonly expected: Expected; readonly to: Id };
  readonly lease?: { readonly run: Id; readonly expected: Expected; readonly to: Id };
}

/** What guards the branch at the server: nothing, pre-receive as it was first meant, or that without one of the rules which the model asked for. */
export type Fence =
  | 'none'
  | 'complete'
  | 'believes a lease ref whose branch is gone'
  | 'judges only commits that name a state'
  | 'lets an ended lease return';

export const heartbeatRef = (refs: Refs, run: Id): Id => refs.leases.find(([name]) => name === run)?.[1] ?? 0;

/** The refs after a push, or undefined when it is refused. */
export function receive(refs: Refs, push: Push, fence: Fence, now: number): Refs | undefined {
  const { branch, lease } = push;
  if (branch !== undefined && !matches(branch.expected, refs.branch, branch.to)) return undefined;
  if (lease !== undefined && !matches(lease.expected, heartbeatRef(refs, lease.run), lease.to)) return undefined;
  if (fence !== 'none' && branch !== undefined && !passes(refs, push, branch.to, fence, now)) return undefined;
  const to = branch?.to ?? refs.branch;
  const leases =
    lease === undefined
      ? refs.leases
      : [...refs.leases.filter(([run]) => run !== lease.run), ...(lease.to === 0 ? [] : [[lease.run, lease.to] as const])].sort(
          ([one], [other]) => one - other,
        );
  return { branch: to, leases, sign: to !== refs.branch || lease?.run === holder(to) ? now : refs.sign };
}

function matches(expected: Expected, value: Id, to: Id): boolean {
  if (expected === 'anything') return true;
  return expected === 'an ancestor' ? value === 0 || contains(to, value) : expected === value;
}

function passes(refs: Refs, { lease, branch }: Push, to: Id, fence: Fence, now: number): boolean {
  const held = holder(refs.branch);
  const tip = get(to);
  const onward = to !== 0 && contains(to, refs.branch);
  const known = [refs.branch, ...refs.leases.map(([, value]) => value)].filter((id) => id !== 0);
  const fresh = to === 0 ? [] : above(to, known);
  const takesOver = tip.kind === 'stalled' && tip.run === 0;
  if (branch === undefined) return true;
  // Rule 3.
  if (held !== 0) {
    const alive = refs.sign + leaseSeconds + skewSeconds >= now;
    if (alive && (lease?.run !== held || !onward || takesOver)) return false;
    if (!alive && onward && lease?.run !== held && !(takesOver && tip.stalls === held)) return false;
  }
  // Rule 2.
  for (const id of fresh) {
    const { kind, parent, run } = get(id);
    if (kind === 'lease' && (lease?.run !== id || lease.to === 0 || heartbeatRef(refs, id) !== 0)) return false;
    if (kind === 'working' && holder(parent) !== run) return false;
    if (kind === 'copy') return false;
  }
  // A lease that is over does not come back, also not by commits that the server has.
  const returns = holder(to) !== 0 && holder(to) !== held;
  if (returns && fence !== 'lets an ended lease return') {
    const claimed = lease?.run === to && lease.to !== 0 && heartbeatRef(refs, to) === 0;
    const believed = fence === 'believes a lease ref whose branch is gone' && heartbeatRef(refs, holder(to)) !== 0;
    if (!claimed && !believed) return false;
  }
  // Rule 4. A claim marks itself and is judged above.
  const namesState = tip.kind === 'result' || tip.kind === 'stalled';
  const judged = fence === 'judges only commits that name a state' ? namesState : namesState || tip.kind === 'work';
  if (judged && tip.run !== 0 && fresh.includes(to)) {
    if (heartbeatRef(refs, tip.run) === 0) return false;
    if (fence !== 'believes a lease ref whose branch is gone' && held !== tip.run) return false;
  }
  return true;
}
