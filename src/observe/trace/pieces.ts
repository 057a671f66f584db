import type { Oid } from '../../git/names.js';
import type { Context } from '../../kernel/context.js';
import { printable } from '../../printable.js';
import type { TraceEvent, TraceRun } from '../../trace-page/data.js';
import type { Placed } from './bars.js';
import type { Found } from './found.js';
import { type Changes, emptyTree, treeOf } from './steps.js';

/** What belongs to an event beside its own commit. */
export type Beside = Pick<TraceEvent, 'run' | 'kept' | 'diff'>;

/** Finds what belongs to each event: its run, what changed, and what was kept beside the branch. */
export class Pieces {
  readonly #found: readonly Found[];
  readonly #runOf = new Map<number, number>();
  /** The tree that an event's is compared with. */
  readonly #from = new Map<number, Oid>();
  readonly #kept = new Map<number, { readonly ref: string; readonly commit: Oid | null; from: Oid; to?: Oid }[]>();

  constructor(found: readonly Found[], placed: readonly (readonly Placed[])[], runs: readonly TraceRun[], refs: ReadonlyMap<string, Oid>) {
    this.#found = found;
    for (const line of placed) for (const [at, { index }] of line.entries()) this.#compare(index, line[at - 1]?.index);
    const byId = new Map<string, number>();
    runs.forEach((run, index) => {
      byId.set(run.runId, index);
      this.#runOf.set(run.lease, index);
      if (run.end !== null) {
        this.#runOf.set(run.end, index);
        this.#compare(run.end, run.lease);
      }
      this.#keep(run, refs);
    });
    for (const [index, { event }] of found.entries())
      if (event.kind === 'renewal' && !this.#runOf.has(index)) {
        const run = byId.get(event.runId ?? '');
        if (run !== undefined) this.#runOf.set(index, run);
      }
  }

  #compare(index: number, before: number | undefined): void {
    const from = before === undefined ? undefined : this.#found[before]?.tree;
    if (from !== undefined) this.#from.set(index, from);
  }

  #keep(run: TraceRun, refs: ReadonlyMap<string, Oid>): void {
    const holder = run.end ?? run.lease;
    const lease = this.#found[run.lease] as Found;
    const named = this.#found[holder]?.event.trailers.find(({ key }) => key.toLowerCase() === 'aynig-kept')?.value;
    const own = [`refs/aynig/kept/${run.runId}`, `refs/aynig/kept/${run.runId}-uncommitted`];
    const all = new Set([...(named === undefined ? [] : [named]), ...own.filter((ref) => refs.has(ref))]);
    if (all.size > 0)
      this.#kept.set(
        holder,
        [...all].map((ref) => ({ ref, commit: refs.get(ref) ?? null, from: lease.tree })),
      );
  }

  /** Asks for every difference that the page shows, newest first: where there is no room for all, the newest are wanted. */
  async ask(context: Context, changes: Changes): Promise<void> {
    const nothing = await emptyTree(context);
    for (let index = this.#found.length - 1; index >= 0; index--) {
      const { parent, tree } = this.#found[index] as Found;
      const from = this.#from.get(index) ?? (parent === undefined ? nothing : await treeOf(context, parent));
      if (from !== undefined) this.#from.set(index, from);
      changes.ask(from, tree);
      for (const kept of this.#kept.get(index) ?? []) {
        if (kept.commit === null) continue;
        const to = await treeOf(context, kept.commit);
        if (to !== undefined) kept.to = to;
        changes.ask(kept.from, to);
      }
    }
  }

  of(index: number, changes: Changes): Beside {
    return {
      run: this.#runOf.get(index) ?? null,
      diff: changes.indexOf(this.#from.get(index), this.#found[index]?.tree),
      kept: (this.#kept.get(index) ?? []).map(({ ref, commit, from, to }) => ({
        ref: printable(ref),
        commit,
        diff: changes.indexOf(from, to),
      })),
    };
  }
}
