import type { Oid } from '../git/names.js';
import type { BranchTip } from '../git/refs.js';

/** Where each branch was when a run last looked at it, or left it: so that a further look is at what has moved since, and at nothing else. */
export class SeenTips {
  private readonly tips = new Map<string, Oid>();
  /** What is being read of these may be out of date. */
  private readonly leftMeanwhile = new Set<string>();

  /** Called before tips are read. */
  begin(): void {
    this.leftMeanwhile.clear();
  }

  see(tips: readonly BranchTip[]): void {
    for (const at of tips) this.tips.set(keyOf(at), at.oid);
  }

  /** Of tips that were just read, those that are news; they are none at the next call. */
  news(tips: readonly BranchTip[]): BranchTip[] {
    const found = tips.filter((at) => this.isCurrent(at) && this.tips.get(keyOf(at)) !== at.oid);
    this.see(found);
    return found;
  }

  /** Whether a tip that was read since {@link begin} still says where the branch is, as far as this run knows. */
  isCurrent(at: BranchTip): boolean {
    return !this.leftMeanwhile.has(keyOf(at));
  }

  /** The run itself is done with a branch and left it there. */
  leave(at: BranchTip, tip: Oid): void {
    this.tips.set(keyOf(at), tip);
    this.leftMeanwhile.add(keyOf(at));
  }
}

/** Tells a branch from all others of this repository and of remotes. */
export const keyOf = ({ ref, at }: BranchTip): string => (at === undefined ? ref : `${at.remote} ${ref}`);
