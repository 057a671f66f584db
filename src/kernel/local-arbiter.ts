import { existsSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import type { Identity } from '../git/commit-tree.js';
import type { RefName } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { isAncestor, readBranchTips, swapRef } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import { operationInProgress } from '../git/worktree.js';
import type { Journals } from '../runner/journal.js';
import type { Advance, Arbiter, Move } from './arbiter.js';
import { bareLeases } from './bare-lease.js';
import { deliverInto } from './deliver.js';

/** How often a branch is looked for anew that was found in a checkout which then had another one. */
const switchTries = 3;

/**
 * This repository's own refs decide. A branch that is checked out gets its new files by a fast-forward in that checkout. In a
 * bare repository, which others push to, a lease ref says that the run is alive.
 */
export function localArbiter(
  repository: Repository,
  objects: Objects,
  journals: Journals,
  runWorktrees: () => string,
  identity: Identity,
): Arbiter {
  const { git } = repository;
  const leases = repository.bare ? bareLeases(repository, objects, identity) : undefined;
  const swap = (advance: Advance): Promise<Move> => {
    if (leases !== undefined) return leases.release(advance);
    const { ref, from, to, reason, runId } = advance;
    return swapRef(git, objects, { ref, expected: from, to, reason, runId });
  };
  return {
    tip: (ref) => objects.ref(ref),
    claim: leases?.claim ?? swap,
    async publish(advance) {
      // Moving a branch under a rebase makes the user's `git rebase --continue` fail at its end.
      const operation = operationInProgress(repository.commonDir, advance.ref);
      if (operation !== undefined) return { kind: 'refused', why: `${operation} of the branch is in progress` };
      const [from, to] = await Promise.all([objects.commit(advance.from), objects.commit(advance.to)]);
      // The same tree: invisible in a checkout, so the ref alone can move.
      if (from.tree === to.tree) return swap(advance);
      for (let attempt = 1; ; attempt++) {
        const checkout = await checkoutOf(advance.ref);
        if (checkout === 'unknown')
          return {
            kind: 'refused',
            why: 'the branch is checked out where this process cannot find it: run aynig in the main working tree',
          };
        if (checkout === undefined) return swap(advance);
        const move = await deliverInto(checkout, objects, advance);
        if (move === 'switched') {
          if (attempt < switchTries) continue;
          return { kind: 'refused', why: `${checkout} is being switched from branch to branch` };
        }
        if (move.kind === 'moved') await leases?.drop(advance.runId, advance.to);
        return move;
      }
    },
    contains: (_ref, tip, commit) => (tip === commit ? Promise.resolve(true) : isAncestor(git, commit, tip)),
    // A command may have moved its branch itself, and to ask costs next to nothing here.
    held: () => undefined,
    // A bare repository lets go of it with the move that failed; elsewhere the runner itself is the sign of life.
    abandon: () => Promise.resolve(),
    async renew(runId) {
      journals.touch(runId);
      return (await leases?.renew(runId)) === false ? { kind: 'lost' } : { kind: 'confirmed' };
    },
    // Nobody waits for it: the runner itself is the sign of life.
    progress: () => Promise.resolve({ kind: 'confirmed' }),
  };

  /** The worktree that has the branch checked out, if it is a person's and still there. */
  async function checkoutOf(ref: RefName): Promise<string | 'unknown' | undefined> {
    const worktree = (await readBranchTips(git, [ref]))[0]?.worktree;
    if (worktree === undefined || !existsSync(worktree) || worktree.startsWith(runWorktrees() + sep)) return undefined;
    // git takes the git directory itself for the checkout of HEAD in a bare repository, where there are no files, and where
    // the git directory is apart from its working tree.
    if (realpathSync(worktree) !== realpathSync(repository.commonDir)) return worktree;
    return repository.bare ? undefined : (repository.mainRoot ?? 'unknown');
  }
}
