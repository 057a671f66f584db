import { resolve } from 'node:path';
import { Failure } from '../failure.js';
import { openRepository, type Repository } from '../git/repository.js';

/** The bare repository at a path. Throws {@link Failure} not-a-repository, and not-bare where it has a working tree. */
export async function bareRepository(cwd: string, path: string): Promise<Repository> {
  const at = resolve(cwd, path);
  const repository = await openRepository(at, process.env, at).catch((error: unknown) => {
    // A working tree, or no repository at all: the answer there says which.
    if (error instanceof Failure && error.code === 'not-a-repository') return openRepository(at);
    throw error;
  });
  if (repository.bare) return repository;
  throw new Failure('not-bare', `${at} has a working tree, and the hooks of a server belong into a bare repository.`, {
    hint: 'Name the bare repository that people push to, or install the hooks of a clone: aynig init',
  });
}
