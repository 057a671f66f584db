import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type PackAddress, parseAddress } from '../../src/packs/address.js';
import { type FetchedPack, type FetchRequest, fetchPack } from '../../src/packs/fetch.js';
import { bareEnvironment, identify, Scratch, templateRepository } from './scratch.js';
import { home } from './workspace.js';

/** One entry of a tree: `oid` of a blob or a tree. The name is bytes, for it may be anything. */
export interface RawEntry {
  readonly mode: string;
  readonly name: string | Buffer;
  readonly oid: string;
}

/** A repository with packs in it, whose trees can be written byte by byte: `git add` would not take most of them. */
export class PackRepository extends Scratch {
  blob(content: string | Buffer): string {
    return this.program('git', ['hash-object', '-w', '--stdin'], { input: content }).stdout.trim();
  }

  /** A tree as it is given: not sorted, not looked at. */
  tree(entries: readonly RawEntry[]): string {
    const bytes = entries.map(({ mode, name, oid }) =>
      Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), Buffer.from(oid, 'hex')]),
    );
    return this.program('git', ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], {
      input: Buffer.concat(bytes),
    }).stdout.trim();
  }

  /** A tree with one file, or folder if `oid` is a tree, at the end of a path of plain names. */
  within(path: string, entry: RawEntry): string {
    return path
      .split('/')
      .reverse()
      .reduce((inner, name) => this.tree([{ mode: '40000', name, oid: inner }]), this.tree([entry]));
  }

  /** Commits a tree as the tip of a branch, whatever is in it. */
  commitTree(tree: string, branch = 'main'): string {
    const commit = this.git('commit-tree', '-m', 'hostile', tree);
    this.git('update-ref', `refs/heads/${branch}`, commit);
    return commit;
  }

  /** Writes files and commits them. */
  commitFiles(files: Readonly<Record<string, string | Buffer>>): string {
    for (const [path, content] of Object.entries(files)) this.write(path, content, path.includes('command/') ? 0o755 : 0o644);
    this.git('add', '--all', '--force');
    this.git('commit', '--quiet', '--message', `commit ${Object.keys(files).length} files`);
    return this.head();
  }

  get address(): PackAddress {
    return addressOf(this.path);
  }
}

export const addressOf = (text: string): PackAddress => parseAddress(text, { cwd: '/', base: '/' });

/** A small pack in the usual place. */
export const smallPack: Readonly<Record<string, string>> = {
  '.aynig/command/build': '#!/bin/sh\nexit 0\n',
  '.aynig/command/.lib/shared.sh': 'shared=1\n',
  '.aynig/roles/reviewer/command/review': '#!/bin/sh\nexit 0\n',
  '.aynig/pack.json': '{ "name": "small", "version": "1.0.0" }\n',
  '.aynig/COMMANDS.md': '# Commands\n',
  '.aynig/README.md': 'read me\n',
};

/** An empty repository on branch main. */
export function packRepository(format: 'sha1' | 'sha256' = 'sha1', root = home('aynig-packs-')): PackRepository {
  const path = join(root, 'pack');
  const made = new PackRepository(root, path, bareEnvironment(root));
  mkdirSync(path);
  made.git('init', '--quiet', '--initial-branch=main', '--template=', `--object-format=${format}`);
  identify((...args) => made.git(...args));
  return made;
}

/** Where temporary repositories of this test are made; it must be empty afterwards. */
export function ownTemporaryFolder(): { readonly left: () => string[] } {
  // Shared by all tests of a file, so not in a folder of one of them.
  templateRepository();
  const path = join(home('aynig-tmp-'), 'tmp');
  mkdirSync(path);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = path;
  onTestFinished(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  return { left: () => readdirSync(path).filter((name) => name.startsWith('aynig-pack-')) };
}

/** Fetches as a person with an empty home and no terminal. */
export function fetchAs(env: NodeJS.ProcessEnv, request: FetchRequest): Promise<FetchedPack> {
  return fetchPack({ inherited: env, ...request });
}
