import { readFileSync } from 'node:fs';
import { Failure } from '../failure.js';
import type { Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { loadCrypto } from './context.js';

/**
 * Refuses a command whose file in the worktree is not the blob that was committed, and allowed. Attributes of the branch
 * (`working-tree-encoding`, `ident`, `eol`) and filters change files on checkout, and no tree under `.aynig` shows it.
 * Throws {@link Failure} command-altered.
 */
export async function expectCommitted(objects: Objects, tree: Oid, path: string, file: string): Promise<void> {
  const slash = path.lastIndexOf('/');
  const entry = (await objects.tree(tree, path.slice(0, slash)))?.find(({ name }) => name === path.slice(slash + 1));
  const { createHash } = await loadCrypto();
  const bytes = readFileSync(file);
  // The name of a blob: gitformat-pack(5) and git-hash-object(1), without filters.
  const name = createHash(entry?.oid.length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
  if (entry?.oid === name) return;
  throw new Failure('command-altered', `${path} in the worktree is not what was committed: git changed it on checkout.`, {
    hint: `See which attribute or filter does so: git check-attr --all -- ${path}`,
  });
}
