import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { type Server, server } from '../support/server.js';
import { completing, skipBecause, snapshot } from '../support/workspace.js';

const names = ['pre-receive', 'post-receive'] as const;
const identity = 'git config user.name Server; git config user.email server@example.com';

/** A server without hooks of ours, and with none of git's own folders missing. */
const bareServer = (): Server => server({ hooks: [], command: completing('review', identity) });

const init = (made: Server, expected: number | 'any' = 0) => made.clone.aynig(['init', '--bare', made.bare.path], { expected });
const uninstall = (made: Server) => made.clone.aynig(['uninstall', '--bare', made.bare.path]);

/** Both hooks of ours are at work: a bad push is refused, a request is run. */
async function works(made: Server, branch = 'work'): Promise<void> {
  const { clone, bare } = made;
  expect(clone.push(`${clone.commit('x\n\naynig-state: a\naynig-state: b')}:refs/heads/bad`).stderr).toContain('aynig: refused');
  const answer = clone.push(`${clone.ask('build')}:refs/heads/${branch}`);
  expect(answer.exitCode, answer.stderr).toBe(0);
  await bare.untilState('review', `refs/heads/${branch}`);
  await bare.untilQuiet();
}

describe('aynig init --bare', () => {
  test('makes a server of a repository without hooks, and remembers what it found', async () => {
    const made = bareServer();
    made.bare.git('config', 'core.logAllRefUpdates', 'false');
    const answer = init(made);
    expect(answer.stdout).toMatch(/create hooks\/pre-receive[\s\S]+create hooks\/post-receive[\s\S]+set core\.logAllRefUpdates to always/);
    expect(answer.stdout).toMatch(/stands on main/);
    expect(made.bare.git('config', 'core.logAllRefUpdates')).toBe('always');
    expect(made.bare.git('config', 'receive.fsckObjects')).toBe('true');
    expect(made.bare.git('config', 'core.fsync')).toBe('committed,reference');
    await works(made);
    uninstall(made);
    expect(made.bare.git('config', 'core.logAllRefUpdates')).toBe('false');
    expect(made.bare.gitAnswer(['config', 'core.fsync']).exitCode).toBe(1);
    expect(made.bare.exists('hooks/pre-receive')).toBe(false);
    expect(made.clone.push(`${made.clone.commit('x\n\naynig-state: a\naynig-state: b')}:refs/heads/bad`).exitCode).toBe(0);
  });

  test('shows what it would do, and does none of it', () => {
    const made = bareServer();
    const before = snapshot(made.bare.path);
    const answer = made.clone.aynig(['init', '--bare', made.bare.path, '--dry-run']);
    expect(answer.stdout).toMatch(/would create hooks\/pre-receive[\s\S]+would set receive\.fsckObjects/);
    expect(snapshot(made.bare.path)).toEqual(before);
  });

  const surroundings: readonly { name: string; prepare: (made: Server) => void; also?: (made: Server) => void }[] = [
    { name: 'nothing', prepare: () => undefined },
    { name: 'no hooks folder', prepare: ({ bare }) => rmSync(join(bare.path, 'hooks'), { recursive: true, force: true }) },
    {
      name: 'shell hooks that read what was pushed, and end by exec',
      prepare({ bare }) {
        for (const name of names)
          bare.write(
            `hooks/${name}`,
            `#!/bin/sh\nset -eu\nread -r old new ref\necho "$new $ref" >>"$HOME/${name}"\nexec cat >>"$HOME/${name}"`,
            0o750,
          );
      },
      also({ bare, clone }) {
        clone.push('main:refs/heads/one', 'main:refs/heads/two');
        for (const name of names)
          expect(
            bare
              .note(name)
              .trim()
              .split('\n')
              .slice(-2)
              .map((line) => line.split(' ').at(-1)),
          ).toEqual(['refs/heads/one', 'refs/heads/two']);
      },
    },
    {
      name: 'a bash hook',
      prepare({ bare }) {
        bare.write('hooks/post-receive', '#!/bin/bash\nwhile read -r old new ref; do echo "$ref" >>"$HOME/post-receive"; done\n', 0o755);
      },
      also({ bare, clone }) {
        clone.push('main:refs/heads/one');
        expect(bare.note('post-receive')).toContain('refs/heads/one\n');
      },
    },
    {
      name: 'Gitea',
      prepare({ bare }) {
        for (const name of names) {
          bare.write(
            `hooks/${name}`,
            `#!/bin/sh\ndata=$(cat)\nfor hook in ./hooks/${name}.d/*; do echo "$data" | "$hook" || exit 1; done\n`,
            0o755,
          );
          bare.write(`hooks/${name}.d/gitea`, '#!/bin/sh\nexit 0\n', 0o755);
        }
      },
      also: ({ bare }) => {
        for (const name of names) expect(bare.read(`hooks/${name}`)).not.toContain('aynig');
      },
    },
    {
      name: 'GitLab',
      prepare({ bare }) {
        mkdirSync(join(bare.path, 'custom_hooks'));
        for (const name of names)
          bare.write(
            `hooks/${name}`,
            `#!/bin/sh\ndata=$(cat)\nfor hook in custom_hooks/${name}.d/*; do [ ! -x "$hook" ] || echo "$data" | "$hook" || exit 1; done\n`,
            0o755,
          );
      },
      also: ({ bare }) => {
        for (const name of names) expect(bare.read(`hooks/${name}`)).not.toContain('aynig');
      },
    },
  ];

  test.each(surroundings)(
    'beside $name: works, twice is the same as once, and uninstall puts every byte back',
    async ({ prepare, also }) => {
      const made = bareServer();
      prepare(made);
      const before = snapshot(made.bare.path);
      init(made);
      const once = snapshot(made.bare.path);
      init(made);
      expect(snapshot(made.bare.path)).toEqual(once);
      uninstall(made);
      expect(snapshot(made.bare.path)).toEqual(before);
      init(made);
      await works(made);
      also?.(made);
    },
  );

  test.each<{ name: string; prepare: (made: Server) => void; names: RegExp }>([
    {
      name: 'a hook in another language',
      prepare: ({ bare }) => bare.write('hooks/pre-receive', '#!/usr/bin/env python3\n', 0o755),
      names: /pre-receive\.theirs/,
    },
    { name: 'a hook that git ignores', prepare: ({ bare }) => bare.write('hooks/post-receive', '#!/bin/sh\n', 0o644), names: /chmod \+x/ },
    {
      name: 'gitolite',
      prepare({ bare, root }) {
        mkdirSync(join(root, 'local/hooks/common'), { recursive: true });
        writeFileSync(join(root, 'local/hooks/common/post-receive'), '#!/bin/sh\n', { mode: 0o755 });
        mkdirSync(join(bare.path, 'hooks'), { recursive: true });
        symlinkSync(join(root, 'local/hooks/common/post-receive'), join(bare.path, 'hooks/post-receive'));
      },
      names: /\$LOCAL_CODE\/hooks\/common\/pre-receive[\s\S]+repo-specific/,
    },
    {
      name: 'a shared hooks folder',
      prepare({ bare, root }) {
        mkdirSync(join(root, 'shared'));
        rmSync(join(bare.path, 'hooks'), { recursive: true, force: true });
        symlinkSync(join(root, 'shared'), join(bare.path, 'hooks'));
      },
      names: /--print-hook pre-receive/,
    },
    {
      name: 'core.hooksPath',
      prepare: ({ bare }) => bare.git('config', 'core.hooksPath', '/srv/hooks'),
      names: /\/srv\/hooks\/pre-receive/,
    },
  ])('beside $name says what to do, and changes not a byte', ({ prepare, names: expected }) => {
    const made = bareServer();
    prepare(made);
    const before = snapshot(made.bare.path);
    const answer = init(made, 1);
    expect(answer.stderr).toContain('[hooks-by-hand]');
    expect(answer.stdout).toMatch(expected);
    expect(snapshot(made.bare.path)).toEqual(before);
  });

  test('in the storage of GitLab says how Gitaly takes hooks', () => {
    const made = bareServer();
    const path = join(made.root, '@hashed/ab/cd/abcd.git');
    mkdirSync(join(path, '..'), { recursive: true });
    made.bare.program('mv', [made.bare.path, path], { cwd: made.root });
    const answer = made.clone.aynig(['init', '--bare', path], { expected: 1 });
    expect(answer.stdout).toContain('gitaly hooks set --storage <storage> --repository @hashed/ab/cd/abcd.git');
  });

  test('refuses a repository with a working tree, and says what is meant for it', () => {
    const made = bareServer();
    const answer = made.clone.aynig(['init', '--bare', made.clone.path], { expected: 1 });
    expect(answer.stderr).toMatch(/\[not-bare\][\s\S]+aynig init/);
    expect(made.bare.aynig(['init'], { cwd: made.bare.path, expected: 1 }).stderr).toMatch(/\[bare-repository\][\s\S]+aynig init --bare/);
  });

  test('leaves what an admin has set since then', () => {
    const made = bareServer();
    init(made);
    made.bare.git('config', 'core.logAllRefUpdates', 'true');
    made.bare.git('config', 'aynig.branches', 'work');
    uninstall(made);
    expect(made.bare.git('config', 'core.logAllRefUpdates')).toBe('true');
    expect(made.bare.git('config', 'aynig.branches')).toBe('work');
    expect(made.bare.gitAnswer(['config', 'receive.fsckObjects']).exitCode).toBe(1);
    expect(uninstall(made).stdout).toBe('No hooks of ours are installed here.\n');
  });

  test('brings a hook that is older up to date', () => {
    const made = bareServer();
    init(made);
    const text = made.bare.read('hooks/pre-receive');
    made.bare.write('hooks/pre-receive', `${text.replace('version 1', 'version 0')}# old\n`, 0o644);
    expect(init(made).stdout).toContain('update hooks/pre-receive');
    expect(made.bare.read('hooks/pre-receive')).toBe(text);
  });

  test('prints a hook for places that only an admin can write to', () => {
    const made = bareServer();
    for (const name of names) {
      const text = made.clone.aynig(['init', '--print-hook', name]).stdout;
      expect(text).toContain(`aynig='${projectRoot}'`);
      expect(text.startsWith(`#!/bin/sh\n# aynig hook ${name}, version`)).toBe(true);
      made.bare.write(`hooks/${name}`, text, 0o755);
      init(made);
      expect(made.bare.read(`hooks/${name}`)).toBe(text);
    }
  });

  test.for(['sh', 'dash', 'bash', 'busybox'])('writes hooks that %s reads without complaint', (shell, context) => {
    const made = bareServer();
    if (made.clone.program('sh', ['-c', `command -v ${shell}`], { expected: 'any' }).exitCode !== 0)
      return skipBecause(`reading the hooks with ${shell}, which is not here`, context);
    made.bare.write('hooks/post-receive', '#!/bin/sh\ncat >"$HOME/all"\n', 0o755);
    init(made);
    for (const name of names) {
      const file = join(made.bare.path, 'hooks', name);
      chmodSync(file, 0o755);
      const checked = made.clone.program(shell, shell === 'busybox' ? ['sh', '-n', file] : ['-n', file], { expected: 'any' });
      expect(checked).toMatchObject({ exitCode: 0, stderr: '' });
      // Three thousand refs are more than a pipe holds.
      const push = Array.from({ length: 3000 }, (_, at) => `${'0'.repeat(40)} ${'0'.repeat(40)} refs/tags/${at}-of-many`).join('\n');
      const ran = made.clone.program(shell, shell === 'busybox' ? ['sh', file] : [file], {
        cwd: made.bare.path,
        env: { GIT_DIR: '.' },
        input: `${push}\n`,
      });
      expect(ran).toMatchObject({ stdout: '', stderr: '' });
      if (name === 'post-receive') expect(made.bare.note('all')).toBe(`${push}\n`);
    }
    expect(existsSync(join(made.bare.path, 'aynig/pushed'))).toBe(false);
  });
});
