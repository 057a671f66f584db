import { type Git, GitError } from './gate.js';
import { type BranchName, branchOf, type Oid, oid, type RefName } from './names.js';
import type { Objects } from './objects.js';

/** One branch as `for-each-ref` sees it. */
export interface BranchTip {
  readonly ref: RefName;
  readonly branch: BranchName;
  readonly oid: Oid;
  /** Full name of the upstream ref, where one is configured. */
  readonly upstream?: RefName;
  /** Root of the worktree that has it checked out. */
  readonly worktree?: string;
  /** Set for a branch of a remote: `ref` is its name there. */
  readonly at?: RemotePlace;
}

/** Where a tip was read that is not of this repository. */
export interface RemotePlace {
  readonly remote: string;
  /** The ref of this repository that notes what was last seen of the branch. */
  readonly tracking: RefName;
  /** Heartbeats of that remote, by ref name there. */
  readonly heartbeats: ReadonlyMap<RefName, Oid>;
}

/** One record of `for-each-ref`. The hooks' `launch` has it too. */
export const tipFormat = ['%(refname)', '%(objectname)', '%(upstream)', '%(worktreepath)', '%(symref)'].join('%00');

/** As many names as fit on a command line everywhere. */
const mostAtOnce = 500;

/** The tips of all branches, or of those given, from one `for-each-ref` for each 500. Symbolic branches are left out: they would be read twice. */
export async function readBranchTips(git: Git, refs: readonly RefName[] = ['refs/heads/' as RefName]): Promise<BranchTip[]> {
  const tips: BranchTip[] = [];
  for (let start = 0; start < refs.length; start += mostAtOnce) tips.push(...(await readSome(git, refs.slice(start, start + mostAtOnce))));
  return tips;
}

async function readSome(git: Git, refs: readonly RefName[]): Promise<BranchTip[]> {
  const args = ['for-each-ref', `--format=${tipFormat}`, '--', ...refs];
  for (let attempt = 1; ; attempt++) {
    try {
      return parseTips((await git(args)).stdout.toString('utf8'));
    } catch (error) {
      // git reads the records of all worktrees for %(worktreepath), and gives up on one that is just being made or removed.
      if (!(error instanceof GitError) || !/worktrees\//.test(error.stderr) || attempt === worktreeRaces) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10 * attempt));
    }
  }
}

/** How often a listing is tried that met a worktree in the making. */
const worktreeRaces = 20;

/** Reads what `for-each-ref` prints in our format. */
export function parseTips(text: string): BranchTip[] {
  // A worktree's path may hold a newline; a record always ends with its fifth field, which is empty for a real branch.
  const parts = text.split('\0');
  const tips: BranchTip[] = [];
  for (let at = 0; at + 4 < parts.length; at += 4) {
    const [name, objectName, upstream, worktree, rest] = [parts[at], parts[at + 1], parts[at + 2], parts[at + 3], parts[at + 4] ?? ''];
    const newline = rest.indexOf('\n');
    const symref = rest.slice(0, newline);
    parts[at + 4] = rest.slice(newline + 1);
    if (symref !== '' || name === undefined || objectName === undefined) continue;
    const ref = name as RefName;
    tips.push({
      ref,
      branch: branchOf(ref),
      oid: oid(objectName),
      ...(upstream ? { upstream: upstream as RefName } : {}),
      ...(worktree ? { worktree } : {}),
    });
  }
  return tips;
}

/** How a compare-and-swap ended. `beaten`: someone else moved the ref first; its value now, or undefined when it is gone. */
export type Swap = { readonly kind: 'moved' } | { readonly kind: 'beaten'; readonly tip: Oid | undefined };

/**
 * Moves `ref` from `expected` to `to` only if nobody else moved it, and decides by reading the ref afterwards: exit codes
 * and texts cannot tell a lost race from a stale lock. Throws {@link GitError} when the ref still has its old value.
 */
export async function swapRef(
  git: Git,
  objects: Objects,
  swap: { ref: RefName; expected: Oid; to: Oid; reason: string; runId?: string },
): Promise<Swap> {
  const result = await git(['update-ref', '--create-reflog', '-m', swap.reason, swap.ref, swap.to, swap.expected], {
    ok: [0, 1, 128],
    // Whoever cleans up after a runner that died finds by this what it started.
    ...(swap.runId === undefined ? {} : { env: { AYNIG_RUN_ID: swap.runId } }),
  });
  const tip = await objects.ref(swap.ref);
  if (tip === swap.to) return { kind: 'moved' };
  if (tip !== swap.expected || result.exitCode === 0) return { kind: 'beaten', tip };
  throw new GitError(['update-ref', swap.ref], result.exitCode, result.stderr, result.cwd);
}

/** Sets a ref of our own, whatever it was. */
export async function writeRef(git: Git, ref: RefName, to: Oid, reason: string): Promise<void> {
  await git(['update-ref', '--create-reflog', '-m', reason, ref, to]);
}

/** Deletes a ref of our own if it still points at `expected`. */
export async function deleteRef(git: Git, ref: RefName, expected: Oid): Promise<void> {
  await git(['update-ref', '-d', ref, expected], { ok: [0, 1, 128] });
}

export async function isAncestor(git: Git, ancestor: Oid, descendant: Oid | RefName): Promise<boolean> {
  // Exit 1 is the answer "no".
  return (await git(['merge-base', '--is-ancestor', ancestor, descendant], { ok: [0, 1] })).exitCode === 0;
}

/** A second ref that changes together with a branch: made at a value, or deleted from one. */
export type Companion = { readonly ref: RefName; readonly create: Oid } | { readonly ref: RefName; readonly drop: Oid };

/** {@link swapRef} together with another ref, in one transaction: both change or none does. */
export async function swapTogether(
  git: Git,
  objects: Objects,
  swap: { ref: RefName; expected: Oid; to: Oid; reason: string; runId: string },
  companion: Companion,
): Promise<Swap> {
  const second = 'create' in companion ? `create ${companion.ref} ${companion.create}` : `delete ${companion.ref} ${companion.drop}`;
  const result = await git(['update-ref', '--create-reflog', '-m', swap.reason, '--stdin'], {
    input: `start\nupdate ${swap.ref} ${swap.to} ${swap.expected}\n${second}\nprepare\ncommit\n`,
    ok: [0, 1, 128],
    env: { AYNIG_RUN_ID: swap.runId },
  });
  const tip = await objects.ref(swap.ref);
  if (tip === swap.to) return { kind: 'moved' };
  if (tip !== swap.expected || result.exitCode === 0) return { kind: 'beaten', tip };
  throw new GitError(['update-ref', swap.ref], result.exitCode, result.stderr, result.cwd);
}
