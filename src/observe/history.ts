import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { corruptObject } from '../git/causes.js';
import type { Commit } from '../git/commit.js';
import { gitLines } from '../git/lines.js';
import { type Oid, oid } from '../git/names.js';
import type { Context } from '../kernel/context.js';
import { byLineage, type LaneName, Lanes } from './lanes.js';
import { namingBranches } from './naming-branches.js';

/** What is walked. */
export interface Walk {
  readonly tips: readonly { readonly lane: LaneName; readonly oid: Oid }[];
  /** Also what was merged into a branch, as lines of its own. */
  readonly merged?: boolean;
  /** Only commits that speak of a trailer of ours. Honoured where one branch is walked; lines need every commit. */
  readonly ours?: boolean;
  /** Not what these contain. */
  readonly except?: readonly Oid[];
  /** The branch that others were made from, where it is known. */
  readonly trunk?: string;
}

/** A commit with its line, or the news that no more of a line can come. */
export type Step =
  | { readonly kind: 'commit'; readonly lane: LaneName; readonly commit: Commit }
  /**
   * `into`: the line whose next commit is the parent of its last; undefined where that was the first commit of a history. `cut`: it
   * was only the last that a shallow clone has.
   */
  | { readonly kind: 'ended'; readonly lane: LaneName; readonly into?: LaneName; readonly cut?: boolean };

type Ended = Extract<Step, { kind: 'ended' }>;

/** How many commits are asked for ahead of the one that is given: enough to keep git busy, few enough to keep memory flat. */
const ahead = 512;
/** How many are given at once. */
const batchSize = 256;

/**
 * The commits of branches, newest first, every one once, no parent before its child (git-rev-list(1), `--date-order`). Along
 * first parents, unless `merged`. Streams: memory grows with the branches and not with their history. Throws
 * {@link Failure} corrupt-object, git-timeout.
 */
export async function* history(context: Context, { tips, merged = false, ours = false, except = [], trunk }: Walk): AsyncGenerator<Step> {
  const sorted = [...tips].sort((a, b) => byLineage(trunk)(a.lane, b.lane));
  const [only] = sorted;
  if (only === undefined) return;
  // Where a shallow clone ends is seen by the commits alone, and so all are read.
  const single = sorted.length === 1 && !merged && !existsSync(join(context.repository.commonDir, 'shallow'));
  const ended: Ended[] = [];
  const note = (lane: LaneName, into?: LaneName): void => void ended.push({ kind: 'ended', lane, ...(into === undefined ? {} : { into }) });
  const lanes = single ? undefined : new Lanes(sorted, note);
  const args = [
    'rev-list',
    ...(merged ? [] : ['--first-parent']),
    ...(single ? [] : ['--date-order', '--parents']),
    // As they are stored: in the encoding that i18n.logOutputEncoding names, git might not find the word.
    ...(single && ours ? ['--encoding=none', '--regexp-ignore-case', '--fixed-strings', '--grep=aynig-'] : []),
    '--stdin',
  ];
  const { gitDir } = context.repository;
  const starts = [...new Set(sorted.map((tip) => tip.oid)), ...except.map((oid) => `^${oid}`)];
  const lines = gitLines({ cwd: gitDir, gitDir }, args, `${starts.join('\n')}\n`);
  const unseen = new Map(sorted.map((tip) => [tip.oid, tip.lane]));
  const asked: { lane: LaneName; commit: Promise<Commit>; ended: Ended[] }[] = [];
  const give = async function* (): AsyncGenerator<Step> {
    const taken = asked.splice(0, batchSize);
    // One wait for all of them: to wait for each would take longer than to read it.
    await Promise.allSettled(taken.map(({ commit }) => commit));
    for (const { lane, commit, ended: over } of taken) {
      const read = await commit;
      yield { kind: 'commit', lane, commit: read };
      for (const end of over) yield end.into === undefined && read.parents.length > 0 ? { ...end, cut: true } : end;
    }
  };
  try {
    for await (const line of lines) {
      const [name = '', ...parents] = line.split(' ');
      unseen.delete(oid(name));
      if (lanes?.knows(oid(name)) === false) await refuseOthers(context, unseen);
      const lane = lanes?.take(oid(name), parents.map(oid), merged) ?? only.lane;
      const commit = context.objects.commit(oid(name));
      commit.catch(() => undefined);
      asked.push({ lane, commit, ended: ended.splice(0) });
      if (asked.length >= ahead) yield* give();
    }
    while (asked.length > 0) yield* give();
  } catch (error) {
    throw await namingBranches(context, sorted, error);
  }
  await refuseOthers(context, unseen);
}

/** git walks from what a tag names, and passes over a tree or a blob without a word: a branch that is at one must not seem to be read. */
async function refuseOthers({ objects }: Context, tips: ReadonlyMap<Oid, LaneName>): Promise<void> {
  for (const [tip, lane] of tips) {
    const found = await objects.read(tip, 0);
    if (found.kind === 'found' && found.type !== 'commit')
      throw corruptObject(`the branch ${lane} is at ${tip}, which is a ${found.type} and not a commit`);
  }
}
