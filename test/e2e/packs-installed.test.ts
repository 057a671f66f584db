import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packsReport } from '../../src/observe/schemas.js';
import { aynig, both, commit, greeting, lockOf, packSource, staged } from '../support/pack.js';

describe('the list of packs', () => {
  test('says what changed, what is missing and that there is a newer one', () => {
    const { made, source } = both({ '.aynig/command/a': greeting('a'), '.aynig/command/b': greeting('b') });
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    expect(made.aynig(['packs']).stdout).toMatch(/^pack {2}[0-9a-f]{12} {2}as installed\n {2}from \.\.\/pack HEAD \.aynig\n$/);
    made.write('.aynig/command/a', 'mine', 0o755);
    made.git('rm', '--quiet', '.aynig/command/b');
    made.git('commit', '--quiet', '--all', '--message', 'my own');
    const newest = source.publish({ '.aynig/command/a': greeting('newer') });
    const report = packsReport.parse(JSON.parse(made.aynig(['packs', '--json']).stdout));
    expect(report.packs).toMatchObject([
      {
        name: 'pack',
        newer: newest,
        problem: null,
        files: [
          { path: 'command/a', state: 'changed' },
          { path: 'command/b', state: 'missing' },
        ],
      },
    ]);
    renameSync(source.path, `${source.path}-away`);
    expect(made.aynig(['packs']).stdout).toContain('whether there is a newer one is not known');
    expect(JSON.parse(made.aynig(['packs', '--json', '--offline']).stdout)).toMatchObject({ packs: [{ newer: null, problem: null }] });
  });
});

describe('removing a pack', () => {
  test('takes its files, its rows and its entry away, and leaves what a person changed', () => {
    const { made } = both({ '.aynig/command/a': greeting('a'), '.aynig/command/b': greeting('b') });
    const before = made.git('ls-files');
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    const answer = made.aynig(['remove', 'pack', '--yes']);
    expect(answer.stdout).toContain('- ');
    expect(made.git('ls-files').replace('.aynig/COMMANDS.md\n', '')).toBe(before);
    made.git('reset', '--quiet', '--hard');
    made.write('.aynig/command/a', greeting('mine'), 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'my own');
    expect(made.aynig(['remove', 'pack', '--yes']).stdout).toContain('yours stays: you changed it: it is yours now');
    expect(made.read('.aynig/command/a')).toBe(greeting('mine'));
    expect(made.exists('.aynig/command/b')).toBe(false);
    expect(made.exists('.aynig/packs.lock.json')).toBe(false);
  });

  test('that is not installed is a failure that names those that are', () => {
    const { made } = both();
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    expect(aynig(made, 'remove', 'pakc', '--yes').stderr).toMatch(/\[pack-missing\]\nhint: .*pack/);
  });
});

describe('packs that build on each other', () => {
  function chain() {
    const { made, source } = both({
      '.aynig/command/top': greeting('top'),
      '.aynig/pack.json': JSON.stringify({ name: 'top', packs: [{ source: '../base' }] }),
    });
    const base = packSource(made, 'base', {
      '.aynig/command/base': greeting('base'),
      '.aynig/pack.json': JSON.stringify({ name: 'base', packs: [{ source: '../pack' }] }),
    });
    return { made, source, base };
  }

  test('are installed together, also where they go in a circle', () => {
    const { made } = chain();
    made.aynig(['install', '../pack', '--yes']);
    expect(made.exists('.aynig/command/base') && made.exists('.aynig/command/top')).toBe(true);
    expect(Object.keys(lockOf(made).packs)).toEqual(['base', 'top']);
  });

  test('are not removed from under each other, unless forced', () => {
    const { made, base } = chain();
    base.publish({ '.aynig/pack.json': JSON.stringify({ name: 'base' }) });
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    expect(aynig(made, 'remove', 'base', '--yes').stderr).toContain('[pack-needed]');
    const answer = made.aynig(['remove', 'top', '--yes']);
    expect(answer.stdout).toContain('base stays installed, and nothing builds on it any more');
  });

  function ofOnePath() {
    const { made, source } = both();
    const other = packSource(made, 'other', { '.aynig/command/greet': greeting('other'), '.aynig/command/more': greeting('more') });
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    const answer = made.aynig(['install', '../other', '--force', '--yes']);
    expect(answer.stdout).toContain('~ 100755 .aynig/command/greet  replaces the file of the pack pack');
    expect(made.read('.aynig/command/greet')).toBe(greeting('other'));
    commit(made);
    return { made, source, other };
  }

  test('with a file of one path say so, and the first has its own again when the second is removed', () => {
    const { made } = ofOnePath();
    const answer = made.aynig(['remove', 'other', '--yes']);
    expect(answer.stdout).toContain('~ 100755 .aynig/command/greet  is that of the pack pack again');
    expect(made.read('.aynig/command/greet')).toBe(greeting('one'));
    expect(made.exists('.aynig/command/more')).toBe(false);
    commit(made);
    expect(made.aynig(['packs']).stdout).toMatch(/^pack .* as installed$/m);
    expect(made.aynig(['update-pack']).stdout).toContain('Nothing to change.');
  });

  test('with a file of one path do not hide that it was a person’s own', () => {
    const { made } = both();
    packSource(made, 'other', { '.aynig/command/greet': greeting('other') });
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    made.write('.aynig/command/greet', greeting('mine'), 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'my own');
    expect(made.aynig(['install', '../other', '--force', '--dry-run']).stdout).toContain('.aynig/command/greet  yours is replaced');
  });

  test('with a file of one path lose nothing that a person wrote into it', () => {
    const { made } = ofOnePath();
    made.write('.aynig/command/greet', greeting('mine'), 0o755);
    made.git('commit', '--quiet', '--all', '--message', 'my own');
    const answer = made.aynig(['remove', 'other', '--yes']);
    expect(answer.stdout).toContain('note: .aynig/command/greet stays as you have it: the pack pack has it too');
    expect(made.read('.aynig/command/greet')).toBe(greeting('mine'));
  });

  test('of one name are kept apart', () => {
    const { made } = both();
    packSource(made, 'other', { '.aynig/command/x': greeting('x'), '.aynig/pack.json': '{"name":"pack"}' });
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    expect(aynig(made, 'install', '../other', '--yes').stderr).toContain('[pack-name]');
    made.aynig(['install', '../other', '--name', 'other', '--yes']);
    expect(Object.keys(lockOf(made).packs)).toEqual(['other', 'pack']);
  });
});

test('packs says nothing but what is asked for, however many are installed', () => {
  const { made, source } = both({ '.aynig/command/greet': greeting('one') });
  for (let number = 1; number <= 12; number++) source.publish({ [`p${number}/command/c${number}`]: greeting(`${number}`) });
  for (let number = 1; number <= 12; number++) {
    made.aynig(['install', '../pack', 'main', `p${number}`, '--yes']);
    commit(made);
  }
  const answer = made.aynig(['packs']);
  expect(answer.stderr).toBe('');
  expect(answer.stdout.match(/as installed/g)).toHaveLength(12);
});

test('a pack may be called as every object of the language is, and one that is not there is not found by such a name', () => {
  const { made } = both({ '.aynig/command/greet': greeting('one'), '.aynig/pack.json': JSON.stringify({ name: 'constructor' }) });
  for (const name of ['constructor', 'toString', '__proto__']) {
    expect(aynig(made, 'remove', name).stderr).toContain('[pack-missing]');
    expect(aynig(made, 'update-pack', name).stderr).toContain('[pack-missing]');
  }
  made.aynig(['install', '../pack', '--yes']);
  expect(Object.entries(lockOf(made).packs)).toMatchObject([['constructor', { source: '../pack' }]]);
  commit(made);
  expect(made.aynig(['update-pack', 'constructor']).stdout).toContain('Nothing to change.');
  made.aynig(['remove', 'constructor', '--yes']);
  expect(staged(made)).toContain('D\t.aynig/command/greet');
});

test('what an install left that was killed while it read is removed by a later verb', async () => {
  const { made } = both();
  const temporary = join(made.root, 'temporary');
  mkdirSync(temporary);
  // ssh that says nothing and goes on.
  const ssh = made.script('ssh', 'touch "$HOME/asked"; until [ -e "$HOME/go" ]; do sleep 0.05; done');
  const env = { TMPDIR: temporary, GIT_SSH_COMMAND: ssh };
  const child = made.start(['install', 'host:path', '--yes'], { env });
  await made.until('git asks', () => made.noted('asked'));
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  made.release();
  await ended;
  await made.untilStill();
  const [folder = '', ...more] = readdirSync(temporary);
  expect([folder, more]).toEqual([expect.stringMatching(/^aynig-pack-/), []]);
  made.aynig(['packs'], { env });
  expect(readdirSync(temporary)).toEqual([folder]);
  const yesterday = new Date(Date.now() - 24 * 60 * 60_000);
  utimesSync(join(temporary, folder), yesterday, yesterday);
  made.aynig(['packs'], { env });
  expect(readdirSync(temporary)).toEqual([]);
});

test('completion knows the installed packs', () => {
  const { made } = both();
  made.aynig(['install', '../pack', '--yes']);
  commit(made);
  expect(made.aynig(['--get-yargs-completions', 'aynig', 'remove', '']).stdout).toContain('pack');
});
