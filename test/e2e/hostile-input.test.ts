import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Answer } from '../support/scratch.js';
import { type Workspace, workspace } from '../support/workspace.js';

/** What became of an input: the tool said no, or read it as what it is and nothing else. */
type Fate = 'refused' | 'harmless';

const tried: { kind: string; fate: Fate }[] = [];

afterAll(() => {
  const kinds = [...new Set(tried.map(({ kind }) => kind))].map((kind) => `${kind} ${tried.filter((one) => one.kind === kind).length}`);
  const count = (fate: Fate): number => tried.filter((one) => one.fate === fate).length;
  process.stdout.write(
    `hostile inputs: ${tried.length} tried, by kind ${kinds.join(', ')}, ${count('refused')} refused, ${count('harmless')} harmless\n`,
  );
});

const esc = '\x1b';
const link = `${esc}]8;;http://evil.example/${esc}\\click${esc}]8;;${esc}\\`;
const bidi = '\u202Edliub\u202C';
/** Would make the canary where a shell reads it; has no space, so that it fits into a ref. */
const payload = '$(touch${IFS}$HOME/canary)';

/** A command that notes how it was started, ends its run in `review`, and changes nothing else. */
const notes = `set -eu
{ printf '%s\\0' "$0" "$#" "$AYNIG_BRANCH" "$AYNIG_STATE" "$AYNIG_LOG_LEVEL" "$AYNIG_ROLE"; } >>"$HOME/started"
env -0 >"$HOME/env-$AYNIG_STATE"
git commit --quiet --allow-empty -m next -m 'aynig-state: review'`;

/** A repository with hooks whose command \`build\` is allowed, and with traps in every place that a name could lead to. */
function arena(): Workspace {
  const made = workspace();
  const trap = '#!/bin/sh\ntouch "$HOME/canary"\n';
  for (const path of ['trap', 'build', '.aynig/trap', '.aynig/build', '.aynig/commands/build', '.aynig/x/command/build', 'x/command/build'])
    made.write(path, trap, 0o755);
  made.script('outside/command/build', trap);
  made.script('outside/build', trap);
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message', 'traps');
  made.command('build', notes);
  made.init();
  return made;
}

/** Every start that the command noted. */
function starts(made: Workspace): { file: string; branch: string; state: string; logLevel: string; role: string }[] {
  const parts = made.note('started').split('\0');
  return Array.from({ length: Math.floor(parts.length / 6) }, (_, index) => {
    const [file = '', count, branch = '', state = '', logLevel = '', role = ''] = parts.slice(6 * index, 6 * index + 6);
    expect(count, 'no command is given an argument').toBe('0');
    return { file, branch, state, logLevel, role };
  });
}

/** Nothing ran but \`.aynig/command/build\` in a worktree of a run, whatever the input named. */
function expectNothingElseRan(made: Workspace, what: string): void {
  expect(made.noted('canary'), `${what} ran something`).toBe(false);
  for (const { file } of starts(made))
    expect(file, what).toMatch(/\/(?:\.worktrees|\.git\/aynig\/worktrees)\/[^/]+\/\.aynig\/command\/build$/);
}

/** No byte that a terminal would act on or hide: only line ends and tabs are left of the control characters. */
function expectClean(text: string, what: string): void {
  expect(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.exec(text)?.[0]?.codePointAt(0)?.toString(16), `${what} in:\n${text}`).toBeUndefined();
}

/** A clear error, or success; never a fault of ours. All that was said is clean. */
function expectCivil(answer: Answer, what: string): Fate {
  expectClean(answer.stdout, what);
  expectClean(answer.stderr, what);
  expect(answer.stderr, what).not.toMatch(/internal error|this is a bug|\n {4}at /);
  expect([0, 1, 2], what).toContain(answer.exitCode);
  if (answer.exitCode === 2) expect(answer.stderr, what).toContain('[usage]');
  return answer.exitCode === 0 ? 'harmless' : 'refused';
}

const ask = (made: Workspace, args: readonly string[], env: Record<string, string> = {}): Answer =>
  made.aynig(args, { expected: 'any', env });

/** Those that read all of the history take turns: each reads it by the same steps. */
const readers = [['graph'], ['verify', '--all'], ['metrics'], ['trace', '--all', '-o', '../trace.html']] as const;
let turn = 0;

/** All that a person can ask for about a repository and some of its branches. */
function expectCivilAnswers(made: Workspace, what: string, branches: readonly string[] = []): void {
  const reader = readers[turn++ % readers.length] ?? readers[0];
  const verbs = [['status'], ['status', '--all'], ['events', '--all'], reader, ['logs'], ['allow', '--list'], ['allow']];
  const perBranch = branches.flatMap((branch) => ['status', 'events'].map((verb) => [verb, '--', branch]));
  for (const args of [...verbs, ...perBranch]) expectCivil(ask(made, args), `${what}: aynig ${args.join(' ')}`);
  expectClean(made.hookLog(), `${what}: hook.log`);
}

const readings = (made: Workspace): Record<string, string> =>
  Object.fromEntries(
    (JSON.parse(ask(made, ['status', '--all', '--json']).stdout).branches as { branch: string; reading: string }[]).map(
      ({ branch, reading }) => [branch, reading],
    ),
  );

/** A commit object written by hand: no git and no hook has looked at it. */
function commitByHand(
  made: Workspace,
  message: string | Buffer,
  { header = '', author = 'Mal <m@example.com>', tree = 'main^{tree}' } = {},
): string {
  const bytes = Buffer.concat([
    Buffer.from(`tree ${made.head(tree)}\nparent ${made.head('main')}\n`),
    Buffer.from(`author ${author} 1700000000 +0000\ncommitter Mal <m@example.com> 1700000000 +0000\n${header}\n`, 'latin1'),
    Buffer.from(message),
  ]);
  const args = ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'];
  return made.gitAnswer(args, { input: bytes, expected: 0 }).stdout.trim();
}

test('the payload makes the canary where a shell reads it', () => {
  const made = workspace();
  made.program('sh', ['-c', `: ${payload}`]);
  expect(made.noted('canary')).toBe(true);
});

describe('a message', () => {
  const state = 'aynig-state: asked';
  const request = (...lines: string[]): string => `title\n\nbody\n\n${[state, ...lines].join('\n')}\n`;
  const messages: readonly (readonly [string, Fate, string | Buffer])[] = [
    ['with a terminal escape in its title', 'harmless', `${esc}[2J${esc}[31mred\n\n${state}\n`],
    ['with a link of a terminal in its title', 'harmless', `${link}\n\n${state}\n`],
    ['with a window title in its title', 'harmless', `${esc}]0;owned\x07 x\n\n${state}\n`],
    ['with bidi marks in its title', 'harmless', `${bidi}\n\n${state}\n`],
    ['with a C1 control in its title', 'harmless', `\u009b31m red\n\n${state}\n`],
    ['with a line separator in its title', 'harmless', `one\u2028two\u2029three\n\n${state}\n`],
    ['with backspaces and a lone CR in its title', 'harmless', `good\b\b\b\bevil\rover\n\n${state}\n`],
    ['with invisible letters in its title', 'harmless', `a\u200bb\u2060c\ufeff\u{e0041}\n\n${state}\n`],
    ['with shell text in its title', 'harmless', `${payload}; \`touch $HOME/canary\` | sh\n\n${state}\n`],
    ['with invalid UTF-8 in its title', 'harmless', Buffer.concat([Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from(`\n\n${state}\n`)])],
    ['with a NUL', 'refused', `title\n\nbo\0dy\n\n${state}\n`],
    [
      'with invalid UTF-8 in its state',
      'refused',
      Buffer.concat([Buffer.from('t\n\naynig-state: b'), Buffer.from([0xff]), Buffer.from('\n')]),
    ],
    ['with an escape in its state', 'refused', `t\n\naynig-state: build${esc}[31m\n`],
    ['with a bidi mark in its state', 'refused', `t\n\naynig-state: ${bidi}\n`],
    ['with shell text for a state', 'refused', `t\n\naynig-state: ${payload}\n`],
    ['with a path upwards for a state', 'refused', 't\n\naynig-state: ../trap\n'],
    ['with a path upwards in the middle of a state', 'refused', 't\n\naynig-state: x/../../trap\n'],
    ['with an absolute path for a state', 'refused', 't\n\naynig-state: /bin/sh\n'],
    ['with an option for a state', 'refused', 't\n\naynig-state: --upload-pack=touch\n'],
    ['with a dot for a state', 'refused', 't\n\naynig-state: .\n'],
    ['with a hidden segment for a state', 'refused', 't\n\naynig-state: x/.git/hooks\n'],
    ['with a state that ends in a slash', 'refused', 't\n\naynig-state: build/\n'],
    ['with two slashes in its state', 'refused', 't\n\naynig-state: a//build\n'],
    ['with a backslash in its state', 'refused', 't\n\naynig-state: a\\build\n'],
    ['with a letter that only looks small', 'refused', 't\n\naynig-state: \u212Auild\n'],
    ['with a letter of another alphabet in its state', 'refused', 't\n\naynig-state: b\u0443ild\n'],
    ['with a state of 129 characters', 'refused', `t\n\naynig-state: ${'a'.repeat(129)}\n`],
    ['with a comma and a second state', 'refused', 't\n\naynig-state: asked,build\n'],
    ['with two states', 'refused', request('aynig-state: build')],
    ['with two states, one in capitals', 'refused', request('AYNIG-STATE: build')],
    ['with a folded state', 'refused', 't\n\naynig-state: asked\n build\n'],
    ['with the reserved state', 'refused', 't\n\naynig-state: working\naynig-run-id: 11111111-1111-4111-8111-111111111111\n'],
    ['with shell text in a value', 'harmless', request(`x-note: ${payload}`)],
    ['with an equals sign in a key', 'refused', request('PATH=/tmp/evil: x')],
    ['with a function of a shell for a key', 'refused', request('BASH_FUNC_git%%: () { touch $HOME/canary; }')],
    ['with an option in a value of ours', 'harmless', request('aynig-remote: --upload-pack=touch $HOME/canary')],
    ['with a short option in a value of ours', 'harmless', request('aynig-remote: -x')],
    ['with a transport that runs programs', 'harmless', request('aynig-remote: ext::sh -c touch% $HOME/canary')],
    ['with an escape in a value of ours', 'refused', request(`aynig-remote: ${esc}[31morigin`)],
    ['with 2 KiB in a value of ours', 'refused', request(`aynig-note: ${'x'.repeat(2048)}`)],
    ['with a value of 130 KB', 'harmless', request(`x-long: ${'x'.repeat(130_000)}`)],
    ['with 200 trailers', 'harmless', request(...Array.from({ length: 200 }, (_, at) => `x-${at}: ${payload}`))],
    ['with 100,000 lines', 'harmless', `t\n\n${'line\n'.repeat(100_000)}\n${state}\n`],
    ['of more than 1 MB', 'refused', `t\n\n${'x'.repeat(1024 * 1024)}\n\n${state}\n`],
    ['with a title of 300 KB', 'harmless', `${'x'.repeat(300_000)}\n\n${state}\n`],
    ['with a diff below its trailers', 'refused', `${request()}\n---\ndiff --git a/x b/x\n\naynig-state: other\n`],
    ['with a stray request in its body', 'refused', `t\n\naynig-state: build\n\nmore\n\n${state}\n`],
  ];

  test('that is hostile is refused with line, rule and fix, or stored and shown as text, by the hooks and by every verb', async () => {
    const made = arena();
    const stored: string[] = [];
    for (const [index, [name, fate, message]] of messages.entries()) {
      made.git('switch', '--quiet', '--detach', 'main');
      const answer = made.gitAnswer(['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'], {
        input: Buffer.from(message),
      });
      expectClean(answer.stderr, name);
      // git itself takes no NUL, and says so before any hook.
      expect(answer.exitCode === 0 ? 'harmless' : 'refused', `${name}: ${answer.stderr}`).toBe(fate);
      if (fate === 'refused' && !answer.stderr.includes('NUL byte')) {
        expect(answer.stderr, name).toMatch(/\n {2}(?:line \d+|message): [^\n]+\n {4}fix: [^\n]+\n/);
      }
      if (answer.exitCode === 0) {
        stored.push(`m-${index}`);
        made.git('update-ref', `refs/heads/m-${index}`, 'HEAD');
      }
      tried.push({ kind: 'message', fate });
    }
    made.git('switch', '--quiet', 'main');
    expectCivil(ask(made, ['run', '--current-branch', 'include']), 'aynig run');
    await made.untilQuiet();
    expectCivilAnswers(made, 'messages', stored.slice(0, 6));
    expect(Object.values(readings(made)).every((reading) => ['idle', 'waiting', 'remote'].includes(reading))).toBe(true);
    expectNothingElseRan(made, 'a message');
    expect(starts(made)).toEqual([]);
  });

  test('that went past every hook is read as invalid, or as what it is, and starts nothing that it has no right to', async () => {
    const made = arena();
    const expected: Record<string, string[]> = {};
    for (const [index, [, fate, message]] of messages.entries()) {
      made.git('update-ref', `refs/heads/o-${index}`, commitByHand(made, message));
      expected[`o-${index}`] = fate === 'refused' ? ['invalid', 'waiting', 'leased', 'idle'] : ['waiting', 'idle', 'remote'];
    }
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'wake', '-m', 'aynig-state: asked'], { expected: 0 });
    await made.untilQuiet();
    expectCivil(ask(made, ['run']), 'aynig run');
    const found = readings(made);
    for (const [branch, may] of Object.entries(expected))
      expect(may, `${branch} ${messages[Number(branch.slice(2))]?.[0]}`).toContain(found[branch]);
    expectCivilAnswers(made, 'objects', Object.keys(expected).slice(9, 15));
    expectNothingElseRan(made, 'a stored message');
    expect(starts(made)).toEqual([]);
  });
});

describe('a branch', () => {
  const long = (length: number): string => 'b'.repeat(length);
  const names: readonly string[] = [
    payload,
    '`touch${IFS}$HOME/canary`',
    ';touch${IFS}$HOME/canary;',
    '|sh|touch${IFS}$HOME/canary',
    '&&touch${IFS}$HOME/canary&',
    "'quo'ted;touch${IFS}$HOME/canary;'",
    '"quo"ted;touch${IFS}$HOME/canary;"',
    '>canary',
    '<(touch${IFS}$HOME/canary)',
    '-x',
    '--upload-pack=touch${IFS}$HOME/canary',
    '--branch=main',
    'main;',
    '!!',
    '#comment',
    '%s%n%00',
    '%(refname)',
    '{a,b}',
    'a=b',
    '@x',
    'HEAD',
    'refs/heads/main',
    'refs/remotes/origin/main',
    '__proto__',
    'constructor/prototype',
    'C1\u009b31m',
    bidi,
    'line\u2028separator',
    'invisible\u200bletters\u{e0041}',
    `${long(200)}/${long(200)}/${long(200)}`,
    long(240),
    '\u00e9'.repeat(110),
    'e\u0301',
  ];

  test('with a name that a shell, git or a terminal could act on is run as any other, and shown as text', async () => {
    const made = arena();
    const commit = commitByHand(made, 'title\n\naynig-state: build\n');
    for (const name of names) {
      made.git('update-ref', `refs/heads/${name}`, commit);
      tried.push({ kind: 'branch', fate: 'harmless' });
    }
    // A hook starts none of them: none was requested by a commit made here.
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'wake', '-m', 'aynig-state: asked'], { expected: 0 });
    await made.untilQuiet();
    expect(starts(made)).toEqual([]);
    expectCivilAnswers(made, 'branches that wait');
    // A person's order runs all of them.
    expect(expectCivil(ask(made, ['run']), 'aynig run')).toBe('harmless');
    expectNothingElseRan(made, 'a branch');
    expect(
      starts(made)
        .map(({ branch }) => branch)
        .sort(),
    ).toEqual([...names].sort());
    for (const name of names) expect(made.state(`refs/heads/${name}`), name).toBe('review');
    expectCivilAnswers(made, 'branches that ran', [...names.slice(9, 11), 'C1\u009b31m', bidi]);
    expectNothingElseRan(made, 'a branch');
  });

  const none: readonly (readonly [string, string])[] = [
    ['a line end', 'a\nb'],
    ['an escape', `${esc}[31mred`],
    ['a link of a terminal', link],
    ['shell text', 'x; touch $HOME/canary'],
    ['a path upwards', '../../../outside'],
    ['an option', '--upload-pack=touch x'],
    ['a name longer than git takes', long(5000)],
  ];

  test('that cannot be is an error with a code for every verb that takes one', () => {
    const made = arena();
    for (const [index, [what, name]] of none.entries()) {
      const verbs = ['status', 'events', 'graph', 'trace', 'verify', 'logs', 'cancel', 'land', 'allow'];
      // Every verb meets an escape; the others take turns.
      for (const verb of what === 'an escape' ? verbs : [0, 1].map((turn) => verbs[(2 * index + turn) % verbs.length] ?? '')) {
        const answer = ask(made, [verb, '--', name]);
        expect(expectCivil(answer, `aynig ${verb} with ${what}`), what).toBe('refused');
        expect(answer.stderr, what).toMatch(/\[[a-z-]+\]\nhint: /);
      }
      expectCivil(ask(made, ['run', `--branch=${name}`]), `aynig run --branch with ${what}`);
      expectNothingElseRan(made, what);
      tried.push({ kind: 'branch', fate: 'refused' });
    }
  });

  test('whose name is no UTF-8 is shown as text and run under no other name', async () => {
    const made = arena();
    const commit = commitByHand(made, 'title\n\naynig-state: build\n');
    const packed = Buffer.concat([Buffer.from(`${commit} refs/heads/raw-`), Buffer.from([0xff, 0x9b, 0xc3]), Buffer.from('\n')]);
    writeFileSync(join(made.path, '.git/packed-refs'), packed);
    const before = made.git('rev-parse', 'main');
    expectCivil(ask(made, ['run']), 'aynig run');
    expectCivilAnswers(made, 'a branch that is no UTF-8');
    expect(made.git('rev-parse', 'main')).toBe(before);
    expectNothingElseRan(made, 'a branch that is no UTF-8');
    tried.push({ kind: 'branch', fate: 'refused' });
  });
});

describe('a value', () => {
  const marker = 'touch${IFS}$HOME/canary';
  const values: readonly (readonly [string, string])[] = [
    ['x-shell', `$(${marker})`],
    ['x-ticks', `\`${marker}\``],
    ['x-quotes', `'"; ${marker}; "'`],
    ['BASH-ENV', `/dev/stdin ${marker}`],
    ['LD-PRELOAD', `/tmp/evil.so ${marker}`],
    ['PATH', `/tmp/evil ${marker}`],
    ['NODE-OPTIONS', `--require=/tmp/evil ${marker}`],
    ['GIT-SSH-COMMAND', `sh -c '${marker}'`],
    ['GIT-DIR', `/tmp/evil ${marker}`],
    ['-', marker],
    ['--upload-pack', `=${marker}`],
    ['x-function', `() { :;}; ${marker}`],
    ['x-escape', `${esc}[31m ${marker}`],
    ['x-long', `${marker} ${'x'.repeat(200_000)}`],
    ['aynig-note', `$(${marker}) ; ${marker}`],
    ['aynig-attempt', `1; ${marker}`],
    ['aynig-run-id', `../../../${marker}`],
    ['aynig-runner-id', `--${marker}`],
    ['aynig-origin-state', `../../${marker}`],
    ['aynig-kept', `refs/heads/main ${marker}`],
    ['aynig-log-level', `debug; ${marker}`],
  ];

  test('reaches a command under a fixed name, whole or cut, and is read by no shell', async () => {
    const made = arena();
    const body = `$(${marker})\n\`${marker}\`\n${esc}[31m\n${bidi}`;
    const message = `title $(${marker})\n\n${body}\n\n${values.map(([key, value]) => `${key}: ${value}`).join('\n')}\naynig-state: build\n`;
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'], { input: message, expected: 0 });
    await made.untilState('review');
    await made.untilQuiet();
    const variables = made
      .note('env-build')
      .split('\0')
      .filter((one) => one.includes(marker));
    const named = new Set(variables.map((one) => one.slice(0, one.indexOf('='))));
    for (const name of named) expect(name).toMatch(/^AYNIG_(?:BODY|TRAILER_[A-Z0-9_-]+)$/);
    for (const [key, value] of values) {
      // A shell hands on only the names that it could have written itself.
      const name = `AYNIG_TRAILER_${key.toUpperCase().replaceAll('-', '_')}`;
      expect(
        variables.find((one) => one.startsWith(`${name}=`)),
        key,
      ).toBe(`${name}=${value}`.slice(0, 131_071));
      tried.push({ kind: 'value', fate: 'harmless' });
    }
    expect(starts(made)).toMatchObject([{ branch: 'main', state: 'build', logLevel: 'info', role: '' }]);
    expectNothingElseRan(made, 'a value');
    expectCivilAnswers(made, 'values');
  });
});

describe('an argument', () => {
  const calls: readonly (readonly [string, readonly string[], Record<string, string>?])[] = [
    ['a path', ['run', '--role', '../x']],
    ['a path by the environment', ['run'], { AYNIG_ROLE: '../x' }],
    ['a folder', ['run', '--role', 'x/command']],
    ['the folder itself', ['run', '--role', '.']],
    ['an absolute path', ['run', '--role', '/etc']],
    ['an option', ['run', '--role=--upload-pack=touch']],
    ['shell text', ['run', '--role', payload]],
    ['an escape', ['run', '--role', `${esc}[31mx`]],
    ['a bidi mark', ['run', '--role', bidi]],
    ['a role of 129 letters', ['run', '--role', 'r'.repeat(129)]],
    ['shell text for a state', ['set-state', payload]],
    ['an escape for a state', ['set-state', `${esc}[31mx`]],
    ['a path for a state', ['set-state', '../trap']],
    ['an option for a state', ['set-state', '--', '--upload-pack=touch']],
    ['a second line in a value', ['set-state', 'x', '--trailer', `x-note: a\n\naynig-state: build`]],
    ['an escape in a value of ours', ['set-state', 'x', '--trailer', `aynig-note: ${esc}[31m`]],
    ['a shell function for a key', ['set-state', 'x', '--trailer', 'BASH_FUNC_x%%: () { :; }']],
    ['an escape for a verb', [`${esc}[31mrun`]],
    ['an escape for an option', [`--${esc}[31mrun`]],
    ['a bidi mark for a choice', ['run', '--current-branch', bidi]],
    ['an escape for a count', ['events', '-n', `${esc}[31m`]],
    ['a prompt file outside', ['set-state', 'x', '--prompt-file', `${esc}[31m/nowhere`]],
  ];

  test('that is hostile is refused in clean text with a code and a hint, and nothing is written', () => {
    const made = arena();
    const head = made.request('build');
    for (const [name, args, env] of calls) {
      const answer = ask(made, args, env ?? {});
      expect(expectCivil(answer, name), name).toBe('refused');
      expect(answer.stderr, name).toMatch(/\[[a-z-]+\]\nhint: /);
      tried.push({ kind: 'argument', fate: 'refused' });
    }
    expect(made.head()).toBe(head);
    expect(starts(made)).toEqual([]);
    expectNothingElseRan(made, 'an argument');
  });

  test('of a level of logging that is none counts for nothing', async () => {
    const made = arena();
    const levels = ['../../x', payload, '--debug', 'debug error', 'constructor', 'DEBUG\u0130'];
    for (const [index, level] of levels.entries())
      made.git('update-ref', `refs/heads/l-${index}`, commitByHand(made, `t\n\naynig-state: build\naynig-log-level: ${level}\n`));
    expect(expectCivil(ask(made, ['run']), 'aynig run')).toBe('harmless');
    expect(starts(made).map(({ logLevel }) => logLevel)).toEqual(levels.map(() => 'info'));
    expectNothingElseRan(made, 'a level');
    for (const _ of levels) tried.push({ kind: 'argument', fate: 'harmless' });
  });
});

describe('a remote', () => {
  const remotes: readonly (readonly [string, string])[] = [
    ['origin', 'ext::sh -c "touch% $HOME/canary"'],
    ['--upload-pack=touch $HOME/canary', '--upload-pack=touch $HOME/canary'],
    ['-x', '-oProxyCommand=touch $HOME/canary'],
    [payload, 'ssh://-oProxyCommand=touch/x'],
    ['a;touch $HOME/canary', 'file:///;touch $HOME/canary'],
    ['with spaces and "quotes"', 'ext::touch $HOME/canary'],
    ['../../x', '../../x'],
    ['url', `https://evil.example/${esc}]8;;x${esc}\\${bidi}`],
  ];

  test('in config, upstream or a request is asked as git asks it, and starts nothing', async () => {
    const made = arena();
    for (const [index, [name, url]] of remotes.entries()) {
      const branch = `r-${index}`;
      made.git('config', `remote.${name}.url`, url);
      made.git('config', `remote.${name}.fetch`, '+refs/heads/*:refs/remotes/x/*');
      made.git('config', `branch.${branch}.remote`, name);
      made.git('config', `branch.${branch}.merge`, `refs/heads/${branch}`);
      made.git('update-ref', `refs/heads/${branch}`, commitByHand(made, 't\n\naynig-state: build\n'));
      made.git('update-ref', `refs/heads/t-${index}`, commitByHand(made, `t\n\naynig-state: build\naynig-remote: ${name}\n`));
      const answer = ask(made, ['allow', `--remote=${name}`]);
      expect(expectCivil(answer, `aynig allow --remote ${name}`)).toBe('refused');
      expect(answer.stderr).toContain('[not-allowed]');
      expectCivil(ask(made, ['allow', '--revoke', `--remote=${name}`]), `aynig allow --revoke --remote ${name}`);
      tried.push({ kind: 'remote', fate: 'refused' });
    }
    expectCivil(ask(made, ['run']), 'aynig run');
    expectCivilAnswers(made, 'remotes');
    // A request that names a remote is left to it.
    expect(new Set(starts(made).map(({ branch }) => branch.slice(0, 2)))).toEqual(new Set(['r-']));
    for (const [name] of remotes.slice(1, 4)) {
      made.git('config', 'aynig.remote', name);
      expectCivil(ask(made, ['run']), `aynig.remote = ${name}`);
    }
    expectNothingElseRan(made, 'a remote');
  });

  test('that is not there is an error', () => {
    const made = arena();
    for (const name of ['nowhere', `${esc}[31mred`, bidi, '--upload-pack=touch x', 'a\nb']) {
      const answer = ask(made, ['allow', '--yes', `--remote=${name}`]);
      expect(expectCivil(answer, name)).toBe('refused');
      expect(answer.stderr).toMatch(/\[usage\]\nhint: /);
      tried.push({ kind: 'remote', fate: 'refused' });
    }
  });
});

describe('a commit', () => {
  const people: readonly (readonly [string, string])[] = [
    ['a terminal escape', `${esc}[31mMal${esc}[0m <m@example.com>`],
    ['a link of a terminal', `${link} <m@example.com>`],
    ['a bidi mark', `${Buffer.from(bidi).toString('latin1')} <m@example.com>`],
    ['invalid UTF-8', '\xff\x9b31m <m@example.com>'],
    ['shell text', `${payload} <\`touch $HOME/canary\`>`],
    ['two addresses', 'Mal <a> <b> > 1 +0000 <c>'],
    ['no address', 'Mal'],
    ['100 KB', `${'M'.repeat(100_000)} <m@example.com>`],
  ];
  const headers: readonly (readonly [string, string])[] = [
    ['another encoding', 'encoding UTF-7\n'],
    ['an encoding that is none', `encoding ${payload}${esc}[31m\n`],
    ['an encoding that is an option', 'encoding --upload-pack=touch\n'],
    ['a signature that is none', 'gpgsig -----BEGIN SSH SIGNATURE-----\n x\n -----END SSH SIGNATURE-----\n'],
    ['a signature with escapes', `gpgsig -----BEGIN PGP SIGNATURE-----\n ${esc}]0;x\x07\n -----END PGP SIGNATURE-----\n`],
    ['a header that git does not know', `aynig-state build\nx-evil ${payload}\n`],
    ['a merge of a tag with a request', 'mergetag object 0000\n type commit\n \n aynig-state: build\n'],
  ];

  test('with a hostile author or header is announced by hooks as text, started by none, and shown as text by every verb', async () => {
    const made = arena();
    const all = [
      ...people.map(([name, author]) => ({ name: `author with ${name}`, options: { author } })),
      ...headers.map(([name, header]) => ({ name, options: { header } })),
    ];
    for (const [index, { name, options }] of all.entries()) {
      const commit = commitByHand(made, 'title\n\naynig-state: build\n', options);
      made.git('update-ref', `refs/heads/c-${index}`, commit);
      made.git('switch', '--quiet', '--create', `merged-${index}`, 'main');
      const answer = made.gitAnswer(['merge', '--quiet', '--ff-only', commit]);
      expectClean(answer.stderr, name);
      // What is in another encoding is no request at all.
      if (!name.includes('encoding')) expect(answer.stderr, name).toContain('nothing was started');
      tried.push({ kind: 'commit', fate: 'harmless' });
    }
    made.git('switch', '--quiet', 'main');
    await made.untilQuiet();
    expect(starts(made)).toEqual([]);
    expectCivilAnswers(made, 'commits', all.map((_, index) => `c-${index}`).slice(0, 6));
    expectNothingElseRan(made, 'a commit');
  });

  test.each([
    ['no author', 'tree T\ncommitter x <x> 1 +0000\n\nt\n\naynig-state: build\n'],
    ['a date beyond all time', 'tree T\nauthor x <x> 1 +0000\ncommitter x <x> 99999999999999999999 +0000\n\nt\n\naynig-state: working\n'],
    ['no message', 'tree T\nauthor x <x> 1 +0000\ncommitter x <x> 1 +0000\n'],
  ])('that is damaged (%s) keeps no other branch from running', (name, text) => {
    const made = arena();
    const object = text.replace('T', made.head('HEAD^{tree}'));
    const oid = made
      .gitAnswer(['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], { input: object, expected: 0 })
      .stdout.trim();
    made.write('.git/refs/heads/damaged', `${oid}\n`);
    made.git('update-ref', 'refs/heads/whole', commitByHand(made, 't\n\naynig-state: build\n'));
    expectCivil(ask(made, ['run', '--branch', 'whole']), name);
    expectCivil(ask(made, ['status', '--all']), name);
    expect(made.state('whole')).toBe('review');
    expectNothingElseRan(made, name);
    tried.push({ kind: 'commit', fate: 'harmless' });
  });
});

describe('a tree', () => {
  /** Writes a tree object from lines of \`git mktree\`; names may hold anything but NUL. */
  const tree = (made: Workspace, ...entries: readonly (readonly [string, string, string])[]): string =>
    made
      .gitAnswer(['mktree', '-z', '--missing'], {
        input: entries
          .map(([mode, oid, name]) => `${mode} ${mode === '040000' ? 'tree' : mode === '160000' ? 'commit' : 'blob'} ${oid}\t${name}\0`)
          .join(''),
        expected: 0,
      })
      .stdout.trim();

  const blob = (made: Workspace, text: string): string =>
    made.gitAnswer(['hash-object', '-w', '--stdin'], { input: text, expected: 0 }).stdout.trim();

  const layouts: readonly (readonly [string, (made: Workspace, evil: string, link: (target: string) => string) => string])[] = [
    ['.aynig is a link outside', (made, _, to) => tree(made, ['120000', to(`${made.root}/outside`), '.aynig'])],
    [
      '.aynig/command is a link outside',
      (made, _, to) => tree(made, ['040000', tree(made, ['120000', to(`${made.root}/outside/command`), 'command']), '.aynig']),
    ],
    ['the command is a link outside', (made, _, to) => inCommand(made, ['120000', to(`${made.root}/outside/build`), 'build'])],
    ['the command is a link within', (made, evil, to) => inCommand(made, ['120000', to('other'), 'build'], ['100755', evil, 'other'])],
    ['the command is a link upwards', (made, _, to) => inCommand(made, ['120000', to('../../../../../outside/build'), 'build'])],
    ['the command is a submodule', (made) => inCommand(made, ['160000', made.head(), 'build'])],
    ['the command is a folder', (made, evil) => inCommand(made, ['040000', tree(made, ['100755', evil, 'x']), 'build'])],
    ['the command is not executable', (made, evil) => inCommand(made, ['100644', evil, 'build'])],
    ['.aynig/command is a file', (made, evil) => tree(made, ['040000', tree(made, ['100755', evil, 'command']), '.aynig'])],
    ['.aynig/command is a submodule', (made) => tree(made, ['040000', tree(made, ['160000', made.head(), 'command']), '.aynig'])],
    ['.aynig is a submodule', (made) => tree(made, ['160000', made.head(), '.aynig'])],
    ['.aynig is written .Aynig', (made, evil) => tree(made, ['040000', folder(made, ['100755', evil, 'build']), '.Aynig'])],
    [
      '.aynig is written with an invisible letter',
      (made, evil) => tree(made, ['040000', folder(made, ['100755', evil, 'build']), '.ay\u200cnig']),
    ],
    [
      'command is written Command',
      (made, evil) => tree(made, ['040000', tree(made, ['040000', tree(made, ['100755', evil, 'build']), 'Command']), '.aynig']),
    ],
    ['the command is written BUILD', (made, evil) => inCommand(made, ['100755', evil, 'BUILD'])],
    ['the command ends in a line end', (made, evil) => inCommand(made, ['100755', evil, 'build\n'])],
    ['the command ends in a space', (made, evil) => inCommand(made, ['100755', evil, 'build '])],
  ];
  const folder = (made: Workspace, ...entries: readonly (readonly [string, string, string])[]): string =>
    tree(made, ['040000', tree(made, ...entries), 'command']);
  const inCommand = (made: Workspace, ...entries: readonly (readonly [string, string, string])[]): string =>
    tree(made, ['040000', folder(made, ...entries), '.aynig']);

  test('in which the command is something else has no command: nothing runs, also when a person types it', async () => {
    const made = arena();
    const evil = blob(made, '#!/bin/sh\ntouch "$HOME/canary"\n');
    for (const [index, [, layout]] of layouts.entries()) {
      const oid = layout(made, evil, (target) => blob(made, target));
      made.git('update-ref', `refs/heads/t-${index}`, commitByHand(made, 't\n\naynig-state: build\n', { tree: oid }));
    }
    expectCivil(ask(made, ['run']), 'aynig run');
    const found = readings(made);
    for (const [index, [name]] of layouts.entries()) {
      expect(['waiting', 'invalid'], name).toContain(found[`t-${index}`]);
      expectCivil(ask(made, ['allow', '--yes', `t-${index}`]), `aynig allow where ${name}`);
      tried.push({ kind: 'tree', fate: found[`t-${index}`] === 'invalid' ? 'refused' : 'harmless' });
    }
    expectCivil(ask(made, ['run']), 'aynig run');
    expect(starts(made)).toEqual([]);
    expectNothingElseRan(made, 'a tree');
    expectCivilAnswers(made, 'trees');
  });

  test('with hostile names and texts of commands is shown as text by aynig allow', () => {
    const made = arena();
    const evil = blob(made, `#!/bin/sh\n# ${esc}[2J${link}\u009b31m ${bidi}\r\ntouch "$HOME/canary"\n`);
    const names = [
      'new\nline',
      `${esc}[31mred`,
      bidi,
      'C1\u009b',
      'a\u2028b',
      ':(top)x',
      '--output=canary',
      '-x',
      '$(touch canary)',
      'tab\there',
      'a\u200bb',
    ];
    const oid = inCommand(made, ...names.toSorted().map((name) => ['100755', evil, name] as const));
    made.git(
      'update-ref',
      'refs/heads/named',
      commitByHand(made, `${link}${bidi}\n\naynig-state: build\n`, { tree: oid, author: `${esc}[31mMal <m>` }),
    );
    const answer = ask(made, ['allow', 'named']);
    expect(expectCivil(answer, 'aynig allow')).toBe('refused');
    expect(answer.stdout.split('\n').filter((line) => /^ {2}A \.aynig\/command\//.test(line))).toHaveLength(names.length);
    expect(expectCivil(ask(made, ['allow', '--yes', 'named']), 'aynig allow --yes')).toBe('harmless');
    expectCivil(ask(made, ['allow', '--list']), 'aynig allow --list');
    expect(existsSync(join(made.path, 'canary'))).toBe(false);
    expectNothingElseRan(made, 'a name of a command');
    for (const _ of names) tried.push({ kind: 'tree', fate: 'harmless' });
  });
});

describe('a place', () => {
  test.each([
    ['.aynig/logs', 'a link to a folder outside', 'outside'],
    ['.worktrees', 'a link to a folder outside', 'outside'],
  ])('%s that is %s is not written through', async (path, _, target) => {
    const made = arena();
    mkdirSync(join(made.path, '.aynig'), { recursive: true });
    rmSync(join(made.path, path), { recursive: true, force: true });
    symlinkSync(join(made.root, target), join(made.path, path));
    const before = made.program('ls', ['-A', join(made.root, target)]).stdout;
    made.request('build');
    expectCivil(ask(made, ['run', '--current-branch', 'include']), path);
    expect(made.program('ls', ['-A', join(made.root, target)]).stdout).toBe(before);
    expect(readFileSync(join(made.root, 'outside/build'), 'utf8')).toContain('canary');
    expectNothingElseRan(made, path);
    tried.push({ kind: 'place', fate: 'refused' });
  });
});
