import { borrowCommits, borrowing, missingOf } from '../git/borrowed-objects.js';
import type { Git } from '../git/gate.js';
import { type BranchName, branchOf, heartbeatRef, type Oid, type RefName } from '../git/names.js';
import { openObjects } from '../git/objects.js';
import type { BranchTip } from '../git/refs.js';
import type { TemporaryPlace } from '../runner/temporary-place.js';
import type { Context } from './context.js';
import { reaching, readRemote, trackingRef } from './remote-view.js';
import { type Surveyed, surveyTips } from './survey.js';

/** What a remote has at one moment: its branches, or those asked for, and all heartbeats. */
export type RemoteRefs = ReadonlyMap<RefName, Oid>;

const everyBranch = 'refs/heads/*';
const everyHeartbeat = heartbeatRef('*');
/** How often a listing is read again whose branches moved before they were fetched. */
const mostTries = 3;

/** Asks a remote for its branches, or for one, and for the heartbeats: one call over the network. Throws {@link Failure} remote-unreachable. */
export const readRemoteNow = (git: Git, remote: string, branch: RefName | undefined, stop: AbortSignal): Promise<RemoteRefs> =>
  readRemote(git, remote, [branch ?? everyBranch, everyHeartbeat], { stop });

/** A remote's branches, to be read until they are closed. */
export interface Glimpse {
  readonly refs: RemoteRefs;
  /** Reads what was fetched as if it were here. */
  readonly context: Context;
  /** What each branch means at that remote. */
  survey(): AsyncGenerator<Surveyed>;
  close(): Promise<void>;
}

/**
 * Looks at a remote and leaves no trace here: neither refs move nor objects stay, unlike `surveyRemote`, which notes what was
 * seen. Commits that are not here are fetched into `place`, so a clone that has fetched lately sees more quickly. Throws
 * {@link Failure} remote-unreachable, no-such-remote.
 */
export async function glimpseOf(context: Context, remote: string, place: TemporaryPlace, branch?: RefName): Promise<Glimpse> {
  const { repository, environment } = context;
  context.arbiterOf(remote);
  const env = borrowing(repository.commonDir, place.path);
  for (let tries = 1; ; tries++) {
    const refs = await readRemoteNow(repository.git, remote, branch, place.signal);
    const missing = await missingOf(repository.git, [...new Set(refs.values())], place.signal);
    if (missing.size > 0) {
      try {
        await reaching(remote, 1, () => borrowCommits(repository.git, remote, [...missing], { env, stop: place.signal }));
      } catch (error) {
        // What a branch was forced away from since it was listed may be gone there.
        if (tries === mostTries || place.signal.aborted) throw error;
        continue;
      }
    }
    const objects = openObjects(repository.commonDir, environment, env);
    const git: Git = (args, options) => repository.git(args, { stop: place.signal, ...options, env: { ...env, ...options?.env } });
    const lent: Context = { ...context, objects, repository: { ...repository, git } };
    return { refs, context: lent, survey: () => surveyTips(lent, tipsOf(remote, refs)), close: () => objects.close() };
  }
}

function tipsOf(remote: string, refs: RemoteRefs): BranchTip[] {
  const heartbeats = new Map([...refs].filter(([ref]) => !ref.startsWith('refs/heads/')));
  return [...refs]
    .filter(([ref]) => ref.startsWith('refs/heads/'))
    .map(([ref, oid]) => ({
      ref,
      branch: branchOf(ref) as BranchName,
      oid,
      at: { remote, tracking: trackingRef(remote, ref), heartbeats },
    }));
}
