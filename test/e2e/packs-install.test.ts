import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aynig, both, commit, greeting, lockOf, type PackSource, packSource, staged, whole } from '../support/pack.js';
import { type Answer, cliPath, identify } from '../support/scratch.js';
import { skipBecause, Workspace, workspace } from '../support/workspace.js';

/** The command line as a user whom modes of files bind, after `change`; undefined where that cannot be done. */
function asNobody(made: Workspace, args: readonly string[], change: () => void): Answer | undefined {
  if (process.getuid?.() !== 0) {
    change();
    return made.aynig(args, { expected: 'any' });
  }
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  made.program('chown', ['-R', '65534:65534', made.root]);
  if (made.program('setpriv', [...nobody, 'cat', cliPath, join(made.path, '.git/HEAD')], { expected: 'any' }).exitCode !== 0)
    return undefined;
  change();
  return made.program('setpriv', [...nobody, process.execPath, cliPath, ...args], { expected: 'any' });
}

describe('installing a pack', () => {
  test('writes and stages its files with their modes, the lock file and the list of states, and shows all of it first', () => {
    const { made, source } = both({
      '.aynig/command/greet': greeting('one'),
      '.aynig/command/.lib/shared.sh': 'shared=1\n',
      '.aynig/roles/night/command/greet': greeting('night'),
      '.aynig/README.md': 'read me',
      '.aynig/pack.json': JSON.stringify({
        name: 'hello',
        version: '1.0.0',
        description: 'Says hello.',
        states: { greet: { description: 'says hello', next: ['done'] }, asking: { description: 'somebody answers' } },
        programs: [{ name: 'no-such-program', for: 'nothing', optional: true }],
      }),
    });
    const answer = made.aynig(['install', '../pack', '--yes']);
    expect(staged(made)).toEqual([
      'A\t.aynig/COMMANDS.md',
      'A\t.aynig/command/.lib/shared.sh',
      'A\t.aynig/command/greet',
      'A\t.aynig/packs.lock.json',
      'A\t.aynig/roles/night/command/greet',
    ]);
    expect(made.git('ls-files', '--stage', '.aynig/command/greet', '.aynig/command/.lib/shared.sh')).toMatch(/^100644 .*\n100755 /);
    expect(made.read('.aynig/command/greet')).toBe(source.read('.aynig/command/greet'));
    for (const said of [
      'hello 1.0.0: Says hello.',
      '+ 100755 .aynig/command/greet',
      '+ 100644 .aynig/command/.lib/shared.sh',
      'README.md',
      'needs no-such-program: nothing, which is not here (it can do without)',
      'States with a command then: build, greet',
      "git commit -m 'Install hello 1.0.0'",
    ])
      expect(answer.stdout).toContain(said);
    const { hello } = lockOf(made).packs;
    expect(hello).toMatchObject({ source: '../pack', ref: null, commit: source.head() });
    expect(hello?.files['command/greet']?.blob).toBe(source.git('rev-parse', 'HEAD:.aynig/command/greet'));
    const states = [...made.read('.aynig/COMMANDS.md').matchAll(/^\| `(\w+)`/gm)].map(([, state]) => state);
    expect(states).toEqual(['asking', 'build', 'greet']);
  });

  test('says of commands that will not run as they are, also by the settings of whoever installs it', async () => {
    const made = workspace();
    const source = packSource(made, 'pack', {
      '.aynig/command/greet': greeting('one'),
      '.aynig/command/windows': '#!/bin/sh\r\nexit 0\r\n',
    });
    source.write('.aynig/command/forgotten', greeting('x'), 0o644);
    source.git('add', '.');
    source.git('commit', '--quiet', '--message', 'more');
    const shown = made.aynig(['install', '../pack', '--dry-run']).stdout;
    expect(shown).toContain('note: .aynig/command/windows has CRLF line ends');
    expect(shown).toContain('note: .aynig/command/forgotten is not executable');
    expect(shown).not.toContain('core.autocrlf');
    source.publish({ '.aynig/command/windows': undefined, '.aynig/command/forgotten': undefined });
    made.git('config', 'core.autocrlf', 'true');
    const [note = ''] = made.aynig(['install', '../pack', '--yes']).stdout.match(/note: git writes .*/) ?? [];
    expect(note).toContain('.aynig/command/greet with CRLF here');
    made.program('sh', ['-c', /: (echo .*)$/.exec(note)?.[1] ?? 'exit 1']);
    made.git('add', '.aynig/.gitattributes');
    commit(made);
    source.publish({ '.aynig/command/greet': greeting('two') });
    expect(made.aynig(['update-pack', '--yes']).stdout).not.toContain('note: git writes');
    commit(made);
    // What is said is what happens: with the attribute the command runs.
    made.request('greet');
    made.aynig(['run', '--current-branch', 'only']);
    expect(made.state()).toBe('done');
  });

  test('is trusted once its person commits it, and hooks run it', async () => {
    const made = workspace();
    packSource(made);
    made.init();
    made.git('add', '.aynig');
    commit(made, 'the starter');
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: greet');
    await made.until('the command of the pack has run', () => made.state() === 'done');
    expect(made.ran()).toHaveLength(1);
  });

  test('is not trusted where it came by a pull', async () => {
    const made = workspace();
    packSource(made);
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    made.program('git', ['clone', '--quiet', made.path, join(made.root, 'clone')]);
    const clone = new Workspace(made.root, join(made.root, 'clone'), made.env);
    identify((...args) => clone.git(...args));
    clone.init();
    clone.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: greet');
    await clone.untilStill();
    expect(clone.statusOf().reading).toBe('untrusted');
    expect(made.ran()).toEqual([]);
  });

  test.each([
    ['a branch', 'side', (source: PackSource) => source.git('branch', 'side', 'HEAD~1')],
    ['a tag', 'v1', (source: PackSource) => source.git('tag', 'v1', 'HEAD~1')],
    ['an annotated tag', 'v2', (source: PackSource) => source.git('tag', '-a', '-m', 'two', 'v2', 'HEAD~1')],
    ['a commit', 'full', () => ''],
    ['an abbreviated commit', 'short', () => ''],
  ])('takes %s', (_, ref, mark) => {
    const { made, source } = both();
    const wanted = source.head();
    source.publish({ '.aynig/command/greet': greeting('two') });
    mark(source);
    const named = ref === 'full' ? wanted : ref === 'short' ? wanted.slice(0, 10) : ref;
    made.aynig(['install', '../pack', named, '--yes']);
    expect(made.read('.aynig/command/greet')).toBe(greeting('one'));
    expect(lockOf(made).packs['pack']).toMatchObject({ ref: named, commit: wanted });
  });

  test('from a bare repository, a folder of it, from a sub-directory, by a name', () => {
    const { made, source } = both({ 'tools/greeter/command/greet': greeting('one') });
    const bare = source.bare();
    made.write('docs/x.md', 'x');
    made.aynig(['install', bare, 'main', 'tools/greeter', '--name', 'mine', '--yes'], { cwd: join(made.path, 'docs') });
    expect(staged(made)).toContain('A\t.aynig/command/greet');
    expect(lockOf(made).packs['mine']).toMatchObject({ source: bare, ref: 'main', subfolder: 'tools/greeter' });
  });

  test('again is the same as once', () => {
    const { made } = both();
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    const before = whole(made);
    expect(made.aynig(['install', '../pack', '--yes']).stdout).toContain('Nothing to change.');
    expect(whole(made)).toEqual(before);
  });

  test('works in a linked working tree, in a repository of SHA-256, and where git does not see modes', () => {
    const made = workspace();
    packSource(made);
    const linked = made.linked('side');
    linked.aynig(['install', join(made.root, 'pack'), '--yes']);
    expect(staged(linked)).toContain('A\t.aynig/command/greet');
    expect(staged(made)).toEqual([]);

    made.program('git', ['init', '--quiet', '--object-format=sha256', join(made.root, 'other')]);
    const other = made.program('git', ['-C', join(made.root, 'other'), 'config', 'core.fileMode', 'false']);
    expect(other.exitCode).toBe(0);
    made.aynig(['-C', join(made.root, 'other'), 'install', join(made.root, 'pack'), '--yes']);
    expect(made.git('-C', join(made.root, 'other'), 'ls-files', '--stage', '.aynig/command/greet')).toMatch(/^100755 [0-9a-f]{64} /);
  });
});

describe('nothing is written', () => {
  test('when .aynig has changes that are not committed', () => {
    const { made } = both();
    made.write('.aynig/notes', 'mine');
    const before = whole(made);
    expect(aynig(made, 'install', '../pack', '--yes').stderr).toContain('[pack-uncommitted]');
    expect(whole(made)).toEqual(before);
  });

  test('when nobody says yes', () => {
    const { made } = both();
    const before = whole(made);
    const answer = aynig(made, 'install', '../pack');
    expect(answer.exitCode).toBe(1);
    expect(answer.stdout).toContain('+ 100755 .aynig/command/greet');
    expect(answer.stderr).toContain('[pack-not-confirmed]');
    expect(whole(made)).toEqual(before);
  });

  test('by a dry run, which shows every line', () => {
    const { made } = both();
    const before = whole(made);
    const objects = made.git('count-objects');
    expect(made.aynig(['install', '../pack', '--dry-run', '--diff']).stdout).toContain('+# one');
    expect(whole(made)).toEqual(before);
    expect(made.git('count-objects')).toBe(objects);
  });

  test('when it fails in the middle, where a disk or a filter gives up', () => {
    const { made } = both({ '.aynig/command/greet': greeting('one'), '.aynig/command/last': greeting('last'), '.aynig/x/y': 'y' });
    made.write('.git/info/attributes', '.aynig/command/last filter=broken\n');
    made.git('config', 'filter.broken.smudge', 'exit 1');
    made.git('config', 'filter.broken.required', 'true');
    const before = whole(made);
    expect(aynig(made, 'install', '../pack', '--yes').stderr).toContain('[pack-undone]');
    expect(whole(made)).toEqual(before);
  });

  test('that the next install does not put back, when this one is killed in the middle', async () => {
    const { made } = both({ '.aynig/command/greet': greeting('one'), '.aynig/command/last': greeting('last') });
    made.write('.git/info/attributes', '.aynig/command/last filter=slow\n');
    made.git('config', 'filter.slow.smudge', 'touch "$HOME/writing"; until [ -e "$HOME/go" ]; do sleep 0.05; done; exit 1');
    made.git('config', 'filter.slow.required', 'true');
    const before = whole(made);
    const child = made.start(['install', '../pack', '--yes']);
    await made.until('git writes files', () => made.noted('writing'));
    expect(existsSync(join(made.path, '.aynig/command/greet'))).toBe(true);
    child.kill('SIGKILL');
    made.release();
    await made.untilStill();
    expect(made.exists('.git/index.lock')).toBe(false);
    made.git('config', '--unset', 'filter.slow.required');
    made.git('config', 'filter.slow.smudge', 'cat');
    const answer = aynig(made, 'install', '../pack', '--dry-run');
    expect(answer.stderr).toContain('An install that was killed here was put back.');
    expect(whole(made)).toEqual(before);
  });

  test('where a folder of commands cannot be written to, which is said of that folder', (context) => {
    const { made, source } = both({ '.aynig/command/greet': greeting('one') });
    made.aynig(['install', '../pack', '--yes']);
    commit(made);
    source.publish({ '.aynig/command/greet': greeting('two'), '.aynig/lib/x': 'x' });
    const answer = asNobody(made, ['update-pack', '--yes'], () => chmodSync(join(made.path, '.aynig/command'), 0o555));
    if (answer === undefined) return skipBecause('a second user needs root and setpriv', context);
    expect(answer.stderr).toContain(`${made.path}/.aynig/command cannot be written to. Everything is as it was. [read-only]`);
    expect(answer.stderr).toContain(`ls -ld ${made.path}/.aynig/command`);
    expect(made.read('.aynig/command/greet')).toBe(greeting('one'));
    expect(
      made.gitAnswer(['status', '--porcelain'], {
        env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
      }).stdout,
    ).toBe('');
    expect(made.exists('.git/aynig/packs-being-written.json')).toBe(false);
  });

  test('while another git holds the index', () => {
    const { made } = both();
    made.write('.git/index.lock', '');
    const before = whole(made);
    const answer = made.aynig(['install', '../pack', '--yes'], { expected: 1 });
    expect(answer.stderr).toContain('Everything is as it was. [lock-timeout]');
    expect(whole(made)).toEqual(before);
    rmSync(join(made.path, '.git/index.lock'));
    made.aynig(['install', '../pack', '--yes']);
  });

  test('where the list of states is no text, a link, or too long', () => {
    for (const make of [
      'head -c 300000 /dev/zero | tr "\\0" x >.aynig/COMMANDS.md',
      'printf "\\377\\376" >.aynig/COMMANDS.md',
      'ln -s ../x .aynig/COMMANDS.md',
    ]) {
      const { made } = both();
      made.program('sh', ['-c', `${make}; git add . && git commit -qm list`]);
      const before = whole(made);
      expect(aynig(made, 'install', '../pack', '--yes').stderr).toContain('[pack-in-the-way]');
      expect(whole(made)).toEqual(before);
    }
  });

  test('from inside a run', () => {
    const { made } = both();
    const answer = made.aynig(['install', '../pack', '--yes'], { env: { AYNIG_RUN_ID: 'x' }, expected: 'any' });
    expect(answer.stderr).toContain('[inside-a-run]');
    expect(staged(made)).toEqual([]);
  });

  test('where a file of the pack and one that is here differ by capitals, or one needs the other as a folder', () => {
    for (const path of ['.aynig/lib/Shared.sh', '.aynig/lib', '.aynig/lib/shared.sh/x']) {
      const { made } = both({ '.aynig/lib/shared.sh': 'x\n' });
      made.write(path, 'mine');
      made.git('add', '.');
      commit(made, 'mine');
      const before = whole(made);
      expect(aynig(made, 'install', '../pack', '--yes', '--force').stderr).toContain('[pack-in-the-way]');
      expect(whole(made)).toEqual(before);
    }
  });
});

describe('on a terminal', () => {
  /** Answers each question when it is there, as a person does. */
  const answering = (made: Workspace, answers: string[]): Promise<{ said: string; exitCode: number | null }> => {
    const child = spawn('script', ['-qec', `${process.execPath} ${cliPath} install ../pack`, '/dev/null'], {
      cwd: made.path,
      env: made.env,
    });
    return new Promise((resolve, reject) => {
      let said = '';
      child.on('error', reject);
      child.on('close', (exitCode) => resolve({ said, exitCode }));
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
        if (said.split('shows every line]').length - 1 > asked) {
          asked++;
          child.stdin.write(answers.shift() ?? '');
        }
      });
      let asked = 0;
    });
  };

  test('every line is shown where that is asked for, and only yes is a yes', async (context) => {
    const { made } = both();
    if (made.program('sh', ['-c', 'command -v script'], { expected: 'any' }).exitCode !== 0)
      return skipBecause('script is not here', context);
    const { said: refused, exitCode } = await answering(made, ['n\n']);
    expect(exitCode).toBe(1);
    expect(refused).toContain('Install it as shown? [y/N, d shows every line]');
    expect(refused).toContain('comparing pack: 1 of 1 files');
    expect(staged(made)).toEqual([]);
    const shown = await answering(made, ['d\n', 'd\n', 'd\n', 'd\n', 'y\n']);
    expect(shown.said).toContain('+# one');
    expect(staged(made)).toContain('A\t.aynig/command/greet');
  });

  test('Ctrl-C at the question ends it as by any signal, and the end of the input is a no', async (context) => {
    const { made } = both();
    if (made.program('sh', ['-c', 'command -v script'], { expected: 'any' }).exitCode !== 0)
      return skipBecause('script is not here', context);
    const before = whole(made);
    const interrupted = await answering(made, ['\x03']);
    expect(interrupted.exitCode).toBe(130);
    expect(interrupted.said).not.toContain('[pack-not-confirmed]');
    const ended = await answering(made, ['\x04']);
    expect(ended.exitCode).toBe(1);
    expect(ended.said).toContain('[pack-not-confirmed]');
    expect(whole(made)).toEqual(before);
  });
});

test('what was begun is finished when a terminal is closed or a machine shut down meanwhile', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const { made } = both({ '.aynig/command/greet': greeting('one'), '.aynig/command/last': greeting('last') });
    made.write('.git/info/attributes', '.aynig/command/last filter=slow\n');
    made.git('config', 'filter.slow.smudge', 'touch "$HOME/writing"; until [ -e "$HOME/go" ]; do sleep 0.05; done; cat');
    const child = made.start(['install', '../pack', '--yes']);
    const ended = once(child, 'close');
    await made.until('git writes files', () => made.noted('writing'));
    child.kill(signal);
    made.release();
    expect(await ended).toEqual([null, signal]);
    expect(existsSync(join(made.path, '.git/aynig/packs-being-written.json'))).toBe(false);
    expect(staged(made)).toContain('A\t.aynig/command/last');
  }
});

test('a pack that brings no file says so, and packs says what is not committed yet', () => {
  const { made } = both();
  const empty = made.aynig(['install', '../pack', 'main', '.aynig/command', '--dry-run']);
  expect(empty.stdout).toContain('note: it brings no file');
  const full = made.aynig(['install', '../pack', '--yes']);
  expect(full.stdout).not.toContain('note: it brings no file');
  expect(made.aynig(['packs']).stderr).toContain('changes that are not committed');
  commit(made);
  expect(made.aynig(['packs']).stderr).toBe('');
});

test('what a hint says to type works as it stands: in a sub-directory, and with a space in the address', () => {
  const { made } = both();
  const typed = (hint: string): string => /: (git .*)$/m.exec(hint)?.[1] ?? 'exit 1';
  const elsewhere = packSource(made, "it's a pack");
  const answer = aynig(made, 'install', "../it's a pack", 'no-such');
  expect(made.program('sh', ['-c', typed(answer.stderr)]).stdout).toContain(elsewhere.head());
  made.write('deep/er/file', 'x');
  const earlier = packSource(made, "it's earlier", { '.dwp/command/greet': greeting('one') });
  const offered = made.aynig(['-C', 'deep/er', 'install', "../../../it's earlier", 'main'], { expected: 1 }).stderr;
  const words = /: aynig (install .*)$/m.exec(offered)?.[1] ?? '';
  const shell = `cd deep/er && "$NODE" "$CLI" ${words} --dry-run`;
  const translated = made.program('sh', ['-c', shell], { env: { NODE: process.execPath, CLI: cliPath } });
  expect(translated.stdout).toContain('+ 100755 .aynig/command/greet');
  expect(translated.stdout).toContain(`commit ${earlier.head().slice(0, 12)}`);
  made.write('.aynig/command/build', 'mine', 0o755);
  const dirty = made.aynig(['-C', 'deep/er', 'install', '../../../pack'], { expected: 1 });
  const [commitIt] = typed(dirty.stderr).split('; or ');
  made.program('sh', ['-c', `cd deep/er && ${commitIt} --quiet`]);
  expect(made.git('status', '--porcelain', '--', '.aynig')).toBe('');
});

test('a folder for temporary files that is not there, or not a folder, is a failure that names it', () => {
  const { made } = both();
  made.write('file', 'x');
  for (const folder of ['/no/such/folder', join(made.path, 'file')]) {
    const answer = made.aynig(['install', '../pack', '--yes'], { env: { TMPDIR: folder }, expected: 1 });
    expect(answer.stderr).toContain(`No folder can be made in ${folder}`);
    expect(staged(made)).toEqual([]);
  }
});
