import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../../src/runner/journal.js';
import { type Answer, bareEnvironment, cliPath, identify, Scratch } from './scratch.js';
import { home } from './workspace.js';

/** Shell text that ends a command: a commit which names the next state. */
export const finish = (state = 'done', title = 'built'): string =>
  `git commit --quiet --allow-empty -m '${title}' -m 'aynig-state: ${state}'`;

/** Shell text that says "ready" and then waits until the test lets it go on; see {@link Lab.untilHeld}. */
export const hold = (name = 'hold'): string => `: > "$OUT/${name}.ready"; while [ ! -e "$OUT/${name}.go" ]; do sleep 0.05; done`;

/** A photograph of a checkout: everything of a person's that a run must not change. */
export interface Photograph {
  readonly status: string;
  readonly index: string;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * A scratch repository whose commands may write beside it: `$OUT` is a directory outside the repository, `$NODE` and
 * `$AYNIG_CLI` start the built command line. What a test leaves running is ended by process number.
 */
export class Lab extends Scratch {
  readonly out: string;

  constructor(root: string, path: string) {
    const out = join(root, 'out');
    mkdirSync(out, { recursive: true });
    super(root, path, { ...bareEnvironment(root), OUT: out, NODE: process.execPath, AYNIG_CLI: cliPath });
    this.out = out;
  }

  /** `aynig run`, with the checked-out branch unless other arguments are given; any exit code. */
  run(args: readonly string[] = ['--current-branch', 'include'], options: { cwd?: string; env?: Record<string, string> } = {}): Answer {
    return this.aynig(['run', ...args], { expected: 'any', ...options });
  }

  /** The text of a file that a command wrote beside the repository. */
  outFile(name: string): string {
    return readFileSync(join(this.out, name), 'utf8');
  }

  outHas(name: string): boolean {
    return existsSync(join(this.out, name));
  }

  /** Waits until a command stands in {@link hold}. */
  async untilHeld(name = 'hold'): Promise<void> {
    await this.until(`a command waits at ${name}`, () => this.outHas(`${name}.ready`));
  }

  letGo(name = 'hold'): void {
    writeFileSync(join(this.out, `${name}.go`), '');
  }

  /** Full names of the refs that keep work of runs. */
  keptRefs(): string[] {
    return this.lines('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/');
  }

  /** Run id of the newest lease in the history of a revision. */
  runId(rev = 'HEAD'): string {
    return this.lines('log', '--format=%(trailers:key=aynig-run-id,valueonly,only)', rev).find((line) => line !== '') ?? '';
  }

  /** Worktrees that git knows of, the main one left out. */
  linkedWorktrees(): string[] {
    return this.lines('worktree', 'list', '--porcelain')
      .filter((line) => line.startsWith('worktree '))
      .slice(1);
  }

  journals(): Journal[] {
    const folder = join(this.git('rev-parse', '--path-format=absolute', '--git-common-dir'), 'aynig/runs');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => {
        try {
          return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as Journal];
        } catch (error) {
          // The run ended between the listing and the reading.
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
          throw error;
        }
      });
  }

  /** What is left of runs that have ended: nothing of these may stay. */
  leftovers(): readonly unknown[] {
    const folder = join(this.path, '.worktrees');
    const directories = existsSync(folder) ? readdirSync(folder).filter((name) => name !== '.gitignore') : [];
    return [...this.journals(), ...this.linkedWorktrees(), ...directories, ...this.keptRefs()];
  }

  /** All refs with their values, for "nothing moved". */
  refs(): string {
    return this.git('for-each-ref', '--format=%(refname) %(objectname)');
  }

  lines(...args: readonly string[]): string[] {
    return this.git(...args)
      .split('\n')
      .filter((line) => line !== '');
  }

  /** Content of a file in a commit. */
  fileAt(rev: string, path: string): string {
    return this.git('show', `${rev}:${path}`);
  }

  photograph(cwd = this.path): Photograph {
    const ask = (...args: string[]): string => this.gitAnswer(args, { cwd, env: { GIT_OPTIONAL_LOCKS: '0' } }).stdout;
    return {
      status: ask('status', '--porcelain=v2', '-z', '--untracked-files=all'),
      index: `${ask('ls-files', '--stage', '-z')}${ask('ls-files', '-v', '-z')}`,
      files: filesBelow(cwd),
    };
  }
}

/** Every file below a directory with its mode and content; git's and the runner's own places left out. */
function filesBelow(root: string): Record<string, string> {
  const files: Record<string, string> = {};
  const visit = (relative: string): void => {
    for (const name of readdirSync(join(root, relative))) {
      const path = relative === '' ? name : `${relative}/${name}`;
      if (path === '.git' || path === '.worktrees' || path === '.aynig/logs') continue;
      const stat = lstatSync(join(root, path));
      if (stat.isDirectory()) visit(path);
      else if (stat.isSymbolicLink()) files[path] = `link ${readlinkSync(join(root, path))}`;
      else files[path] = `${(stat.mode & 0o777).toString(8)} ${readFileSync(join(root, path), 'latin1')}`;
    }
  };
  visit('');
  return files;
}

/** A fresh repository on branch main with one commit, gone when the test ends. */
export function lab(initArguments: readonly string[] = []): Lab {
  const root = home();
  const made = new Lab(root, join(root, 'repo'));
  made.program('git', ['init', '--quiet', '--initial-branch=main', '--template=', ...initArguments, made.path], { cwd: root });
  identify((...args) => made.git(...args));
  made.write('README', 'scratch\n');
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message', 'first');
  return made;
}
