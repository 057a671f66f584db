import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import type { Environment } from '../git/environment.js';
import { lineOf } from '../git/gate.js';
import { type Oid, oid } from '../git/names.js';
import { makeTemporaryFolder } from '../runner/temporary-folder.js';
import type { Here } from './here.js';

/** What a path below `.aynig/` is to be: nothing, or a file whose content is given or known to the repository. */
export interface Edit {
  readonly path: string;
  readonly mode?: string;
  readonly blob?: Oid;
  readonly bytes?: Buffer;
}

/** Names that some file system takes for `.git` are refused by git itself when an index is made of them. */
const strict = ['-c', 'core.protectHFS=true', '-c', 'core.protectNTFS=true'];

/**
 * Makes the tree that HEAD's becomes by the edits, in the object store of the repository or, where `objects` is given, in a folder
 * apart. Touches neither index nor working tree.
 */
export async function treeWith(here: Here, edits: readonly Edit[], objects: Environment = {}): Promise<Oid> {
  const folder = makeTemporaryFolder('pack');
  try {
    const env = { ...objects, GIT_INDEX_FILE: join(folder, 'index') };
    await here.git(['read-tree', here.tree], { env });
    await writeBlobs(here, env, edits, folder);
    const none = '0'.repeat(here.tree.length);
    // What goes comes first: a folder may take the place of a file.
    const lines = [
      ...edits.filter(({ blob }) => blob === undefined).map(({ path }) => `0 ${none}\t.aynig/${path}\0`),
      ...edits.filter(({ blob }) => blob !== undefined).map(({ mode, blob, path }) => `${mode} ${blob}\t.aynig/${path}\0`),
    ];
    await here.git([...strict, 'update-index', '-z', '--index-info'], { env, input: lines.join('') });
    // git passes over a path that it will not have, and says so in words alone.
    const staged = (await here.git(['ls-files', '-z', '--', '.aynig/'], { env })).stdout.toString('utf8').split('\0');
    const refused = edits.find(({ blob, path }) => staged.includes(`.aynig/${path}`) === (blob === undefined));
    if (refused !== undefined)
      throw new Failure('pack-refused', `git does not take ${JSON.stringify(refused.path)} as the path of a file; nothing was written.`, {
        hint: 'Tell the author of the pack to rename it.',
      });
    return oid(lineOf(await here.git(['write-tree'], { env })));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes all contents through one process of git, which reads them from files (git-hash-object(1)). */
async function writeBlobs({ git }: Here, env: Environment, edits: readonly Edit[], folder: string): Promise<void> {
  const paths = edits.flatMap(({ bytes }, index) => {
    if (bytes === undefined) return [];
    const path = join(folder, String(index));
    writeFileSync(path, bytes, { mode: 0o600 });
    return [`${path}\n`];
  });
  if (paths.length > 0) await git(['hash-object', '-w', '--no-filters', '--stdin-paths'], { env, input: paths.join('') });
}

/** An object store of its own beside the repository's, for looking at what would be: nothing of it stays. */
export async function withObjectsApart<T>(here: Here, use: (objects: Environment) => Promise<T>): Promise<T> {
  const folder = makeTemporaryFolder('objects');
  try {
    const store = lineOf(await here.git(['rev-parse', '--path-format=absolute', '--git-path', 'objects']));
    // git-config(1) reads the list as paths with colons between; quotes keep one in a path (gitrepository-layout(5)).
    return await use({ GIT_OBJECT_DIRECTORY: folder, GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(store) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
