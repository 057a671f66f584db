import type { Oid } from '../git/names.js';

/** The name of a line of history: a branch, or for one that was merged and has no branch any more the revision `<merge>^2`. */
export type LaneName = string;

/** Whom a commit belongs to that several branches contain: the lowest rank. */
interface Owner {
  readonly rank: number;
  readonly lane: LaneName;
}

/**
 * Names that are looked for first when a commit is in several branches. After them the shorter name: the branch `topic.a` was
 * made from `topic`, as fan-outs name them.
 */
const trunks = ['main', 'master', 'trunk'];

/** Orders branches so that the one others were made from stands first. `trunk`: the default branch, where it is known. */
export function byLineage(trunk?: string): (a: string, b: string) => number {
  const place = (name: string): number => (name === trunk ? -1 : trunks.includes(name) ? trunks.indexOf(name) : trunks.length);
  return (a, b) => place(a) - place(b) || a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Says of commits, given so that no parent comes before a child, which line each belongs to. Keeps what is open and nothing
 * that is past: memory grows with the branches and not with their history.
 */
export class Lanes {
  readonly #claims = new Map<Oid, Owner>();
  /** Parents of a line that begins on top of another one. */
  readonly #ends: ((lane: LaneName, into?: LaneName) => void) | undefined;
  #next: number;

  /** `tips` in the order of {@link byLineage}. `ended`: told when no further commit of a line can come, and in which line it goes on. */
  constructor(tips: readonly { readonly lane: LaneName; readonly oid: Oid }[], ended?: (lane: LaneName, into?: LaneName) => void) {
    this.#next = tips.length;
    this.#ends = ended;
    tips.forEach(({ lane, oid }, rank) => {
      this.#claim(oid, { rank, lane });
    });
  }

  /** Whether it is a tip, or a parent of what was taken. */
  knows(commit: Oid): boolean {
    return this.#claims.has(commit);
  }

  /** The line of the next commit. `merged`: whether second and further parents are walked too. */
  take(commit: Oid, parents: readonly Oid[], merged: boolean): LaneName {
    const owner = this.#claims.get(commit);
    if (owner === undefined) throw new Error(`${commit} is in no line: its children were not given before it`);
    this.#claims.delete(commit);
    parents.slice(0, merged ? parents.length : 1).forEach((parent, index) => {
      if (index === 0) this.#claim(parent, owner);
      else this.#claim(parent, { rank: this.#next++, lane: `${commit.slice(0, 12)}^${index + 1}` });
    });
    if (parents.length === 0) this.#ends?.(owner.lane);
    return owner.lane;
  }

  #claim(commit: Oid, owner: Owner): void {
    const other = this.#claims.get(commit);
    if (other === undefined) this.#claims.set(commit, owner);
    else {
      const [first, second] = other.rank < owner.rank ? [other, owner] : [owner, other];
      this.#claims.set(commit, first);
      // The other line goes on in this one: what it has waited for is known when this one is.
      if (first.lane !== second.lane) this.#ends?.(second.lane, first.lane);
    }
  }
}
