import type { Oid } from '../git/names.js';
import { isOid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { type ReflogEntry, readReflog } from '../git/reflog.js';
import type { Repository } from '../git/repository.js';
import { type Content, contentOf, hasCommands, noContent, sameContent } from './content.js';
import { changeRecord, isAllowed, readRecord, withAllowed } from './record.js';

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
 * allowed itself, and unless it took in a squash. On top of commands that nobody has looked at it does not: it would bless those too.
 */
export async function allowOwnCommit(place: Place & { readonly squashed: boolean }): Promise<OwnCommit> {
  const { repository, objects, environment } = place;
  const [entry, before] = await readReflog(repository.git, repository.gitDir, 'HEAD', 2);
  if (entry === undefined) return { kind: 'not-allowed' };
  const content = await contentAt(objects, entry);
  const previous = before === undefined ? noContent : await contentAt(objects, before);
  if (sameContent(content, previous) || !hasCommands(content)) return { kind: 'unchanged' };
  const record = await readRecord(repository.commonDir, environment);
  if (isAllowed(record, content)) return { kind: 'unchanged' };
  const builtOnAllowed = !hasCommands(previous) || isAllowed(record, previous);
  if (!isOrdinaryCommit(entry.message) || !builtOnAllowed || place.squashed) return { kind: 'not-allowed' };
  await allow(place, content, 'commit', entry.oid);
  return { kind: 'allowed', content };
}

/**
 * Called when hooks are installed: commands that this clone's reflog shows to be made here, commit by ordinary commit from
 * the first one on, are the person's own. What came by clone, pull or merge is left to `aynig allow`.
 */
export async function allowWhatWasMadeHere(place: Place): Promise<OwnCommit> {
  const { repository, objects, environment } = place;
  const entries = await readReflog(repository.git, repository.gitDir, 'HEAD', entriesRead);
  const [tip] = entries;
  const content = tip === undefined ? noContent : await contentAt(objects, tip);
  const record = await readRecord(repository.commonDir, environment);
  if (tip === undefined || !hasCommands(content) || isAllowed(record, content)) return { kind: 'unchanged' };
  let current = content;
  for (const [index, entry] of entries.entries()) {
    const before = entries[index + 1];
    // Only a repository that was made here begins with its own first commit; a clone begins with "clone: from".
    const previous = before === undefined ? noContent : await contentAt(objects, before);
    if (!sameContent(previous, current)) {
      if (!isOrdinaryCommit(entry.message)) return { kind: 'not-allowed' };
      if (!hasCommands(previous) || isAllowed(record, previous)) {
        await allow(place, content, 'init', tip.oid);
        return { kind: 'allowed', content };
      }
    }
    current = previous;
  }
  return { kind: 'not-allowed' };
}

async function contentAt(objects: Objects, { oid }: ReflogEntry): Promise<Content> {
  return isOid(oid) ? contentOf(objects, oid as Oid) : noContent;
}

async function allow({ repository, environment, now }: Place, content: Content, by: 'commit' | 'init', commit: string): Promise<void> {
  await changeRecord(repository.commonDir, environment, (record) => withAllowed(record, { ...content, at: now, by, commit }));
}
