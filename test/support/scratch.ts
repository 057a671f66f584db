import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';
import { endProcessesWithHome } from './processes.js';

export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const cliPath = join(projectRoot, 'dist/cli.js');

/** What a program answered. */
export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An environment built from nothing: no configuration, no identity and no language of the machine it runs on. */
export const bareEnvironment = (home: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: home,
  XDG_STATE_HOME: join(home, 'state'),
  TMPDIR: tmpdir(),
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_EDITOR: 'false',
  LC_ALL: 'C',
  TZ: 'UTC',
});

/** A temporary directory that goes when the test ends. Resolved: git compares resolved paths. */
export function temporaryDirectory(prefix = 'aynig-test-'): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  return path;
}

/** A real repository in a temporary directory. Set-up goes through plain git, never through the code under test. */
export class Scratch {
  readonly root: string;
  readonly path: string;
  readonly env: Record<string, string>;
  /** How long {@link until} waits before it gives up, and how long a program may take: too long for anything but what hangs. */
  static readonly patienceMs = 120_000;

  constructor(root: string, path: string, env: Record<string, string>) {
    this.root = root;
    this.path = path;
    this.env = env;
  }

  /** Runs a program and answers; throws unless it exits with `expected`. */
  program(
    file: string,
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string>; input?: string | Buffer; expected?: number | 'any' } = {},
  ): Answer {
    const result = spawnSync(file, args, {
      cwd: options.cwd ?? this.path,
      env: { ...this.env, ...options.env },
      input: options.input ?? '',
      timeout: Scratch.patienceMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    const answer = {
      exitCode: result.status ?? -1,
      stdout: result.stdout?.toString('utf8') ?? '',
      stderr: result.stderr?.toString('utf8') ?? String(result.error),
    };
    const expected = options.expected ?? 0;
    if (expected !== 'any' && answer.exitCode !== expected)
      throw new Error(`${file} ${args.join(' ')} exited with ${answer.exitCode} and not ${expected}\n${answer.stdout}\n${answer.stderr}`);
    return answer;
  }

  /** Standard output of a git command without its last newline. */
  git(...args: readonly string[]): string {
    return this.program('git', args).stdout.replace(/\n$/, '');
  }

  /** Like {@link git}, for commands that may fail or need an environment. */
  gitAnswer(
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string>; input?: string | Buffer; expected?: number | 'any' } = {},
  ): Answer {
    return this.program('git', args, { expected: 'any', ...options });
  }

  /** Runs the built command line. */
  aynig(
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string>; input?: string; expected?: number | 'any' } = {},
  ): Answer {
    return this.program(process.execPath, [cliPath, ...args], options);
  }

  /** Starts the built command line and goes on; the caller ends it. */
  start(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    return spawn(process.execPath, [cliPath, ...args], {
      cwd: options.cwd ?? this.path,
      env: { ...this.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  }

  write(path: string, content: string | Buffer, mode = 0o644): void {
    const file = join(this.path, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  }

  read(path: string): string {
    return readFileSync(join(this.path, path), 'utf8');
  }

  exists(path: string): boolean {
    return existsSync(join(this.path, path));
  }

  /** Writes a command of a state and commits it; where our hooks are installed, that allows it. */
  command(state: string, script: string, mode = 0o755): void {
    this.write(`.aynig/command/${state}`, script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`, mode);
    this.git('add', '--all', '--', '.aynig/command');
    this.git('commit', '--quiet', '--message', `command ${state}`);
  }

  /** Commits a request on the current branch without any hook; answers its commit. */
  request(state: string, { title = `ask for ${state}`, body = '', trailers = [] as readonly string[] } = {}): string {
    const message = [title, ...(body === '' ? [] : [body]), [`aynig-state: ${state}`, ...trailers].join('\n')].join('\n\n');
    this.gitAnswer(['-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'], {
      // git 2.54 and newer runs hooks of the configuration whatever core.hooksPath says.
      env: { AYNIG: '0' },
      input: `${message}\n`,
      expected: 0,
    });
    return this.head();
  }

  /** Installs the hooks by the verb that users call. */
  init(): void {
    this.aynig(['init']);
  }

  head(rev = 'HEAD'): string {
    return this.git('rev-parse', '--verify', rev);
  }

  /** The value of a trailer at the tip of a revision, by git's own reading. */
  trailer(key: string, rev = 'HEAD'): string {
    return this.git('log', '-1', `--format=%(trailers:key=${key},valueonly,only)`, rev).trim();
  }

  state(rev = 'HEAD'): string {
    return this.trailer('aynig-state', rev);
  }

  /** Polls until `condition` answers something true; no fixed sleeps anywhere. */
  async until<T>(what: string, condition: () => T | undefined | false | ''): Promise<T> {
    const deadline = Date.now() + Scratch.patienceMs;
    // Most conditions ask git: asked without a pause they would take the processor from what they wait for.
    for (let pauseMs = 10; ; pauseMs = Math.min(100, pauseMs * 1.5)) {
      const value = condition();
      if (value !== undefined && value !== false && value !== '') return value;
      if (Date.now() > deadline) throw new Error(`waited in vain until ${what}\n${this.describe()}`);
      await new Promise((next) => setTimeout(next, pauseMs));
    }
  }

  /** Waits until the tip of a branch is in the state, and no run is under way any more. */
  async untilState(state: string, rev = 'HEAD'): Promise<void> {
    await this.until(`${rev} is in state ${state}`, () => this.state(rev) === state);
  }

  /** Waits until no runner and no run of this clone is left. */
  async untilQuiet(): Promise<void> {
    const common = this.git('rev-parse', '--path-format=absolute', '--git-common-dir');
    await this.until('all runs have ended', () => {
      const folder = join(common, 'aynig/runs');
      const runs = existsSync(folder) ? readdirSync(folder) : [];
      const isOver = !runs.some((name) => name.endsWith('.json'));
      return isOver && !existsSync(join(common, 'aynig/runner.lock')) && !existsSync(join(common, 'aynig/again'));
    });
  }

  describe(): string {
    const log = this.gitAnswer(['log', '--all', '--graph', '--format=%h %d %s [%(trailers:only,separator=%x3b)]', '-n', '20']).stdout;
    const hookLog = join(this.path, '.git/aynig/hook.log');
    return `${log}\n${existsSync(hookLog) ? readFileSync(hookLog, 'utf8') : 'no hook.log'}`;
  }
}

let template: string | undefined;

// Each test file loads this module anew; the process is ended in a way that no exit handler sees.
afterAll(() => {
  if (template !== undefined) rmSync(template, { recursive: true, force: true });
});

/** One repository is made per test file and copied: making one by `git init` and a commit costs five times as much. */
export function templateRepository(): string {
  if (template !== undefined) return template;
  const path = mkdtempSync(join(tmpdir(), 'aynig-template-'));
  const env = bareEnvironment(path);
  const git = (...args: string[]): void => {
    const result = spawnSync('git', args, { cwd: path, env });
    if (result.status !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr.toString()}`);
  };
  git('init', '--quiet', '--initial-branch=main', '--template=');
  identify(git);
  writeFileSync(join(path, 'README'), 'scratch\n');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'first');
  mkdirSync(join(path, '.git/hooks'), { recursive: true });
  template = path;
  return path;
}

/** The identity of every user here, and nothing that acts by itself. */
export function identify(git: (...args: string[]) => unknown): void {
  git('config', 'user.name', 'Ana Example');
  git('config', 'user.email', 'ana@example.com');
  git('config', 'commit.gpgSign', 'false');
  git('config', 'gc.auto', '0');
}

/** A fresh repository on branch main with one commit, gone when the test ends. */
export function scratch(): Scratch {
  const root = temporaryDirectory();
  const path = join(root, 'repo');
  cpSync(templateRepository(), path, { recursive: true });
  const made = new Scratch(root, path, bareEnvironment(root));
  // A runner that is still at work would write into the directory while it is being deleted.
  onTestFinished(() => endProcessesWithHome(root));
  return made;
}
