import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

/** Worktrees of runs that no journal names. */
export function checkWorktrees({ leftovers }: Facts): Finding[] {
  return leftovers.map(({ path, runId, adminDir, state, unnamed }): Finding => {
    const remove = `git worktree remove --force --force ${quoted(path)}`;
    const pin = unnamed === undefined ? '' : `git update-ref refs/aynig/kept/${runId} ${unnamed} && `;
    if (adminDir === undefined)
      return {
        id: 'worktree-orphan',
        sentence: `${path} is the folder of a run that git has no record of; look what is in it first.`,
        fix: `rm -r ${quoted(path)}`,
      };
    if (state === 'gone' || state === 'clean')
      return {
        id: 'worktree-stale',
        sentence: `${path} is the worktree of a run that nobody leads${state === 'gone' ? ', and the folder is gone' : ''}.`,
        fix: `${pin}${remove}`,
        mend: { kind: 'remove-worktree', runId, path, adminDir },
      };
    return {
      id: 'worktree-unsaved',
      sentence: `${path} is the worktree of a run that nobody leads, and it has changes that are not committed.`,
      fix:
        state === 'unsaved'
          ? `git -C ${quoted(path)} stash push --include-untracked && ${pin}${remove}`
          : `mv ${quoted(path)} ${quoted(`${path}.saved`)} && ${pin}git worktree prune`,
    };
  });
}
