import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aynig, both, commit, greeting, lockOf, packSource, whole } from '../support/pack.js';
import { Workspace } from '../support/workspace.js';

describe('an update', () => {
  const lines = (first: string, last: string): string => `#!/bin/sh\n# ${first}\n${':\n'.repeat(10)}# ${last}\nexit 0\n`;
  function installed() {
    const pair = both({ '.aynig/command/greet': lines('one', 'end') });
    pair.made.aynig(['install', '../pack', '--yes']);
    commit(pair.made);
    return pair;
  }
  const edit = (made: Workspace, text: string): void => {
    made.write('.aynig/command/greet', text, 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'my own');
  };

  test('merges what changed on both sides', () => {
    const { made, source } = installed();
    edit(made, lines('mine', 'end'));
    source.publish({ '.aynig/command/greet': lines('one', 'new end') });
    expect(made.aynig(['update-pack', '--yes']).stdout).toContain('merged with your changes');
    expect(made.read('.aynig/command/greet')).toBe(lines('mine', 'new end'));
  });

  test('of many files asks git for all of them at once, and starts one process for each that is to be merged', () => {
    const paths = Array.from({ length: 30 }, (_, number) => `.aynig/command/c${number}`);
    const every = (first: string, last: string) => Object.fromEntries(paths.map((path) => [path, lines(`${first} ${path}`, last)]));
    const { made, source } = both(every('one', 'end'));
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    for (const [path, text] of Object.entries(every('mine', 'end'))) made.write(path, text, 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'my own');
    source.publish(every('one', 'new end'));
    const real = made.program('sh', ['-c', 'command -v git']).stdout.trim();
    made.script('counting/git', `echo "$*" >>"$HOME/calls"\nexec ${real} "$@"`);
    made.aynig(['update-pack', '--yes'], { env: { PATH: `${made.root}/counting:${made.env['PATH']}` } });
    for (const [path, text] of Object.entries(every('mine', 'new end'))) expect(made.read(path)).toBe(text);
    const calls = made.note('calls').trim().split('\n');
    expect(calls.filter((call) => call.includes(' merge-file '))).toHaveLength(30);
    // Reading, comparing and writing cost the same for one file and for 500.
    expect(calls.filter((call) => !call.includes(' merge-file ')).length).toBeLessThan(40);
  });

  test('leaves what cannot be merged, says so at every update, and takes a word for it', () => {
    const { made, source } = installed();
    edit(made, lines('mine', 'end'));
    source.publish({ '.aynig/command/greet': lines('theirs', 'end') });
    const first = aynig(made, 'update-pack', 'pack', '--yes');
    expect(first.exitCode).toBe(1);
    expect(first.stdout).toContain('! 100755 .aynig/command/greet  yours stays: you and the pack changed the same lines');
    expect(made.read('.aynig/command/greet')).toBe(lines('mine', 'end'));
    commit(made);
    expect(made.aynig(['packs', '--offline']).stdout).toContain('not merged yet  .aynig/command/greet');
    const second = aynig(made, 'update-pack', '--yes');
    expect(second.exitCode).toBe(1);
    expect(second.stdout).toContain('yours stays');
    made.aynig(['update-pack', '--keep-mine', '--yes']);
    commit(made);
    expect(made.aynig(['packs', '--offline']).stdout).toContain('changed here    .aynig/command/greet');
    expect(made.aynig(['update-pack', '--yes']).stdout).toContain(
      'Nothing to change.\npack stays with HEAD of its repository; another version: aynig update-pack pack --ref <ref>\n',
    );
    made.aynig(['install', '../pack', '--force', '--yes'], { expected: 'any' });
    source.publish({ '.aynig/command/greet': lines('theirs again', 'end') });
    made.aynig(['update-pack', '--force', '--yes']);
    expect(made.read('.aynig/command/greet')).toBe(lines('theirs again', 'end'));
  });

  test('takes away what the pack has no more, but not what a person changed', () => {
    const { made, source } = both({
      '.aynig/command/a': greeting('a'),
      '.aynig/command/b': greeting('b'),
      '.aynig/command/c': greeting('c'),
    });
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    made.write('.aynig/command/b', greeting('mine'), 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'my own');
    source.publish({ '.aynig/command/a': undefined, '.aynig/command/b': undefined });
    expect(made.aynig(['update-pack', '--yes']).stderr).not.toContain('--force');
    expect(made.exists('.aynig/command/a')).toBe(false);
    expect(made.read('.aynig/command/b')).toBe(greeting('mine'));
    expect(Object.keys(lockOf(made).packs['pack']?.files ?? {})).toEqual(['command/c']);
    expect(made.read('.aynig/COMMANDS.md')).not.toContain('`a`');
  });

  test('leaves away what a person deleted, until it is installed again', () => {
    const { made, source } = installed();
    made.git('rm', '--quiet', '.aynig/command/greet');
    commit(made, 'away');
    source.publish({ '.aynig/command/other': greeting('other') });
    expect(made.aynig(['update-pack', '--yes']).stderr).not.toContain('--keep-mine');
    expect(made.exists('.aynig/command/greet')).toBe(false);
    commit(made);
    made.aynig(['install', '../pack', '--yes']);
    expect(made.exists('.aynig/command/greet')).toBe(true);
  });

  test('finds a relative source from every linked working tree, wherever that lies, and says where it looked', () => {
    const { made, source } = installed();
    made.program('mkdir', [join(made.root, 'far')]);
    made.git('worktree', 'add', '--quiet', '-b', 'side', join(made.root, 'far/away'));
    const linked = new Workspace(made.root, join(made.root, 'far/away'), made.env);
    source.publish({ '.aynig/command/greet': lines('two', 'end') });
    expect(linked.aynig(['packs']).stdout).toContain('newer: ');
    linked.aynig(['update-pack', '--yes']);
    expect(linked.read('.aynig/command/greet')).toBe(lines('two', 'end'));
    linked.git('reset', '--quiet', '--hard');
    // What is typed counts from where one is.
    linked.aynig(['install', '../../pack', '--yes']);
    expect(lockOf(linked).packs['pack']).toMatchObject({ source: '../pack', commit: source.head() });
    renameSync(source.path, `${source.path}-away`);
    linked.git('reset', '--quiet', '--hard');
    expect(aynig(linked, 'update-pack').stderr).toContain(`Nothing is at ${source.path}.`);
  });

  test('goes to another branch or tag where one is named, and stays at a tag', () => {
    const { made, source } = installed();
    source.git('tag', 'v1');
    source.publish({ '.aynig/command/greet': lines('two', 'end') });
    made.aynig(['update-pack', 'pack', '--ref', 'v1', '--yes']);
    commit(made);
    expect(lockOf(made).packs['pack']).toMatchObject({ ref: 'v1' });
    expect(made.aynig(['update-pack', '--ref', 'main', '--dry-run']).stdout).toContain('at main,');
    expect(made.aynig(['update-pack', '--yes']).stdout).toContain('Nothing to change.');
    expect(made.aynig(['packs']).stdout).not.toContain('newer');
  });
});

test('--ref without a name is refused where there is more than one pack', () => {
  const { made, source } = both();
  packSource(made, 'other', { '.aynig/command/x': greeting('x') });
  for (const pack of ['../pack', '../other']) {
    made.aynig(['install', pack, '--yes']);
    commit(made);
  }
  source.git('tag', 'v1');
  const answer = aynig(made, 'update-pack', '--ref', 'v1', '--yes');
  expect(answer.exitCode).toBe(2);
  expect(answer.stderr).toMatch(/\[usage\]\nhint: Installed are: other, pack; name one: aynig update-pack <name> --ref v1/);
  made.aynig(['update-pack', 'pack', '--ref', 'v1', '--yes']);
  expect(lockOf(made).packs).toMatchObject({ other: { ref: null }, pack: { ref: 'v1' } });
});

describe('a file of one’s own with the name of one of the pack', () => {
  test('stays and is named, until force', () => {
    const { made } = both({ '.aynig/command/build': greeting('theirs'), '.aynig/command/greet': greeting('one') });
    const mine = made.read('.aynig/command/build');
    const answer = aynig(made, 'install', '../pack', '--yes');
    expect(answer.exitCode).toBe(1);
    expect(answer.stdout).toContain('! 100755 .aynig/command/build  yours stays: a file of yours has this name');
    expect(made.read('.aynig/command/build')).toBe(mine);
    expect(made.exists('.aynig/command/greet')).toBe(true);
    commit(made);
    made.aynig(['install', '../pack', '--force', '--yes']);
    expect(made.read('.aynig/command/build')).toBe(greeting('theirs'));
  });
});

describe('the lock file', () => {
  test.each([['--name', 'x'], ['--from-dwp'], ['--force'], ['--keep-mine']])(
    'is not asked with %s: that needs a repository',
    (...options) => {
      const { made } = both();
      const answer = aynig(made, 'install', ...options, '--yes');
      expect(answer.exitCode).toBe(2);
      expect(answer.stderr).toContain(`${options[0]} says how a pack is installed, and no repository is named. [usage]`);
      // Behind dashes it is one too.
      made.aynig([
        'install',
        ...options,
        '--yes',
        '--dry-run',
        ...(options[0] === '--from-dwp' ? ['../pack', 'HEAD', '.aynig'] : ['--', '../pack']),
      ]);
    },
  );

  test('brings back what is missing, without the place that it came from', () => {
    const { made, source } = both();
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    rmSync(source.path, { recursive: true });
    expect(made.aynig(['install']).stdout).toContain('Nothing to bring back');
    made.git('rm', '--quiet', '.aynig/command/greet');
    commit(made, 'away');
    made.aynig(['install', '--yes']);
    expect(made.read('.aynig/command/greet')).toBe(greeting('one'));
  });

  test('brings back what was deleted and is not committed, as it is committed, and nothing else', () => {
    const { made } = both({ '.aynig/command/a': greeting('a'), '.aynig/command/b': greeting('b'), '.aynig/command/c': greeting('c') });
    made.aynig(['install', '../pack', '--yes']);
    made.write('.aynig/command/a', greeting('mine'), 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'with a change');
    made.git('rm', '--quiet', '.aynig/command/c');
    commit(made, 'away');
    const before = whole(made);
    rmSync(join(made.path, '.aynig/command/a'));
    rmSync(join(made.path, '.aynig/COMMANDS.md'));
    made.git('rm', '--quiet', '.aynig/command/b');
    expect(made.aynig(['update-pack'], { expected: 1 }).stderr).toContain('bring files of packs back: aynig install');
    const shown = made.aynig(['install', '--dry-run']).stdout;
    for (const path of ['command/a', 'command/b', 'COMMANDS.md'])
      expect(shown).toMatch(new RegExp(`\\+ 100(644|755) .aynig/${path}  as it is committed`));
    expect(made.exists('.aynig/command/a')).toBe(false);
    made.aynig(['install', '--yes']);
    expect(made.read('.aynig/command/c')).toBe(greeting('c'));
    made.git('reset', '--quiet', '--hard');
    expect(whole(made)).toEqual(before);
    made.git('rm', '--quiet', '.aynig/command/b');
    expect(made.aynig(['install', '--yes']).stdout).toContain('+ 100755 .aynig/command/c');
    expect(made.read('.aynig/command/a')).toBe(greeting('mine'));
    expect(made.read('.aynig/command/b')).toBe(greeting('b'));
    commit(made, 'c again');
    rmSync(join(made.path, '.aynig/command/b'));
    expect(made.aynig(['install', '--yes']).stdout).toContain('They are back as they are committed.');
    expect(made.git('status', '--porcelain')).toBe('');
  });

  test.each<[string, (made: Workspace) => void]>([
    ['a file of one’s own was deleted', (made) => rmSync(join(made.path, '.aynig/command/build'))],
    ['a file of the pack was changed', (made) => made.write('.aynig/command/greet', 'mine', 0o755)],
    [
      'something else stands in place of a file that was deleted',
      (made) => {
        rmSync(join(made.path, '.aynig/command/greet'));
        made.write('.aynig/command/greet/mine', 'mine');
      },
    ],
    [
      'a file was deleted and is new at the same place',
      (made) => {
        made.git('rm', '--quiet', '.aynig/command/greet');
        made.write('.aynig/command/greet', 'mine');
      },
    ],
  ])('brings nothing back where %s and that is not committed', (_, change) => {
    const { made } = both();
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    change(made);
    const before = whole(made);
    expect(made.aynig(['install', '--yes'], { expected: 1 }).stderr).toContain('[pack-uncommitted]');
    expect(whole(made)).toEqual(before);
  });

  test('brings back what is here from an address that is none any more', () => {
    const { made } = both();
    made.aynig(['install', '../pack', '--yes']);
    made.write('.aynig/packs.lock.json', made.read('.aynig/packs.lock.json').replace('"../pack"', '"ext::sh -c true"'));
    made.git('commit', '--quiet', '--all', '--message', 'away');
    expect(made.aynig(['install']).stdout).toContain('Nothing to bring back');
    made.git('rm', '--quiet', '.aynig/command/greet');
    commit(made, 'gone');
    made.aynig(['install', '--yes']);
    expect(made.read('.aynig/command/greet')).toBe(greeting('one'));
  });

  test('brings the states back into their list with the files', () => {
    const { made } = both();
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    const list = made.read('.aynig/COMMANDS.md');
    made.git('rm', '--quiet', '.aynig/command/greet', '.aynig/COMMANDS.md');
    commit(made, 'away');
    made.aynig(['install', '--yes']);
    expect(made.read('.aynig/COMMANDS.md')).toBe(list);
  });

  test('is believed, and not a source whose history was rewritten', () => {
    const { made, source } = both();
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    made.git('rm', '--quiet', '.aynig/command/greet');
    commit(made, 'away');
    const lock = lockOf(made);
    made.write(
      '.aynig/packs.lock.json',
      made.read('.aynig/packs.lock.json').replace(lock.packs['pack']?.files['command/greet']?.blob ?? '', 'a'.repeat(40)),
    );
    made.git('commit', '--quiet', '--all', '--message', 'another hash');
    expect(source.head()).toBe(lock.packs['pack']?.commit);
    expect(aynig(made, 'install', '--yes').stderr).toContain('[pack-mismatch]');
  });

  test('that cannot be read stops every verb of packs', () => {
    const { made } = both();
    made.write('.aynig/packs.lock.json', '<<<<<<< mine\n');
    made.git('add', '.');
    commit(made, 'conflict');
    for (const args of [['install', '../pack', '--yes'], ['install'], ['packs'], ['update-pack'], ['remove', 'pack']])
      expect(aynig(made, ...args).stderr).toContain('[pack-lock]');
  });
});
