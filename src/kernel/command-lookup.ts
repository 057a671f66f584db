import type { Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import type { CommandLookup } from './decide.js';
import type { State } from './names.js';

/** Folders that are searched for a command, first hit wins. */
export const commandFolders = (role?: string): string[] => [
  ...(role === undefined ? [] : [`.aynig/roles/${role}/command`]),
  '.aynig/command',
];

/**
 * Looks for the command of a state in the tree of the commit that asks, without a worktree. A folder is no command: it
 * holds the commands of states such as `ops/triage`.
 */
export async function findCommand(objects: Objects, tree: Oid, state: State, role?: string): Promise<CommandLookup> {
  for (const folder of commandFolders(role)) {
    const path = `${folder}/${state}`;
    const slash = path.lastIndexOf('/');
    const entries = await objects.tree(tree, path.slice(0, slash));
    const entry = entries?.find(({ name }) => name === path.slice(slash + 1));
    if (entry === undefined || entry.mode === '40000') continue;
    if (entry.mode === '100755') return { kind: 'present', path };
    if (entry.mode === '120000')
      return { kind: 'unusable', path, why: 'is a symbolic link', fix: 'commands must be regular files: commit the file itself' };
    if (entry.mode === '160000') return { kind: 'unusable', path, why: 'is a submodule', fix: 'commands must be regular files' };
    return {
      kind: 'unusable',
      path,
      why: 'is not executable',
      fix: `make it so with: chmod +x ${path} && git update-index --chmod=+x ${path}, commit that, and ask again`,
    };
  }
  return { kind: 'missing' };
}
