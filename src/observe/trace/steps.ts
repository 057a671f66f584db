import { parseCommit } from '../../git/commit.js';
import { lineOf } from '../../git/gate.js';
import type { Oid } from '../../git/names.js';
import type { Context } from '../../kernel/context.js';
import type { TraceDiff } from '../../trace-page/data.js';
import { type Change, diffsOf } from './diffs.js';

/** What changed between trees, each pair asked for and read once. */
export class Changes {
  readonly #asked = new Map<string, Change>();
  readonly #index = new Map<string, number>();
  readonly #diffs: TraceDiff[] = [];

  ask(from: Oid | undefined, to: Oid | undefined): void {
    if (from !== undefined && to !== undefined && from !== to) this.#asked.set(`${from} ${to}`, { from, to });
  }

  /** Reads what was asked for, in that order. Answers what could not be read, as a sentence. */
  async read(context: Context): Promise<string | undefined> {
    const found = diffsOf(context, [...this.#asked.values()]);
    for (let step = await found.next(); ; step = await found.next()) {
      if (step.done === true) {
        const missing = this.#asked.size - this.#diffs.length;
        return step.value === undefined ? undefined : `The changes of the ${missing} oldest steps are left out: ${step.value}.`;
      }
      const { change, diff } = step.value;
      this.#index.set(`${change.from} ${change.to}`, this.#diffs.length);
      this.#diffs.push(diff);
    }
  }

  /** Where a difference stands among {@link all}; null where there is none, or it was left out. */
  indexOf(from: Oid | undefined, to: Oid | undefined): number | null {
    return this.#index.get(`${from} ${to}`) ?? null;
  }

  get all(): readonly TraceDiff[] {
    return this.#diffs;
  }
}

/** The tree of a commit; undefined where the repository does not have it, as at the bottom of a shallow clone. */
export async function treeOf({ objects }: Context, commit: Oid): Promise<Oid | undefined> {
  const found = await objects.read(commit);
  return found.kind === 'found' && found.type === 'commit' ? parseCommit(commit, found.bytes).tree : undefined;
}

/** The tree without entries, which git knows in every repository. */
export const emptyTree = async ({ repository }: Context): Promise<Oid> =>
  lineOf(await repository.git(['hash-object', '-t', 'tree', '--stdin'])) as Oid;
