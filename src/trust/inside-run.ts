import type { Repository } from '../git/repository.js';
import { openJournals } from '../runner/journal.js';

/** Whether this is the worktree of a run: also where its command has dropped the variable that says so. */
export const isInsideRun = ({ commonDir, toplevel }: Repository): boolean =>
  openJournals(commonDir)
    .all()
    .some(({ worktree }) => worktree === toplevel);
