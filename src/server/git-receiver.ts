import type { Commit } from '../git/commit.js';
import { parseCommit } from '../git/commit.js';
import { readConfig } from '../git/config.js';
import { type Git, openGit } from '../git/gate.js';
import { heartbeatRef, isOid, type Oid } from '../git/names.js';
import { type Objects, openObjects } from '../git/objects.js';
import { quarantineOf } from '../git/quarantine.js';
import { readReflog } from '../git/reflog.js';
import { isAncestor } from '../git/refs.js';
import { defaults } from '../kernel/settings-defaults.js';
import { readTip } from '../kernel/tip.js';
import type { Push } from './push.js';
import type { Receiver } from './receiver.js';

/** Commits that are read at once: each may be as large as a message that is still looked at. */
const batchSize = 64;
/** An import of a large history is listed by one git process; the time it takes grows with it. */
const listingTimeoutMs = 10 * 60_000;
/** How many commits of a branch, along first parents, are searched for a run id. */
const mostSearched = 10_000;

/**
 * Answers the fence from git, inside the quarantine of a push. Three git processes serve any ordinary push, whatever its size:
 * one for settings, one that lists the new commits, one that reads them. The caller closes it.
 */
export async function openReceiver(
  gitDir: string,
  push: Push,
  inherited: NodeJS.ProcessEnv,
): Promise<Receiver & { close(): Promise<void> }> {
  const quarantine = quarantineOf(inherited);
  const plain = openGit({ cwd: gitDir, gitDir }, inherited);
  const git: Git = (args, options = {}) => plain(args, { ...options, env: { ...quarantine, ...options.env } });
  const objects = openObjects(gitDir, inherited, quarantine);
  const before = openObjects(gitDir, inherited);
  objects.start();
  const close = async (): Promise<void> => void (await Promise.all([objects.close(), before.close()]));
  // Without this a push would hang on the process that reads objects for ever.
  const [skewSeconds, fresh] = await Promise.all([readSkew(git), listFresh(git, push)]).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const commits = new Map<Oid, Promise<Commit>>();
  const leases = new Map<string, Promise<Oid | undefined>>();
  return {
    now: Math.floor(Date.now() / 1000),
    skewSeconds,
    fresh,
    speaking: () => speaking(objects, [...fresh]),
    commit: (name) => remembered(commits, name, () => objects.commit(name)),
    async had(name) {
      return (await before.read(name, 0)).kind === 'found';
    },
    heartbeatRef: (runId) => remembered(leases, runId, () => refValue(objects, heartbeatRef(runId))),
    async receivedAt(ref, value) {
      return (await readReflog(plain, gitDir, ref, 20)).find(({ oid }) => oid === value)?.at;
    },
    isAncestor: (ancestor, descendant) => isAncestor(git, ancestor, descendant),
    wasUsed: (runId, tip) => wasUsed(git, runId, tip),
    holdsBranch: (runId) => holdsBranch(git, objects, runId),
    close,
  };
}

/** Values that are asked for again and again while branches are followed; forgotten all at once, so that memory stays flat. */
const mostRemembered = 4096;

function remembered<K, V>(values: Map<K, V>, key: K, read: () => V): V {
  const known = values.get(key);
  if (known !== undefined) return known;
  if (values.size >= mostRemembered) values.clear();
  const value = read();
  values.set(key, value);
  return value;
}

/** The one setting that is needed here; a value that is not usable is a finding of `aynig doctor`, and the default meanwhile. */
async function readSkew(git: Git): Promise<number> {
  const value = (await readConfig(git, '^aynig\\.skewseconds$')).at(-1)?.value ?? '';
  return /^\d{1,5}$/.test(value) ? Number(value) : defaults.skewSeconds;
}

async function listFresh(git: Git, { branches, leases }: Push): Promise<ReadonlySet<Oid>> {
  const values = [...branches, ...leases].flatMap(({ to }) => (to === undefined ? [] : [to]));
  if (values.length === 0) return new Set();
  // What a run left behind is kept here too, and must not come back by being known already. Of refs only, not of the HEADs of
  // linked working trees: what a person has checked out there says nothing of what was pushed.
  const listed = await git(['rev-list', '--single-worktree', '--stdin', '--not', '--exclude=refs/aynig/kept/*', '--all'], {
    input: `${values.join('\n')}\n`,
    timeoutMs: listingTimeoutMs,
  });
  return new Set(listed.stdout.toString('latin1').split('\n').filter(isOid));
}

async function* speaking(objects: Objects, names: readonly Oid[]): AsyncGenerator<Commit> {
  for (let start = 0; start < names.length; start += batchSize) {
    const found = await Promise.all(names.slice(start, start + batchSize).map((name) => objects.read(name)));
    for (const each of found)
      if (each.kind === 'found' && /aynig-/i.test(each.bytes.toString('latin1'))) yield parseCommit(each.oid, each.bytes);
  }
}

async function refValue(objects: Objects, ref: string): Promise<Oid | undefined> {
  const found = await objects.read(ref, 0);
  return found.kind === 'found' ? found.oid : undefined;
}

async function wasUsed(git: Git, runId: string, tip: Oid): Promise<boolean> {
  const listed = await git(['rev-list', '--first-parent', `--max-count=${mostSearched}`, tip]);
  const names = listed.stdout.toString('latin1').split('\n').filter(isOid);
  const end = names.length === mostSearched ? [`^${names.at(-1)}`] : [];
  const found = await git(['rev-list', '--first-parent', '--max-count=1', '--fixed-strings', `--grep=${runId}`, tip, ...end]);
  return found.stdout.length > 0;
}

async function holdsBranch(git: Git, objects: Objects, runId: string): Promise<boolean> {
  const listed = await git(['for-each-ref', '--format=%(objectname)', 'refs/heads/'], { timeoutMs: listingTimeoutMs });
  const tips = [...new Set(listed.stdout.toString('latin1').split('\n').filter(isOid))];
  for await (const commit of speaking(objects, tips)) {
    const tip = readTip(commit);
    if (tip.kind === 'lease' && tip.lease.runId === runId) return true;
  }
  return false;
}
