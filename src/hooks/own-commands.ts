import { existsSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openObjects } from '../git/objects.js';
import { openRepository, repositoryOfHook } from '../git/repository.js';
import { allowOwnCommit } from '../trust/own-commit.js';

/** Left by the commit-msg hook while git still knew that the commit takes in a squash. */
const squashMark = 'AYNIG_SQUASH';

/** One line about the commands that the commit just made has changed: allowed, or what to do. */
export async function announceOwnCommands(cwd: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const gitDir = environment['GIT_DIR'];
  const repository =
    repositoryOfHook(cwd, environment) ?? (await openRepository(cwd, environment, gitDir === undefined ? undefined : resolve(cwd, gitDir)));
  const mark = join(repository.gitDir, squashMark);
  const squashed = existsSync(mark);
  if (squashed) unlinkSync(mark);
  const objects = openObjects(repository.commonDir, environment);
  try {
    const now = Math.floor(Date.now() / 1000);
    const became = await allowOwnCommit({ repository, objects, environment, now, squashed });
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
