import { join } from 'node:path';
import { bareEnvironment, identify } from '../scratch.js';
import { completing, home, Workspace } from '../workspace.js';

/** How somebody reaches a repository: by this address and with these variables. */
export interface Way {
  readonly url: string;
  readonly env: Record<string, string>;
}

/** A bare repository on a server that has a HOME of its own and is reached by its address only. */
export interface Hosted {
  /** For somebody who may push. */
  readonly way: Way;
  /** The repository on the server's disk. */
  readonly bare: Workspace;
  /** The way of somebody who may only read. */
  forReading(): Way;
  /** Makes the server decline every push to a branch. */
  protect(branch: string): void;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export type ObjectFormat = 'sha1' | 'sha256';

/** An empty bare repository as a server keeps it. */
export function emptyRepository(serverHome: string, path: string, format: ObjectFormat = 'sha1'): Workspace {
  const bare = new Workspace(serverHome, path, bareEnvironment(serverHome));
  bare.program('git', ['init', '--quiet', '--bare', '--initial-branch=main', '--template=', `--object-format=${format}`, path], {
    cwd: serverHome,
  });
  return bare;
}

/** A hook of the server's admin that declines pushes to a branch, in the words that its users know. */
export function declineBy(bare: Workspace, branch: string, hook = 'update'): void {
  bare.write(
    `hooks/${hook}`,
    `#!/bin/sh\n[ "$1" != refs/heads/${branch} ] || { echo "${branch} is for the release team"; exit 1; }\n`,
    0o755,
  );
}

/** A clone, on a machine of its own unless `root` is given. */
export function cloneOf({ url, env }: Way, name = 'clone', root = home()): Workspace {
  const made = new Workspace(root, join(root, name), { ...bareEnvironment(root), ...env });
  made.program('git', ['clone', '--quiet', '--template=', url, made.path], { cwd: root });
  identify((...args) => made.git(...args));
  return made;
}

/** Pushes the first commits to an empty repository: a file, and the command for `build`. */
export function seed(
  { way, bare }: Pick<Hosted, 'way' | 'bare'>,
  command = completing('review', 'echo built >built.txt; git add built.txt'),
): Workspace {
  const root = home();
  const made = new Workspace(root, join(root, 'seed'), { ...bareEnvironment(root), ...way.env });
  // Before git 2.40 a clone of an empty repository takes it to be one with names of SHA-1.
  const format = `--object-format=${bare.git('rev-parse', '--show-object-format')}`;
  made.program('git', ['init', '--quiet', '--initial-branch=main', '--template=', format, made.path], { cwd: root });
  identify((...args) => made.git(...args));
  made.git('remote', 'add', 'origin', way.url);
  made.write('README', 'scratch\n');
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message', 'first');
  made.command('build', command);
  made.git('push', '--quiet', '--set-upstream', 'origin', 'main');
  return made;
}

/** Pushes a request for `build` on a branch that is made for it; answers its commit. */
export function ask(from: Workspace, branch: string): string {
  from.git('switch', '--quiet', '--create', branch, 'main');
  const request = from.request('build');
  from.git('push', '--quiet', '--set-upstream', 'origin', branch);
  from.git('switch', '--quiet', 'main');
  return request;
}
