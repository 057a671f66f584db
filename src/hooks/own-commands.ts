import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isOid } from '../git/names.js';
import { openObjects } from '../git/objects.js';
import { readReflog } from '../git/reflog.js';
import { openRepository, repositoryOfHook } from '../git/repository.js';
import { noteBrought } from '../trust/brought.js';
import { isInsideRun } from '../trust/inside-run.js';
import { allowOwnCommit } from '../trust/own-commit.js';

/**
 * Left by the commit-msg hook while git still knew: `squash` where the commit takes in the files of others, `message` where
 * git had its message ready too (a cherry-pick or revert without a commit).
 */
const markFile = 'AYNIG_BROUGHT';

/** One line about the commands that the commit just made has changed: allowed, or what to do. */
export async function announceOwnCommands(cwd: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const gitDir = environment['GIT_DIR'];
  const repository =
    repositoryOfHook(cwd, environment) ?? (await openRepository(cwd, environment, gitDir === undefined ? undefined : resolve(cwd, gitDir)));
  const mark = takeMark(join(repository.gitDir, markFile));
  const objects = openObjects(repository.commonDir, environment);
  try {
    if (mark === 'message') {
      const [entry] = await readReflog(repository.git, repository.gitDir, 'HEAD', 1);
      if (entry !== undefined && isOid(entry.oid)) noteBrought(join(repository.commonDir, 'aynig'), entry.oid);
    }
    const now = Math.floor(Date.now() / 1000);
    const own = mark === undefined && !isInsideRun(repository);
    const became = await allowOwnCommit({ repository, objects, environment, now, own });
    switch (became.kind) {
      case 'unchanged':
        return [];
      case 'allowed':
        return ['aynig: your commit changed the commands; hooks may run them as they are now. See: aynig allow --list'];
      case 'not-allowed':
        return ['aynig: this commit holds commands that you have not looked at, so hooks start none of them. Look and allow: aynig allow'];
    }
  } finally {
    await objects.close();
  }
}

function takeMark(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const mark = readFileSync(path, 'utf8').trim();
  unlinkSync(path);
  return mark;
}
