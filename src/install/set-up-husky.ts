import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../failure.js';
import type { Repository } from '../git/repository.js';
import { findManagers, surroundings, textOf } from './detect.js';

const hooksPath = '.husky/_';
/** Below the shared git directory: says that husky is here because of us. */
const record = 'aynig/husky-set-up';

/**
 * Whether `aynig init --husky` has husky to set up in a JavaScript repository. False where husky is live already. Throws
 * {@link Failure} husky-not-set-up where husky is not installed, or where it would silence the hooks of others.
 */
export async function canSetUpHusky(repository: Repository, root: string): Promise<boolean> {
  const managers = findManagers(await surroundings(repository, root)).filter(
    ({ kind }) => kind !== 'aynig' && kind !== 'config-hooks' && kind !== 'linked-worktrees',
  );
  if (managers.some(({ kind, live }) => kind === 'husky' && live)) return false;
  const other = managers.find(({ kind }) => kind !== 'husky');
  if (other !== undefined)
    throw refused(
      `${relative(root, other.where)} (${other.kind}) is here, and git would not run its hooks any more.`,
      'Leave --husky away: aynig init',
    );
  if (!existsSync(join(root, 'package.json'))) throw refused('There is no package.json here.', 'Leave --husky away: aynig init');
  if (!existsSync(program(root)))
    throw refused('husky 9 is not installed here.', 'Install it: npm install --save-dev husky, then: aynig init --husky');
  return true;
}

/** Lets husky set itself up, and remembers that it was us who asked. */
export async function setUpHusky({ commonDir, git }: Repository, root: string): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [program(root)], { cwd: root });
  const set = await git(['config', '--local', '--get', 'core.hooksPath'], { ok: [0, 1] });
  if (set.stdout.toString('utf8').trim() !== hooksPath)
    throw refused(
      `husky did not set core.hooksPath${stdout.trim() === '' ? '' : `: ${stdout.trim()}`}.`,
      'See what stops it with: npx husky',
    );
  mkdirSync(dirname(join(commonDir, record)), { recursive: true });
  writeFileSync(join(commonDir, record), '');
}

/** The line that sets husky up in every clone, where package.json does not have it yet. */
export const missingPrepare = (root: string): string | undefined =>
  /"prepare"\s*:\s*"[^"]*husky/.test(textOf(join(root, 'package.json'))) ? undefined : '"prepare": "husky"';

/** Takes husky away again if we set it up and nobody has put a hook into it since. Answers whether it did. */
export async function undoHusky({ commonDir, git }: Repository, root: string): Promise<boolean> {
  const path = join(commonDir, record);
  if (!existsSync(path)) return false;
  rmSync(path);
  const set = await git(['config', '--local', '--get', 'core.hooksPath'], { ok: [0, 1] });
  const folder = join(root, '.husky');
  const ours = set.stdout.toString('utf8').trim() === hooksPath && existsSync(folder) && readdirSync(folder).join() === '_';
  if (!ours) return false;
  await git(['config', '--local', '--unset', 'core.hooksPath']);
  rmSync(folder, { recursive: true });
  return true;
}

const program = (root: string): string => join(root, 'node_modules/husky/bin.js');

const refused = (why: string, hint: string): Failure => new Failure('husky-not-set-up', `husky was not set up. ${why}`, { hint });
