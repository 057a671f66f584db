import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { untilNoneWithHome } from '../support/processes.js';
import { type Agent, type AgentWorkspace, withAgents } from '../support/stand-in-agents.js';

const edits = 'echo changed >>README; echo new >added.txt; echo "I changed two files." ';

const called: Readonly<Record<Agent, readonly string[]>> = {
  claude: [
    ...['--print', '--output-format', 'stream-json', '--verbose', '--permission-mode', 'acceptEdits', '--setting-sources', 'user'],
    ...['--add-dir', 'TMP/out', '--append-system-prompt', expect.stringContaining('# How you work here')],
  ],
  codex: [
    ...['exec', '--sandbox', 'workspace-write', '--color', 'never', '--add-dir', 'TMP/out'],
    ...['--output-last-message', 'TMP/last', '-'],
  ],
  opencode: ['run'],
  gemini: [
    ...['--approval-mode', 'auto_edit', '--output-format', 'text', '--include-directories', 'TMP/out'],
    ...['--prompt', 'Carry out the request above.'],
  ],
  aider: [
    ...['--yes-always', '--no-auto-commits', '--no-dirty-commits', '--no-gitignore', '--no-suggest-shell-commands', '--no-auto-lint'],
    ...['--no-auto-test', '--no-detect-urls', '--no-pretty', '--no-fancy-input', '--no-check-update', '--no-show-release-notes'],
    ...['--no-analytics', '--chat-history-file', 'TMP/chat', '--input-history-file', 'TMP/input', '--message-file', 'TMP/prompt'],
  ],
};
const names = Object.keys(called) as Agent[];

test.each(names)('%s gets exactly its flags and the whole request, and what it changed is committed', (agent) => {
  const made = withAgents(names, edits);
  made.setting('aynig.agent', agent);
  const request = made.ask({ title: 'Add a file', body: 'Please add it.' });
  expect(made.log(request)).toContain(`agent: ${agent} works on the request`);
  expect(made.arguments()).toEqual(called[agent]);
  expect(made.saidTo()).toContain('# The request\n\nAdd a file\n\nPlease add it.\n');
  expect([made.state(), made.read('README'), made.read('added.txt')]).toEqual(['review', 'scratch\nchanged\n', 'new\n']);
  expect(made.git('show', '--name-only', '--format=%s', 'HEAD').split('\n')).toEqual(['Add a file', '', 'README', 'added.txt']);
  expect(made.git('for-each-ref', 'refs/aynig')).toBe('');
});

test('the log of an ordinary run has what the agent printed, and no advice of git', () => {
  const made = withAgents(['codex'], edits);
  const [first, ...more] = made.log(made.ask()).trimEnd().split('\n');
  expect(first).toMatch(/^agent: codex works on the request/);
  expect(more).toEqual(['I changed two files.']);
});

test('a request of a megabyte that begins with a dash and holds quotes, newlines and shell reaches an agent as it is', () => {
  const made = withAgents(['codex'], edits);
  const line = '-n "$(touch $HOME/harmed)" `touch $HOME/harmed` \'; touch $HOME/harmed; # \\n %s é\n';
  const body = line.repeat(Math.floor((1024 * 1024 - 200) / Buffer.byteLength(line)));
  made.ask({ title: '--help $(touch $HOME/harmed)', body: body.trimEnd() });
  expect(made.saidTo().endsWith(`# The request\n\n--help $(touch $HOME/harmed)\n\n${body.trimEnd()}\n`)).toBe(true);
  expect([made.state(), made.noted('harmed')]).toEqual(['review', false]);
});

test('a request that is a command of the agent itself does not come first', () => {
  const made = withAgents(['aider'], edits);
  made.ask({ title: '/run touch harmed', body: '!touch harmed' });
  expect(made.state()).toBe('review');
});

test('the first of claude, codex, opencode, gemini and aider that is on PATH works where none is named', () => {
  const made = withAgents(['aider', 'gemini', 'opencode'], edits);
  expect(made.log(made.ask())).toContain('agent: opencode works');
});

test.each([
  ['none of them is on PATH', [], '', 'None of these is on PATH: claude codex opencode gemini aider.'],
  ['the one that is named is not on PATH', ['codex'], 'claude', 'aynig.agent is claude, which is not on PATH.'],
  ['another one is named', ['codex'], '../evil; x', 'has to be one of: claude codex opencode gemini aider'],
] as const)('%s: state failed, and nothing is tried again', (_, installed, named, why) => {
  const made = withAgents([...installed], edits);
  if (named !== '') made.setting('aynig.agent', named);
  made.ask({ trailers: ['aynig-correlation-id: c1', 'aynig-max-attempts: 3'] });
  expect(made.states().slice(-3)).toEqual(['agent', 'working', 'failed']);
  expect(made.message()).toContain(why);
  expect([made.trailer('aynig-correlation-id'), made.trailer('aynig-max-attempts')]).toEqual(['c1', '']);
  expect(made.noted('started')).toBe(false);
});

test('an agent that lies in the worktree is not taken for one on PATH', () => {
  const made = withAgents([]);
  made.write('claude', '#!/bin/sh\ntouch "$HOME/harmed"\n', 0o755);
  made.git('add', 'claude');
  made.git('commit', '--quiet', '--message', 'A program');
  made.env['PATH'] = `.:${made.env['PATH']}`;
  made.ask();
  expect([made.state(), made.noted('harmed')]).toEqual(['failed', false]);
});

test('settings choose model and arguments, each value one; trailers do not', () => {
  const made = withAgents(['claude', 'codex'], edits);
  made.setting('aynig.agent', 'claude');
  made.setting('aynig.agent.model', 'small one');
  made.setting('aynig.agent.args', '--allowedTools');
  made.setting('aynig.agent.args', 'Bash(npm test *) "$HOME"');
  made.ask({ trailers: ['aynig-agent: codex', 'aynig-agent-args: --dangerously-skip-permissions'] });
  expect(made.arguments().slice(-2)).toEqual(['--allowedTools', 'Bash(npm test *) "$HOME"']);
  expect(made.arguments().join(' ')).toContain('--model small one');
  expect(made.arguments().join(' ')).not.toContain('dangerously');
});

test.each([
  ['aynig.agent.timeoutSeconds', 'soon', 'has to be a whole number of seconds'],
  ['aynig.agent.args', 'two\nlines', 'has more than one line'],
])('%s that cannot be used is named', (name, value, why) => {
  const made = withAgents(['codex'], edits);
  made.setting(name, value);
  made.ask();
  expect([made.state(), made.noted('started')]).toEqual(['failed', false]);
  expect(made.message()).toContain(why);
});

test('a flag that the installed version does not know stalls the branch with its exit code, and the log says which', () => {
  const made = withAgents(['codex'], edits);
  made.setting('aynig.agent.args', '--no-such-flag');
  const request = made.ask();
  expect([made.state(), made.trailer('aynig-exit-code')]).toEqual(['stalled', '2']);
  expect(made.log(request)).toContain("unexpected argument '--no-such-flag'");
});

test('opencode may run no command by itself and reads no configuration of the tree, unless a person says otherwise', () => {
  const made = withAgents(['opencode'], edits);
  made.ask();
  const permission = /^OPENCODE_PERMISSION=(.*)$/m.exec(made.note('environment').replaceAll('\0', '\n'))?.[1] ?? '';
  expect(JSON.parse(permission)).toMatchObject({ bash: 'ask', external_directory: { '*': 'ask' } });
  expect(made.note('environment')).toContain('OPENCODE_DISABLE_PROJECT_CONFIG=1');
  made.env['OPENCODE_PERMISSION'] = '{"bash":"allow"}';
  made.ask();
  expect(made.note('environment')).toContain('OPENCODE_PERMISSION={"bash":"allow"}');
});

test('the agent is told the states that exist, at most 16 KiB of them, and where its answer goes', () => {
  const made = withAgents(['codex'], edits);
  made.write('.aynig/COMMANDS.md', `| deploy | brings it out |\n${'| x | y |\n'.repeat(5000)}`);
  made.git('add', '.aynig');
  made.git('commit', '--quiet', '--message', 'States');
  made.ask();
  expect(made.saidTo()).toContain('| deploy | brings it out |');
  expect(made.saidTo()).toContain('(cut here)');
  expect(made.saidTo()).toContain('`TMP/out/next`');
  expect(made.saidTo().length).toBeLessThan(20_000);
});

test.each([
  ['the file names one', 'echo " Deploy " >"$out/next"', [], 'deploy'],
  ['the file names none', ': >"$out/next"', ['aynig-next: ship'], 'ship'],
  ['the request names one and the agent none', '', ['aynig-next: ship'], 'ship'],
  ['nobody names one', '', [], 'review'],
  ['the file names working', 'echo working >"$out/next"', [], 'review'],
  ['the file names stalled', 'echo stalled >"$out/next"', ['aynig-next: working'], 'review'],
  ['the file names no legal state', 'echo "../../evil" >"$out/next"', ['aynig-next: ship'], 'ship'],
  ['the file is a link', 'echo deploy >"$HOME/x"; ln -s "$HOME/x" "$out/next"', [], 'review'],
  ['the file is a pipe', 'mkfifo "$out/next"', [], 'review'],
  ['a commit names one', 'git commit -q --allow-empty -m Mine -m "aynig-state: mine"', ['aynig-next: ship'], 'mine'],
  ['two commits do', 'for s in one two; do git commit -q --allow-empty -m $s -m "aynig-state: $s"; done', [], 'two'],
  ['an older commit does', 'git commit -q --allow-empty -m a -m "aynig-state: mine"; git commit -q --allow-empty -m b', [], 'mine'],
])('%s: that decides the next state, where it is legal', (_, shell, trailers, next) => {
  const made = withAgents(['codex'], `${shell}\necho new >added.txt`);
  made.ask({ trailers });
  expect([made.state(), made.exists('added.txt')]).toEqual([next, true]);
});

test('with aynig.agent.states an agent goes on with no other state, by file or by commit', () => {
  const made = withAgents(['codex'], 'git commit -q --allow-empty -m Mine -m "aynig-state: deploy"; echo deploy >"$out/next"');
  made.setting('aynig.agent.states', 'review check');
  const request = made.ask({ trailers: ['aynig-next: check'] });
  expect(made.state()).toBe('check');
  expect(made.log(request)).toContain('which is not in aynig.agent.states');
});

test('a commit of its own that names the state and leaves nothing over is the result', () => {
  const made = withAgents(['codex'], 'echo x >a; git add a; git commit -q -m Mine -m "Because." -m "aynig-state: mine"');
  made.ask();
  expect(made.message()).toMatch(/^Mine\n\nBecause\./);
  expect(made.states().slice(-3)).toEqual(['agent', 'working', 'mine']);
});

test('an agent that changes nothing goes on all the same, and the commit says so', () => {
  const made = withAgents(['codex'], 'echo "Nothing to do." >"$last"');
  made.ask({ title: 'Look', trailers: ['aynig-next: done', 'aynig-correlation-id: c7', 'Fixes: #12', 'aynig-next-on-failure: oops'] });
  expect(made.message()).toMatch(/^Look\n\nThe agent changed nothing\.\n\nNothing to do\.\n\n/);
  expect([made.state(), made.trailer('aynig-correlation-id'), made.trailer('Fixes')]).toEqual(['done', 'c7', '#12']);
  expect([made.trailer('aynig-next'), made.trailer('aynig-next-on-failure')]).toEqual(['', '']);
});

test('its summary is the body: bounded, without escapes, and no line of it is taken for a request', () => {
  const made = withAgents(
    ['codex'],
    [
      `printf 'Done \\033[31mred\\033[0m\\a\\r\\n\\naynig-state: evil\\n\\n%s\\n' "$(printf 'é%.0s' $(seq 600))" >"$out/summary"`,
      'echo "printed" ; seq 20000 >>"$out/summary"; echo new >added.txt',
    ].join('\n'),
  );
  made.ask();
  expect(made.state()).toBe('review');
  expect(made.message()).toMatch(/\n\nDone red\n\n aynig-state: evil\n/);
  expect(made.message()).toContain('(cut here)');
  expect(made.message()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\ufffd]/);
  expect(made.message().length).toBeLessThan(10_000);
});

test('without a summary of its own, the last message counts: of codex by its file, of claude by its last event', () => {
  const codex = withAgents(['codex'], 'echo noise; echo "The last word." >"$last"');
  codex.ask();
  expect(codex.message()).toContain('The last word.');
  expect(codex.message()).not.toContain('noise');
  const event = '{"type":"result","subtype":"success","is_error":false,"result":"I said \\\\"no\\\\".\\\\n\\\\nTwo \\\\u00e9lines.","n":1}';
  const claude = withAgents(['claude'], `echo '{"type":"assistant"}'; printf '${event}\\n'`);
  const request = claude.ask();
  expect(claude.message()).toContain('I said "no".\n\nTwo  lines.\n');
  expect(claude.log(request)).toContain('{"type":"assistant"}');
});

/** All below a folder, without following links. */
function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...below(path)] : [path];
  });
}

const heldFolder = (made: AgentWorkspace): string => join(made.path, '.git/aynig/held');

/** What was held back in all runs, by its path below the folder of its run. */
function held(made: AgentWorkspace): Record<string, string> {
  const files = below(heldFolder(made)).filter((path) => !lstatSync(path).isDirectory());
  return Object.fromEntries(
    files.map((path) => [
      path.slice(heldFolder(made).length + '/'.length).replace(/^[^/]*\//, ''),
      lstatSync(path).isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, 'utf8'),
    ]),
  );
}

test('new files of secrets are kept out of the commit, and not lost', () => {
  const made = withAgents(
    ['codex'],
    'echo SECRET=1 >.env; mkdir sub; echo S >sub/.env.local; echo A= >.env.example; echo t >>.env.test; echo i >ignored; echo x >"od d*[é].txt"',
  );
  made.write('.gitignore', 'ignored\n');
  made.write('.env.test', 'known\n');
  made.git('add', '--force', '.env.test', '.gitignore');
  made.git('commit', '--quiet', '--message', 'Known');
  const request = made.ask();
  expect(made.git('-c', 'core.quotePath=false', 'show', '--name-only', '--format=', 'HEAD').split('\n').sort()).toEqual([
    '.env.example',
    '.env.test',
    'od d*[é].txt',
  ]);
  expect(held(made)).toEqual({ '.env': 'SECRET=1\n', 'sub/.env.local': 'S\n' });
  const folder = `${made.path}/.git/aynig/held/${made.trailer('aynig-run-id')}`;
  expect(made.log(request)).toContain(`sub/.env.local is not committed: such files hold secrets; it is at ${folder}/sub/.env.local\n`);
  expect(made.git('for-each-ref', 'refs/aynig')).toBe('');
  // Nothing else of ours minds the folder.
  expect(made.aynig(['doctor'], { expected: 'any' }).stdout).not.toMatch(/held|kept/);
});

/** What git has of a text anywhere: refs, indexes, objects that nothing names. */
function inGit(made: AgentWorkspace, text: string): string {
  const objects = made.git('cat-file', '--batch-all-objects', '--batch-check=%(objecttype) %(objectname)').split('\n');
  return objects
    .filter((line) => line.startsWith('blob '))
    .map((line) => line.slice('blob '.length))
    .filter((name) => made.git('cat-file', 'blob', name).includes(text))
    .join(' ');
}

const atWork = ': >"$HOME/at-work"';

/** Sets a time limit that is over as soon as the agent says that it is {@link atWork}, however long that takes. */
function limitOnceAtWork(made: AgentWorkspace): void {
  const real = made.program('sh', ['-c', 'command -v sleep']).stdout.trim();
  made.script('bin/sleep', `[ "$1" != 71 ] || until [ -e "$HOME/at-work" ]; do ${real} 0.05; done\n[ "$1" = 71 ] || exec ${real} "$@"`);
  made.setting('aynig.agent.timeoutSeconds', '71');
}

test.each([
  ['ends well', ':', 'review'],
  ['fails', 'exit 3', 'stalled'],
  ['stages them, and ignores them too', 'echo .env >.gitignore; git add --force .env deep; git add -fN late/.env', 'review'],
  ['stages them and fails', 'git add --force .env deep late; exit 3', 'stalled'],
  ['was in the middle of git', 'git add .env; : >"$(git rev-parse --git-dir)/index.lock"; exit 3', 'stalled'],
  ['destroys its worktree', 'rm .git', 'stalled'],
  ['makes a branch without commits', 'git checkout -q --orphan other; git rm -rfq --cached .; exit 3', 'stalled'],
  ['is killed', 'kill -9 $$', 'stalled'],
  ['runs too long', `${atWork}; sleep 300`, 'stalled'],
  ['switches to a branch', 'git switch -q -c mine', 'stalled'],
])('where an agent %s, no secret is put into git', (_, how, end) => {
  const made = withAgents(
    ['codex'],
    `mkdir -p deep/er late; echo TOKEN=xyzzy >.env; echo TOKEN=xyzzy >deep/er/.env.prod; echo TOKEN=xyzzy >late/.env; echo new >added.txt; ${how}`,
  );
  if (how.includes('300')) limitOnceAtWork(made);
  made.ask({ trailers: ['aynig-max-attempts: 1'] });
  expect(made.state()).toBe(end);
  // What an agent stages is an object before anybody can say no; what counts is that nothing names it.
  expect(made.git('rev-list', '--objects', '--all')).not.toMatch(/\.env/);
  // What is ignored needs no other place.
  expect(Object.values(held(made))).toEqual(Array(how.includes('.gitignore') ? 1 : 3).fill('TOKEN=xyzzy\n'));
});

test('a run that is cancelled holds secrets back too', async () => {
  const made = withAgents(['codex'], 'echo TOKEN=xyzzy >.env; echo new >added.txt; echo half way; sleep 300');
  made.git('commit', '--quiet', '--allow-empty', '--message', 'Ask', '--message', 'aynig-state: agent');
  const request = made.head();
  await made.until('the agent works', () => made.log(request).includes('half way'));
  made.aynig(['cancel']);
  await made.untilQuiet();
  expect(held(made)).toEqual({ '.env': 'TOKEN=xyzzy\n' });
  expect(inGit(made, 'xyzzy')).toBe('');
  expect(made.git('show', `${made.trailer('aynig-kept')}:added.txt`)).toBe('new');
});

test('at a remote no secret arrives, whatever is kept there', () => {
  const made = withAgents(['codex'], 'echo TOKEN=xyzzy >.env; echo new >added.txt; exit 3');
  const origin = `${made.root}/origin.git`;
  made.git('clone', '--quiet', '--bare', made.path, origin);
  made.git('remote', 'add', 'origin', origin);
  made.git('fetch', '--quiet', 'origin');
  made.request('agent');
  made.git('-c', 'core.hooksPath=/dev/null', 'push', '--quiet', 'origin', 'main');
  made.aynig(['run', '--aynig-remote', 'origin', '--branch', 'main'], { expected: 'any' });
  const there = made.git(`--git-dir=${origin}`, 'rev-list', '--objects', '--all');
  expect(there).toContain('added.txt');
  expect(there).not.toContain('.env');
  expect(inGit(made, 'xyzzy')).toBe('');
});

test('files are held back under any name, others cannot read them, and no link is followed', () => {
  const made = withAgents(
    ['codex'],
    [
      'umask 000; echo precious >"$HOME/precious"; chmod 644 "$HOME/precious"; mkdir -- -d "a  b" .env.d locked link',
      `echo 1 >-d/.env; echo 2 >"a  b/.env.x  y"; echo 3 >"$(printf '.env.n\\nl')"; echo 4 >.env.d/prod; echo 5 >.env.-rf; echo e >.env.sample`,
      'ln -s "$HOME/precious" link/.env; echo 6 >locked/.env; chmod 555 locked; ln -s "$HOME" .env.home; echo 7 >"$HOME/.env"',
    ].join('\n'),
  );
  const request = made.ask();
  expect(made.state()).toBe('review');
  const precious = `${made.root}/precious`;
  expect(held(made)).toEqual({
    '-d/.env': '1\n',
    'a  b/.env.x  y': '2\n',
    '.env.n\nl': '3\n',
    '.env.d/prod': '4\n',
    '.env.-rf': '5\n',
    'link/.env': `-> ${precious}`,
    'locked/.env': '6\n',
    '.env.home': `-> ${made.root}`,
  });
  expect(made.git('show', '--name-only', '--format=', 'HEAD')).toBe('.env.sample');
  expect(made.log(request)).toContain('.env.n l is not committed');
  expect([made.note('precious'), made.note('.env'), statSync(precious).mode & 0o777]).toEqual(['precious\n', '7\n', 0o644]);
  for (const entry of [heldFolder(made), ...below(heldFolder(made))]) {
    const found = lstatSync(entry);
    if (!found.isSymbolicLink()) expect([entry, found.mode & 0o777]).toEqual([entry, found.isDirectory() ? 0o700 : 0o600]);
  }
});

test.each([
  ['is a file', (made: AgentWorkspace) => writeFileSync(heldFolder(made), 'x')],
  ['is a link', (made: AgentWorkspace) => symlinkSync(made.root, heldFolder(made))],
])('where the place for them %s, secrets are removed, and that is said', (_, spoil) => {
  const made = withAgents(['codex'], 'echo TOKEN=xyzzy >.env; echo new >added.txt; exit 3');
  mkdirSync(join(made.path, '.git/aynig'), { recursive: true });
  spoil(made);
  const request = made.ask();
  expect(made.log(request)).toMatch(/agent: \.env is not committed: .* could not be put into .*\/aynig\/held, and is removed\n/);
  expect([inGit(made, 'xyzzy'), existsSync(join(made.root, made.trailer('aynig-stalled-run')))]).toEqual(['', false]);
  expect(made.git('show', `${made.trailer('aynig-kept')}:added.txt`)).toBe('new');
});

test.each([
  ['exits with 3', 'exit 3', '3'],
  ['is not logged in', 'echo "Please run /login" >&2; exit 1', '1'],
  ['is killed', 'kill -9 $$', '137'],
])('an agent that %s stalls the branch with its exit code, and its changes are kept and not in the branch', (_, how, code) => {
  const made = withAgents(['codex'], `${edits}; ${how}`);
  made.ask({ trailers: ['aynig-max-attempts: 1'] });
  const stalled = made.git('log', '-1', '--format=%H', '--grep=aynig-stalled-run');
  expect([made.trailer('aynig-exit-code', stalled), made.exists('added.txt')]).toEqual([code, false]);
  expect(made.git('show', `${made.trailer('aynig-kept', stalled)}:added.txt`)).toBe('new');
});

test.each([
  ['rewrites what it found', 'echo x >a; git add a; git commit -q --amend -m Mine', 'rewrote the commit that it found'],
  ['switches to a branch', 'git switch -q -c mine', 'switched to mine'],
  ['leaves a merge half done', 'git merge -q --no-commit --no-ff side', 'half done (MERGE_HEAD)'],
  ['leaves conflicts', 'git cherry-pick side~0; git cherry-pick --quit; :', 'left conflicts'],
  ['destroys its worktree', 'rm .git', 'left no repository behind'],
])('an agent that %s has failed, whatever it exited with', (_, shell, why) => {
  const made = withAgents(['codex'], shell);
  made.git('switch', '--quiet', '--create', 'side');
  made.write('README', 'of the side\n');
  made.git('commit', '--quiet', '--all', '--message', 'Side');
  made.git('switch', '--quiet', 'main');
  made.write('README', 'of main\n');
  made.git('commit', '--quiet', '--all', '--message', 'Main');
  if (why.includes('MERGE')) made.git('reset', '--quiet', '--hard', 'HEAD~1');
  const request = made.ask();
  expect([made.state(), made.trailer('aynig-exit-code')]).toEqual(['stalled', '1']);
  expect(made.log(request)).toContain(why);
});

test('a hook that refuses the commit stalls the branch, and the changes are kept', () => {
  const made = withAgents(['codex'], edits);
  made.write(
    '.git/hooks/pre-commit',
    '#!/bin/sh\necho "no room for added.txt" >&2\n! git diff --cached --name-only | grep -q added\n',
    0o755,
  );
  const request = made.ask();
  expect(made.state()).toBe('stalled');
  expect(made.log(request)).toContain('no room for added.txt');
  expect(made.git('show', `${made.trailer('aynig-kept')}:added.txt`)).toBe('new');
});

test('an agent that forks and ends leaves nothing running, and its work is committed once that is gone', () => {
  const stays = `sh -c 'trap "" TERM; echo $$ >"$HOME/forked"; while :; do sleep 0.1 || sleep 1; done' & until [ -s "$HOME/forked" ]; do :; done`;
  const made = withAgents(['codex'], `${edits}; ${stays}`);
  // An orphan that nobody has waited for yet is gone all the same.
  const looks = 'ps -o stat= -p "$(cat "$HOME/forked")" | grep -v Z >>"$HOME/alive"; echo looked >>"$HOME/looked"';
  made.write('.git/hooks/pre-commit', `#!/bin/sh\n${looks}\n`, 0o755);
  made.ask();
  expect([made.state(), made.note('looked'), made.note('alive')]).toEqual(['review', 'looked\n', '']);
});

test('an agent that reads on has no terminal and no more input', () => {
  const made = withAgents(['codex'], 'if read -r more; then exit 9; fi; echo new >added.txt');
  made.ask();
  expect(made.state()).toBe('review');
});

test('the time limit ends an agent with all of its processes, also where they ignore TERM', async () => {
  const deaf = "trap '' TERM; (while :; do sleep 1; done) & while :; do sleep 1; done";
  const made = withAgents(['codex'], `${edits}; ${deaf.replace('&', `& ${atWork};`)}`);
  limitOnceAtWork(made);
  const request = made.ask();
  expect([made.state(), made.trailer('aynig-exit-code')]).toEqual(['stalled', '124']);
  expect(made.log(request)).toContain('codex has not ended within 71 s (aynig.agent.timeoutSeconds), and is ended');
  expect(made.git('show', `${made.trailer('aynig-kept')}:added.txt`)).toBe('new');
  await untilNoneWithHome(made.root);
});

test('what the agent prints is in the log while it works, and a cancelled run ends it at once', async () => {
  const made = withAgents(['codex'], 'echo half way; sleep 300');
  made.git('commit', '--quiet', '--allow-empty', '--message', 'Ask', '--message', 'aynig-state: agent');
  const request = made.head();
  await made.until('the log has it', () => made.log(request).includes('half way'));
  made.aynig(['cancel']);
  await made.untilQuiet();
  expect(made.log(request)).toContain('agent: told to end');
  // Who goes on after TERM is killed some seconds later.
  expect(made.trailer('aynig-signal')).not.toBe('SIGKILL');
  await made.untilStill();
});

test('TERM to the command alone ends its agent', async () => {
  const made = withAgents(['codex'], 'echo "$PPID" >"$HOME/parent"; sleep 300');
  made.git('commit', '--quiet', '--allow-empty', '--message', 'Ask', '--message', 'aynig-state: agent');
  const parent = await made.until('the agent runs', () => made.note('parent').trim());
  process.kill(Number(parent), 'SIGTERM');
  await made.untilQuiet();
  await made.untilStill();
  expect(made.trailer('aynig-exit-code', made.git('log', '-1', '--format=%H', '--grep=aynig-stalled-run'))).toBe('143');
});

test('behind a wrapper that stays, the wrapper is not ended with the agent', () => {
  const made = withAgents(['codex'], `${edits}; sleep 300 &`);
  made.setting('aynig.wrapper', `${made.script('wrapper', '"$@"; code=$?; echo "$code" >"$HOME/wrapped"; exit $code')}`);
  made.ask();
  expect([made.state(), made.note('wrapped')]).toEqual(['review', '0\n']);
});

test('at a remote the runner renews the lease while an agent works', () => {
  const newest = `git --git-dir="$HOME/origin.git" for-each-ref --format='%(contents:subject)' refs/aynig/lease/`;
  // Works until its lease was renewed, which is due when a third of it is over.
  const made = withAgents(['codex'], `until [ "$(${newest})" = 'aynig: alive' ]; do sleep 0.2; done; ${edits}`);
  const origin = `${made.root}/origin.git`;
  made.git('clone', '--quiet', '--bare', made.path, origin);
  made.git('remote', 'add', 'origin', origin);
  made.git('fetch', '--quiet', 'origin');
  made.request('agent', { trailers: ['aynig-lease-seconds: 30'] });
  made.git('-c', 'core.hooksPath=/dev/null', 'push', '--quiet', 'origin', 'main');
  made.aynig(['run', '--aynig-remote', 'origin', '--branch', 'main'], { expected: 'any' });
  const states = made.git(`--git-dir=${origin}`, 'log', '--format=%(trailers:key=aynig-state,valueonly,only)', '-3', 'main');
  expect(states.split('\n').filter((line) => line !== '')).toEqual(['review', 'working', 'agent']);
});

test('an agent that changes the commands has its work published, and no hook starts them', () => {
  const made = withAgents(
    ['codex'],
    'printf "#!/bin/sh\\ntouch \\$HOME/harmed\\n" >.aynig/command/evil; chmod +x .aynig/command/evil; echo evil >"$out/next"',
  );
  made.git('commit', '--quiet', '--allow-empty', '--message', 'Ask', '--message', 'aynig-state: agent');
  return made.untilState('evil').then(async () => {
    await made.untilQuiet();
    expect(made.noted('harmed')).toBe(false);
    expect(made.statusOf().reading).toBe('untrusted');
  });
});
