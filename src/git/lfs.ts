import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { complaint, type Git } from './gate.js';
import type { Oid } from './names.js';

/** Large files take their time; bounded all the same. */
const uploadTimeoutMs = 60 * 60_000;

/**
 * Uploads what git-lfs holds of a commit before the commit is pushed: git-lfs does so in its `pre-push` hook, and our pushes run no
 * hook. Nothing where the repository has no such files. Answers why it failed, or undefined.
 */
export async function uploadLargeFiles(git: Git, commonDir: string, remote: string, commit: Oid): Promise<string | undefined> {
  if (!existsSync(join(commonDir, 'lfs', 'objects'))) return undefined;
  const pushed = await git(['lfs', 'push', remote, commit], {
    ok: Array.from({ length: 129 }, (_, code) => code),
    timeoutMs: uploadTimeoutMs,
    network: true,
  });
  return pushed.exitCode === 0 ? undefined : `git lfs push failed: ${complaint(pushed.stderr || pushed.stdout.toString('utf8'))}`;
}
