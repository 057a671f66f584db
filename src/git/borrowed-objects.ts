import { join } from 'node:path';
import type { Environment } from './environment.js';
import type { Git } from './gate.js';
import type { Oid } from './names.js';
import { fetchSettings, fetchTimeoutMs } from './remote.js';

/**
 * Variables that let git read the objects of a repository and write new ones only into `folder` (git(1),
 * `GIT_OBJECT_DIRECTORY`): what is fetched to be looked at is gone with the folder.
 */
export const borrowing = (commonDir: string, folder: string): Environment => ({
  GIT_OBJECT_DIRECTORY: folder,
  // Quoted: a colon in the path would part it in two.
  GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${join(commonDir, 'objects').replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`,
});

/** Those of `oids` that the repository does not have. */
export async function missingOf(git: Git, oids: readonly Oid[], stop?: AbortSignal): Promise<ReadonlySet<Oid>> {
  if (oids.length === 0) return new Set();
  const result = await git(['cat-file', '--batch-check=', '--buffer'], {
    input: `${oids.join('\n')}\n`,
    ...(stop === undefined ? {} : { stop }),
  });
  const missing = result.stdout.toString('utf8').matchAll(/^([0-9a-f]+) missing$/gm);
  return new Set([...missing].map(([, name]) => name as Oid));
}

/**
 * Fetches commits that refs of a remote name, into a borrowing environment: no ref, no FETCH_HEAD and no setting is written. By
 * object name, since git looks for each name of a ref among all of them: ten thousand take a minute. Throws {@link GitError}.
 */
export async function borrowCommits(
  git: Git,
  remote: string,
  commits: readonly Oid[],
  { env, stop }: { readonly env: Environment; readonly stop: AbortSignal },
): Promise<void> {
  const options = ['--quiet', '--no-tags', '--no-prune', '--no-write-fetch-head', '--refmap=', '--no-recurse-submodules', '--stdin'];
  await git([...fetchSettings, 'fetch', ...options, '--', remote], {
    input: `${commits.join('\n')}\n`,
    env,
    stop,
    timeoutMs: fetchTimeoutMs,
    network: true,
  });
}
