import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { openGit } from '../git/gate.js';
import type { Repository } from '../git/repository.js';
import { linkedFolder } from './linked-worktrees.js';

/** Where git looks for hooks, when it is not the `hooks` folder of the git directory. */
export interface HooksPath {
  readonly value: string;
  /** `system`, `global`, `local`, `worktree`, or `link` for a `hooks` folder that is a symbolic link. */
  readonly scope: string;
  /** The file that says so. */
  readonly origin: string;
  /** Absolute. A relative value means another folder in each working tree; this one is of the working tree in question. */
  readonly folder: string;
}

/** What `core.hooksPath` says in the working tree of `repository`; undefined where git looks into its own folder. */
export async function readHooksPath(repository: Repository): Promise<HooksPath | undefined> {
  const { gitDir, commonDir, cwd } = repository;
  const root = repository.toplevel ?? commonDir;
  const own = join(commonDir, 'hooks');
  const git = openGit({ cwd, gitDir });
  // Our own calls set it to /dev/null on their command line; what files say is meant here.
  const answer = await git(['config', '--null', '--show-scope', '--show-origin', '--includes', '--get-all', 'core.hooksPath'], {
    ok: [0, 1],
  });
  const parts = answer.stdout.toString('utf8').split('\0');
  let found: HooksPath | undefined;
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [scope = '', origin = '', value = ''] = parts.slice(at, at + 3);
    const folder = resolve(root, value.replace(/^~(?=\/|$)/, homedir()));
    if (scope !== 'command' && folder !== join(commonDir, linkedFolder))
      found = { value, scope, origin: origin.replace(/^file:/, ''), folder };
  }
  if (found !== undefined && found.value !== '' && isSame(found.folder, own)) found = undefined;
  if (found === undefined && lstatSync(own, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    return { value: own, scope: 'link', origin: own, folder: existsSync(own) ? realpathSync(own) : own };
  return found;
}

const isSame = (a: string, b: string): boolean =>
  resolve(a) === resolve(b) || (existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b));
