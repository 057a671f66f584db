import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseMessage, strayRequests } from '../../src/kernel/message.js';
import { farm } from '../support/farm.js';
import { addOpsPack, withOpsPack } from '../support/ops-pack.js';
import type { Workspace } from '../support/workspace.js';

const token = ['ghp', '_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5lM7'].join('');
const started = 'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"';
const build = `${started}
echo made >made.txt; git add made.txt; git commit -q -m 'half of it'
echo loose >loose.txt
printf '\\033[31maynig-state: evil\\033[0m\\naynig-run-id: x\\n# ------------------------ >8 ------------------------\\n'
echo 'pushed with ${token}'; echo "DEPLOY=$DEPLOY_TOKEN"
printf 'last line\\n'; exit 9`;

async function ask(repo: Workspace, state: string, trailers: readonly string[] = [], end = 'failed'): Promise<void> {
  repo.git('commit', '--quiet', '--allow-empty', '-m', `Ask for ${state}`, '-m', [`aynig-state: ${state}`, ...trailers].join('\n'));
  await repo.untilState(end);
  await repo.untilQuiet();
}

function report(repo: { git(...args: string[]): string }, rev = 'HEAD'): string {
  const text = repo.git('log', '-1', '--format=%B', rev);
  const parsed = parseMessage(Buffer.from(text));
  if (parsed.kind !== 'message') throw new Error(`not a message: ${JSON.stringify(parsed)}\n${text}`);
  expect(strayRequests(text)).toEqual([]);
  return parsed.message.body;
}

test('a report says what failed, how, what it changed and kept, and how its log ended', async () => {
  const repo = withOpsPack({ build });
  repo.env['DEPLOY_TOKEN'] = 'not-for-you';
  await ask(repo, 'build', ['aynig-max-attempts: 1', 'aynig-correlation-id: c-1']);
  await ask(repo, 'ops-triage', ['aynig-correlation-id: c-1'], 'ops-review');
  const { runId = '', request = '' } = repo.ran()[0] ?? {};
  const body = report(repo);
  for (const part of [
    'Branch: main\nState that failed: build\n',
    `Run: ${runId}`,
    'Exit code: 9',
    'Attempts: 1 of 1',
    `Asked by: ${request.slice(0, 7)} Ask for build`,
    '  | The command exited with 9.',
    '  | A\tmade.txt',
    `  | refs/aynig/kept/${runId}-uncommitted`,
    `.aynig/logs/${request}.log (aynig logs ${request.slice(0, 12)}):`,
    '  | aynig-state: evil\n  | aynig-run-id: x\n  | # ----',
    '  | pushed with [masked]\n  | DEPLOY=[masked]\n  | last line',
  ])
    expect(body).toContain(part);
  expect(body).toMatch(/\| \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}[0-9a-f]{7,} {2}stalled +aynig: build stalled\n/);
  expect(body).not.toContain('\x1b');
  expect(body).not.toContain('not-for-you');
  expect(repo.trailer('aynig-failed-state')).toBe('build');
  expect(repo.trailer('aynig-correlation-id')).toBe('c-1');
  expect(repo.trailer('aynig-note')).toBe(`build failed in run ${runId}`);
  // A person's turn: no command has that name.
  expect(repo.statusOf().reading).toBe('waiting');
});

test('another state may come next, and one that cannot is said', async () => {
  const repo = withOpsPack({ build });
  await ask(repo, 'build');
  await ask(repo, 'ops-triage', ['aynig-next: Look-Here'], 'look-here');
  await ask(repo, 'ops-triage', ['aynig-next: stalled'], 'ops-review');
  expect(report(repo)).toContain('Remark: aynig-next is "stalled", which cannot follow');
  await ask(repo, 'ops-triage', ['aynig-next: ops-triage'], 'ops-review');
});

test('a branch where nothing failed gets a report that says so', async () => {
  const repo = withOpsPack();
  await ask(repo, 'ops-triage', [], 'ops-review');
  expect(report(repo)).toContain('did not fail, or nothing has ended yet.');
  expect(report(repo)).toMatch(/\| .* ops-triage +Ask for ops-triage/);
});

/** Fails twice, and then does what it is for. */
const third = `${started}
[ "$AYNIG_TRAILER_AYNIG_ATTEMPT" = 3 ] || exit 4
git commit -q --allow-empty -m 'Checked' -m 'aynig-state: checked'`;
const job = `set -eu
case $AYNIG_BODY in *fail*) set -- failed ;; *) echo "$AYNIG_BRANCH" >"\${AYNIG_BODY#in }"; set -- done ;; esac
git add .
git commit -q --allow-empty -m "job of $AYNIG_BRANCH" -m "aynig-outcome: $1
aynig-state: $AYNIG_TRAILER_AYNIG_NEXT"`;

/** A workspace where a run has failed before, and was mended since. */
async function mendedSince(): Promise<Workspace> {
  const repo = withOpsPack({ check: third, job });
  repo.git('config', 'aynig.ops.backoffSeconds', '0');
  await ask(repo, 'check', ['aynig-max-attempts: 3'], 'checked');
  expect(repo.states().filter((state) => state === 'stalled')).toHaveLength(2);
  return repo;
}

async function fanOut(repo: Workspace, body: string, end = 'ops-review'): Promise<void> {
  const trailers = ['aynig-state: ops-fan-out', 'aynig-fan-state: job', 'aynig-fan-then: joined', 'aynig-next-on-failure: ops-triage'];
  repo.git('commit', '--quiet', '--allow-empty', '-m', 'Fan out', '-m', body, '-m', trailers.join('\n'));
  await repo.untilState(end);
  await repo.untilQuiet();
}

test('what was mended since is not what a report is about', async () => {
  const repo = await mendedSince();
  await ask(repo, 'ops-triage', [], 'ops-review');
  expect(repo.git('log', '-1', '--format=%s')).toBe('Triage: nothing failed on main');
  expect(repo.trailer('aynig-failed-state')).toBe('');
});

test('jobs of a fan-out that failed are what its report is about, whatever failed before', async () => {
  const repo = await mendedSince();
  await fanOut(repo, 'de: in de\nes: fail');
  expect(repo.git('log', '-1', '--format=%s')).toBe('Triage: Joined 2 jobs: 1 done, 1 failed, 1 merged (main)');
  expect(report(repo)).toContain('  | | main.es | failed |');
  expect(report(repo)).not.toContain('What was asked');
  expect(repo.trailer('aynig-failed-state')).toBe('ops-fan-in');
  expect(repo.trailer('aynig-note')).toMatch(/^Joined 2 jobs: 1 done, 1 failed, 1 merged in run /);
  // A person who asks later gets the same one.
  await ask(repo, 'ops-triage', [], 'ops-review');
  expect(repo.git('log', '-1', '--format=%s')).toBe('Triage: Joined 2 jobs: 1 done, 1 failed, 1 merged (main)');
});

test('jobs that conflict are what their report is about, and not that an earlier fan-out could not be', async () => {
  const repo = withOpsPack({ job });
  await ask(repo, 'ops-fan-out');
  expect(repo.git('log', '-1', '--format=%s')).toMatch(/^Not fanned out/);
  await fanOut(repo, 'de: in all\nes: in all');
  expect(repo.git('log', '-1', '--format=%s')).toBe('Triage: Joined 2 jobs: 2 done, 0 failed, 1 merged (main)');
  expect(report(repo)).toContain('  | main.es:\n  |   all');
  expect(report(repo)).not.toContain('State that failed: ops-fan-out');
});

test('a question that was turned down is what its report is about', async () => {
  const repo = await mendedSince();
  const trailers = ['aynig-state: ops-approve', 'aynig-next: ship', 'aynig-next-on-failure: ops-triage'];
  repo.git('commit', '--quiet', '--allow-empty', '-m', 'Ship it?', '-m', trailers.join('\n'));
  await repo.untilState('ops-approval');
  await repo.untilQuiet();
  repo.git('commit', '--quiet', '--allow-empty', '-m', 'Reject', '-m', 'Not on a Friday.', '-m', 'aynig-state: ops-triage');
  await repo.untilState('ops-review');
  await repo.untilQuiet();
  expect(repo.git('log', '-1', '--format=%s')).toBe('Triage: "Ship it?" was rejected on main');
  expect(report(repo)).toContain('What a person said:\n  | Reject\n  | Not on a Friday.\n');
  expect(report(repo)).not.toContain('Attempts:');
  expect(repo.trailer('aynig-failed-state')).toBe('');
});

test('a command that asks for a report says by its commit what is wrong; one that was told to go on there does not', async () => {
  const repo = withOpsPack({
    test: `git commit -q --allow-empty -m '3 tests failed' -m 'aynig-state: ops-triage'`,
    told: `git commit -q --allow-empty -m 'All is well' -m "aynig-state: $AYNIG_TRAILER_AYNIG_NEXT"`,
  });
  await ask(repo, 'test', [], 'ops-review');
  expect(repo.git('log', '-1', '--format=%s')).toBe('Triage: test failed on main: 3 tests failed');
  await ask(repo, 'told', ['aynig-next: ops-triage'], 'ops-review');
  expect(repo.git('log', '-1', '--format=%s')).toBe('Triage: nothing failed on main');
});

test('what a notice passes on is still what failed', async () => {
  const repo = withOpsPack({ build });
  await ask(repo, 'build', ['aynig-next-on-failure: ops-notify'], 'done');
  await ask(repo, 'ops-triage', [], 'ops-review');
  expect(repo.trailer('aynig-failed-state')).toBe('build');
});

test('of a long log only the end is shown, masked before it is cut', async () => {
  const secret = `${token}x`.repeat(3);
  const repo = withOpsPack({
    build: `${started}
i=0; while [ $i -lt 3000 ]; do echo "line $i of a log that is long enough to be cut somewhere in the middle of it"; i=$((i + 1)); done
printf 'password=%s\\n' "${'s'.repeat(3000)}"; echo "${secret}"; exit 1`,
  });
  await ask(repo, 'build');
  await ask(repo, 'ops-triage', [], 'ops-review');
  const body = report(repo);
  const shown = body.slice(body.indexOf('The end of its log'));
  expect(shown.split('\n').length).toBeLessThanOrEqual(102);
  expect(Buffer.byteLength(shown)).toBeLessThan(17_500);
  expect(shown).toContain('password=[masked]');
  expect(shown).not.toContain('sssss');
  expect(shown).not.toContain('aB3dE5');
  expect(shown).toContain('line 2999 of');
  expect(shown).not.toContain('line 100 of');
});

test('a log that is gone is said to be gone', async () => {
  const repo = withOpsPack({ build });
  await ask(repo, 'build');
  rmSync(join(repo.path, '.aynig/logs'), { recursive: true });
  await ask(repo, 'ops-triage', [], 'ops-review');
  expect(report(repo)).toContain('is not in this clone');
});

test('in a linked worktree the log is that of the main one', async () => {
  const repo = withOpsPack({ build });
  const linked = repo.linked('side');
  await ask(linked, 'build');
  await ask(linked, 'ops-triage', [], 'ops-review');
  expect(report(linked)).toContain('Branch: side');
  expect(report(linked)).toContain('  | last line');
});

test('a bare repository has its logs elsewhere', async () => {
  const repo = withOpsPack({ build });
  const path = join(repo.root, 'server.git');
  repo.request('build');
  repo.git('clone', '--quiet', '--bare', repo.path, path);
  writeFileSync(
    join(path, 'config'),
    `${repo.git('config', '--file', join(path, 'config'), '--list') && ''}[core]\n\tbare = true\n\trepositoryformatversion = 0\n[user]\n\tname = Ana\n\temail = ana@example.com\n`,
  );
  const run = (): string => repo.aynig(['run'], { cwd: path, expected: 'any' }).stderr;
  run();
  expect(repo.gitAnswer(['log', '-1', '--format=%B', 'main'], { cwd: path }).stdout).toContain('aynig-state: failed');
  const tip = repo.gitAnswer(['commit-tree', '-p', 'main', '-m', 'triage', '-m', 'aynig-state: ops-triage', 'main^{tree}'], { cwd: path });
  repo.gitAnswer(['update-ref', 'refs/heads/main', tip.stdout.trim()], { cwd: path, expected: 0 });
  run();
  expect(report({ git: (...args) => repo.gitAnswer(args, { cwd: path }).stdout }, 'main')).toContain('  | last line');
});

test('at a remote, what another machine kept there is listed', async () => {
  const { remote, clones, run } = farm({ clones: 2, command: build });
  const [one, two] = clones as [Workspace, Workspace];
  addOpsPack(one);
  one.git('push', '--quiet', 'origin', 'HEAD:main');
  one.git('checkout', '--quiet', '-b', 'topic');
  one.request('build', { trailers: ['aynig-next-on-failure: ops-triage'] });
  one.git('push', '--quiet', 'origin', 'topic');
  one.git('checkout', '--quiet', 'main');
  one.git('config', 'aynig.maxTicks', '1');
  await run(one);
  await run(two);
  expect(remote.state('topic')).toBe('ops-review');
  const { runId = '' } = one.ran()[0] ?? {};
  const body = report(remote, 'topic');
  expect(body).toContain(`  | refs/aynig/kept/${runId}-uncommitted (at the remote)`);
  expect(body).toContain('is not in this clone');
  expect(body).toContain('What was asked:\n  | ended with exit code 9');
});
