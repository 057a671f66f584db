import { Failure } from '../failure.js';
import { type Git, GitError } from '../git/gate.js';
import { type BranchName, branchRef, heartbeatRef, type Oid, type RefName } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { type BranchTip, deleteRef } from '../git/refs.js';
import { complaintOf, fetchRefs, readRemoteRefs } from '../git/remote.js';
import { retry } from './retry.js';

/** Where this clone keeps what it last saw of a remote's branches and heartbeats: apart from the user's own `refs/remotes/`. */
export const viewOf = (remote: string): string => `refs/aynig/remotes/${remote}/`;
export const trackingRef = (remote: string, ref: RefName): RefName =>
  `${viewOf(remote)}heads/${ref.slice('refs/heads/'.length)}` as RefName;
export const trackedHeartbeat = (remote: string, runId: string): RefName => `${viewOf(remote)}lease/${runId}` as RefName;

/** As many names as are asked for one by one. */
const fewRefs = 200;

const everyHeartbeat = heartbeatRef('*');

/** Reads refs of a remote, again and again for a moment where it does not answer. Throws {@link Failure} remote-unreachable. */
export async function readRemote(
  git: Git,
  remote: string,
  names: readonly string[],
  { attempts = 3, ...options }: { readonly attempts?: number; readonly stop?: AbortSignal } = {},
): Promise<Map<RefName, Oid>> {
  return reaching(remote, attempts, () => readRemoteRefs(git, remote, names, options));
}

/**
 * The tips of all branches of a remote, or of those given, with the heartbeats of the runs that hold them. All branches: one
 * fetch and one `for-each-ref`, whatever their number. A few: one `ls-remote`, and a fetch only of what is not here yet.
 */
export async function readRemoteTips(git: Git, objects: Objects, remote: string, refs?: readonly RefName[]): Promise<BranchTip[]> {
  const wantedNow = new Set(refs);
  if (refs !== undefined && refs.length > fewRefs)
    return (await readRemoteTips(git, objects, remote)).filter(({ ref }) => wantedNow.has(ref));
  if (refs === undefined) {
    const heads = `+refs/heads/*:${viewOf(remote)}heads/*`;
    await reaching(remote, 3, () => fetchRefs(git, remote, [heads, `+${everyHeartbeat}:${trackedHeartbeat(remote, '*')}`]));
    return listTips(git, remote);
  }
  const there = await readRemote(git, remote, [...refs, everyHeartbeat]);
  const wanted: string[] = [];
  for (const [ref, value] of there) {
    const target = ref.startsWith('refs/heads/')
      ? trackingRef(remote, ref)
      : trackedHeartbeat(remote, ref.slice(everyHeartbeat.length - 1));
    if ((await objects.ref(target)) !== value) wanted.push(`+${ref}:${target}`);
  }
  for (const ref of refs) {
    const seen = there.has(ref) ? undefined : await objects.ref(trackingRef(remote, ref));
    if (seen !== undefined) await deleteRef(git, trackingRef(remote, ref), seen);
  }
  // A ref that went away since it was listed makes the fetch fail: then all of it is read again.
  if (wanted.length > 0) {
    try {
      await fetchRefs(git, remote, wanted);
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      return (await readRemoteTips(git, objects, remote)).filter(({ ref }) => wantedNow.has(ref));
    }
  }
  const heartbeats = new Map([...there].filter(([ref]) => !ref.startsWith('refs/heads/')));
  return Promise.all(
    refs
      .filter((ref) => there.has(ref))
      .map(async (ref) => tipAt(remote, ref, (await objects.ref(trackingRef(remote, ref))) ?? (there.get(ref) as Oid), heartbeats)),
  );
}

async function listTips(git: Git, remote: string): Promise<BranchTip[]> {
  const view = viewOf(remote);
  const result = await git(['for-each-ref', '--format=%(refname)%00%(objectname)', '--', view]);
  const entries = result.stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [name, value] = line.split('\0');
      return name === undefined || value === undefined ? [] : [[name.slice(view.length), value as Oid] as const];
    });
  const heartbeats = new Map(
    entries.filter(([name]) => name.startsWith('lease/')).map(([name, value]) => [heartbeatRef(name.slice('lease/'.length)), value]),
  );
  return entries
    .filter(([name]) => name.startsWith('heads/'))
    .map(([name, value]) => tipAt(remote, branchRef(name.slice('heads/'.length) as BranchName), value, heartbeats));
}

const tipAt = (remote: string, ref: RefName, tip: Oid, heartbeats: ReadonlyMap<RefName, Oid>): BranchTip => ({
  ref,
  branch: ref.slice('refs/heads/'.length) as BranchName,
  oid: tip,
  at: { remote, tracking: trackingRef(remote, ref), heartbeats },
});

/** Tries again where git fails. Throws {@link Failure} remote-unreachable, with the words of ssh and of the server. */
export async function reaching<T>(remote: string, attempts: number, act: () => Promise<T>): Promise<T> {
  try {
    return await retry(act, { attempts, firstWaitMs: 200, again: (error) => error instanceof GitError });
  } catch (error) {
    if (error instanceof Failure && error.code === 'git-timeout') throw unreachable(remote, error.message, error);
    if (!(error instanceof GitError)) throw error;
    throw unreachable(remote, complaintOf(error), error);
  }
}

const unreachable = (remote: string, why: string, cause: unknown): Failure =>
  new Failure('remote-unreachable', `The remote ${remote} could not be read: ${why}`, {
    hint: `See whether git reaches it: git ls-remote ${remote}; then try again`,
    cause,
  });
