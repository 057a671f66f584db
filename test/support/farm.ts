import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, bareEnvironment, cliPath, identify, Scratch } from './scratch.js';
import { home, launch, Workspace } from './workspace.js';

/** One bare remote and several clones of it, as machines that share nothing else. */
export interface Farm {
  readonly root: string;
  readonly remote: Scratch;
  readonly clones: readonly Workspace[];
  /** Commits a request on top of a branch of the remote, as somebody's push would. */
  ask(branch: string, state?: string, trailers?: readonly string[]): string;
  /** The value of a ref at the remote; empty when it is not there. */
  at(ref: string): string;
  /** Names of the heartbeats at the remote. */
  heartbeats(): string[];
  /** Another clone, made with these arguments of `git clone`. */
  clone(name: string, args?: readonly string[]): Workspace;
  /** Starts `aynig run --aynig-remote origin` in a clone and answers when it has ended. */
  run(clone: Workspace, args?: readonly string[], env?: Record<string, string>): Promise<Answer>;
}

export interface FarmOptions {
  readonly command?: string;
  readonly clones?: number;
  /** Length of a lease, in seconds. */
  readonly leaseSeconds?: number;
  readonly initArguments?: readonly string[];
}

/** A remote whose branch `main` has the command `build`, and clones that are on `main`. Gone when the test ends. */
export function farm({ command = '', clones = 1, leaseSeconds, initArguments = [] }: FarmOptions = {}): Farm {
  const root = home();
  const env = bareEnvironment(root);
  const path = join(root, 'origin.git');
  const seed = new Workspace(root, join(root, 'seed'), env);
  seed.program('git', ['init', '--quiet', '--initial-branch=main', '--template=', ...initArguments, seed.path], { cwd: root });
  identify((...args) => seed.git(...args));
  seed.command('build', command);
  seed.git('clone', '--quiet', '--bare', seed.path, path);
  const remote = new Scratch(root, path, env);
  seed.git('remote', 'add', 'origin', path);
  const clone = (name: string, args: readonly string[] = []): Workspace => {
    seed.program('git', ['clone', '--quiet', ...args, args.length === 0 ? path : `file://${path}`, join(root, name)], { cwd: root });
    const made = new Workspace(root, join(root, name), env);
    identify((...config) => made.git(...config));
    rmSync(join(made.path, '.git/hooks'), { recursive: true, force: true });
    made.git('config', 'aynig.runnerId', name);
    if (leaseSeconds !== undefined) made.git('config', 'aynig.leaseSeconds', String(leaseSeconds));
    made.git('config', 'aynig.skewSeconds', '0');
    return made;
  };
  return {
    root,
    remote,
    clones: Array.from({ length: clones }, (_, index) => clone(`clone${index + 1}`)),
    clone,
    ask(branch, state = 'build', trailers = []) {
      seed.git('fetch', '--quiet', 'origin');
      const there = seed.gitAnswer(['rev-parse', '--verify', '--quiet', `origin/${branch}`]).exitCode === 0;
      seed.git('checkout', '--quiet', '--detach', there ? `origin/${branch}` : 'main');
      const made = seed.request(state, { trailers });
      seed.git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
      return made;
    },
    at: (ref) => remote.gitAnswer(['rev-parse', '--verify', '--quiet', ref]).stdout.trim(),
    heartbeats: () =>
      remote
        .git('for-each-ref', '--format=%(refname)', 'refs/aynig/lease/')
        .split('\n')
        .filter((name) => name !== ''),
    run: (made, args = [], environment = {}) =>
      launch(process.execPath, [cliPath, 'run', '--aynig-remote', 'origin', '--current-branch', 'include', ...args], {
        cwd: made.path,
        env: { ...made.env, ...environment },
        timeoutMs: 120_000,
      }),
  };
}
