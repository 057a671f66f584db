import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { completing, skipBecause, snapshot, type Workspace, withOlderGit } from '../support/workspace.js';

const ours = ['commit-msg', 'post-commit', 'post-merge', 'post-rewrite', 'pre-push'];
const hooksOf = (made: Workspace): string[] => readdirSync(join(made.path, '.git/hooks')).sort();

describe('aynig init', () => {
  test('installs executable hooks and a starter workflow, and says what it did', () => {
    const made = withOlderGit();
    const answer = made.aynig(['init']);
    expect(hooksOf(made)).toEqual(ours);
    for (const name of ours) {
      expect(statSync(join(made.path, '.git/hooks', name)).mode & 0o777).toBe(0o755);
      expect(made.read(`.git/hooks/${name}`)).toMatch(/^#!\/bin\/sh\n# aynig hook /);
      expect(made.read(`.git/hooks/${name}`)).not.toContain('@');
      expect(answer.stdout).toContain(`create .git/hooks/${name}`);
    }
    expect(statSync(join(made.path, '.aynig/command/hello')).mode & 0o111).toBe(0o111);
    expect(made.git('config', '--local', '--list', '--name-only')).not.toMatch(/hook|aynig/);
  });

  test('twice is the same as once', () => {
    const made = withOlderGit();
    made.init();
    const before = snapshot(made.path);
    const again = made.aynig(['init']);
    expect(snapshot(made.path)).toEqual(before);
    expect(again.stdout.trim().split('\n')).toEqual(ours.map((name) => `unchanged .git/hooks/${name}`));
  });

  test('brings hooks of an older version up to date, and their mode', () => {
    const made = withOlderGit();
    made.init();
    const fresh = snapshot(join(made.path, '.git/hooks'));
    made.write('.git/hooks/post-commit', '#!/bin/sh\n# aynig hook post-commit, version 0\nexit 0\n', 0o644);
    chmodSync(join(made.path, '.git/hooks/post-merge'), 0o644);
    expect(made.aynig(['init']).stdout).toContain('update .git/hooks/post-commit');
    expect(snapshot(join(made.path, '.git/hooks'))).toEqual(fresh);
  });

  test('with --dry-run says what it would do and changes nothing', () => {
    const made = withOlderGit();
    const before = snapshot(made.path);
    const answer = made.aynig(['init', '--dry-run']);
    for (const name of ours) expect(answer.stdout).toContain(`would create .git/hooks/${name}`);
    expect(answer.stdout).toContain('would create .aynig/command/hello');
    expect(snapshot(made.path)).toEqual(before);
  });

  test('leaves a workflow that is there as it is', () => {
    const made = withOlderGit();
    made.write('.aynig/mine', 'mine\n');
    made.init();
    expect(readdirSync(join(made.path, '.aynig')).sort()).toEqual(['logs', 'mine']);
  });

  test('from a subdirectory or a linked working tree installs for the whole repository', async () => {
    for (const from of ['subdirectory', 'linked'] as const) {
      const made = withOlderGit();
      made.command('build', completing('review'));
      const linked = made.linked('side');
      made.write('deep/er/file', '');
      made.aynig(['init'], { cwd: from === 'linked' ? linked.path : join(made.path, 'deep/er') });
      expect(hooksOf(made)).toEqual(ours);
      linked.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
      await made.untilState('review', 'side');
      await made.untilStill();
    }
  });

  test('refuses a bare repository and a directory outside any', () => {
    const made = withOlderGit();
    made.git('init', '--quiet', '--bare', '../bare.git');
    expect(made.aynig(['init'], { cwd: join(made.root, 'bare.git'), expected: 1 }).stderr).toContain('[bare-repository]');
    expect(made.aynig(['init'], { cwd: made.root, expected: 1 }).stderr).toContain('[not-a-repository]');
  });
});

describe('aynig init beside another tool', () => {
  /** What stands in the way, and what the answer must name. */
  const inTheWay: readonly { name: string; code: string; prepare: (made: Workspace) => Record<string, string>; names: RegExp }[] = [
    {
      name: 'core.hooksPath of this user',
      code: 'hooks-present',
      prepare(made) {
        writeFileSync(join(made.root, 'gitconfig'), '[core]\n\thooksPath = ~/hooks\n');
        return { GIT_CONFIG_GLOBAL: join(made.root, 'gitconfig') };
      },
      names: /core\.hooksPath is ~\/hooks \(set in .*gitconfig\): git takes the hooks of every repository from there/,
    },
    {
      name: 'core.hooksPath of this machine',
      code: 'hooks-present',
      prepare(made) {
        writeFileSync(join(made.root, 'system'), '[core]\n\thooksPath = /etc/git-hooks\n');
        return { GIT_CONFIG_SYSTEM: join(made.root, 'system'), GIT_CONFIG_NOSYSTEM: '0' };
      },
      names: /core\.hooksPath is \/etc\/git-hooks/,
    },
    {
      name: 'an empty core.hooksPath',
      code: 'hooks-present',
      prepare(made) {
        made.git('config', 'core.hooksPath', '');
        return {};
      },
      names: /core\.hooksPath is empty/,
    },
    {
      name: 'core.hooksPath in an included file',
      code: 'hooks-by-hand',
      prepare(made) {
        writeFileSync(join(made.root, 'included'), '[core]\n\thooksPath = elsewhere\n');
        made.git('config', 'include.path', join(made.root, 'included'));
        return {};
      },
      names: /belong to .*elsewhere \(core\.hooksPath in .*included\)/,
    },
    {
      name: 'core.hooksPath of this working tree',
      code: 'hooks-by-hand',
      prepare(made) {
        made.git('config', 'extensions.worktreeConfig', 'true');
        made.git('config', '--worktree', 'core.hooksPath', 'elsewhere');
        return {};
      },
      names: /belong to .*elsewhere \(core\.hooksPath in .*config\.worktree\)/,
    },
    {
      name: 'a hooks folder that is a symbolic link',
      code: 'hooks-by-hand',
      prepare(made) {
        made.write('githooks/pre-commit', '#!/bin/sh\n', 0o755);
        rmSync(join(made.path, '.git/hooks'), { recursive: true });
        symlinkSync('../githooks', join(made.path, '.git/hooks'));
        return {};
      },
      names: /belong to .*githooks/,
    },
    {
      name: 'a hook in another language',
      code: 'hooks-by-hand',
      prepare(made) {
        made.write('.git/hooks/commit-msg', '#!/usr/bin/env python3\n', 0o755);
        return {};
      },
      names: /belong to another program/,
    },
    {
      name: 'a hook that git ignores because it is not executable',
      code: 'hooks-by-hand',
      prepare(made) {
        made.write('.git/hooks/post-commit', '#!/bin/sh\n', 0o644);
        return {};
      },
      names: /belong to another program/,
    },
    {
      name: 'a hook that is no text',
      code: 'hooks-by-hand',
      prepare(made) {
        made.write('.git/hooks/post-commit', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 0xff]), 0o755);
        return {};
      },
      names: /belong to another program/,
    },
    {
      name: 'a folder in the place of a hook',
      code: 'hooks-by-hand',
      prepare(made) {
        made.write('.git/hooks/post-commit/file', '');
        return {};
      },
      names: /belong to another program/,
    },
    {
      name: 'a symbolic link to a hook',
      code: 'hooks-by-hand',
      prepare(made) {
        made.write('scripts/commit-msg', '#!/bin/sh\n', 0o755);
        mkdirSync(join(made.path, '.git/hooks'), { recursive: true });
        symlinkSync('../../scripts/commit-msg', join(made.path, '.git/hooks/commit-msg'));
        return {};
      },
      names: /belong to another program/,
    },
  ];

  test.each(inTheWay)('refuses and changes not a byte: $name', ({ prepare, names, code }) => {
    const made = withOlderGit();
    const env = prepare(made);
    const before = snapshot(made.path);
    const home = snapshot(made.root);
    for (const flags of [['--dry-run'], []]) {
      const answer = made.aynig(['init', ...flags], { env, expected: 1 });
      expect(answer.stderr).toContain(`[${code}]`);
      expect(answer.stderr).toMatch(names);
      // What a person has to add is the result; a refusal has none.
      expect(answer.stdout !== '').toBe(code === 'hooks-by-hand');
    }
    expect(snapshot(made.path)).toEqual(before);
    expect(snapshot(made.root)).toEqual(home);
  });

  test('does as the hint says where core.hooksPath is set for every repository', () => {
    const made = withOlderGit();
    const env = { GIT_CONFIG_GLOBAL: join(made.root, 'gitconfig') };
    writeFileSync(env.GIT_CONFIG_GLOBAL, '[core]\n\thooksPath = ~/hooks\n');
    const command = /git config core\.hooksPath .*?\/hooks"/.exec(made.aynig(['init'], { env, expected: 1 }).stderr)?.[0] ?? '';
    made.program('sh', ['-c', command], { env });
    made.aynig(['init'], { env });
    expect(hooksOf(made)).toEqual(ours);
  });

  test('leaves a hook of another name alone', () => {
    const made = withOlderGit();
    made.write('.git/hooks/pre-rebase', '#!/usr/bin/env python3\n', 0o755);
    made.init();
    expect(hooksOf(made)).toEqual([...ours, 'pre-rebase'].sort());
    expect(made.read('.git/hooks/pre-rebase')).toBe('#!/usr/bin/env python3\n');
  });

  test('does not mind the samples that git puts there', () => {
    const made = withOlderGit();
    made.write('.git/hooks/post-commit.sample', '#!/bin/sh\n', 0o755);
    made.init();
    expect(hooksOf(made)).toEqual([...ours, 'post-commit.sample'].sort());
  });
});

describe('aynig uninstall', () => {
  test('removes our hooks and no other, and leaves workflow and history', async () => {
    const made = withOlderGit();
    made.command('build', completing('review'));
    made.init();
    made.write('.git/hooks/pre-rebase', '#!/bin/sh\nexit 0\n', 0o755);
    made.write('.git/hooks/post-merge', '#!/bin/sh\necho replaced by another tool\n', 0o755);
    const answer = made.aynig(['uninstall']);
    expect(hooksOf(made)).toEqual(['post-merge', 'pre-rebase']);
    for (const name of ['commit-msg', 'post-commit', 'post-rewrite', 'pre-push']) expect(answer.stdout).toContain(name);
    expect(answer.stdout).not.toContain('post-merge');
    expect(existsSync(join(made.path, '.aynig/command/build'))).toBe(true);
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilStill();
    expect(made.ran()).toEqual([]);
    expect(made.aynig(['uninstall']).stdout).toBe('No hooks of ours are installed here.\n');
  });

  test('after init puts everything back as it was', () => {
    const made = withOlderGit();
    made.write('.aynig/mine', '');
    const before = snapshot(made.path);
    made.init();
    made.aynig(['uninstall']);
    expect(snapshot(made.path)).toEqual(before);
  });
});

describe('the hooks', () => {
  const shells = ['sh', 'dash', 'bash', 'busybox'];

  test.for(shells)('are read without complaint by %s', (shell, context) => {
    const made = withOlderGit();
    if (made.program('sh', ['-c', `command -v ${shell}`], { expected: 'any' }).exitCode !== 0)
      return skipBecause(`reading the hooks with ${shell}, which is not here`, context);
    made.init();
    const files = [
      ...readdirSync(join(projectRoot, 'hooks')).map((name) => join(projectRoot, 'hooks', name)),
      ...ours.map((name) => join(made.path, '.git/hooks', name)),
    ];
    expect(files.length).toBeGreaterThan(2 * ours.length);
    for (const file of files) {
      const checked = made.program(shell, shell === 'busybox' ? ['sh', '-n', file] : ['-n', file], { expected: 'any' });
      expect(checked, file).toMatchObject({ exitCode: 0, stderr: '' });
    }
  });

  test.each(ours)('%s has no carriage returns, begins with its shell, and is short enough to be read in a minute', (name) => {
    const made = withOlderGit();
    made.init();
    const text = made.read(`.git/hooks/${name}`);
    expect(text).not.toContain('\r');
    expect(text.startsWith('#!/bin/sh\n')).toBe(true);
    // The one that reads trailers without Node is longer.
    expect(text.split('\n').length).toBeLessThan(name === 'pre-push' ? 70 : 45);
  });
});
