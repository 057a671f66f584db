import type { Oid } from '../git/names.js';
import { readState, working } from './names.js';
import type { StateEvent } from './state-event.js';

/** What keeps a `working` commit from being a lease at all. */
export interface LeaseFault {
  readonly kind: 'trailers' | 'parents' | 'files';
  /** Half a sentence. */
  readonly sentence: string;
}

/** The first fault of a lease; `treeBelow`: the tree of its first parent, where that is known. A copy stands on another commit by its nature. */
export function leaseFault(
  { commit, lease, parent, copied }: Extract<StateEvent, { kind: 'lease' }>,
  treeBelow: Oid | undefined,
): LeaseFault | undefined {
  const trailers = (sentence: string): LeaseFault => ({ kind: 'trailers', sentence });
  const origin = readState(lease.originState);
  if (origin === undefined || origin === working) return trailers('the lease names no aynig-origin-state that can be asked for');
  if (lease.runId === '') return trailers('the lease has no aynig-run-id that is a UUID');
  if (lease.runnerId === '') return trailers('the lease has no aynig-runner-id');
  if (lease.seconds === undefined) return trailers('the lease has no aynig-lease-seconds');
  const [below, another] = commit.parents;
  if (below === undefined || another !== undefined) return { kind: 'parents', sentence: 'a lease has exactly one parent' };
  if (treeBelow !== undefined && treeBelow !== commit.tree)
    return { kind: 'files', sentence: 'a lease changes no file, and this one does' };
  if (parent === undefined && !copied) return trailers('the lease does not say by aynig-parent what it stands on');
  return undefined;
}
