import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '../git/causes.js';
import { keptRef, oid } from '../git/names.js';
import { writeRef } from '../git/refs.js';
import { removeWorktree } from '../git/worktree.js';
import { removeFile, writeDurably } from '../runner/durable-file.js';
import { dropDeadLock, waitForLock } from '../runner/lock.js';
import type { Facts } from './facts.js';
import type { Finding, Mend } from './finding.js';
import { isProvablyStale } from './git-locks.js';
import { readRuns } from './runs.js';
import { readLeftover } from './worktrees.js';

/** A finding, and what became of it. */
export interface Mended {
  readonly finding: Finding;
  readonly mended: 'none' | 'done' | 'failed';
  /** Why it could not be mended. */
  readonly why?: string;
}

/** Mends what can be mended safely, one after another. What changed since it was read is left alone. */
export async function mendAll(facts: Facts, findings: readonly Finding[]): Promise<Mended[]> {
  const results: Mended[] = [];
  for (const finding of findings) {
    if (finding.mend === undefined) {
      results.push({ finding, mended: 'none' });
      continue;
    }
    try {
      const done = await apply(facts, finding.mend);
      results.push(done ? { finding, mended: 'done' } : { finding, mended: 'failed', why: 'meanwhile it changed or came into use.' });
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      results.push({ finding, mended: 'failed', why: failure.message });
    }
  }
  return results;
}

async function apply(facts: Facts, mend: Mend): Promise<boolean> {
  switch (mend.kind) {
    case 'make-executable':
      if (lstatSync(mend.path, { throwIfNoEntry: false })?.isFile() !== true) return false;
      chmodSync(mend.path, lstatSync(mend.path).mode | 0o111);
      return true;
    case 'write-hook':
      return writeHook(mend);
    case 'drop-own-lock':
      dropDeadLock(mend.path);
      return !existsSync(mend.path);
    case 'drop-ref-lock':
      if (!isProvablyStale(facts.repository.commonDir, facts.worktrees, mend.path, mend.changedAt, Date.now())) return false;
      removeFile(mend.path);
      return true;
    case 'remove-worktree':
      return removeLeftover(facts, mend);
  }
}

/** Two findings may ask for the same text; the second one finds it there. */
function writeHook({ path, was, text }: Extract<Mend, { kind: 'write-hook' }>): boolean {
  const now = readFileSync(path, 'utf8');
  if (now === text) return true;
  if (now !== was) return false;
  writeDurably(path, text);
  chmodSync(path, 0o755);
  return true;
}

const lockLimitMs = 20_000;

/** Under the lock that every worktree of a run is made and removed under, and only if it is still nobody's and holds nothing. */
async function removeLeftover(
  { repository }: Facts,
  { path, runId, adminDir }: Extract<Mend, { kind: 'remove-worktree' }>,
): Promise<boolean> {
  const { commonDir, git } = repository;
  const own = join(commonDir, 'aynig');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const lock = await waitForLock(join(own, 'worktree.lock'), lockLimitMs);
  try {
    const led = readRuns(own).journals.some((journal) => journal.worktree === path || journal.runId === runId);
    if (led || !existsSync(adminDir)) return false;
    const now = await readLeftover(repository, { path, gitDir: adminDir, exists: existsSync(path), runId });
    if (now.state !== 'gone' && now.state !== 'clean') return false;
    if (now.unnamed !== undefined) await writeRef(git, keptRef(runId), oid(now.unnamed), 'aynig: keep what only a worktree named');
    await removeWorktree(git, commonDir, path);
    return true;
  } finally {
    lock.release();
  }
}
