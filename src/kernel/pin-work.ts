import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '../git/causes.js';
import { lostDescendant } from '../git/lost-commits.js';
import { keptRef, type Oid, type RefName } from '../git/names.js';
import { isAncestor, writeRef } from '../git/refs.js';
import { adminDirectory, worktreeHead } from '../git/worktree.js';
import { removeFile } from '../runner/durable-file.js';
import type { CommandEnd } from '../runner/journal.js';
import type { Context } from './context.js';
import type { LeasedJournal } from './leased-journal.js';
import { salvage } from './salvage.js';
import { readTip, type Tip } from './tip.js';

/** What a run made, pinned by refs so that its worktree can go. */
export interface Work {
  readonly head: Tip | undefined;
  readonly descends: boolean;
  readonly kept: readonly RefName[];
  /** The worktree holds changes that could not be committed anywhere. */
  readonly unsaved: boolean;
}

const nothing: Work = { head: undefined, descends: false, kept: [], unsaved: false };

/** Pins what a run made, committed or not; `base`: the last commit on the branch that was its own. */
export async function pinWork(context: Context, journal: LeasedJournal, base: Oid, end: CommandEnd): Promise<Work> {
  const { repository, objects } = context;
  const adminDir = adminDirectory(repository.commonDir, journal.worktree);
  const ran = journal.command !== undefined || end.exitCode !== undefined || end.signal !== undefined;
  if (adminDir === undefined) return ran ? pinLost(context, journal) : nothing;
  const headOid = await worktreeHead(repository.git, adminDir);
  if (headOid === undefined) return nothing;
  await detach(context, adminDir, headOid);
  const kept: RefName[] = [];
  if (headOid !== journal.lease) {
    await writeRef(repository.git, keptRef(journal.runId), headOid, `aynig: keep ${journal.runId}`);
    kept.push(keptRef(journal.runId));
  }
  const { ref: uncommitted, unsaved } = await salvageOrSay(context, journal, adminDir, headOid);
  if (uncommitted !== undefined) kept.push(uncommitted);
  const commit = await objects.commit(headOid);
  const descends = commit.parents[0] === base || headOid === base || (await isAncestor(repository.git, base, headOid));
  return { head: readTip(commit), descends, kept, unsaved };
}

/** The worktree is gone with git's record of it: what was committed in it can still be found as commits that nothing names. */
async function pinLost({ repository, objects }: Context, journal: LeasedJournal): Promise<Work> {
  const lost = await lostDescendant(repository.git, objects, journal.lease);
  if (lost === undefined) return nothing;
  await writeRef(repository.git, keptRef(journal.runId), lost, `aynig: keep ${journal.runId}`);
  return { head: readTip(await objects.commit(lost)), descends: true, kept: [keptRef(journal.runId)], unsaved: false };
}

async function salvageOrSay(
  context: Context,
  journal: LeasedJournal,
  adminDir: string,
  head: Oid,
): Promise<{ ref?: RefName; unsaved: boolean }> {
  try {
    const ref = await salvage(context, { runId: journal.runId, state: journal.state, worktree: journal.worktree, adminDir, head });
    return { unsaved: false, ...(ref === undefined ? {} : { ref }) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined || failure.code === 'disk-full') throw error;
    context.report({ kind: 'worktree-left', branch: journal.branch, path: journal.worktree, why: failure.message });
    return { unsaved: true };
  }
}

/** A command that switched to a branch must not keep it checked out in our worktree: it would block the user and pushes. */
async function detach({ repository }: Context, adminDir: string, head: Oid): Promise<void> {
  if (!readFileSync(join(adminDir, 'HEAD'), 'utf8').startsWith('ref: ')) return;
  removeFile(join(adminDir, 'HEAD.lock'));
  await repository.git([`--git-dir=${adminDir}`, 'update-ref', '--no-deref', '-m', 'aynig: detach', 'HEAD', head]);
}
