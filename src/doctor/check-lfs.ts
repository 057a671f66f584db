import { basename } from 'node:path';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

/** Git LFS needs four hooks; another file in the place of one silences it. */
export function checkLfs({ usesLfs, hookFolders }: Facts): Finding[] {
  if (!usesLfs) return [];
  return hookFolders.flatMap(({ path = '', files, lfsMissing }): Finding[] => {
    if (lfsMissing.length === 0) return [];
    const ours = [...files.values()].some(({ kind }) => kind === 'own');
    return [
      {
        id: 'lfs-hook-missing',
        sentence: `The repository uses Git LFS, and in ${path} nothing calls it at ${lfsMissing.join(', ')}.`,
        // git lfs leaves what it finds; where a manager makes the files it says which lines to add.
        fix:
          basename(path) === '_' ? 'git lfs update --manual' : ours ? 'aynig uninstall && git lfs update && aynig init' : 'git lfs update',
      },
    ];
  });
}
