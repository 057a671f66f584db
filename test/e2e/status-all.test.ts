import { chmodSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BranchStatus, statusReport } from '../../src/observe/schemas.js';
import { importHistory, leases, runOf, stalls } from '../support/made-history.js';
import { type Scratch, scratch } from '../support/scratch.js';

const today = Math.floor(Date.now() / 1000);

/** A branch of each kind; what hooks may start is anything that stands on a branch. */
function everyKind(): Scratch {
  const made = scratch();
  made.git('config', 'aynig.trust', 'branch');
  made.command('build', 'true');
  made.git('branch', 'plain');
  const on = (branch: string, ...lines: readonly string[]): void => {
    made.git(
      'update-ref',
      `refs/heads/${branch}`,
      made.git('commit-tree', '-p', 'main', ...lines.flatMap((line) => ['-m', line]), 'main^{tree}'),
    );
  };
  on('ready', 'Build it', 'aynig-state: build');
  on('waiting', 'Look at it', 'aynig-state: review\naynig-attempt: 3\naynig-correlation-id: c-7');
  on('ended', 'All done', 'aynig-state: done');
  on('invalid', 'Two states', 'aynig-state: a\naynig-state: b');
  on('request', 'Build the docs', 'aynig-state: build\naynig-attempt: 2\naynig-correlation-id: c-8');
  const request = made.head('request');
  const lease = leases('run', 'build').replace(/\n$/, `\naynig-parent: ${request}\n`);
  made.git(
    'update-ref',
    'refs/heads/held',
    made.gitAnswer(['commit-tree', '-p', request, 'main^{tree}'], { input: lease, expected: 0 }).stdout.trim(),
  );
  made.git('update-ref', '-d', 'refs/heads/request');
  importHistory(made, [
    { branch: 'expired', at: 1_700_000_000, message: leases('gone', 'build') },
    { branch: 'stalled', at: today, message: stalls('run', 'build') },
  ]);
  return made;
}

const branchesOf = (made: Scratch, ...args: readonly string[]): BranchStatus[] =>
  statusReport.parse(JSON.parse(made.aynig(['status', ...args, '--json'], { expected: 'any' }).stdout)).branches;
const namesIn = (table: string): string[] =>
  table
    .split('\n')
    .slice(1, -1)
    .map((line) => line.slice(2).split(' ', 1)[0] ?? '');

describe('aynig status --all', () => {
  test('shows what needs a person first, then what runs, then the rest, and only counts what has no state', () => {
    const made = everyKind();
    const { stdout, stderr } = made.aynig(['status', '--all']);
    const names = namesIn(stdout);
    expect(names.slice(0, 4).sort()).toEqual(['expired', 'invalid', 'stalled', 'waiting'].sort());
    expect(names[4]).toBe('held');
    expect(names.slice(5).sort()).toEqual(['ended', 'ready']);
    expect(stdout).toMatch(/^ {2}held +working \(build\) +leased +host \S+ left +exists +\S+ +2 +Build the docs$/m);
    expect(stderr).toBe('2 branches without a state are not shown; with them: aynig status --idle\n');
    expect(
      namesIn(made.aynig(['status', '--idle']).stdout)
        .slice(7)
        .sort(),
    ).toEqual(['main', 'plain']);
    expect(made.aynig(['status', '--idle']).stderr).toBe('');
  });

  test('has in its JSON all branches, with what ties them together and whether they need a person', () => {
    const made = everyKind();
    const found = Object.fromEntries(branchesOf(made, '--all').map((status) => [status.branch, status]));
    expect(Object.keys(found)).toHaveLength(9);
    expect(found['waiting']).toMatchObject({ attempt: 3, correlationId: 'c-7', originState: null, request: null, needsPerson: true });
    expect(found['held']).toMatchObject({
      attempt: 2,
      correlationId: 'c-8',
      originState: 'build',
      request: 'Build the docs',
      needsPerson: false,
    });
    expect(found['expired']).toMatchObject({ reading: 'expired', at: 1_700_000_000, needsPerson: true, runId: runOf('gone') });
    expect(found['stalled']).toMatchObject({ reading: 'waiting', originState: 'build', needsPerson: true });
    // Verbs without a branch act on the current one.
    expect(found['stalled']?.lastFailure?.hint).toBe(
      'See what it printed: aynig logs stalled; ask again with: git switch stalled && aynig set-state build',
    );
    expect(found['ended']).toMatchObject({
      reading: 'waiting',
      needsPerson: false,
      detail: "no command for done: nobody's turn, as it is an end (aynig.endStates)",
    });
    expect(found['waiting']?.detail).toBe("no command for review: a person's turn, or the end");
    expect(made.aynig(['status', 'ended']).stdout).toMatch(/^reading +ended: no command for done: nobody's turn/m);
  });

  test('is plain text where it is piped, and where no colours are wanted', () => {
    const { stdout } = everyKind().aynig(['status', '--all'], { env: { TERM: 'xterm-256color' } });
    expect(stdout).not.toContain('\u001b');
  });

  test('says that there is nothing, in words and not on standard output', () => {
    const made = scratch();
    expect(made.aynig(['status', '--all'])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'No branch has a state.\n1 branch without a state is not shown; with them: aynig status --idle\n',
    });
    expect(made.aynig(['status', '--needs-me'])).toMatchObject({ stdout: '', stderr: 'No branch needs a person.\n' });
  });

  test('keeps hostile titles and trailers harmless', () => {
    const made = scratch();
    made.request('review', { title: 'evil \u001b]0;owned\u0007 \u202etitle <script>', trailers: ['aynig-correlation-id: <b>'] });
    for (const args of [['--all'], ['--needs-me'], ['--idle'], ['--all', '--json']]) {
      const { stdout } = made.aynig(['status', ...args]);
      expect(stdout).toMatch(/\\x1b\]0;owned|\\u001b\]0;owned/);
      expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/);
    }
  });

  test.each([
    [['--all', 'main'], 'Name a branch or use --all'],
    [['--needs-me', 'main'], 'Name a branch or use --all'],
    [['--needs-me', '--idle'], 'Use --needs-me or --idle'],
    [['--watch', '--json'], 'Use --watch or --json'],
    [['--watch', '--exit-code'], 'Use --watch or --exit-code'],
    [['--watch'], 'needs a terminal'],
  ])('refuses %s', (args, words) => {
    const answer = scratch().aynig(['status', ...args], { expected: 2 });
    expect(answer.stderr).toContain(words);
    expect(answer.stderr).toContain('[usage]');
    expect(answer.stdout).toBe('');
  });
});

describe('aynig status --needs-me', () => {
  test('shows only branches where a person has to act', () => {
    const made = everyKind();
    const wanted = ['expired', 'invalid', 'stalled', 'waiting'];
    expect(namesIn(made.aynig(['status', '--needs-me']).stdout).sort()).toEqual(wanted);
    expect(branchesOf(made, '--needs-me').map(({ branch }) => branch)).toEqual(wanted);
    expect(made.aynig(['status', '--needs-me']).stderr).toBe('');
  });

  test('has commands that nobody has allowed, and what a runner has failed at', () => {
    const made = everyKind();
    made.git('config', 'aynig.trust', 'pinned');
    expect(branchesOf(made, '--needs-me').map(({ branch }) => branch)).toContain('ready');
    made.git('config', 'aynig.trust', 'branch');
    expect(branchesOf(made, '--needs-me').map(({ branch }) => branch)).not.toContain('ready');
    made.write('.git/aynig/failures/x.json', JSON.stringify({ ref: 'refs/heads/ready', code: 'disk-full', why: 'w', hint: 'h', at: 1 }));
    expect(branchesOf(made, '--needs-me').map(({ branch }) => branch)).toContain('ready');
  });

  test('takes other states for an end where aynig.endStates says so', () => {
    const made = everyKind();
    made.git('config', 'aynig.endStates', 'review merged');
    expect(branchesOf(made, '--needs-me').map(({ branch }) => branch)).toEqual(['ended', 'expired', 'invalid', 'stalled']);
  });
});

describe('aynig status --exit-code', () => {
  test('is 0 where nobody is needed and 10 where somebody is, of all branches or of one', () => {
    const made = scratch();
    const code = (...args: readonly string[]): number => made.aynig(['status', ...args, '--exit-code'], { expected: 'any' }).exitCode;
    expect([code('--all'), code('--needs-me'), code('main')]).toEqual([0, 0, 0]);
    made.git('switch', '--quiet', '--create', 'topic');
    made.request('review');
    expect([code('--all'), code('--needs-me', '--json'), code('topic'), code('main')]).toEqual([10, 10, 10, 0]);
    expect(made.aynig(['status', '--all']).exitCode).toBe(0);
  });

  test('is 10 where the runner of a hook failed as a whole', () => {
    const made = scratch();
    made.write('.git/aynig/failures/any.json', JSON.stringify({ ref: 'refs/heads/', code: 'bad-setting', why: 'w', hint: 'h', at: 1 }));
    expect(made.aynig(['status', '--all', '--exit-code'], { expected: 'any' }).exitCode).toBe(10);
  });

  test('stays 1 where a branch cannot be read, since the answer is not whole', () => {
    const made = scratch();
    made.git('branch', 'waits');
    made.git('switch', '--quiet', 'waits');
    made.request('review');
    made.git('switch', '--quiet', '--create', 'broken');
    const lost = made.request('review', { title: 'lost' });
    const file = join(made.path, '.git/objects', lost.slice(0, 2), lost.slice(2));
    chmodSync(file, 0o644);
    truncateSync(file, 10);
    const answer = made.aynig(['status', '--needs-me', '--exit-code'], { expected: 'any' });
    expect(answer.exitCode).toBe(1);
    expect(answer.stdout).toMatch(/^\* broken .*unreadable/m);
    expect(made.aynig(['status', 'nowhere', '--exit-code'], { expected: 'any' }).exitCode).toBe(1);
  });
});

test('a branch that is written down without its request, as in a shallow clone, is shown all the same', () => {
  const made = everyKind();
  const clone = join(made.root, 'shallow');
  made.git('clone', '--quiet', '--depth=1', '--branch=held', `file://${made.path}`, clone);
  const answer = made.aynig(['status', '--json'], { cwd: clone });
  expect(statusReport.parse(JSON.parse(answer.stdout)).branches[0]).toMatchObject({
    reading: 'leased',
    request: null,
    originState: 'build',
  });
});

test('a lease whose request is damaged is shown all the same, and hides no other branch', () => {
  const made = everyKind();
  const request = made.head('held~1');
  const file = join(made.path, '.git/objects', request.slice(0, 2), request.slice(2));
  chmodSync(file, 0o644);
  truncateSync(file, 10);
  const found = branchesOf(made, '--all');
  expect(found).toHaveLength(9);
  expect(found.find(({ branch }) => branch === 'held')).toMatchObject({ reading: 'leased', request: null, attempt: null });
});

test('the number of git processes does not grow with the branches, with or without a reflog, with an upstream or without', () => {
  const made = everyKind();
  made.git('config', 'aynig.trust', 'pinned');
  made.aynig(['allow', '--yes', 'main']);
  made.git('remote', 'add', 'origin', made.path);
  const trace = join(made.root, 'trace');
  const calls = (): number => {
    made.aynig(['status', '--all'], { env: { GIT_TRACE2_EVENT: trace } });
    const count = made.program('grep', ['-c', '"event":"start"', trace]).stdout;
    made.program('rm', [trace]);
    return Number(count);
  };
  const few = calls();
  const ready = made.head('ready');
  const names = Array.from({ length: 30 }, (_, index) => `more/${index}`);
  const moves = names.flatMap((name) => [`create refs/heads/${name} ${ready}\n`, `create refs/remotes/origin/${name} ${ready}\n`]);
  made.gitAnswer(['update-ref', '--stdin'], { input: moves.join(''), expected: 0 });
  made.git('pack-refs', '--all');
  rmSync(join(made.path, '.git/logs/refs/heads/more'), { recursive: true });
  for (const name of names.slice(0, 15)) made.git('branch', '--quiet', `--set-upstream-to=origin/${name}`, name);
  const readings = new Set(branchesOf(made, '--all').flatMap(({ branch, reading }) => (branch.startsWith('more/') ? [reading] : [])));
  expect(readings).toEqual(new Set(['untrusted']));
  expect(calls()).toBe(few);
  made.git('config', 'aynig.trust', 'branch');
  expect(calls()).toBe(few);
  expect(branchesOf(made, '--all').filter(({ reading }) => reading === 'remote')).toHaveLength(15);
});
