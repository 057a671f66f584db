import { spawn } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FindingId, findingKinds } from '../../src/doctor/finding.js';
import { type DoctorReport, doctorReport } from '../../src/observe/schemas.js';
import { identityOf } from '../../src/runner/process-identity.js';
import { cliPath, projectRoot } from '../support/scratch.js';
import { changesFile, completing, skipBecause, snapshot, type Workspace, waitFor, workspace } from '../support/workspace.js';

const run = '0c9b7a52-3d1e-4f6a-8b2c-5d4e3f2a1b0c';
const longAgo = new Date(Date.now() - 3 * 86_400_000);

/** With hooks as files, also where a newer git would have them in its configuration. */
function hooked(command = completing('review', changesFile)): Workspace {
  const made = workspace();
  made.command('build', command);
  made.write('.git/hooks/post-commit', '#!/bin/sh\n# aynig hook post-commit, version 0\n', 0o755);
  made.init();
  return made;
}

type Look = { env?: Record<string, string>; cwd?: string };

function examine(made: Workspace, look: Look = {}, args: readonly string[] = []): DoctorReport & { exitCode: number } {
  const answer = made.aynig(['doctor', '--json', ...args], { expected: 'any', ...look });
  expect(answer.stderr).toBe('');
  return { ...doctorReport.parse(JSON.parse(answer.stdout)), exitCode: answer.exitCode };
}

const ids = (report: DoctorReport): string[] => [...new Set(report.findings.map(({ id }) => id))].sort();

/** Ends when the test ends. */
function background(made: Workspace, file: string, args: readonly string[]): ReturnType<typeof spawn> {
  const child = spawn(file, args, { cwd: made.path, env: made.env, stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs a printed command as a person would: in a shell, with `aynig` on PATH. */
function follow(made: Workspace, fix: string, look: Look = {}): void {
  made.script('bin/aynig', `#!/bin/sh\nexec '${process.execPath}' '${cliPath}' "$@"`);
  made.program('sh', ['-c', fix], { ...look, env: { ...look.env, PATH: `${made.root}/bin:${made.env['PATH']}` } });
}

const edit = (made: Workspace, path: string, change: (text: string) => string): void =>
  writeFileSync(join(made.path, path), change(made.read(path)));

/** Another installation of this package. */
function otherPackage(made: Workspace): string {
  const other = join(made.root, 'other');
  for (const name of ['dist', 'hooks', 'templates', 'CONTRACT.md']) cpSync(join(projectRoot, name), join(other, name), { recursive: true });
  return other;
}

const initBy = (made: Workspace, root: string): unknown => made.program(process.execPath, [join(root, 'dist/cli.js'), 'init']);

function staleFile(made: Workspace, path: string): void {
  made.write(path, '');
  utimesSync(join(made.path, path), longAgo, longAgo);
}

const deadIdentity = (): string => JSON.stringify({ ...identityOf(process.pid), startTime: '1', token: 'x' });

/** A commit that no ref has. */
const unnamedCommit = (made: Workspace): string => made.git('commit-tree', '-p', 'HEAD', '-m', 'only here', 'HEAD^{tree}');

function command(made: Workspace, text: string | undefined, mode = 0o755): void {
  if (text !== undefined) made.write('.aynig/command/odd', text, mode);
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message', 'odd');
}

/** What `npx husky` does. */
function husky(made: Workspace): undefined {
  const library = join(projectRoot, 'node_modules/husky/index.js');
  made.write('package.json', '{ "scripts": { "prepare": "husky" }, "devDependencies": { "husky": "9" } }');
  made.program(process.execPath, ['--input-type=module', '-e', `process.stdout.write((await import('${library}')).default())`]);
  return undefined;
}

/** The record of what is allowed. */
function record(made: Workspace): string {
  const folder = join(made.root, 'state/aynig/trust');
  return join(folder, readdirSync(folder).find((file) => file.endsWith('.json')) ?? '');
}

interface Case {
  readonly id: FindingId;
  readonly what: string;
  /** Breaks a healthy repository. What it answers is how doctor is called there. */
  readonly break: (made: Workspace) => Look | undefined | Promise<undefined>;
  /** The command as it is run here, where it is not run as it stands. */
  readonly follows?: (fix: string) => string;
  /** What a person does besides following the command. */
  readonly help?: (made: Workspace) => void;
  /** Findings that come along. */
  readonly also?: readonly FindingId[];
  /** What is left once the command was followed. */
  readonly left?: readonly FindingId[];
  readonly needs?: string;
  /** More that must hold after each way of mending. */
  readonly after?: (made: Workspace) => void;
}

const cases: readonly Case[] = [
  {
    id: 'hooks-not-installed',
    what: 'hooks that were removed',
    break: (made) => void made.aynig(['uninstall']),
  },
  {
    id: 'hooks-path-elsewhere',
    what: 'core.hooksPath of this repository',
    break: (made) => void made.git('config', 'core.hooksPath', 'elsewhere'),
  },
  {
    id: 'hooks-path-elsewhere',
    what: 'an empty core.hooksPath',
    break: (made) => void made.git('config', 'core.hooksPath', ''),
  },
  {
    id: 'hooks-path-elsewhere',
    what: 'core.hooksPath of one linked working tree',
    break(made) {
      const linked = made.linked('side');
      made.git('config', 'extensions.worktreeConfig', 'true');
      linked.git('config', '--worktree', 'core.hooksPath', 'elsewhere');
      return undefined;
    },
  },
  {
    id: 'hooks-path-elsewhere',
    what: 'core.hooksPath of this user',
    break(made) {
      writeFileSync(join(made.root, 'gitconfig'), '[core]\n\thooksPath = ~/hooks\n');
      return { env: { GIT_CONFIG_GLOBAL: join(made.root, 'gitconfig') } };
    },
  },
  {
    id: 'hook-missing',
    what: 'a hook file that is gone',
    break: (made) => rmSync(join(made.path, '.git/hooks/post-merge')) as undefined,
  },
  {
    id: 'hook-missing',
    what: 'a hook that another program put in the place of ours',
    break: (made) => made.write('.git/hooks/post-merge', '#!/bin/sh\necho theirs\n', 0o755) as undefined,
    after: (made) => expect(made.read('.git/hooks/post-merge')).toContain('echo theirs'),
  },
  {
    id: 'hook-missing',
    what: 'a hook that is called and gone',
    break(made) {
      made.write('.git/hooks/post-merge', '#!/bin/sh\necho theirs\n', 0o755);
      made.aynig(['init']);
      rmSync(join(made.path, '.git/aynig/hooks/post-merge'));
      return undefined;
    },
  },
  {
    id: 'hooks-path-elsewhere',
    what: 'husky, set up after us',
    break: husky,
    after: (made) => expect(examine(made, { cwd: made.linked('side').path }).findings).toEqual([]),
  },
  {
    id: 'manager-removes-hooks',
    what: 'husky, that will be set up',
    break(made) {
      made.write('package.json', '{ "scripts": { "prepare": "husky" }, "devDependencies": { "husky": "9" } }');
      made.write('.husky/pre-commit', 'true\n');
      return undefined;
    },
    // It says that husky has to be run, as a failure of the verb.
    follows: (fix) => `${fix} || test $? = 1`,
    help: husky,
    left: [],
  },
  {
    id: 'worktrees-not-looked-at',
    what: 'more working trees than are asked about',
    break(made) {
      for (let at = 1; at <= 65; at++) made.linked(`w${at}`);
      return undefined;
    },
    left: ['worktrees-not-looked-at'],
  },
  {
    id: 'branch-name',
    what: 'names of branches in Latin-1',
    break(made) {
      // Without files of such names, which a photograph of the repository could not hold.
      made.git('config', 'core.logAllRefUpdates', 'false');
      const names = ["$(printf 'b\\344h/x-y')", "$(printf '\\226')", 'grün'];
      made.program('sh', ['-c', names.map((name) => `git branch "${name}" && git pack-refs --all`).join(' && ')]);
      return undefined;
    },
    after: (made) =>
      expect(made.git('-c', 'core.quotePath=false', 'branch', '--format=%(refname:short)').split('\n').sort()).toEqual(
        ['_', 'bäh/x-y', 'grün', 'main'].sort(),
      ),
  },
  {
    id: 'hook-twice',
    what: 'a block that was pasted a second time',
    break(made) {
      made.write('.git/hooks/post-merge', '#!/bin/sh\necho theirs\n', 0o755);
      made.aynig(['init']);
      edit(made, '.git/hooks/post-merge', (text) => `${text}${/# >>> aynig[\s\S]+<<<\n/.exec(text)?.[0]}`);
      return undefined;
    },
  },
  {
    id: 'hook-not-executable',
    what: 'a hook file without its bit',
    break: (made) => chmodSync(join(made.path, '.git/hooks/post-commit'), 0o644) as undefined,
  },
  {
    id: 'hook-line-endings',
    what: 'a hook file that went through Windows',
    break: (made) => edit(made, '.git/hooks/commit-msg', (text) => text.replaceAll('\n', '\r\n')) as undefined,
  },
  {
    id: 'hook-outdated',
    what: 'a hook file of another version',
    break: (made) => edit(made, '.git/hooks/post-rewrite', (text) => text.replace(/version \d+/, 'version 0')) as undefined,
  },
  {
    id: 'hook-outdated',
    what: 'a hook file that was cut short',
    break: (made) => edit(made, '.git/hooks/post-commit', (text) => text.split('\n').slice(0, 3).join('\n')) as undefined,
  },
  {
    id: 'hook-package-gone',
    what: 'a package that was removed',
    break(made) {
      initBy(made, otherPackage(made));
      rmSync(join(made.root, 'other'), { recursive: true });
      return undefined;
    },
  },
  {
    id: 'hook-other-package',
    what: 'hooks of another installation',
    break: (made) => void initBy(made, otherPackage(made)),
  },
  {
    id: 'two-packages',
    what: 'one hook of another installation',
    break(made) {
      const ours = made.read('.git/hooks/commit-msg');
      initBy(made, otherPackage(made));
      made.write('.git/hooks/commit-msg', ours, 0o755);
      return undefined;
    },
  },
  {
    id: 'manager-removes-hooks',
    what: 'simple-git-hooks',
    needs: 'npm',
    break: (made) => made.write('package.json', '{ "simple-git-hooks": { "pre-commit": "true" } }') as undefined,
    after: (made) => expect(made.read('package.json')).toContain('post-rewrite'),
  },
  {
    id: 'lfs-hook-missing',
    what: 'a repository with LFS and none of its hooks',
    needs: 'git-lfs',
    break(made) {
      made.aynig(['uninstall']);
      made.write('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
      return undefined;
    },
    also: ['hooks-not-installed'],
    left: ['hooks-not-installed'],
  },
  {
    id: 'lfs-hook-missing',
    what: 'hooks of ours where those of LFS belong',
    needs: 'git-lfs',
    break: (made) => made.write('.git/lfs/tmp/.keep', '') as undefined,
    after: (made) => expect(made.read('.git/hooks/post-commit')).toContain('git lfs post-commit'),
  },
  {
    id: 'hooks-off',
    what: 'AYNIG=0 in the environment',
    break: () => ({ env: { AYNIG: '0' } }),
  },
  {
    id: 'setting-unknown',
    what: 'a misspelled setting',
    break: (made) => void made.git('config', 'aynig.leaseSecond', '900'),
    after: (made) => expect(made.git('config', 'aynig.leaseSeconds')).toBe('900'),
  },
  {
    id: 'setting-unknown',
    what: 'a key that is like none',
    break: (made) => void made.git('config', 'aynig.something', 'x'),
  },
  {
    id: 'setting-bad',
    what: 'a value that is no number',
    break: (made) => void made.git('config', 'aynig.maxTicks', 'many'),
  },
  {
    id: 'setting-bad',
    what: 'a key without a value',
    break: (made) => edit(made, '.git/config', (text) => `${text}[aynig]\n\tmaxTicks\n`) as undefined,
  },
  {
    id: 'setting-twice',
    what: 'a setting of the user and of the repository',
    break(made) {
      writeFileSync(join(made.root, 'gitconfig'), '[aynig]\n\tmaxTicks = 7\n');
      made.git('config', 'aynig.maxTicks', '8');
      return { env: { GIT_CONFIG_GLOBAL: join(made.root, 'gitconfig') } };
    },
    after: (made) => expect(made.git('config', 'aynig.maxTicks')).toBe('8'),
  },
  {
    id: 'setting-twice',
    what: 'a setting twice in one file',
    break(made) {
      made.git('config', 'aynig.role', 'one');
      made.git('config', '--add', 'aynig.role', 'two');
      return undefined;
    },
    after: (made) => expect(made.git('config', '--get-all', 'aynig.role')).toBe('two'),
  },
  {
    id: 'tick-off',
    what: 'hooks that start nothing',
    break: (made) => void made.git('config', 'aynig.tick', 'off'),
  },
  {
    id: 'command-not-executable',
    what: 'a commit without the bit',
    break: (made) => command(made, '#!/bin/sh\n', 0o644) as undefined,
    after: (made) => expect(made.git('ls-tree', 'HEAD', '.aynig/command/odd')).toMatch(/^100755/),
  },
  {
    id: 'command-not-executable',
    what: 'a new file without the bit',
    break: (made) => made.write('.aynig/roles/qa/command/odd', '#!/bin/sh\n', 0o644) as undefined,
  },
  {
    id: 'command-symlink',
    what: 'a symbolic link',
    break(made) {
      made.write('scripts/odd', '#!/bin/sh\n', 0o755);
      symlinkSync('../../scripts/odd', join(made.path, '.aynig/command/odd'));
      return command(made, undefined) as undefined;
    },
  },
  {
    id: 'command-line-endings',
    what: 'Windows line endings',
    break: (made) => command(made, '#!/bin/sh\r\ntrue\r\n') as undefined,
  },
  {
    id: 'command-no-shebang',
    what: 'no first line that names a program',
    break: (made) => command(made, 'true\n') as undefined,
    after: (made) => expect(made.read('.aynig/command/odd')).toBe('#!/bin/sh\ntrue\n'),
  },
  {
    id: 'run-dead',
    what: 'a runner that was killed',
    async break(made) {
      made.command('wait', `echo here >"$HOME/here"\n${waitFor('never')}`);
      made.request('wait');
      const runner = made.start(['run', '--current-branch', 'only']);
      await made.until('the command runs', () => made.noted('here'));
      const ended = new Promise((resolve) => runner.once('close', resolve));
      runner.kill('SIGKILL');
      await ended;
      return undefined;
    },
    // That a run stalled is a failure of the verb.
    follows: (fix) => `${fix} || test $? = 1`,
    after: (made) => expect(made.state()).toBe('stalled'),
  },
  {
    id: 'run-undelivered',
    what: 'a checkout that cannot take the result',
    break(made) {
      made.write('built.txt', 'mine\n');
      made.request('build');
      made.aynig(['run', '--current-branch', 'only'], { expected: 'any' });
      return undefined;
    },
    help: (made) => rmSync(join(made.path, 'built.txt')),
    after: (made) => expect(made.state()).toBe('review'),
  },
  {
    id: 'run-failed',
    what: 'a runner that met a bad setting',
    async break(made) {
      made.git('config', 'aynig.maxTicks', 'many');
      made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
      await made.untilStill();
      made.git('config', '--unset', 'aynig.maxTicks');
      return undefined;
    },
  },
  {
    id: 'journal-broken',
    what: 'a journal that a power cut emptied',
    break: (made) => made.write(`.git/aynig/runs/${run}.json`, '') as undefined,
    left: ['journal-aside'],
  },
  {
    id: 'journal-aside',
    what: 'a journal that was put aside',
    break: (made) => made.write(`.git/aynig/runs/${run}.broken`, '') as undefined,
  },
  {
    id: 'worktree-stale',
    what: 'a clean worktree of a run',
    break: (made) => void made.git('worktree', 'add', '--quiet', '--detach', '--lock', `.worktrees/${run}`, 'HEAD'),
    after: (made) => expect(made.git('worktree', 'list').split('\n')).toHaveLength(1),
  },
  {
    id: 'worktree-stale',
    what: 'a record of a worktree that is gone, with a commit that nothing else has',
    break(made) {
      made.git('worktree', 'add', '--quiet', '--detach', '--lock', `.worktrees/${run}`, unnamedCommit(made));
      rmSync(join(made.path, '.worktrees', run), { recursive: true });
      return undefined;
    },
    left: ['kept-refs'],
    after: (made) => expect(made.git('log', '-1', '--format=%s', `refs/aynig/kept/${run}`)).toBe('only here'),
  },
  {
    id: 'worktree-unsaved',
    what: 'a worktree of a run with changes',
    break(made) {
      made.git('worktree', 'add', '--quiet', '--detach', `.worktrees/${run}`, unnamedCommit(made));
      made.write(`.worktrees/${run}/new`, 'work\n');
      return undefined;
    },
    left: ['kept-refs'],
    after: (made) => expect(made.git('show', 'stash@{0}^3:new')).toBe('work'),
  },
  {
    id: 'worktree-unsaved',
    what: 'a damaged worktree of a run',
    break(made) {
      made.git('worktree', 'add', '--quiet', '--detach', `.worktrees/${run}`, 'HEAD');
      writeFileSync(join(made.path, `.git/worktrees/${run}/index`), 'nonsense');
      return undefined;
    },
    after: (made) => expect(made.read(`.worktrees/${run}.saved/README`)).toBe('scratch\n'),
  },
  {
    id: 'worktree-orphan',
    what: 'a folder of a run that git knows nothing of',
    break: (made) => made.write(`.worktrees/${run}/file`, '') as undefined,
  },
  {
    id: 'kept-refs',
    what: 'work that no branch has',
    break(made) {
      made.git('update-ref', `refs/aynig/kept/${run}`, unnamedCommit(made));
      made.git('update-ref', `refs/aynig/kept/${run}-uncommitted`, unnamedCommit(made));
      return undefined;
    },
  },
  {
    id: 'kept-refs',
    what: 'work that a branch has by now',
    break(made) {
      made.git('update-ref', `refs/aynig/kept/${run}`, 'HEAD');
      return undefined;
    },
  },
  {
    id: 'own-lock-dead',
    what: 'locks of a process that died',
    break(made) {
      made.write('.git/aynig/runner.lock', deadIdentity());
      made.write(`.git/aynig/runs/${run}.lock`, deadIdentity());
      return undefined;
    },
  },
  {
    id: 'trust-changed',
    what: 'a change of the record that was noticed during a run',
    break: (made) =>
      void made.write('.git/aynig/trust-changes', `${JSON.stringify({ runId: run, branch: 'main', state: 'build', at: 1_700_000_000 })}\n`),
    left: ['commands-not-allowed'],
  },
  {
    id: 'trust-unreadable',
    what: 'a record that was cut short',
    break: (made) => writeFileSync(record(made), '{') as undefined,
    also: ['commands-not-allowed'],
    follows: (fix) => `${fix} --yes`,
  },
  {
    id: 'trust-open',
    what: 'a record that others can write',
    break: (made) => chmodSync(record(made), 0o666) as undefined,
  },
  {
    id: 'commands-not-allowed',
    what: 'commands that came by no commit of a person here',
    break: (made) => void made.aynig(['allow', '--revoke']),
    follows: (fix) => `${fix} --yes`,
  },
  {
    id: 'ref-lock-stale',
    what: 'an old lock of a branch',
    break: (made) => staleFile(made, '.git/refs/heads/main.lock') as undefined,
    after: (made) => void made.git('update-ref', 'refs/heads/main', 'HEAD'),
  },
  {
    id: 'git-lock-stale',
    what: 'an old lock of the index',
    break: (made) => staleFile(made, '.git/index.lock') as undefined,
  },
  {
    id: 'git-lock-held',
    what: 'a lock that is new',
    break: (made) => {
      made.write('.git/refs/heads/main.lock', '');
      const time = new Date(Date.now() - 60_000);
      utimesSync(join(made.path, '.git/refs/heads/main.lock'), time, time);
      return undefined;
    },
  },
];

const present = (made: Workspace, program: string): boolean =>
  made.program('sh', ['-c', `command -v ${program}`], { expected: 'any' }).exitCode === 0;

const expectedCode = (report: DoctorReport): number =>
  report.findings.some(({ severity, mended }) => severity !== 'info' && mended !== 'done') ? 1 : 0;

describe('aynig doctor finds, and writes nothing', () => {
  test.for(cases)('$id: $what; its command mends it', async (one, context) => {
    const made = hooked();
    if (one.needs !== undefined && !present(made, one.needs)) return skipBecause(`${one.what}: ${one.needs} is not here`, context);
    const look = (await one.break(made)) ?? {};
    const before = snapshot(made.path);
    const report = examine(made, look);
    expect(snapshot(made.path)).toEqual(before);
    expect(ids(report)).toEqual([one.id, ...(one.also ?? [])].sort());
    expect(report.exitCode).toBe(expectedCode(report));
    one.help?.(made);
    // A variable of the caller's shell: no other process can unset it.
    for (const { fix } of report.findings.filter(({ id }) => id === one.id))
      if (one.id === 'hooks-off') look.env = {};
      else follow(made, one.follows?.(fix) ?? fix, look);
    expect(ids(examine(made, look))).toEqual([...(one.left ?? [])].sort());
    one.after?.(made);
  });

  test.each(cases.filter(({ id }) => 'fixed' in findingKinds[id]))('$id: $what; --fix mends it, and once is enough', async (one) => {
    const made = hooked();
    const look = (await one.break(made)) ?? {};
    const report = examine(made, look, ['--fix']);
    expect(report.findings.filter(({ id }) => id === one.id).map(({ mended }) => mended)).not.toContain('failed');
    expect(report.counts.mended).toBeGreaterThan(0);
    expect(report.exitCode).toBe(expectedCode(report));
    const mended = snapshot(made.path);
    expect(ids(examine(made, look, ['--fix']))).toEqual([...(one.left ?? [])].sort());
    expect(snapshot(made.path)).toEqual(mended);
    one.after?.(made);
  });

  test.each(cases.filter(({ id }) => !('fixed' in findingKinds[id])))('$id: $what; --fix leaves it alone', async (one) => {
    const made = hooked();
    if (one.needs !== undefined && !present(made, one.needs)) return;
    const look = (await one.break(made)) ?? {};
    const before = snapshot(made.path);
    const report = examine(made, look, ['--fix']);
    expect(report.counts.mended).toBe(0);
    expect(snapshot(made.path)).toEqual(before);
  });
});

describe('aynig doctor', () => {
  test('says one line where nothing is wrong, from every working tree, before and after a run', async () => {
    const made = hooked();
    const linked = made.linked('side');
    made.write('deep/er/file', '');
    for (const cwd of [made.path, join(made.path, 'deep/er'), linked.path]) {
      const answer = made.aynig(['doctor'], { cwd });
      expect(answer.stdout).toMatch(/^Nothing wrong: looked at hooks in 2 working trees, 1 command, 0 settings, runs and locks; git .+\n$/);
    }
    linked.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilState('review', 'side');
    await made.untilStill();
    expect(examine(made)).toMatchObject({ findings: [], exitCode: 0 });
    const before = snapshot(made.path);
    expect(examine(made, {}, ['--fix'])).toMatchObject({ findings: [], exitCode: 0 });
    expect(snapshot(made.path)).toEqual(before);
  });

  test('finds nothing wrong with a run that is going on', async () => {
    const made = hooked(`echo here >"$HOME/here"\n${waitFor()}\n${completing('review')}`);
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.until('the command runs', () => made.noted('here'));
    const before = snapshot(join(made.path, '.worktrees'));
    expect(examine(made, {}, ['--fix'])).toMatchObject({ findings: [], exitCode: 0 });
    expect(snapshot(join(made.path, '.worktrees'))).toEqual(before);
    made.release();
    await made.untilState('review');
    await made.untilStill();
  });

  test('shows the settings and where each comes from where nothing is wrong too', () => {
    const made = hooked();
    made.git('config', 'aynig.maxTicks', '9');
    const answer = made.aynig(['doctor']);
    expect(answer.stdout).toMatch(/^settings that are set\n {2}aynig\.maxTicks = 9 \(.*\.git\/config\)\n\nNothing wrong: /);
  });

  test('prints findings by group with the command that mends each, where settings come from, and counts', () => {
    const made = hooked();
    made.git('config', 'aynig.maxTicks', '7');
    made.git('config', 'aynig.tick', 'off');
    chmodSync(join(made.path, '.git/hooks/post-merge'), 0o644);
    const answer = made.aynig(['doctor'], { expected: 1 });
    const hook = join(made.path, '.git/hooks/post-merge');
    const config = join(made.path, '.git/config');
    expect(answer.stdout.split('\n')).toEqual([
      'hooks',
      `  error   ${hook} is not executable, so git passes over it. [hook-not-executable]`,
      `          mend it with: chmod +x ${hook}`,
      '',
      'settings',
      `  info    aynig.tick is off (set in ${config}), so hooks start nothing. [tick-off]`,
      `          mend it with: git config --file ${config} --unset-all aynig.tick`,
      '',
      'settings that are set',
      `  aynig.maxTicks = 7 (${config})`,
      `  aynig.tick = off (${config})`,
      '',
      '1 error, 0 warnings, 1 info.',
      '',
    ]);
    expect(made.aynig(['doctor', '--fix']).stdout).toMatch(
      / {2}mended {2}.+\[hook-not-executable\]\n\n[\s\S]+\n0 errors, 0 warnings, 1 info, 1 mended\.\n$/,
    );
  });

  test('has a schema, help and completion', () => {
    const made = workspace();
    expect(JSON.parse(made.aynig(['schema', 'doctor']).stdout).properties.schema.const).toBe('aynig.doctor/1');
    expect(made.aynig(['doctor', '--help']).stdout).toMatch(/--fix[\s\S]+--json/);
    expect(made.aynig(['--get-yargs-completions', 'aynig', 'doctor', '--']).stdout).toContain('--fix');
    expect(made.aynig(['doctor'], { cwd: made.root, expected: 1 }).stderr).toContain('[not-a-repository]');
  });

  test('expects no hooks in a bare repository', () => {
    const made = workspace();
    made.git('clone', '--quiet', '--bare', made.path, join(made.root, 'bare.git'));
    expect(examine(made, { cwd: join(made.root, 'bare.git') })).toMatchObject({ findings: [], exitCode: 0 });
  });

  test('finds nothing wrong in a submodule, and none before the first commit', () => {
    const made = hooked();
    made.gitAnswer(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', made.path, 'sub'], { expected: 0 });
    const look = { cwd: join(made.path, 'sub') };
    expect(ids(examine(made, look))).toEqual(['hooks-not-installed']);
    made.aynig(['init'], look);
    made.aynig(['allow', '--yes'], look);
    expect(examine(made, look)).toMatchObject({ findings: [], exitCode: 0 });
    made.git('init', '--quiet', '--template=', join(made.root, 'new'));
    made.aynig(['init'], { cwd: join(made.root, 'new') });
    expect(examine(made, { cwd: join(made.root, 'new') })).toMatchObject({ findings: [], exitCode: 0 });
  });

  test('tells kept work that a branch has by now, here or at a remote, from work that none has', () => {
    const made = hooked();
    const [lone, there] = [unnamedCommit(made), made.git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'there')];
    const ref = (end: string): string => `refs/aynig/kept/${run}${end}`;
    for (const [end, value] of [
      ['', 'HEAD'],
      ['-uncommitted', lone],
    ] as const)
      made.git('update-ref', ref(end), value);
    made.git('update-ref', 'refs/aynig/remotes/origin/heads/main', there);
    made.git('update-ref', 'refs/aynig/kept/22222222-2222-4222-8222-222222222222', there);
    const { findings } = examine(made);
    expect(findings.map(({ sentence }) => sentence)).toEqual([
      expect.stringContaining(`1 kept ref waits, the oldest for`),
      '2 kept refs are in a branch already; delete',
    ]);
    expect(findings[0]?.fix).toContain(` ${ref('-uncommitted')} |`);
    follow(made, findings[1]?.fix ?? '', {});
    expect(made.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/')).toBe(ref('-uncommitted'));
  });

  test('goes on past a working tree whose record is damaged', () => {
    const made = hooked();
    const linked = made.linked('side');
    rmSync(join(made.common, 'worktrees/linked-side/HEAD'));
    expect(examine(made).findings).toEqual([]);
    expect(linked.exists('.git')).toBe(true);
  });

  test('says which hooks are live in which working tree', () => {
    const made = hooked();
    const linked = made.linked('side');
    made.git('config', 'core.hooksPath', '.hooks');
    made.write('.hooks/post-commit', made.read('.git/hooks/post-commit'), 0o755);
    const report = examine(made);
    expect(report.hooks).toEqual([
      { worktrees: [made.path], folder: join(made.path, '.hooks'), live: ['post-commit'] },
      { worktrees: [linked.path], folder: join(linked.path, '.hooks'), live: [] },
    ]);
    expect(ids(report)).toEqual(['hook-missing', 'hooks-path-elsewhere']);
    // A folder that somebody chose is not written to, also where a file of ours is in it.
    edit(made, '.hooks/post-commit', (text) => text.replace(/version \d+/, 'version 0'));
    chmodSync(join(made.path, '.hooks/post-commit'), 0o644);
    const before = snapshot(made.path);
    expect(ids(examine(made, {}, ['--fix']))).toEqual(expect.arrayContaining(['hook-not-executable', 'hook-outdated']));
    expect(snapshot(made.path)).toEqual(before);
  });

  test('sees hooks of ours that pre-commit put away and runs', () => {
    const made = hooked();
    made.write('.pre-commit-config.yaml', 'repos: []\n');
    made.write('.git/hooks/post-commit.legacy', made.read('.git/hooks/post-commit'), 0o755);
    made.write('.git/hooks/post-commit', '#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n', 0o755);
    expect(examine(made).findings).toEqual([]);
    rmSync(join(made.path, '.git/hooks/post-commit.legacy'));
    expect(ids(examine(made))).toEqual(['hook-missing']);
  });

  test('never removes a lock that a process has open, or while a git is at work here', async (context) => {
    if (process.platform !== 'linux') return skipBecause('who holds a lock: only Linux shows it', context);
    for (const holder of ['open', 'git'] as const) {
      const made = hooked();
      staleFile(made, '.git/refs/heads/main.lock');
      const child =
        holder === 'open'
          ? background(made, 'sh', ['-c', 'exec 3<.git/refs/heads/main.lock; echo >"$HOME/open"; read -r line'])
          : background(made, 'git', ['cat-file', '--batch']);
      await made.until('the process is there', () =>
        holder === 'open' ? made.noted('open') : readFileSync(`/proc/${child.pid}/comm`, 'utf8').startsWith('git'),
      );
      const report = examine(made, {}, ['--fix']);
      expect(ids(report)).toEqual(['git-lock-held']);
      expect(made.exists('.git/refs/heads/main.lock')).toBe(true);
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      expect(examine(made, {}, ['--fix']).findings).toMatchObject([{ id: 'ref-lock-stale', mended: 'done' }]);
      expect(made.exists('.git/refs/heads/main.lock')).toBe(false);
    }
  });

  test('tells a run of another host from one that died', async () => {
    const made = hooked();
    made.command('wait', `echo here >"$HOME/here"\n${waitFor('never')}`);
    made.request('wait');
    const runner = made.start(['run', '--current-branch', 'only']);
    await made.until('the command runs', () => made.noted('here'));
    const ended = new Promise((resolve) => runner.once('close', resolve));
    runner.kill('SIGKILL');
    await ended;
    const journal = `.git/aynig/runs/${made.statusOf().runId}.json`;
    edit(made, journal, (text) => JSON.stringify({ ...JSON.parse(text), runner: { pid: 1, startTime: '1', space: 'other\n\n' } }));
    const report = examine(made, {}, ['--fix']);
    expect(ids(report)).toEqual(['run-elsewhere']);
    expect(report.exitCode).toBe(0);
    expect(report.findings[0]?.fix).toBe('aynig cancel -- main');
  });

  test('finds a hook both in a file and in the configuration, where git runs both', () => {
    const made = hooked();
    made.git('config', 'hook.aynig-post-commit.command', '.git/aynig/hooks/post-commit');
    made.git('config', 'hook.aynig-post-commit.event', 'post-commit');
    const [major = 0, minor = 0] = made.git('--version').replace(/^\D+/, '').split('.').map(Number);
    const both = major > 2 || minor >= 54;
    const report = examine(made);
    expect(ids(report)).toEqual(both ? ['hook-missing', 'hook-twice'] : []);
    const twice = report.findings.find(({ id }) => id === 'hook-twice');
    if (twice !== undefined) follow(made, twice.fix);
    expect(examine(made).findings).toEqual([]);
  });

  test('leaves hooks of another installation to it, also one that does not say whose it is', () => {
    const made = hooked();
    initBy(made, otherPackage(made));
    const older = made.read('.git/hooks/pre-push').replace('version 1', 'version 0');
    made.write('.git/hooks/pre-push', older, 0o755);
    expect(examine(made).findings.map(({ id }) => id)).toEqual(['hook-other-package']);
    made.init();
    made.write('.git/hooks/pre-push', older, 0o755);
    expect(examine(made).findings.map(({ id }) => id)).toEqual(['hook-outdated']);
  });

  test('sees that lefthook will put our hooks away, until its configuration calls them', () => {
    const made = hooked();
    made.write('lefthook.yml', 'pre-rebase:\n  commands: {}\n');
    expect(examine(made).findings).toEqual([]);
    made.write('lefthook.yml', 'post-commit:\n  commands:\n    x:\n      run: true\n');
    expect(examine(made).findings.map(({ id, sentence }) => [id, sentence])).toEqual([
      ['manager-removes-hooks', 'lefthook will take our post-commit out of use the next time it installs its hooks.'],
    ]);
    made.write('lefthook.yml', 'post-commit:\n  commands:\n    x:\n      run: .git/aynig/hooks/post-commit\n');
    expect(examine(made).findings).toEqual([]);
  });

  test('does not rewrite a hook through a symbolic link, nor one that is not ours', () => {
    const made = hooked();
    const hook = join(made.path, '.git/hooks/post-merge');
    made.write('scripts/post-merge', made.read('.git/hooks/post-merge').replace(/version \d+/, 'version 0'), 0o644);
    rmSync(hook);
    symlinkSync('../../scripts/post-merge', hook);
    made.write('.git/hooks/post-rewrite', '#!/bin/sh\necho mine\n', 0o755);
    const before = snapshot(made.path);
    const report = examine(made, {}, ['--fix']);
    expect(ids(report)).toEqual(['hook-missing', 'hook-not-executable', 'hook-outdated']);
    expect(snapshot(made.path)).toEqual(before);
  });

  test('keeps the Node that a hook was installed with while it is there', () => {
    const made = hooked();
    symlinkSync(process.execPath, join(made.root, 'node'));
    edit(made, '.git/hooks/post-merge', (text) => `${text.replace(/^node='.*'$/m, `node='${join(made.root, 'node')}'`)}# edited\n`);
    examine(made, {}, ['--fix']);
    expect(made.read('.git/hooks/post-merge')).toContain(`node='${join(made.root, 'node')}'`);
    expect(made.read('.git/hooks/post-merge')).not.toContain('# edited');
  });

  test('neutralises terminal escapes of file names', () => {
    const made = hooked();
    made.git('config', 'core.hooksPath', 'a\u001b]0;owned\u0007');
    expect(made.aynig(['doctor'], { expected: 1 }).stdout).not.toMatch(/[\u001b\u0007]/);
  });

  test('asks git a fixed number of times, however many branches there are', () => {
    const made = hooked();
    const calls = (): number => {
      const trace = join(made.root, 'trace');
      rmSync(trace, { force: true });
      examine(made, { env: { GIT_TRACE2_EVENT: trace } });
      return readFileSync(trace, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"event":"start"')).length;
    };
    const few = calls();
    const head = made.head();
    const names = Array.from({ length: 2_000 }, (_, index) => `create refs/heads/many/${index} ${head}\n`);
    made.gitAnswer(['update-ref', '--stdin'], { input: names.join(''), expected: 0 });
    expect(calls()).toBe(few);
    expect(few).toBeLessThan(12);
  });

  test('has a case for every finding', () => {
    const elsewhere: FindingId[] = ['hook-config-broken', 'hook-node-gone', 'node-unreachable', 'run-elsewhere'];
    // Of servers: test/e2e/server-doctor.test.ts.
    elsewhere.push('server-setting', 'no-identity', 'commands-dir-unusable', 'commands-dir-open', 'lease-ref-orphan', 'logs-large');
    elsewhere.push('owner-mixed', 'ref-broken');
    expect([...new Set([...cases.map(({ id }) => id), ...elsewhere])].sort()).toEqual(Object.keys(findingKinds).sort());
  });
});
