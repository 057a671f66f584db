import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Objects } from '../git/objects.js';
import type { Repository } from '../git/repository.js';
import { readState } from '../kernel/names.js';

/** A file where commands are looked for. */
export interface CommandFile {
  readonly path: string;
  /** `commit`: in the tree of HEAD. `files`: only in the working tree so far. */
  readonly where: 'commit' | 'files';
  readonly kind: 'executable' | 'not-executable' | 'symlink';
  /** The first bytes. */
  readonly start: Buffer;
}

/** Commands that are looked at; more than that no workflow has. */
const maxCommands = 500;
const startBytes = 256;
const isCommandPath = (path: string): boolean => {
  const name = /^\.aynig\/(?:roles\/[^/]+\/)?command\/(.+)$/.exec(path)?.[1];
  return name !== undefined && readState(name) === name;
};

/** The commands of HEAD, and those of the working tree that are not committed yet. */
export async function readCommands(repository: Repository, objects: Objects): Promise<CommandFile[]> {
  const listed = await repository.git(
    [`--git-dir=${repository.gitDir}`, 'ls-tree', '-r', '-z', '--full-tree', 'HEAD', '--', '.aynig/command', '.aynig/roles'],
    { ok: [0, 128] },
  );
  const entries = listed.stdout
    .toString('utf8')
    .split('\0')
    .flatMap((line) => {
      const [, mode, id, path] = /^(\d+) \w+ ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
      return mode !== undefined && id !== undefined && path !== undefined && isCommandPath(path) ? [{ mode, id, path }] : [];
    })
    .slice(0, maxCommands);
  const committed = await Promise.all(
    entries.map(async ({ mode, id, path }): Promise<CommandFile> => {
      const found = await objects.read(id, startBytes);
      const kind = mode === '120000' ? 'symlink' : mode === '100755' ? 'executable' : 'not-executable';
      return { path, where: 'commit', kind, start: found.kind === 'found' ? found.bytes : Buffer.alloc(0) };
    }),
  );
  const known = new Set(committed.map(({ path }) => path));
  return [...committed, ...uncommitted(repository.toplevel).filter(({ path }) => !known.has(path))];
}

function uncommitted(root: string | undefined): CommandFile[] {
  if (root === undefined) return [];
  const found: CommandFile[] = [];
  for (const folder of ['.aynig/command', '.aynig/roles']) {
    for (const name of namesBelow(join(root, folder)).slice(0, maxCommands)) {
      const path = `${folder}/${name}`;
      const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
      if (!isCommandPath(path) || stat === undefined || stat.isDirectory()) continue;
      const kind = stat.isSymbolicLink() ? 'symlink' : (stat.mode & 0o111) !== 0 ? 'executable' : 'not-executable';
      found.push({ path, where: 'files', kind, start: stat.isFile() ? startOf(join(root, path)) : Buffer.alloc(0) });
    }
  }
  return found;
}

function namesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function startOf(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(startBytes);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
