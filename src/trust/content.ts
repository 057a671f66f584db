import type { Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';

/**
 * What a commit would have hooks run: the trees of `.aynig/command` and `.aynig/roles` as `<mode> <object name>`, empty
 * where there is none. git's tree objects cover the names, modes and contents of all files below, and the targets of links.
 */
export interface Content {
  readonly command: string;
  readonly roles: string;
}

export const noContent: Content = { command: '', roles: '' };

/** Reads the content of a commit or tree that is there. Costs no git process: the objects are served by one that runs already. */
export async function contentOf(objects: Objects, treeish: Oid): Promise<Content> {
  const entries = await objects.tree(treeish, '.aynig');
  const named = (wanted: string): string => {
    const entry = entries?.find(({ name }) => name === wanted);
    return entry === undefined ? '' : `${entry.mode} ${entry.oid}`;
  };
  return { command: named('command'), roles: named('roles') };
}

export const sameContent = (one: Content, other: Content): boolean => one.command === other.command && one.roles === other.roles;
export const hasCommands = (content: Content): boolean => !sameContent(content, noContent);
