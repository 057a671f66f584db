import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { Oid } from '../git/names.js';
import type { Repository } from '../git/repository.js';
import { findCommand } from './command-lookup.js';
import type { Context } from './context.js';
import type { CommandLookup } from './decide.js';
import type { State } from './names.js';

/** The command of a state: in the folder that `aynig.commandsDir` names, or, where none is set, in the tree of the commit that asks. */
export const lookUp = async ({ settings, repository, objects, role }: Context, tree: Oid, state: State): Promise<CommandLookup> =>
  settings.commandsDir === undefined
    ? findCommand(objects, tree, state, role)
    : findOnServer(settings.commandsDir, repository, state, role);

/**
 * Looks for a command in a folder of the server, which has the shape of `.aynig`: `command/<state>`, and before it
 * `roles/<role>/command/<state>`. The path in the answer is absolute: nothing of what was pushed is run.
 */
export function findOnServer(folder: string, repository: Repository, state: State, role?: string): CommandLookup {
  const problem = problemOf(folder, repository);
  if (problem !== undefined)
    return { kind: 'unusable', path: folder, why: problem, fix: 'set aynig.commandsDir to a folder of the server' };
  for (const part of [...(role === undefined ? [] : [`roles/${role}/command`]), 'command']) {
    const path = join(folder, part, state);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    if (!stat.isFile()) return { kind: 'unusable', path, why: 'is not a regular file', fix: 'put the file itself there' };
    if ((stat.mode & 0o111) === 0) return { kind: 'unusable', path, why: 'is not executable', fix: `make it so with: chmod +x ${path}` };
    return { kind: 'present', path };
  }
  return { kind: 'missing' };
}

/** Commands of all states and roles in a folder that `aynig.commandsDir` names, relative to it. Throws what the file system does. */
export function commandsOnServer(folder: string): string[] {
  const below = (path: string): string[] =>
    existsSync(join(folder, path))
      ? readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
      : [];
  const roles = existsSync(join(folder, 'roles')) ? readdirSync(join(folder, 'roles')) : [];
  return ['command', ...roles.map((role) => join('roles', role, 'command'))].flatMap(below).filter((path) => {
    const stat = lstatSync(join(folder, path));
    return stat.isFile() && (stat.mode & 0o111) !== 0;
  });
}

/** Why commands are not taken from a folder: half a sentence; undefined where they are. */
export function problemOf(folder: string, repository: Repository): string | undefined {
  if (!existsSync(folder)) return 'is not there';
  const real = realpathSync(folder);
  const inside = placesOf(repository).find((place) => real === place || real.startsWith(place + sep));
  return inside === undefined ? undefined : `is inside of ${inside}, which belongs to the repository that is pushed to`;
}

/** The repository and all its working trees: what is pushed or run can change files there. */
function placesOf({ commonDir, mainRoot }: Repository): string[] {
  const records = join(commonDir, 'worktrees');
  const linked = (existsSync(records) ? readdirSync(records) : []).flatMap((name) => {
    const file = join(records, name, 'gitdir');
    return existsSync(file) ? [dirname(readFileSync(file, 'utf8').trim())] : [];
  });
  return [commonDir, ...(mainRoot === undefined ? [] : [mainRoot]), ...linked].flatMap((path) =>
    existsSync(path) ? [realpathSync(path)] : [],
  );
}
