import type { HereFile } from './here.js';
import type { LockedPack } from './lock-file.js';

/** How a file of an installed pack stands here. */
export interface FileState {
  readonly path: string;
  readonly state: 'changed' | 'missing' | 'left';
}

/**
 * The files of a pack that are not as it brought them: `changed` by a person, `missing`, or `left`: the pack's own version is not
 * in them, since it could not be merged.
 */
export function differingFiles(pack: LockedPack, here: ReadonlyMap<string, HereFile>): FileState[] {
  return Object.entries(pack.files)
    .flatMap(([path, { mode, blob, mergedWith }]): FileState[] => {
      const file = here.get(path);
      if (file === undefined) return [{ path, state: 'missing' }];
      if (file.blob === blob && file.mode === mode) return [];
      return [{ path, state: mergedWith === undefined ? 'changed' : 'left' }];
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}
