import { failureOrThrow } from '../git/causes.js';
import { openRepository } from '../git/repository.js';
import { objectFormat } from '../packs/blob.js';
import { Draft } from '../packs/draft.js';
import { readCommitted } from '../packs/here.js';

/** Names of the installed packs, for completion: none where they cannot be read, since a shell has no place for an error. */
export async function packNames(cwd: string): Promise<string[]> {
  try {
    const repository = await openRepository(cwd);
    const { lock } = await Draft.of(await readCommitted(repository), await objectFormat(repository));
    return Object.keys(lock.packs);
  } catch (error) {
    failureOrThrow(error);
    return [];
  }
}
