import { createHash } from 'node:crypto';
import { lineOf } from '../git/gate.js';
import { type Oid, oid } from '../git/names.js';
import type { Repository } from '../git/repository.js';

/** How a repository names its objects (gitformat: `extensions.objectFormat`). */
export type ObjectFormat = 'sha1' | 'sha256';

export async function objectFormat({ git }: Repository): Promise<ObjectFormat> {
  return lineOf(await git(['rev-parse', '--show-object-format'])) === 'sha256' ? 'sha256' : 'sha1';
}

/** The name that git gives to a file with this content, whatever repository it comes from. */
export const blobName = (bytes: Uint8Array, format: ObjectFormat): Oid =>
  oid(createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest('hex'));
