import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { type Git, lineOf, openGit } from '../git/gate.js';
import { isOid, type Oid, oid } from '../git/names.js';
import type { Repository } from '../git/repository.js';

/** A file that is committed below `.aynig/`. */
export interface HereFile {
  readonly mode: string;
  readonly blob: Oid;
}

/** What is committed in `.aynig/` of the checkout, and where to write. */
export interface Here {
  /** Root of the working tree. */
  readonly top: string;
  /** From where relative sources count: the root of the main working tree, so that they mean the same in every linked one. */
  readonly base: string;
  /** git, at that root and with its own index. */
  readonly git: Git;
  /** Of this working tree. */
  readonly gitDir: string;
  /** Tree of HEAD; the empty tree before the first commit. */
  readonly tree: Oid;
  /** By path below `.aynig/`. */
  readonly files: ReadonlyMap<string, HereFile>;
  /** Committed files that are deleted in the working tree or in the index, by path below `.aynig/`; none unless that was asked for. */
  readonly deleted: readonly string[];
}

export interface HereOptions {
  /** Whether files may be deleted without that being committed: nothing that a person has not saved is in them. Default: no. */
  readonly mayBeDeleted?: boolean;
}

/**
 * Reads what is there to be changed. Throws {@link Failure}: bare-repository; pack-uncommitted where files of `.aynig/` are not
 * committed, since what a person has not saved must not be written over.
 */
export async function readHere(repository: Repository, { mayBeDeleted = false }: HereOptions = {}): Promise<Here> {
  const { toplevel, gitDir } = repository;
  if (toplevel === undefined)
    throw new Failure('bare-repository', 'Packs are installed into a working tree, and this repository has none.', {
      hint: 'Install it in a clone, commit it and push: aynig install <repo>',
    });
  const git = openGit({ cwd: toplevel, gitDir });
  const folder = lstatSync(join(toplevel, '.aynig'), { throwIfNoEntry: false });
  if (folder !== undefined && !folder.isDirectory())
    throw new Failure('pack-in-the-way', '.aynig is not a folder here, so nothing is written through it.', {
      hint: 'Make it a real folder, commit that, and try again.',
    });
  // A submodule is a folder to look at, and not a place where files of this repository can be.
  const tracked = (await git(['ls-files', '-z', '--', '.aynig'])).stdout.toString('utf8').split('\0');
  if (tracked.includes('.aynig'))
    throw new Failure('pack-in-the-way', '.aynig is a submodule here, so nothing is written into it.', {
      hint: 'Make it a folder of this repository, commit that, and try again.',
    });
  const uncommitted = await uncommittedIn(git);
  const deleted = mayBeDeleted ? uncommitted.deleted : [];
  const refused = [...uncommitted.changed, ...(mayBeDeleted ? [] : uncommitted.deleted)];
  if (refused.length > 0) throw notCommitted(refused.sort(), { onlyDeleted: uncommitted.changed.length === 0 });
  const unmerged = await git(['ls-files', '--unmerged', '-z']);
  if (unmerged.stdout.length > 0)
    throw new Failure('pack-uncommitted', 'A merge is in progress here.', { hint: 'Finish it first: git status' });
  return { ...(await committedAt(git, repository, toplevel)), deleted };
}

/** What is committed in `.aynig/`, also where it is being changed: for looking only. */
export async function readCommitted(repository: Repository): Promise<Here> {
  const { toplevel, gitDir, cwd } = repository;
  return committedAt(openGit({ cwd: toplevel ?? cwd, gitDir }), repository, toplevel ?? cwd);
}

async function committedAt(git: Git, { gitDir, mainRoot }: Repository, top: string): Promise<Here> {
  const head = await git(['rev-parse', '--verify', '--quiet', 'HEAD^{tree}'], { ok: [0, 1, 128] });
  const text = lineOf(head);
  const tree = isOid(text) ? text : oid(lineOf(await git(['hash-object', '-t', 'tree', '--stdin'])));
  const listed = isOid(text) ? await git(['ls-tree', '-r', '-z', '--full-tree', tree, '--', '.aynig/']) : undefined;
  const files = new Map<string, HereFile>();
  for (const line of listed?.stdout.toString('utf8').split('\0') ?? []) {
    const [, mode, blob, path] = /^(\d+) \w+ ([0-9a-f]+)\t\.aynig\/(.+)$/s.exec(line) ?? [];
    if (mode !== undefined && blob !== undefined && path !== undefined) files.set(path, { mode, blob: oid(blob) });
  }
  return { top, base: mainRoot ?? top, git, gitDir, tree, files, deleted: [] };
}

/** So many are named; git lists the rest. */
const named = 5;

/** Paths below `.aynig/` that are not as they are committed; a path that something else stands at now is no deleted one. */
async function uncommittedIn(git: Git): Promise<{ readonly changed: string[]; readonly deleted: string[] }> {
  const status = await git(['status', '--porcelain', '-z', '--untracked-files=all', '--no-renames', '--', '.aynig']);
  const changed = new Set<string>();
  const deleted = new Set<string>();
  for (const line of status.stdout.toString('utf8').split('\0')) {
    if (line !== '') (/^(?: D|D )/.test(line) ? deleted : changed).add(line.slice(3).replace(/^\.aynig\//, ''));
  }
  return { changed: [...changed], deleted: [...deleted].filter((path) => !changed.has(path)) };
}

/** For files below `.aynig/` that a person has not saved. `onlyDeleted`: `aynig install` may bring them back. */
export const notCommitted = (paths: readonly string[], { onlyDeleted = false } = {}): Failure =>
  new Failure(
    'pack-uncommitted',
    `.aynig has changes that are not committed: ${paths
      .slice(0, named)
      .map((path) => `.aynig/${path}`)
      .join(', ')}${paths.length > named ? ` and ${paths.length - named} more` : ''}.`,
    {
      hint: `Commit them first: git add :/.aynig && git commit -m 'Workflow'; or ${onlyDeleted ? 'bring files of packs back: aynig install' : 'put them aside: git stash -u -- :/.aynig'}`,
    },
  );
