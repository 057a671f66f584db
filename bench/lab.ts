import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));
/** The built program; `node aynig <arguments>`. */
export const aynig = join(project, 'dist/cli.js');
/** Everything that is measured is in here. */
export const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aynig-bench-')));
/** The environment of everything that is started: nothing of the user's own. */
export const env: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: folder,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** A command that does nothing but name the next state. */
export const trivial = "git commit --quiet --allow-empty -m ok -m 'aynig-state: done'";

/** How long a program takes, in milliseconds. Throws where it fails. */
export function timed(file: string, args: readonly string[], cwd: string, extra: NodeJS.ProcessEnv = {}): number {
  const start = performance.now();
  execFileSync(file, args, { cwd, env: { ...env, ...extra }, stdio: 'ignore' });
  return performance.now() - start;
}

export const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 28 }).trimEnd();

/** What a repository needs before anything is committed in it; nothing is cleaned up while something is measured. */
export function identify(path: string): void {
  for (const [key, value] of [
    ['user.name', 'Bench'],
    ['user.email', 'bench@example.com'],
    ['gc.auto', '0'],
  ] as const)
    git(path, 'config', key, value);
}

/** A repository with one empty commit. */
export function repository(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  git(path, 'init', '--quiet', '--initial-branch=main', '--template=');
  identify(path);
  git(path, 'commit', '--quiet', '--allow-empty', '--message', 'first');
  return path;
}

/** Commits a command for a state; `script` is what a shell runs. */
export function command(path: string, state: string, script: string): void {
  mkdirSync(join(path, '.aynig/command'), { recursive: true });
  writeFileSync(join(path, '.aynig/command', state), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  git(path, 'add', '.aynig');
  git(path, 'commit', '--quiet', '--message', `command ${state}`);
}

/** Makes a branch `<prefix>/<number>` for each number, all at one commit. */
export function makeBranches(path: string, prefix: string, count: number, commit: string): void {
  const updates = Array.from({ length: count }, (_, index) => `create refs/heads/${prefix}/${index} ${commit}\n`).join('');
  execFileSync('git', ['update-ref', '--stdin'], { cwd: path, env, input: updates });
}

/**
 * Makes branches `topic/<number>`, each at a commit of its own with a message of its own: by default one that asks for a state without
 * a command. Their refs are written as one file: git makes one for each, which takes longer than all that is measured with them.
 */
export function makeIdleBranches(path: string, branches: number, messageOf = asksForReview): void {
  const tree = git(path, 'rev-parse', 'HEAD^{tree}');
  const others = git(path, 'for-each-ref', '--format=%(objectname) %(refname)');
  const marks = join(folder, 'marks');
  const last = `refs/heads/topic/${branches - 1}`;
  const stream = Array.from({ length: branches }, (_, index) => {
    const { message, at } = messageOf(index);
    return `reset ${last}\ncommit ${last}\nmark :${index + 1}\ncommitter Bench <bench@example.com> ${at} +0000\ndata ${message.length}\n${message}M 040000 ${tree} \n\n`;
  }).join('');
  execFileSync('git', ['fast-import', '--quiet', `--export-marks=${marks}`], { cwd: path, env, input: stream });
  const made = readFileSync(marks, 'utf8').replace(
    /^:(\d+) (\w+)$/gm,
    (_, mark: string, oid: string) => `${oid} refs/heads/topic/${Number(mark) - 1}`,
  );
  writeFileSync(join(git(path, 'rev-parse', '--absolute-git-dir'), 'packed-refs'), `${others}\n${made}`);
  // Puts them in order, as git keeps them.
  git(path, 'pack-refs', '--all');
  const there = git(path, 'for-each-ref', '--format=%(objectname)', 'refs/heads/topic').split('\n');
  if (new Set(there).size !== branches) throw new Error(`${new Set(there).size} of ${branches} branches were made`);
}

/** A commit message, and its committer date in seconds since the epoch. */
export interface Message {
  readonly message: string;
  readonly at: number;
}

const asksForReview = (index: number): Message => ({ message: `Branch ${index}\n\naynig-state: review\n`, at: 1_700_000_000 + index });

/** Waits for a file without taking a processor from what is measured; the limit is for what hangs. */
export function waitFor(condition: () => boolean, limitMs = 120_000): void {
  const deadline = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

export const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

export const removeFolder = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
