import { join } from 'node:path';
import { shortOid } from '../git/names.js';
import { type ReflogEntry, readReflog } from '../git/reflog.js';
import { type BranchTip, isAncestor } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import { readBrought } from '../trust/brought.js';
import { isOrdinaryCommit } from '../trust/own-commit.js';
import { sourceOf } from '../trust/remotes.js';
import type { Context } from './context.js';

/** How far back a request is looked for; one that is older than this many moves of its branch is not new work of a hook. */
const entriesRead = 50;

/** Who made a request, as far as this clone can tell. */
export type Origin =
  /** An ordinary commit of the user, made in this clone. */
  | { readonly by: 'person' }
  /** A run of this clone. */
  | { readonly by: 'run' }
  /** Anything else; `why` is half a sentence. */
  | { readonly by: 'others'; readonly why: string };

/**
 * Whether a request was made in this clone, by an ordinary commit of its user or by a run. A merge, a pull, a cherry-pick
 * or a rebase brings in what somebody else may have written. git's own reflog is the witness; it never travels with a clone.
 */
export async function madeHere(repository: Repository, tip: BranchTip): Promise<Origin> {
  const { git, commonDir } = repository;
  if (tip.at !== undefined) {
    // What this clone published there was noted as it was done; what it fetched says so.
    const noted = (await readReflog(git, commonDir, tip.at.tracking, entriesRead)).find(({ oid }) => oid === tip.oid);
    if (noted !== undefined && /^aynig: /.test(noted.message)) return { by: 'run' };
  }
  return madeOnBranch(repository, tip);
}

async function madeOnBranch({ git, commonDir, gitDir }: Repository, tip: BranchTip): Promise<Origin> {
  const ownEntries = await readReflog(git, commonDir, tip.ref, entriesRead);
  let entries = ownEntries;
  let entry = ownEntries.find(({ oid }) => oid === tip.oid);
  // A commit made by hand in the middle of a rebase is noted in HEAD's reflog; the branch's says "rebase".
  if (entry !== undefined && /^rebase\b/.test(entry.message) && tip.worktree !== undefined) {
    const headEntries = await readReflog(git, gitDir, 'HEAD', entriesRead);
    const byHand = headEntries.find(({ oid, message }) => oid === tip.oid && isOrdinaryCommit(message));
    if (byHand !== undefined) [entries, entry] = [headEntries, byHand];
  }
  if (entry === undefined) return { by: 'others', why: 'nothing in this clone says how it came here' };
  if (readBrought(join(commonDir, 'aynig')).includes(entry.oid))
    return { by: 'others', why: 'its message came with a pick, revert or merge' };
  const first = amended(entries, entry);
  if (first === undefined) return { by: 'others', why: 'it amends a commit that was not made here' };
  if (isOrdinaryCommit(entry.message)) return { by: 'person' };
  if (/^aynig: /.test(entry.message)) return { by: 'run' };
  return { by: 'others', why: `it came by "${entry.message.slice(0, 60)}", not by a commit made here` };
}

/**
 * What the reflog says of a branch that is released from a lease. Only what was leased here goes on as the work of a run of
 * this clone: a lease that came by a merge or pull would make any request look like one.
 */
export async function releaseReason({ repository }: Context, at: BranchTip, what: string): Promise<string> {
  return (await madeHere(repository, at)).by === 'run' ? `aynig: ${what}` : `aynig took over: ${what}`;
}

/** The entry of the commit that was amended, perhaps several times, into this one; undefined where it was not made here. */
function amended(entries: readonly ReflogEntry[], entry: ReflogEntry): ReflogEntry | undefined {
  let at = entry;
  for (let step = 0; step < entriesRead && at.message.startsWith('commit (amend)'); step++) {
    const before = entries.find(({ oid }) => oid === at.before);
    if (before === undefined || before === at || !isOrdinaryCommit(before.message)) return undefined;
    at = before;
  }
  return at;
}

/** The remote that already has the request, by the branch's upstream; such a request is for one of all who see it. */
export async function remoteThatHas({ repository, objects, settings }: Context, tip: BranchTip): Promise<string | undefined> {
  const { upstream } = tip;
  const source = upstream === undefined ? undefined : sourceOf(settings.remotes, upstream);
  if (upstream === undefined || source === undefined) return undefined;
  const there = await objects.read(`${upstream}^{commit}`, 0);
  if (there.kind === 'missing') return undefined;
  // Most branches are where their upstream is: no git process for each of thousands.
  return there.oid === tip.oid || (await isAncestor(repository.git, tip.oid, upstream)) ? source.remote : undefined;
}

export const requestedBy = (author: string, commit: string): string => `${author.replace(/ <.*/, '')}, ${shortOid(commit)}`;
