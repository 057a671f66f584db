import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completing, snapshot, type Workspace, withGit, workspace } from '../support/workspace.js';

const ours = ['commit-msg', 'post-commit', 'post-merge', 'post-rewrite', 'pre-push'];

const keys = (made: Workspace): string[] =>
  made
    .gitAnswer(['config', '--local', '--name-only', '--get-regexp', '^hook\\.'])
    .stdout.split('\n')
    .filter((line) => line !== '');

describe('aynig init with a git that runs hooks named in its configuration', () => {
  test('writes each command before its event, under names that are no events, and no file into .git/hooks', () => {
    const made = withGit('2.54.0');
    const before = snapshot(made.path);
    expect(made.aynig(['init', '--dry-run']).stdout).toContain('would create the git config section hook.aynig-post-commit');
    expect(snapshot(made.path)).toEqual(before);
    made.init();
    expect(keys(made)).toEqual(ours.flatMap((name) => [`hook.aynig-${name}.command`, `hook.aynig-${name}.event`]));
    expect(ours.map((name) => made.git('config', `hook.aynig-${name}.event`))).toEqual(ours);
    for (const name of ours) {
      expect(existsSync(join(made.path, '.git/hooks', name))).toBe(false);
      expect(made.exists(`.git/aynig/hooks/${name}`)).toBe(true);
      expect(made.git('config', `hook.aynig-${name}.command`)).not.toContain(made.root);
    }
    const once = snapshot(made.path);
    made.init();
    expect(snapshot(made.path)).toEqual(once);
  });

  test('writes commands that git runs as it runs hooks, and that pass on what ours says', () => {
    const made = withGit('2.54.0');
    made.init();
    made.write('message', 'bad\n\naynig-state: working\n');
    // git hands the command to a shell with its arguments behind it.
    const run = (name: string, ...args: string[]) => {
      const command = made.git('config', `hook.aynig-${name}.command`);
      return made.program('sh', ['-c', `${command} "$@"`, command, ...args], { expected: 'any' }).exitCode;
    };
    expect(run('commit-msg', 'message')).toBe(1);
    expect(run('post-commit')).toBe(0);
    made.program('rm', ['-r', '.git/aynig']);
    expect(run('commit-msg', 'message')).toBe(0);
  });

  test('is passed over by an older git, which is told so by a second init', async () => {
    const made = workspace();
    made.command('build', completing('review'));
    withGit('2.54.0', made).init();
    const old = withGit('2.39.5', made);
    old.init();
    expect(keys(made)).toEqual([]);
    for (const name of ours) expect(existsSync(join(made.path, '.git/hooks', name))).toBe(true);
    // What runs in both is kept by the newer one.
    const files = snapshot(made.path);
    withGit('2.54.0', made).init();
    expect(snapshot(made.path)).toEqual(files);
    old.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilState('review');
    await made.untilStill();
  });

  test('goes with every key by uninstall, whichever git is there', () => {
    for (const version of ['2.54.0', '2.39.5']) {
      const made = workspace();
      made.write('.aynig/mine', '');
      made.git('config', 'hook.theirs.command', 'true');
      made.git('config', 'hook.theirs.event', 'post-commit');
      const before = snapshot(made.path);
      withGit('2.54.0', made).init();
      withGit(version, made).aynig(['uninstall']);
      const after = snapshot(made.path);
      for (const at of [before, after]) for (const path of Object.keys(at)) if (path.startsWith('.git/objects')) delete at[path];
      expect(after).toEqual(before);
    }
  });

  test.each(['lefthook.yml', '.pre-commit-config.yaml'])('needs no line in %s', (file) => {
    const made = withGit('2.60.1');
    made.write(file, 'repos: []\n');
    made.init();
    expect(keys(made)).toHaveLength(10);
  });
});
