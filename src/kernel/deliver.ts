import { existsSync, lstatSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { type Git, lineOf, openGit } from '../git/gate.js';
import type { Oid, RefName } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { readReflog } from '../git/reflog.js';
import { swapRef } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Delivery } from '../runner/journal.js';
import { isOpen } from '../runner/open-file.js';
import type { Advance, Move } from './arbiter.js';

/** A delivery rewrites files of a checkout; large ones take long, and the wait is bounded all the same. */
const deliveryTimeoutMs = 10 * 60_000;
/** How often a delivery is tried again while another git holds the checkout's index. */
const lockTries = 10;

/**
 * Fast-forwards a branch in the checkout that has it, by `git merge --ff-only --no-overwrite-ignore --no-autostash`: of
 * the ways there are it is the one that loses no byte of the user's and that no later `git commit -a` takes back.
 * Refuses, and changes nothing, when unsaved work overlaps. `switched`: the checkout has another branch by now, and nothing was moved.
 */
export async function deliverInto(worktree: string, objects: Objects, advance: Advance): Promise<Move | 'switched'> {
  const git = openGit({ cwd: worktree });
  const dirty = await dirtyPaths(worktree, advance);
  advance.onDelivery?.({ startedAt: Date.now(), worktree, from: advance.from, to: advance.to, dirty });
  // `git merge` takes whatever is checked out, and a person may have switched since the branch was found there.
  if ((await checkedOut(git)) !== advance.ref) return 'switched';
  for (let attempt = 1; ; attempt++) {
    const merge = await git(
      ['merge', '--ff-only', '--no-overwrite-ignore', '--no-autostash', '--no-verify-signatures', '--no-stat', '--quiet', advance.to],
      {
        ok: [0, 1, 2, 128],
        timeoutMs: deliveryTimeoutMs,
        env: { GIT_REFLOG_ACTION: advance.reason },
      },
    );
    const tip = await objects.ref(advance.ref);
    if (tip === advance.to) return { kind: 'moved' };
    if (merge.exitCode === 0) await takeBack(git, advance);
    if (tip !== advance.from) return { kind: 'beaten', tip };
    if (merge.exitCode === 0 || (await checkedOut(git)) !== advance.ref) return 'switched';
    if (attempt < lockTries && /index\.lock': File exists/.test(merge.stderr)) {
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
      continue;
    }
    return { kind: 'refused', why: reasonOf(merge.stderr, worktree) };
  }
}

/** The branch of a checkout; `HEAD` where none is checked out. */
const checkedOut = async (git: Git): Promise<string> => lineOf(await git(['rev-parse', '--symbolic-full-name', 'HEAD']));

/**
 * A person switched in the last moment, and what is checked out now was taken along though the result is not for it: goes back to where
 * it was. Files with unsaved work are left as they are (git-reset(1), `--keep`), and nothing is moved that another has moved since.
 */
async function takeBack(git: Git, { to, reason }: Advance): Promise<void> {
  const gitDir = lineOf(await git(['rev-parse', '--absolute-git-dir']));
  const [last] = await readReflog(git, gitDir, 'HEAD', 1);
  if (last?.oid !== to || last.before === undefined || !last.message.startsWith(reason)) return;
  await git(['reset', '--keep', '--quiet', last.before], {
    timeoutMs: deliveryTimeoutMs,
    env: { GIT_REFLOG_ACTION: `${reason} taken back, it is for another branch` },
  });
}

function reasonOf(stderr: string, worktree: string): string {
  const files = stderr
    .split('\n')
    .filter((line) => line.startsWith('\t'))
    .map((line) => line.trim());
  if (files.length > 0)
    return `unsaved work in ${worktree} is in the way: ${files.slice(0, 5).join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''}`;
  const lock = /Unable to create '([^']+\.lock)': File exists/.exec(stderr)?.[1];
  if (lock !== undefined) return `another git is at work, or was killed and left ${lock}`;
  return `git could not update ${worktree}: ${stderr.trim().split('\n').at(-1) ?? 'no message'}`;
}

/** Paths that differ between two commits, with how: `A` added, `D` deleted, others changed. */
async function changedPaths(worktree: string, { from, to }: { from: Oid; to: Oid }): Promise<{ status: string; path: string }[]> {
  const diff = await openGit({ cwd: worktree })(['diff-tree', '-r', '-z', '--name-status', '--no-renames', from, to]);
  const parts = diff.stdout.toString('utf8').split('\0');
  const changes: { status: string; path: string }[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) changes.push({ status: parts[at] ?? '', path: parts[at + 1] ?? '' });
  return changes;
}

/** Paths of the difference that are not as `from` has them in the checkout: never to be touched by a repair. */
async function dirtyPaths(worktree: string, change: { from: Oid; to: Oid }): Promise<string[]> {
  const status = await openGit({ cwd: worktree })(['status', '--porcelain', '-z', '--no-renames', '--untracked-files=no'], {
    timeoutMs: deliveryTimeoutMs,
  });
  const modified = new Set(
    status.stdout
      .toString('utf8')
      .split('\0')
      .map((entry) => entry.slice(3)),
  );
  return (await changedPaths(worktree, change))
    .filter(
      ({ status: how, path }) =>
        modified.has(path) || (how === 'A' && lstatSync(join(worktree, path), { throwIfNoEntry: false }) !== undefined),
    )
    .map(({ path }) => path);
}

/**
 * Repairs a delivery that was killed in the middle, so that it can be tried again: files that git had already written,
 * whole or in part, go back to what the index says. A path that was the user's before is never touched. Throws {@link Failure}
 * lock-timeout while its git is still at work without the runner.
 */
export async function repairDelivery(repository: Repository, objects: Objects, ref: RefName, delivery: Delivery): Promise<void> {
  const { worktree, from, to } = delivery;
  if (!existsSync(worktree) || (await objects.ref(ref)) !== from) return;
  const git = openGit({ cwd: worktree });
  const gitDir = lineOf(await git(['rev-parse', '--absolute-git-dir']));
  // The files that `git merge` locks, in the order in which it does.
  const locks = [
    join(gitDir, 'ORIG_HEAD.lock'),
    join(gitDir, 'index.lock'),
    join(gitDir, 'HEAD.lock'),
    join(repository.commonDir, `${ref}.lock`),
  ];
  for (const lock of locks) await removeStaleLock(lock, delivery.startedAt);
  // Switched to another branch since: what stands there now is that branch's.
  if ((await checkedOut(git)) !== ref) return;
  const dirty = new Set(delivery.dirty);
  const changes = (await changedPaths(worktree, delivery)).filter(({ path }) => !dirty.has(path));
  const indexDone = (await git(['diff-index', '--cached', '--quiet', to], { ok: [0, 1] })).exitCode === 0;
  if (indexDone && changes.length > 0) {
    // Files and index were written; only the branch was not moved.
    await swapRef(repository.git, objects, { ref, expected: from, to, reason: 'aynig: finish a delivery' });
    return;
  }
  const restore: string[] = [];
  for (const { status, path } of changes) {
    const state = await comparedWithNew(objects, to, worktree, path);
    if (status === 'A') {
      if (state === 'written') unlinkSync(join(worktree, path));
    } else if (state === 'absent' || state === 'written') restore.push(path);
  }
  if (restore.length > 0)
    await git(['checkout-index', '--force', '-z', '--stdin'], { input: restore.join('\0'), timeoutMs: deliveryTimeoutMs });
}

/** Whether the file is absent, or holds the new content or a beginning of it, or something else. */
async function comparedWithNew(objects: Objects, to: Oid, worktree: string, path: string): Promise<'absent' | 'written' | 'other'> {
  const file = join(worktree, path);
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 'absent';
  if (!stat.isFile()) return 'other';
  const stored = await objects.read(`${to}:${path}`, stat.size + 1);
  if (stored.kind === 'missing') return 'other';
  const bytes = readFileSync(file);
  return bytes.length <= stored.size && stored.bytes.subarray(0, bytes.length).equals(bytes) ? 'written' : 'other';
}

/** How long after its start a delivery's git makes its lock file. */
const lockWindowMs = 30_000;

/** How long a git that goes on delivering without its runner is waited for. */
const goesOnMs = 5_000;

/**
 * A git that was delivering may still be at work though its runner is gone: waits for it. A lock that stays, is as old as the
 * delivery and that no process has open is its own and goes; any other belongs to a person's git and is left alone. Throws
 * {@link Failure} lock-timeout while the git of the delivery is at work: it fires the hooks of the checkout when it has ended.
 */
async function removeStaleLock(path: string, deliveryStart: number): Promise<void> {
  const deadline = Date.now() + goesOnMs;
  for (;;) {
    const lock = lstatSync(path, { throwIfNoEntry: false });
    if (lock === undefined) return;
    const madeAt = lock.birthtimeMs || lock.ctimeMs;
    if (madeAt < deliveryStart - 2_000 || madeAt > deliveryStart + lockWindowMs) return;
    if (Date.now() > deadline) {
      if (isOpen(path))
        throw new Failure('lock-timeout', `The result of a run is still being brought into the checkout: a git at work holds ${path}.`, {
          hint: 'Once that git has ended: aynig run --current-branch include',
        });
      rmSync(path, { force: true });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
