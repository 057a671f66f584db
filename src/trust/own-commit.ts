import { lineOf } from '../git/gate.js';
import { isOid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { type ReflogEntry, readReflog } from '../git/reflog.js';
import type { Repository } from '../git/repository.js';
import { type Content, contentOf, hasCommands, noContent, sameContent } from './content.js';
import { changeRecord, isAllowed, readRecord, type TrustRecord, withAllowed } from './record.js';

/** Reflog messages of commits that a person makes by hand. Merges, picks, rebases, am and pulls write others. */
export const isOrdinaryCommit = (message: string): boolean => /^commit(?: \((?:initial|amend)\))?: /.test(message);

/** How far back the reflog is read when hooks are installed; older commands have to be looked at with `aynig allow`. */
const entriesRead = 1_000;

/** What became of the commands that a commit brought. */
export type OwnCommit =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'allowed'; readonly content: Content }
  /** They changed, and somebody else has a part in what is there now. */
  | { readonly kind: 'not-allowed' };

interface Place {
  readonly repository: Repository;
  readonly objects: Objects;
  readonly environment: NodeJS.ProcessEnv;
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * Called after a commit: a person's own ordinary commit that changes the commands allows them, where what it changed was
 * allowed itself. On top of commands that nobody has looked at it does not: it would bless those too. `own` is false where
 * more is known: that it took in a squash, or was made inside a run.
 */
export async function allowOwnCommit(place: Place & { readonly own: boolean }): Promise<OwnCommit> {
  const { repository, objects, environment } = place;
  const [entry] = await readReflog(repository.git, repository.gitDir, 'HEAD', 1);
  const content = await contentAt(objects, entry?.oid);
  const previous = await contentAt(objects, entry?.before);
  if (entry === undefined || content === undefined || previous === undefined) return { kind: 'not-allowed' };
  if (sameContent(content, previous) || !hasCommands(content)) return { kind: 'unchanged' };
  const record = await readRecord(repository.commonDir, environment);
  if (isAllowed(record, content)) return { kind: 'unchanged' };
  const builtOnAllowed = !hasCommands(previous) || isAllowed(record, previous);
  if (isOrdinaryCommit(entry.message) && builtOnAllowed && place.own) {
    await allow(place, content, 'commit', entry.oid);
    return { kind: 'allowed', content };
  }
  const source = record.distrusted.find((one) => sameContent(one, previous));
  // What a run changed is still in what was made of it.
  if (source !== undefined)
    await changeRecord(repository.commonDir, environment, (current) => ({
      ...current,
      distrusted: [...current.distrusted, { ...content, at: place.now, runId: source.runId }],
    }));
  return { kind: 'not-allowed' };
}

/**
 * Called when hooks are installed: commands that this clone's reflog shows to be made here, commit by ordinary commit from
 * the first one on, are the person's own. What came by clone, pull or merge is left to `aynig allow`.
 */
export async function allowWhatWasMadeHere(place: Place): Promise<OwnCommit> {
  const { repository, objects, environment } = place;
  const { git, gitDir, commonDir } = repository;
  const here = await readReflog(git, gitDir, 'HEAD', entriesRead);
  const head = await git([`--git-dir=${gitDir}`, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { ok: [0, 1, 128] });
  const tip = lineOf(head);
  const content = tip === '' ? noContent : await contentAt(objects, tip);
  const record = await readRecord(commonDir, environment);
  if (content === undefined || !hasCommands(content) || isAllowed(record, content)) return { kind: 'unchanged' };
  // The reflog of a linked working tree begins where it was added; what it began with was made in the main one.
  const main = gitDir === commonDir ? [] : await readReflog(git, commonDir, 'HEAD', entriesRead);
  const own = (await wereMadeHere(objects, here, content, record)) || (await wereMadeHere(objects, main, content, record));
  if (!own) return { kind: 'not-allowed' };
  await allow(place, content, 'init', tip);
  return { kind: 'allowed', content };
}

/** Whether every change up to the newest entry with this content was an ordinary commit, from none or from allowed commands on. */
async function wereMadeHere(objects: Objects, entries: readonly ReflogEntry[], wanted: Content, record: TrustRecord): Promise<boolean> {
  let current: Content | undefined;
  for (const entry of entries) {
    const content = await contentAt(objects, entry.oid);
    if (content === undefined) return false;
    current ??= sameContent(content, wanted) ? wanted : undefined;
    if (current === undefined) continue;
    // Something is missing between two entries.
    if (!sameContent(content, current)) return false;
    // Only a repository that was made here begins with its own first commit; a clone begins with "clone: from".
    const previous = await contentAt(objects, entry.before);
    if (previous === undefined) return false;
    if (!sameContent(previous, current)) {
      if (!isOrdinaryCommit(entry.message)) return false;
      if (!hasCommands(previous) || isAllowed(record, previous)) return true;
    }
    current = previous;
  }
  return false;
}

/** The content of an object name in a reflog: none for all zeros, undefined for one that is not there any more. */
async function contentAt(objects: Objects, name: string | undefined): Promise<Content | undefined> {
  if (name === undefined) return undefined;
  if (/^0+$/.test(name)) return noContent;
  if (!isOid(name) || (await objects.read(name, 0)).kind === 'missing') return undefined;
  return contentOf(objects, name);
}

async function allow({ repository, environment, now }: Place, content: Content, by: 'commit' | 'init', commit: string): Promise<void> {
  await changeRecord(repository.commonDir, environment, (record) => withAllowed(record, { ...content, at: now, by, commit }));
}
