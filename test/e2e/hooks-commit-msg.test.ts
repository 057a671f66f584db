import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cliPath, projectRoot } from '../support/scratch.js';
import { changesFile, completing, hooked, type Workspace, waitFor, workspace } from '../support/workspace.js';

const runId = '11111111-2222-4333-8444-555555555555';
const commit = (made: Workspace, message: string, ...args: string[]) =>
  made.gitAnswer(['commit', '--quiet', '--allow-empty', ...args, '-F', '-'], { input: message });

/** The file that the hook says the message is saved in, taken from the command that it offers. */
function savedMessage(stderr: string): string {
  const path = /^aynig: your message is saved; mend it with: git commit -e -F (?:'([^']+)'|(\S+))$/m.exec(stderr);
  expect(path, stderr).not.toBeNull();
  return path?.[1] ?? path?.[2] ?? '';
}

/** A repository whose command for build holds the branch until the test lets it go on. */
async function leased(): Promise<Workspace> {
  const made = hooked(completing('review', `: >"$HOME/started"\n${waitFor()}\n${changesFile}`));
  made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
  await made.until('the command has started', () => made.noted('started'));
  return made;
}

describe('a message that is refused', () => {
  const refused: readonly { name: string; message: string; line: string; rule: RegExp; fix: RegExp }[] = [
    {
      name: 'two states',
      message: 'title\n\naynig-state: build\naynig-state: review\n',
      line: 'line 4',
      rule: /aynig-state stands more than once/,
      fix: /keep one/,
    },
    {
      name: 'two states that differ in case',
      message: 'title\n\naynig-state: build\nAYNIG-STATE: build\n',
      line: 'line 4',
      rule: /aynig-state stands more than once/,
      fix: /keep one/,
    },
    ...['Build it!', '../escape', 'ops//triage', '/ops', 'ops/', '-x', '.hidden', 'a..b', 'a b', 'x'.repeat(129), 'bäh'].map((state) => ({
      name: `the illegal state name ${state.length > 20 ? 'of 129 characters' : state}`,
      message: `title\n\nbody\n\naynig-state: ${state}\n`,
      line: 'line 5',
      rule: /is not a state name/,
      fix: /small letters, digits/,
    })),
    {
      name: 'the reserved state working',
      message: 'title\n\naynig-state: working\n',
      line: 'line 3',
      rule: /"working" is reserved/,
      fix: /name the state that you ask for/,
    },
    {
      name: 'the reserved state with trailers of a lease',
      message: `title\n\naynig-state: working\naynig-run-id: ${runId}\n`,
      line: 'line 3',
      rule: /"working" is reserved/,
      fix: /name the state that you ask for/,
    },
    {
      name: 'a state in the body',
      message: 'title\n\naynig-state: build\n\nMore text below it.\n',
      line: 'line 3',
      rule: /aynig-state stands outside the last paragraph/,
      fix: /move the line into a last paragraph/,
    },
    {
      name: 'a state glued to the title',
      message: 'title\naynig-state: build\n',
      line: 'line 2',
      rule: /aynig-state stands outside the last paragraph/,
      fix: /move the line/,
    },
    {
      name: 'a state glued under prose',
      message: 'title\n\nSome prose.\naynig-state: build\n',
      line: 'line 4',
      rule: /aynig-state stands outside the last paragraph/,
      fix: /move the line/,
    },
    {
      name: 'a state as the title',
      message: 'aynig-state: build\n',
      line: 'line 1',
      rule: /aynig-state stands outside the last paragraph/,
      fix: /after a title/,
    },
    {
      name: 'a paragraph that git alone would take for trailers',
      message: 'title\n\naynig-state: build\nsome prose\nSigned-off-by: Ana <ana@example.com>\n',
      line: 'line',
      rule: /git itself would read the trailers of this message differently/,
      fix: /last paragraph/,
    },
    {
      name: 'a value folded over two lines',
      message: 'title\n\naynig-note: one\n two\naynig-state: build\n',
      line: 'line 3',
      rule: /aynig-note is folded/,
      fix: /one line/,
    },
    { name: 'a key without a value', message: 'title\n\naynig-state:\n', line: 'line 3', rule: /aynig-state has no value/, fix: /<value>/ },
    {
      name: 'white space before the colon',
      message: 'title\n\naynig-state : build\n',
      line: 'line 3',
      rule: /white space stands before the colon/,
      fix: /write "aynig-state: build"/,
    },
    {
      name: 'a value that turns its direction around',
      message: 'title\n\naynig-note: \u202Edesrever\naynig-state: build\n',
      line: 'line 3',
      rule: /cannot be printed/,
      fix: /by hand/,
    },
    {
      name: 'a value longer than a kilobyte',
      message: `title\n\naynig-note: ${'x'.repeat(1025)}\naynig-state: build\n`,
      line: 'line 3',
      rule: /longer than 1024 bytes/,
      fix: /body/,
    },
    {
      name: 'a message larger than a mebibyte',
      message: `title\n\n${'x'.repeat(1024)}\n${`${'y'.repeat(70)}\n`.repeat(15_000)}\naynig-state: build\n`,
      line: 'message',
      rule: /larger than 1048576 bytes/,
      fix: /file of the commit/,
    },
  ];

  test.each(refused)('says the line, the rule and the fix, and where it is saved: $name', async ({ message, line, rule, fix }) => {
    const made = hooked();
    made.write('staged.txt', 'staged\n');
    made.git('add', '--all');
    const before = made.head();
    const answer = commit(made, message);
    expect(answer.exitCode).toBe(1);
    expect(made.head()).toBe(before);
    expect(made.git('status', '--porcelain')).toBe('A  staged.txt');
    const lines = answer.stderr.split('\n');
    const at = lines.findIndex((text) => text.startsWith(`  ${line}`) && rule.test(text));
    expect(at, answer.stderr.slice(0, 2000)).toBeGreaterThan(0);
    expect(lines[at + 1]).toMatch(/^ {4}fix: /);
    expect(lines[at + 1]).toMatch(fix);
    expect(readFileSync(savedMessage(answer.stderr), 'utf8')).toBe(message);
    await made.untilStill();
    expect(made.ran()).toEqual([]);
    expect(existsSync(join(made.path, '.git/aynig'))).toBe(false);
  });

  test('can be mended by the very command that the hook offers', async () => {
    const made = hooked();
    const answer = commit(made, 'title\n\nA long prompt.\n\naynig-state: build it\n');
    expect(answer.exitCode).toBe(1);
    const editor = made.script('editor', 'sed -i "s/build it/build/" "$1"');
    const offered = /mend it with: (.*)$/m.exec(answer.stderr)?.[1] ?? '';
    made.program('sh', ['-c', `${offered} --allow-empty`], { env: { GIT_EDITOR: editor } });
    await made.untilState('review');
    expect(made.git('log', '-1', '--format=%B', made.ran()[0]?.request ?? '')).toContain('A long prompt.');
  });

  test('of a linked working tree, in a path with spaces and quotes, is saved where the hook says', () => {
    const made = hooked();
    const path = join(made.root, "it's linked here");
    made.git('worktree', 'add', '--quiet', '-b', 'side', path);
    const answer = made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'a title', '--message', 'aynig-state: A B'], {
      cwd: path,
    });
    expect(answer.exitCode).toBe(1);
    const offered = /mend it with: git commit -e -F (.*)$/m.exec(answer.stderr)?.[1] ?? '';
    expect(made.program('sh', ['-c', `cat ${offered}`], { cwd: path }).stdout).toContain('a title');
  });

  test('of a merge stops the merge, which a commit with a mended message concludes', () => {
    const made = hooked();
    made.git('switch', '--quiet', '--create', 'side');
    made.write('side.txt', 'side\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'side');
    made.git('switch', '--quiet', 'main');
    const answer = made.gitAnswer(['merge', '--no-ff', '--message', 'bring it\n\naynig-state: working', 'side']);
    expect(answer.exitCode).not.toBe(0);
    expect(answer.stderr).toContain('"working" is reserved');
    expect(readFileSync(savedMessage(answer.stderr), 'utf8')).toContain('bring it');
    made.git('commit', '--quiet', '--message', 'bring it');
    expect(made.head('HEAD^2')).toBe(made.head('side'));
  });

  test('names every broken rule at once', () => {
    const made = hooked();
    const answer = commit(made, 'title\n\naynig-state: build\naynig-state: build\naynig-note:\n');
    expect(answer.stderr).toMatch(/line 4: aynig-state stands more than once/);
    expect(answer.stderr).toMatch(/line 5: aynig-note has no value/);
  });
});

describe('a message that is accepted', () => {
  test.each([
    ['a state in capitals, which means the same in small letters', 'title\n\naynig-state: Build\n', []],
    ['a state of a pack', 'title\n\naynig-state: ops/triage.now_1-2\n', []],
    ['a state of 128 characters', `title\n\naynig-state: ${'x'.repeat(128)}\n`, []],
    ['other trailers around it', 'title\n\nReviewed-by: Bob\naynig-state: later\nSigned-off-by: Ana <ana@example.com>\n', []],
    ["git's cherry-pick note below it", 'title\n\naynig-state: later\n(cherry picked from commit 0123456789)\n', []],
    ['an indented quotation of a request', 'title\n\nWrite this:\n\n    aynig-state: build\n\nThe end.\n', []],
    ['a word that begins like ours', 'title\n\nThe aynig-state: build line goes last.\n', []],
    ['comments that git takes away, in the mode strip', 'title\n\naynig-state: later\n# aynig-state: working\n', ['--cleanup=strip']],
    ['no trailers and more than a mebibyte', `title\n\n${`${'y'.repeat(70)}\n`.repeat(15_000)}\nThe end.\n`, []],
  ] as const)('%s', (_, message, args) => {
    const made = hooked();
    if (args.length > 0) made.git('config', 'commit.cleanup', 'strip');
    const answer = commit(made, message, ...args);
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test("in an editor, with git's hints, another comment character and the changes below the scissors", async () => {
    for (const settings of [[], ['-c', 'core.commentChar=;'], ['-c', 'core.commentChar=auto'], ['-c', 'commit.cleanup=scissors']]) {
      const made = hooked();
      made.write('notes.txt', 'aynig-state: working\n');
      made.git('add', '--all');
      const editor = made.script(
        'editor',
        `cp "$1" "$HOME/hints"; cat - "$1" >"$1.new" <<'END'\ntitle\n\naynig-state: later\nEND\nmv "$1.new" "$1"`,
      );
      const answer = made.gitAnswer([...settings, 'commit', '--quiet', '--verbose'], { env: { GIT_EDITOR: editor } });
      expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
      expect(made.note('hints')).toContain('+aynig-state: working');
      expect(made.state()).toBe('later');
    }
  });

  test('gets a warning when its command is there but not executable', () => {
    const made = hooked();
    made.command('later', 'true', 0o644);
    const answer = commit(made, 'title\n\naynig-state: later\n');
    expect(answer.exitCode).toBe(0);
    expect(answer.stderr).toMatch(/^aynig: \.aynig\/command\/later is not executable.*git update-index --chmod=\+x/m);
  });

  test('gets a warning when its command is there but not committed, by aynig set-state as well', () => {
    const made = hooked();
    made.write('.aynig/command/later', '#!/bin/sh\n', 0o755);
    const warning = /^aynig: \.aynig\/command\/later is not in git, .* git add \.aynig\/command\/later && git commit$/m;
    expect(commit(made, 'title\n\naynig-state: later\n')).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(warning) });
    expect(made.aynig(['set-state', 'later']).stderr).toMatch(warning);
    made.git('add', '.aynig');
    expect(commit(made, 'title\n\naynig-state: later\n').stderr).not.toMatch(warning);
  });
});

describe('a branch that a run holds', () => {
  test.each([
    ['without trailers', ['--message', 'plain']],
    ['with a request', ['--message', 'ask', '--message', 'aynig-state: later']],
    ['as an amended commit', ['--amend', '--message', 'instead of the lease']],
  ])('refuses a commit %s, says who holds it since when and how to end it, and takes it afterwards', async (_, args) => {
    const made = await leased();
    const lease = made.head();
    const answer = made.gitAnswer(['commit', '--quiet', '--allow-empty', ...args]);
    expect(answer.exitCode).toBe(1);
    expect(made.head()).toBe(lease);
    expect(answer.stderr).toMatch(
      /^aynig: main is held by a run of build since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(runner \S+, lease [0-9a-f]{12}\)\.$/m,
    );
    expect(answer.stderr).toContain('aynig cancel');
    expect(readFileSync(savedMessage(answer.stderr), 'utf8')).toContain(args.at(-1));
    made.release();
    await made.untilState('review');
    await made.untilStill();
    expect(made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'plain']).exitCode).toBe(0);
  });

  test('does not keep other branches from being committed to', async () => {
    const made = await leased();
    const linked = made.linked('other', 'main~1');
    expect(linked.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'plain'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test("loses nothing when a commit goes past the check (--no-verify): the branch is the user's, the work of the run is kept", async () => {
    const made = await leased();
    made.git('commit', '--quiet', '--allow-empty', '--no-verify', '--message', 'mine');
    const mine = made.head();
    made.release();
    await made.untilStill();
    expect(made.head('main')).toBe(mine);
    const kept = made.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/').split('\n');
    expect(kept).toEqual([`refs/aynig/kept/${made.ran()[0]?.runId}`]);
    expect(made.state(kept[0])).toBe('review');
    expect(made.git('status', '--porcelain')).toBe('');
    expect(made.git('worktree', 'list').split('\n')).toHaveLength(1);
  });

  test('takes commits again when its run is cancelled', async () => {
    const made = await leased();
    made.aynig(['cancel']);
    await made.untilStill();
    expect(made.state()).toBe('stalled');
    expect(made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'plain']).exitCode).toBe(0);
  });
});

describe('a commit inside a run', () => {
  const lease = (id: string): string => `"aynig-state: working\naynig-origin-state: build\naynig-run-id: ${id}"`;

  test('may renew its own lease, by aynig set-working and by a plain commit with the id of the run', async () => {
    const made = hooked(
      completing(
        'review',
        [
          `'${process.execPath}' '${cliPath}' set-working >"$HOME/renewed" 2>&1`,
          `git commit --quiet --allow-empty --message renew --message ${lease('$AYNIG_RUN_ID')}`,
          changesFile,
        ].join('\n'),
      ),
    );
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.until('the branch is settled', () => ['review', 'stalled'].includes(made.state()));
    await made.untilStill();
    expect(made.states().slice(-5)).toEqual(['build', 'working', 'working', 'working', 'review']);
    expect(made.note('renewed')).toMatch(/^renewed run [0-9a-f]{8}/);
  });

  test('is refused when it names the lease of another run', async () => {
    const made = hooked(
      completing('review', `git commit --quiet --allow-empty --message renew --message ${lease(runId)} 2>"$HOME/said" && exit 1`),
    );
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.until('the branch is settled', () => ['review', 'stalled'].includes(made.state()));
    expect(made.note('said')).toContain('"working" is reserved');
    expect(made.states().slice(-3)).toEqual(['build', 'working', 'review']);
  });

  test('says which run made it where it names a state, and keeps every other byte of its message', async () => {
    const message = 'done\n\nText.\n\nChange-Id: I1\naynig-state: review\nSigned-off-by: Ana Example <ana@example.com>\n';
    const made = hooked(
      [
        'git commit --quiet --allow-empty --message plain --message "x: y"',
        `git commit --quiet --allow-empty --file=- <<'end'\n${message}end`,
      ].join('\n'),
    );
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilState('review');
    await made.untilStill();
    const run = made.trailer('aynig-run-id', 'HEAD~2');
    expect(made.git('log', '-1', '--format=%B').trimEnd()).toBe(
      message.replace('aynig-state: review\n', `aynig-state: review\naynig-run-id: ${run}\n`).trimEnd(),
    );
    expect(made.git('log', '-1', '--format=%B', 'HEAD~1').trimEnd()).toBe('plain\n\nx: y');
  });

  test('says so by aynig set-state too, which takes no other run', async () => {
    const made = hooked(
      [
        `'${process.execPath}' '${cliPath}' set-state review --trailer aynig-run-id:${runId} 2>"$HOME/said"`,
        `AYNIG=0 '${process.execPath}' '${cliPath}' set-state review --trailer x-y:z`,
      ].join('\n'),
    );
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilState('review');
    await made.untilStill();
    expect(made.git('log', '-1', '--format=%(trailers)').trim()).toBe(
      `x-y: z\naynig-state: review\naynig-run-id: ${made.trailer('aynig-run-id', 'HEAD~1')}`,
    );
    expect(made.note('said')).toContain('[bad-trailer]');
  });

  test('is refused when it says that another run made it', async () => {
    const commitAs = (id: string): string =>
      `git commit --quiet --allow-empty --message t --message "aynig-state: review\naynig-run-id: ${id}"`;
    const made = hooked(`${commitAs(runId)} 2>"$HOME/said" && exit 1\n${commitAs('$(echo $AYNIG_RUN_ID | tr a-f A-F)')}`);
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.until('the branch is settled', () => ['review', 'stalled'].includes(made.state()));
    await made.untilStill();
    expect(made.note('said')).toMatch(/line 4: aynig-run-id names another run than this one \([0-9a-f-]{36}\)\n {4}fix: take the line out/);
    expect(made.states().slice(-3)).toEqual(['build', 'working', 'review']);
    expect(made.trailer('aynig-run-id')).toBe(made.trailer('aynig-run-id', 'HEAD~1').toUpperCase());
  });

  test('is left as it is in another repository, where nobody knows the run', async () => {
    const made = hooked(completing('review', 'git -C "$HOME/other" commit --quiet --allow-empty -m ask -m "aynig-state: wait"'));
    made.git('clone', '--quiet', made.path, join(made.root, 'other'));
    made.git('-C', '../other', 'config', 'user.name', 'Ana');
    made.git('-C', '../other', 'config', 'user.email', 'ana@example.com');
    made.aynig(['init'], { cwd: join(made.root, 'other') });
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilState('review');
    await made.untilStill();
    expect(made.git('-C', '../other', 'log', '-1', '--format=%B').trim()).toBe('ask\n\naynig-state: wait');
  });

  test('that a person amends or copies keeps what it says', async () => {
    const made = hooked();
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilState('review');
    await made.untilStill();
    const message = made.git('log', '-1', '--format=%B');
    expect(message).toContain('aynig-run-id: ');
    made.git('commit', '--quiet', '--amend', '--no-edit', '--allow-empty');
    expect(made.git('log', '-1', '--format=%B')).toBe(message);
    made.git('commit', '--quiet', '--allow-empty', '--reuse-message=HEAD');
    expect(made.git('log', '-1', '--format=%B')).toBe(message);
    made.git('commit', '--quiet', '--allow-empty', '--message', 'a person', '--message', 'aynig-state: wait');
    expect(made.trailer('aynig-run-id')).toBe('');
  });

  test('that a person lands is the work of the person', async () => {
    const made = await leased();
    const run = made.trailer('aynig-run-id');
    made.write('built.txt', 'unsaved work\n');
    made.release();
    await made.until('the result waits', () => made.statusOf('main').reading === 'undelivered');
    await made.untilStill();
    made.aynig(['cancel']);
    rmSync(join(made.path, 'built.txt'));
    expect(made.trailer('aynig-run-id', `refs/aynig/kept/${run}`)).toBe(run);
    made.aynig(['land', run]);
    expect(made.git('log', '-1', '--format=%s%n%(trailers)').trim()).toBe(`Land run ${run.slice(0, 8)}: to review\naynig-state: review`);
  });

  test('is checked like any other, and starts no second run', async () => {
    const made = hooked(
      completing(
        'review',
        'git commit --quiet --allow-empty --message x --message "aynig-state: a b" 2>"$HOME/said" && exit 1\ngit commit --quiet --allow-empty --message x --message "aynig-state: build"',
      ),
    );
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await made.untilState('review');
    await made.untilStill();
    expect(made.note('said')).toContain('is not a state name');
    expect(made.ran()).toHaveLength(1);
  });
});

describe('a fault of our own', () => {
  /** A copy of the package as it is installed, outside the source tree; the hooks of `made` come from it. */
  function ownCopy(made: Workspace, name = 'package'): string {
    const copy = join(made.root, name);
    for (const part of ['dist', 'hooks', 'templates', 'CONTRACT.md', 'package.json'])
      cpSync(join(projectRoot, part), join(copy, part), { recursive: true });
    made.program(process.execPath, [join(copy, 'dist/cli.js'), 'init']);
    return copy;
  }

  /** The file that the commit-msg stub hands to Node. */
  function checkerOf(made: Workspace, copy: string): string {
    const name = /\$aynig\/(dist\/[\w.-]+)" "\$1"/.exec(made.read('.git/hooks/commit-msg'))?.[1] ?? '';
    expect(readdirSync(join(copy, 'dist'))).toContain(name.replace('dist/', ''));
    return join(copy, name);
  }

  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

  const faults: readonly { name: string; breakIt: (checker: string) => void }[] = [
    { name: 'is cut off in the middle', breakIt: (checker) => writeFileSync(checker, readFileSync(checker).subarray(0, 5000)) },
    { name: 'throws when it is loaded', breakIt: (checker) => writeFileSync(checker, 'throw new Error("broken on purpose");\n') },
    { name: 'ends itself with a code of its own', breakIt: (checker) => writeFileSync(checker, 'process.exit(7);\n') },
    { name: 'is killed', breakIt: (checker) => writeFileSync(checker, 'process.kill(process.pid, "SIGKILL");\n') },
  ];

  test.each(faults)('lets the commit through with a warning when the checker $name', ({ breakIt }) => {
    const made = workspace();
    const copy = ownCopy(made);
    breakIt(checkerOf(made, copy));
    const answer = commit(made, 'ask\n\naynig-state: nobody\n');
    expect(answer.exitCode, answer.stderr).toBe(0);
    expect(answer.stderr).toMatch(/^aynig: /m);
    expect(made.state()).toBe('nobody');
  });

  test('lets the commit through with a warning when a journal cannot be read', async () => {
    const made = await leased();
    const id = made.ran()[0]?.runId;
    const journal = join(made.path, `.git/aynig/runs/${id}.json`);
    // Its last word while the command runs; earlier, the runner would write over the damage.
    await made.until('the runner has noted its command', () => readFileSync(journal, 'utf8').includes('"command"'));
    writeFileSync(journal, '{"cut off');
    const answer = commit(made, 'plain\n');
    expect(answer.exitCode, answer.stderr).toBe(0);
    expect(lines(answer.stderr)).toHaveLength(1);
    expect(answer.stderr).toMatch(/^aynig: .*let git go on/);
  });

  test('is one line for each hook when the package is gone, and the commit stands', async () => {
    const made = workspace();
    made.command('build', completing('review'));
    const copy = ownCopy(made);
    rmSync(copy, { recursive: true });
    const asked = commit(made, 'ask\n\naynig-state: build\n');
    expect(asked.exitCode).toBe(0);
    expect(lines(asked.stderr)).toEqual([
      expect.stringMatching(/^aynig: .*package is gone, so the message is not checked; .*aynig init$/),
      expect.stringMatching(/^aynig: .*package is gone, so nothing was started; .*aynig init$/),
    ]);
    expect(made.state()).toBe('build');
    expect(commit(made, 'plain\n')).toMatchObject({ exitCode: 0, stderr: '' });
    made.git('switch', '--quiet', '--create', 'side', 'main~2');
    expect(lines(made.gitAnswer(['merge', '--quiet', 'main~1'], { expected: 0 }).stderr)).toEqual([
      expect.stringMatching(/^aynig: .*package is gone, so nothing was looked at/),
    ]);
    await made.untilStill();
    expect(made.ran()).toEqual([]);
  });

  test('is one line for each hook when Node is missing, and the commit stands', async () => {
    const made = hooked();
    for (const name of readdirSync(join(made.path, '.git/hooks')))
      made.write(`.git/hooks/${name}`, made.read(`.git/hooks/${name}`).replace(process.execPath, '/nowhere/node'), 0o755);
    const bin = join(made.root, 'bin');
    for (const name of ['git', 'sh', 'grep']) {
      const path = made.program('sh', ['-c', `command -v ${name}`]).stdout.trim();
      made.script('bin/.keep', '');
      symlinkSync(path, join(bin, name));
    }
    const answer = made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build'], {
      env: { PATH: bin },
      expected: 0,
    });
    expect(lines(answer.stderr)).toEqual([
      expect.stringMatching(/^aynig: Node was not found, so the message is not checked; .*aynig init$/),
      expect.stringMatching(/^aynig: Node was not found, so nothing was started; .*aynig init$/),
    ]);
    await made.untilStill();
    expect(made.state()).toBe('build');
    // With a node on PATH the recorded one is not needed.
    symlinkSync(process.execPath, join(bin, 'node'));
    made.aynig(['status']);
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'again', '--message', 'aynig-state: build'], {
      env: { PATH: `${bin}:${made.env['PATH']}` },
      expected: 0,
    });
    await made.untilState('review');
  });

  test('does not come from a package or a repository in a path with spaces, quotes and letters of any kind', async () => {
    const made = workspace('r\u00e9po $HOME "x" it\'s');
    made.command('build', completing('review', changesFile));
    ownCopy(made, 'p\u00e4ck `age` $x "y" it\'s');
    const answer = commit(made, 'ask\n\naynig-state: build\n');
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
    await made.untilState('review');
    await made.untilStill();
    expect(made.git('status', '--porcelain')).toBe('');
    expect(commit(made, 'ask\n\naynig-state: a b\n').exitCode).toBe(1);
  });
});
