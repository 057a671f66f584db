import type { Oid } from '../git/names.js';

/** One entry of the folder of a pack, as its tree has it: names are whatever somebody could write into a tree object. */
export interface Entry {
  /** The folder that it is in, below the folder of the pack; empty at the top. */
  readonly folder: string;
  readonly name: string;
  /** As git writes it: `100755`, `100644`, `120000`, `40000`, `160000`. */
  readonly mode: string;
  readonly oid: Oid;
  /** In bytes; of files only. */
  readonly size?: number;
}

export const pathOf = ({ folder, name }: Pick<Entry, 'folder' | 'name'>): string => (folder === '' ? name : `${folder}/${name}`);

export const isFolder = ({ mode }: Pick<Entry, 'mode'>): boolean => /^0?40000$/.test(mode);
/** git reads every mode of a regular file as one of two (git's cache.h, canon_mode). */
export const isFile = ({ mode }: Pick<Entry, 'mode'>): boolean => /^100[0-7]{3}$/.test(mode);
export const fileMode = ({ mode }: Pick<Entry, 'mode'>): '100644' | '100755' =>
  (Number.parseInt(mode, 8) & 0o100) === 0 ? '100644' : '100755';

/** What becomes of a file: only what lies in a sub-folder is installed. */
export type Use = 'installed' | 'manifest' | 'map' | { readonly leftOut: string };

const ofGit = new Set(['.gitignore', '.gitattributes', '.gitkeep']);

export function useOf({ folder, name }: Pick<Entry, 'folder' | 'name'>): Use {
  if (folder === '') {
    if (name === 'pack.json') return 'manifest';
    if (name === 'COMMANDS.md') return 'map';
    return { leftOut: 'lies at the top of the pack' };
  }
  if (/^logs(?:\/|$)/.test(folder)) return { leftOut: 'is a log' };
  if (ofGit.has(name)) return { leftOut: "is one of git's own files" };
  return 'installed';
}
