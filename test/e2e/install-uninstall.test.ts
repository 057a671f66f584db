import { cpSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRepository } from '../../src/git/repository.js';
import { findManagers, surroundings } from '../../src/install/detect.js';
import { projectRoot } from '../support/scratch.js';
import { completing, snapshot, Workspace, withOlderGit } from '../support/workspace.js';

const ours = ['commit-msg', 'post-commit', 'post-merge', 'post-rewrite', 'pre-push'];
const setUpHusky = (made: Workspace): void => {
  made.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n');
  made.write('.husky/pre-commit', 'echo pre-commit >>"$HOME/theirs"\n');
  made.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js')]);
};

describe('aynig uninstall', () => {
  test.each([0o755, 0o700, 0o555, 0o4755])('puts back a hook of mode %o, with its mode', (mode) => {
    const made = withOlderGit();
    made.write('.aynig/mine', '');
    made.write('.git/hooks/post-commit', '#!/bin/sh\necho theirs\n', mode);
    const before = snapshot(made.path);
    made.init();
    expect(statSync(join(made.path, '.git/hooks/post-commit')).mode & 0o7777).toBe(mode);
    made.aynig(['uninstall']);
    expect(snapshot(made.path)).toEqual(before);
  });

  test('keeps what others changed in their hooks meanwhile', () => {
    const made = withOlderGit();
    made.write('.git/hooks/post-commit', '#!/bin/sh\necho theirs\n', 0o755);
    made.write('.git/hooks/commit-msg', '#!/bin/sh\necho theirs\n', 0o755);
    made.init();
    made.write('.git/hooks/post-commit', `${made.read('.git/hooks/post-commit')}echo more\n`, 0o755);
    made.write('.git/hooks/commit-msg', made.read('.git/hooks/commit-msg').replace('# <<<', 'echo inside\n# <<<'), 0o755);
    const changed = made.read('.git/hooks/commit-msg');
    const answer = made.aynig(['uninstall']);
    expect(made.read('.git/hooks/post-commit')).toBe('#!/bin/sh\necho theirs\necho more\n');
    expect(made.read('.git/hooks/commit-msg')).toBe(changed);
    expect(answer.stdout).toMatch(/left .*\.git\/hooks\/commit-msg: it still calls our hooks/);
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ordinary');
  });

  test('works when husky was removed meanwhile, or moved to another folder', () => {
    for (const change of ['removed', 'moved'] as const) {
      const made = withOlderGit();
      setUpHusky(made);
      made.init();
      made.git('config', '--unset', 'core.hooksPath');
      rmSync(join(made.path, '.husky/_'), { recursive: true });
      if (change === 'moved') made.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js'), 'hooks']);
      const config = made.read('.git/config');
      made.aynig(['uninstall']);
      for (const name of ours) expect(made.exists(`.husky/${name}`)).toBe(false);
      expect(made.read('.husky/pre-commit')).toBe('echo pre-commit >>"$HOME/theirs"\n');
      expect(made.exists('.git/aynig')).toBe(false);
      expect(made.read('.git/config')).toBe(config.replace(/\[includeIf [\s\S]*$/, ''));
    }
  });

  test('names the configuration of others that still calls our hooks', () => {
    const made = withOlderGit();
    made.write('lefthook.yml', `post-commit:\n  commands:\n    aynig:\n      run: .git/aynig/hooks/post-commit\n`);
    const before = made.read('lefthook.yml');
    expect(made.aynig(['uninstall']).stdout).toContain('lefthook.yml: it still calls our hooks');
    expect(made.read('lefthook.yml')).toBe(before);
  });

  test('keeps logs and worktrees that are in use', () => {
    const made = withOlderGit();
    made.init();
    made.write('.aynig/logs/some.log', 'text');
    made.aynig(['uninstall']);
    expect(made.read('.aynig/logs/.gitignore')).toBe('*\n');
    expect(made.exists('.worktrees')).toBe(false);
  });
});

describe('aynig init', () => {
  test('makes what a workflow needs, with the contract, and nothing that git would show but the workflow', () => {
    const made = withOlderGit();
    made.init();
    expect(made.git('status', '--porcelain', '--untracked-files=all').split('\n').sort()).toEqual([
      '?? .aynig/COMMANDS.md',
      '?? .aynig/CONTRACT.md',
      '?? .aynig/command/hello',
    ]);
    expect(made.exists('.worktrees')).toBe(true);
  });

  test('makes no folder for worktrees where they go elsewhere', () => {
    const made = withOlderGit();
    made.git('config', 'aynig.worktreeDir', '../elsewhere');
    made.init();
    expect(made.exists('.worktrees')).toBe(false);
  });

  test('beside a husky that is not set up yet runs at once, and still once after npm install', async () => {
    const made = withOlderGit();
    made.command('build', completing('review'));
    made.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n');
    made.write('.husky/pre-commit', 'echo pre-commit >>"$HOME/theirs"\n');
    made.init();
    const linked = made.linked('side');
    for (const at of [made, linked]) {
      at.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
      await at.untilState('review', at === made ? 'main' : 'side');
    }
    made.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js')]);
    for (const at of [made, linked]) {
      at.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
      await at.until('a second run', () => at.git('rev-list', '--count', '--grep=^to review', 'HEAD') === '2');
    }
    await made.untilStill();
    expect(made.ran()).toHaveLength(4);
    expect(made.note('theirs')).toContain('pre-commit');
  });

  test('asks for husky to be installed where its folder is missing, and then needs nothing more', () => {
    const made = withOlderGit();
    setUpHusky(made);
    rmSync(join(made.path, '.husky/_'), { recursive: true });
    const answer = made.aynig(['init'], { expected: 1 });
    expect(answer.stderr).toContain('hint: Install them: npx husky');
    made.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js')]);
    expect(made.aynig(['init']).stdout).not.toMatch(/create|update|remove/);
  });

  test('runs in a linked working tree of a husky repository what git would have run there without us', () => {
    const made = withOlderGit();
    setUpHusky(made);
    made.git('add', '--all');
    made.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message', 'husky');
    made.init();
    const linked = made.linked('side');
    linked.git('commit', '--quiet', '--allow-empty', '--message', 'silent, as before');
    expect(made.note('theirs')).toBe('');
    linked.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js')]);
    linked.git('commit', '--quiet', '--allow-empty', '--message', 'live');
    expect(made.note('theirs')).toBe('pre-commit\n');
    // Another tool takes the place of husky and does not know of us.
    made.git('config', '--unset', 'core.hooksPath');
    made.write('.git/hooks/pre-commit', '#!/bin/sh\necho other >>"$HOME/theirs"\n', 0o755);
    linked.git('commit', '--quiet', '--allow-empty', '--message', 'other');
    expect(made.note('theirs')).toBe('pre-commit\nother\n');
  });

  test('after husky was removed installs its own files, and takes back what covered linked working trees', () => {
    const made = withOlderGit();
    setUpHusky(made);
    made.init();
    made.git('config', '--unset', 'core.hooksPath');
    rmSync(join(made.path, '.husky'), { recursive: true });
    made.init();
    for (const name of ours) expect(made.exists(`.git/hooks/${name}`)).toBe(true);
    expect(made.read('.git/config')).not.toContain('includeIf');
    expect(made.aynig(['init']).stdout).not.toMatch(/create|update|remove/);
  });

  test('costs the hook of another tool nothing of its standard input', () => {
    const made = withOlderGit();
    made.write('.git/hooks/post-rewrite', '#!/bin/sh\ncat >"$HOME/rewritten"\n', 0o755);
    made.init();
    const before = made.head();
    made.git('commit', '--quiet', '--amend', '--allow-empty', '--message', 'again');
    expect(made.note('rewritten')).toBe(`${before} ${made.head()}\n`);
  });

  test('brings what others call up to date in one place', () => {
    const made = withOlderGit();
    made.write('.git/hooks/post-commit', '#!/bin/sh\nexit 0\n', 0o755);
    made.init();
    const fresh = snapshot(made.path);
    made.write('.git/aynig/hooks/post-commit', '#!/bin/sh\n# aynig hook post-commit, version 0\n', 0o644);
    expect(made.aynig(['init']).stdout).toContain('update .git/aynig/hooks/*');
    expect(snapshot(made.path)).toEqual(fresh);
  });

  test('still runs after the repository was moved', async () => {
    const made = withOlderGit();
    made.command('build', completing('review'));
    made.write('.git/hooks/post-commit', '#!/bin/sh\nexit 0\n', 0o755);
    made.init();
    const moved = new Workspace(made.root, join(made.root, 'moved'), made.env);
    cpSync(made.path, moved.path, { recursive: true });
    // What is allowed does not move along.
    moved.aynig(['allow', '--yes']);
    moved.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await moved.untilState('review');
    await moved.untilStill();
    expect(existsSync(join(made.path, '.git/aynig/runner.lock'))).toBe(false);
  });
});

describe('aynig init --husky', () => {
  const javascript = (): Workspace => {
    const made = withOlderGit();
    made.write('package.json', '{}\n');
    made.write('.gitignore', 'node_modules\n');
    mkdirSync(join(made.path, 'node_modules'));
    symlinkSync(join(projectRoot, 'node_modules/husky'), join(made.path, 'node_modules/husky'));
    made.write('.aynig/mine', '');
    return made;
  };

  test('sets husky up by its own means, and uninstall takes it away again', () => {
    const made = javascript();
    const before = snapshot(made.path);
    expect(made.aynig(['init', '--husky', '--dry-run']).stdout).toMatch(/would set up husky[\s\S]*would create \.husky\/post-commit/);
    expect(snapshot(made.path)).toEqual(before);
    expect(made.aynig(['init', '--husky']).stdout).toContain('"prepare": "husky"');
    expect(made.git('config', 'core.hooksPath')).toBe('.husky/_');
    expect(made.gitAnswer(['commit', '--allow-empty', '--message', 'bad', '--message', 'aynig-state: working']).exitCode).not.toBe(0);
    const once = snapshot(made.path);
    made.aynig(['init', '--husky']);
    expect(snapshot(made.path)).toEqual(once);
    made.aynig(['uninstall']);
    const after = snapshot(made.path);
    for (const at of [before, after]) for (const path of Object.keys(at)) if (/COMMIT_EDITMSG|objects|index/.test(path)) delete at[path];
    expect(after).toEqual(before);
  });

  test('leaves husky where somebody has come to use it', () => {
    const made = javascript();
    made.aynig(['init', '--husky']);
    made.write('.husky/pre-commit', 'true\n');
    made.aynig(['uninstall']);
    expect(made.git('config', 'core.hooksPath')).toBe('.husky/_');
    expect(made.read('.husky/pre-commit')).toBe('true\n');
  });

  test.each<[string, RegExp, (made: Workspace) => void]>([
    ['there is no package.json', /no package\.json/, (made) => rmSync(join(made.path, 'package.json'))],
    ['husky is not installed', /npm install --save-dev husky/, (made) => rmSync(join(made.path, 'node_modules/husky'))],
    ['somebody has hooks', /pre-rebase \(plain\)/, (made) => made.write('.git/hooks/pre-rebase', '#!/bin/sh\n', 0o755)],
    ['there is another manager', /lefthook\.yml \(lefthook\)/, (made) => made.write('lefthook.yml', '')],
  ])('changes nothing where %s', (_, says, prepare) => {
    const made = javascript();
    prepare(made);
    const before = snapshot(made.path);
    const answer = made.aynig(['init', '--husky'], { expected: 1 });
    expect(answer.stderr).toContain('[husky-not-set-up]');
    expect(answer.stderr).toMatch(says);
    expect(snapshot(made.path)).toEqual(before);
  });
});

describe('what is found', () => {
  const found = async (made: Workspace) => {
    const repository = await openRepository(made.path, made.env);
    return findManagers(await surroundings(repository, made.path));
  };

  test('is every manager, with what it calls and whether git runs it', async () => {
    const made = withOlderGit();
    expect(await found(made)).toEqual([]);
    made.init();
    expect(await found(made)).toEqual([{ kind: 'aynig', where: join(made.path, '.git/hooks'), live: true, ours }]);
    setUpHusky(made);
    made.write('.git/hooks/pre-rebase', '#!/bin/sh\n', 0o755);
    made.write('lefthook.yml', '');
    expect(await found(made)).toEqual([
      { kind: 'husky', where: join(made.path, '.husky'), live: true, ours: [] },
      { kind: 'lefthook', where: join(made.path, 'lefthook.yml'), live: false, ours: [] },
      { kind: 'plain', where: join(made.path, '.git/hooks/pre-rebase'), live: false, ours: [] },
      { kind: 'aynig', where: join(made.path, '.git/hooks'), live: false, ours },
    ]);
    made.init();
    expect((await found(made)).map(({ kind, live, ours: calls }) => [kind, live, calls.length])).toEqual([
      ['husky', true, 5],
      ['lefthook', false, 0],
      ['plain', false, 0],
      ['linked-worktrees', false, 5],
    ]);
  });

  test('tells the files of one tool from those of another', async () => {
    const made = withOlderGit();
    made.write('.pre-commit-config.yaml', 'repos: []\n');
    expect((await found(made)).map(({ kind }) => kind)).toEqual(['pre-commit']);
    made.write('.git/hooks/commit-msg', '#!/bin/sh\n# File generated by prek: https://github.com/j178/prek\n', 0o755);
    expect((await found(made)).map(({ kind, live }) => [kind, live])).toEqual([['prek', true]]);
    made.write('package.json', '{ "name": "simple-git-hooks" }\n');
    expect((await found(made)).map(({ kind }) => kind)).toEqual(['prek']);
    made.write('.git/hooks/post-merge', '#!/bin/sh\ngit lfs post-merge "$@"\n', 0o755);
    expect((await found(made)).map(({ kind }) => kind)).toEqual(['prek', 'git-lfs']);
  });
});
