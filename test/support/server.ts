import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, bareEnvironment, projectRoot, templateRepository } from './scratch.js';
import { completing, home, Workspace } from './workspace.js';

/** What a test may say about a commit that it makes by hand. */
interface CommitOptions {
  readonly parents?: readonly string[];
  /** A tree-ish; the first parent's tree where it is left out. */
  readonly tree?: string;
  /** Committer date, seconds since the epoch. */
  readonly at?: number;
}

/** Trailers of a lease; `undefined` leaves one out. */
type LeaseOverrides = Readonly<Record<string, string | undefined>>;

/** The clone of somebody who pushes, with a plain git that knows the protocol only as far as a test writes it down. */
export class Client extends Workspace {
  /** Makes a commit object from a message, without a hook or a branch; answers its name. */
  commit(message: string, { parents = [this.head()], tree = `${parents[0]}^{tree}`, at }: CommitOptions = {}): string {
    const args = ['commit-tree', ...parents.flatMap((parent) => ['-p', parent]), '-F', '-', this.git('rev-parse', tree)];
    const env: Record<string, string> = at === undefined ? {} : { GIT_COMMITTER_DATE: `@${at} +0000` };
    return this.gitAnswer(args, { input: `${message}\n`, env, expected: 0 }).stdout.trim();
  }

  /** A commit that asks for a state. */
  ask(state: string, parent = this.head(), trailers: readonly string[] = [], options: CommitOptions = {}): string {
    return this.commit(`ask for ${state}\n\n${[`aynig-state: ${state}`, ...trailers].join('\n')}`, { parents: [parent], ...options });
  }

  /** A tree with one more file. */
  treeWith(file: string, base = 'HEAD'): string {
    const blob = this.gitAnswer(['hash-object', '-w', '--stdin'], { input: `${file}\n`, expected: 0 }).stdout.trim();
    const entries = this.git('ls-tree', base);
    return this.gitAnswer(['mktree'], { input: `${entries}\n100644 blob ${blob}\t${file}\n`, expected: 0 }).stdout.trim();
  }

  /** A `working` commit as a runner of a remote makes it. */
  lease(parent: string, run: string, overrides: LeaseOverrides = {}, options: CommitOptions = {}): string {
    const trailers: Record<string, string | undefined> = {
      'aynig-state': 'working',
      'aynig-origin-state': 'build',
      'aynig-run-id': run,
      'aynig-runner-id': 'elsewhere',
      'aynig-lease-seconds': '600',
      'aynig-parent': parent,
      'aynig-remote': 'origin',
      ...overrides,
    };
    const lines = Object.entries(trailers).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
    return this.commit(`aynig: working on build\n\n${lines.join('\n')}`, { parents: [parent], ...options });
  }

  /** A renewal of a lease ref. */
  alive(previous: string, run: string): string {
    return this.commit(`aynig: alive\n\naynig-run-id: ${run}`, { parents: [previous] });
  }

  /** What another host puts on a lease that has ended; with `by` a cancellation. */
  stall(lease: string, run: string, { by, tree }: { by?: string; tree?: string } = {}): string {
    const lines = ['aynig-state: stalled', `aynig-stalled-run: ${run}`, 'aynig-origin-state: build'];
    const message = ['aynig: build stalled', '', ...lines, ...(by === undefined ? [] : [`aynig-cancelled-by: ${by}`])].join('\n');
    return this.commit(message, { parents: [lease], ...(tree === undefined ? {} : { tree }) });
  }

  push(...args: readonly string[]): Answer {
    return this.gitAnswer(['push', '--quiet', 'origin', ...args]);
  }
}

export interface Server {
  readonly root: string;
  readonly bare: Workspace;
  readonly clone: Client;
  /** Pushes a request for `build` to a new branch, which is in the clone under the same name; answers its commit. */
  requested(branch?: string): string;
  /** Pushes a request and a claim of it. */
  claimed(branch?: string, overrides?: LeaseOverrides): { run: string; request: string; lease: string };
  /** Makes a lease and its signs of life older, as the server has noted them. */
  age(seconds: number, refs: readonly string[]): void;
}

export const leaseRefOf = (run: string): string => `refs/aynig/lease/${run}`;
export const newRun = (): string => randomUUID();

/** Puts a hook of ours into a bare repository, as `aynig init --bare` writes it. */
export function installHook(bare: Workspace, name: 'pre-receive' | 'post-receive', folder = 'hooks', file: string = name): void {
  const text = readFileSync(join(projectRoot, 'templates', name), 'utf8')
    .replace('@AYNIG@', () => projectRoot)
    .replace('@NODE@', () => process.execPath);
  bare.write(join(folder, file), text, 0o755);
}

/** A bare repository, reached by its path, and a clone of it. `hooks`: those of ours that are installed. */
export function server({
  hooks = ['pre-receive'],
  format = 'sha1',
  command = completing('review'),
}: {
  hooks?: readonly ('pre-receive' | 'post-receive')[];
  format?: 'sha1' | 'sha256';
  command?: string;
} = {}): Server {
  const root = home();
  const env = bareEnvironment(root);
  const path = join(root, 'clone');
  const clone = new Client(root, path, env);
  if (format === 'sha1') cpSync(templateRepository(), path, { recursive: true });
  else {
    mkdirSync(path);
    clone.git('init', '--quiet', '--initial-branch=main', '--template=', `--object-format=${format}`);
    clone.git('config', 'user.name', 'Ana Example');
    clone.git('config', 'user.email', 'ana@example.com');
  }
  clone.command('build', command);
  const bare = new Workspace(root, join(root, 'server.git'), env);
  clone.program('git', ['clone', '--quiet', '--bare', path, bare.path], { cwd: root });
  bare.git('config', 'core.logAllRefUpdates', 'always');
  clone.git('remote', 'add', 'origin', bare.path);
  clone.git('fetch', '--quiet', 'origin');
  for (const name of hooks) installHook(bare, name);
  const made: Server = {
    root,
    bare,
    clone,
    requested(branch = 'work') {
      const request = clone.ask('build');
      clone.git('branch', '--force', branch, request);
      const answer = clone.push(`${request}:refs/heads/${branch}`);
      if (answer.exitCode !== 0) throw new Error(answer.stderr);
      return request;
    },
    claimed(branch = 'work', overrides = {}) {
      const request = made.requested(branch);
      const run = newRun();
      const lease = clone.lease(request, run, overrides);
      const answer = clone.push('--atomic', `${lease}:refs/heads/${branch}`, `${lease}:${leaseRefOf(run)}`);
      if (answer.exitCode !== 0) throw new Error(answer.stderr);
      return { run, request, lease };
    },
    age(seconds, refs) {
      for (const ref of refs) {
        const file = join(bare.path, 'logs', ref);
        if (!existsSync(file)) throw new Error(`${ref} has no reflog`);
        writeFileSync(
          file,
          readFileSync(file, 'utf8').replace(/> (\d+) /g, (_, at: string) => `> ${Number(at) - seconds} `),
        );
      }
    },
  };
  return made;
}
