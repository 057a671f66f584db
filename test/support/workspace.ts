import { type SpawnOptions, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { endProcessesWithHome, processesWithHome } from './processes.js';
import { type Answer, bareEnvironment, identify, Scratch, templateRepository } from './scratch.js';

/**
 * A repository whose commands write down in `$HOME/ran` what they did: one line `<run id> <branch> <state> <request>` per
 * start. `$HOME` is a directory of the test and outside the repository.
 */
export class Workspace extends Scratch {
  /** One line for every start of a command. */
  ran(): { runId: string; branch: string; state: string; request: string }[] {
    return this.note('ran')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [runId = '', branch = '', state = '', request = ''] = line.split(' ');
        return { runId, branch, state, request };
      });
  }

  /** A file that commands share with the test; empty when there is none. */
  note(name: string): string {
    const path = join(this.root, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  noted(name: string): boolean {
    return existsSync(join(this.root, name));
  }

  /** Lets commands that wait for it go on. */
  release(name = 'go'): void {
    writeFileSync(join(this.root, name), '');
  }

  /** A second working tree of the same repository, as a workspace of its own that shares `$HOME`. */
  linked(branch: string, start = 'HEAD'): Workspace {
    const path = join(this.root, `linked-${branch.replaceAll('/', '-')}`);
    this.git('worktree', 'add', '--quiet', '-b', branch, path, start);
    return new Workspace(this.root, path, this.env);
  }

  /** The git directory that all working trees share. */
  get common(): string {
    return this.git('rev-parse', '--path-format=absolute', '--git-common-dir');
  }

  /** Writes an executable outside the repository and answers its path. */
  script(name: string, text: string): string {
    const path = join(this.root, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text.startsWith('#!') ? text : `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return path;
  }

  hookLog(): string {
    const path = join(this.common, 'aynig/hook.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** The runner that holds the lock of this clone. */
  runnerPid(): number | undefined {
    const path = join(this.common, 'aynig/runner.lock');
    if (!existsSync(path)) return undefined;
    return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid;
  }

  /** Waits until no process of this test is left, so that nothing can happen any more. */
  async untilStill(): Promise<void> {
    // One look can miss a process that is started by another which ends meanwhile.
    let looks = 0;
    await this.until('no process of the test is left', () => {
      looks = processesWithHome(this.root).length === 0 ? looks + 1 : 0;
      return looks === 3;
    });
  }

  /** States of a branch from its first commit to its tip along first parents; `-` for a commit without one. */
  states(rev = 'HEAD'): string[] {
    return this.git('log', '--first-parent', '--reverse', '--format=%(trailers:key=aynig-state,valueonly,only,separator=%x2C)', rev)
      .split('\n')
      .map((state) => state || '-');
  }

  /** `aynig status --json` of one branch. */
  statusOf(branch?: string): Status {
    const report = JSON.parse(
      this.aynig(['status', '--json', ...(branch === undefined ? [] : [branch])], { expected: 'any' }).stdout,
    ) as StatusReport;
    const [status] = report.branches;
    if (status === undefined) throw new Error(`status says nothing about ${branch ?? 'the current branch'}`);
    return status;
  }
}

export interface Status {
  readonly reading: string;
  readonly state: string | null;
  readonly detail: string | null;
  readonly runId: string | null;
  readonly lastFailure: { readonly code: string; readonly why: string; readonly hint: string } | null;
}

export interface StatusReport {
  readonly runnerFailure: { readonly code: string; readonly why: string } | null;
  readonly branches: readonly Status[];
}

/** First line of every command here: notes that it was started. */
const noteStart = 'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"';

/** A command that does `work` and then commits the next state. */
export const completing = (next: string, work = ''): string =>
  ['set -eu', noteStart, work, `git commit --quiet --allow-empty --message 'to ${next}' --message 'aynig-state: ${next}'`]
    .filter((line) => line !== '')
    .join('\n');

/** Waits inside a command until the test calls {@link Workspace.release}. */
export const waitFor = (name = 'go'): string => `until [ -e "$HOME/${name}" ]; do sleep 0.05 || :; done`;

/** A change that only a delivery brings into the checkout. */
export const changesFile = 'echo "built by $AYNIG_RUN_ID" >built.txt; git add built.txt';

/** A directory whose processes and files go when the test ends; `$HOME` of everything in it. */
export function home(prefix = 'aynig-e2e-'): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  onTestFinished(() => dispose(root));
  return root;
}

/** Ends the processes of a test directory and deletes it. */
export function dispose(root: string): void {
  endProcessesWithHome(root);
  rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/** A fresh repository on branch main with one commit. */
export function workspace(name = 'repo'): Workspace {
  const root = home();
  const path = join(root, name);
  cpSync(templateRepository(), path, { recursive: true });
  return new Workspace(root, path, bareEnvironment(root));
}

/** A repository whose git says that it is of another version; everything else is done by the git that is here. */
export function withGit(version: string, from = workspace()): Workspace {
  const real = from.program('sh', ['-c', 'command -v git']).stdout.trim();
  from.script(
    `git-${version}/git`,
    `[ "$1" = --version ] || case " $* " in *" --version "*) ;; *) exec ${real} "$@" ;; esac\necho "git version ${version}"`,
  );
  return new Workspace(from.root, from.path, { ...from.env, PATH: `${from.root}/git-${version}:${process.env['PATH']}` });
}

/** Where `init` goes by files, whichever git is here. */
export const withOlderGit = (): Workspace => withGit('2.39.5');

/** A workspace with a command for `build` and with the hooks installed. */
export function hooked(command = completing('review', changesFile)): Workspace {
  const made = workspace();
  made.command('build', command);
  made.init();
  return made;
}

/** Two clones of one bare repository, `ana`'s with hooks; both have the command for `build` and stand on main. */
export function twoClones(command = completing('review', changesFile)): { ana: Workspace; bob: Workspace } {
  const seed = workspace('seed');
  seed.command('build', command);
  const { root, env } = seed;
  seed.git('clone', '--quiet', '--bare', seed.path, join(root, 'origin.git'));
  const clone = (name: string): Workspace => {
    seed.git('clone', '--quiet', join(root, 'origin.git'), join(root, name));
    const made = new Workspace(root, join(root, name), env);
    identify((...args) => made.git(...args));
    rmSync(join(made.path, '.git/hooks'), { recursive: true, force: true });
    return made;
  };
  const [ana, bob] = [clone('ana'), clone('bob')];
  ana.init();
  ana.aynig(['allow', '--yes']);
  return { ana, bob };
}

/** Runs a program without blocking the test, and answers what it printed. */
export function launch(
  file: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; detached?: boolean; timeoutMs?: number },
): Promise<Answer & { readonly signal: NodeJS.Signals | null }> {
  const spawnOptions: SpawnOptions = {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.detached === true,
  };
  const child = spawn(file, args, spawnOptions);
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const limit = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? Scratch.patienceMs);
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ exitCode: code ?? -1, signal, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') });
    });
  });
}

/** Everything below a directory: path, kind, mode and content, to be compared byte for byte. */
export function snapshot(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const content = entry.isFile() ? readFileSync(path).toString('base64') : entry.isSymbolicLink() ? readlinkSync(path) : 'directory';
    found[path.slice(directory.length + 1)] = `${(lstatSync(path).mode & 0o7777).toString(8)} ${content}`;
  }
  return found;
}

/** A test that cannot run here says so on a line of its own. */
export function skipBecause(why: string, context: { skip(note?: string): void }): void {
  process.stdout.write(`skipped: ${why}\n`);
  context.skip(why);
}
