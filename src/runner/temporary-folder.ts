import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../failure.js';

/** Makes a folder that only its owner can read (mkdtemp(3)). Throws {@link Failure} temporary-folder. */
export function makeTemporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (cause) {
    if (!['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new Failure('temporary-folder', `No folder can be made in ${tmpdir()}, where temporary files go.`, {
      hint: 'Name a folder that is there and yours to write: TMPDIR=<folder> aynig …',
      cause,
    });
  }
}
