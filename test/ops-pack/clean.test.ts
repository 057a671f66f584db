import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addOpsPack, withOpsPack } from '../support/ops-pack.js';
import { twoClones, type Workspace } from '../support/workspace.js';

const run = (made: Workspace, args: readonly string[] = []): void =>
  void made.aynig(['run', '--current-branch', 'include', ...args], { expected: 'any' });
const job = `echo "$AYNIG_BODY" >"$AYNIG_BRANCH.txt"; git add .
case $AYNIG_BODY in *fail*) out=failed ;; *stuck*) exit 1 ;; *) out=done ;; esac
printf 'job\\n\\naynig-outcome: %s\\naynig-state: ops-fan-in\\n' "$out" | git commit --quiet --allow-empty --file=-`;
const fanOut = (made: Workspace, body: string): void =>
  void made.request('ops-fan-out', { body, trailers: ['aynig-fan-state: job', 'aynig-next-on-failure: looked-at'] });
const branches = (made: Workspace): string[] => made.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/').split('\n');
const report = (made: Workspace): string => made.git('log', '-1', '--format=%B');

test('branches of jobs that are merged go, and are listed so that they can be brought back', () => {
  const made = withOpsPack({ job });
  fanOut(made, 'a: one\nb: two\nc: three');
  run(made);
  expect(made.state()).toBe('done');
  const was = made.head('main.b');
  made.request('clean', { trailers: ['aynig-next: tidy'] });
  run(made);
  expect(made.state()).toBe('tidy');
  expect(branches(made)).toEqual(['main']);
  expect(report(made)).toContain(`| main.b | ${was} |`);
  made.git('branch', 'main.b', was);
  expect(made.git('show', 'main.b:main.b.txt')).toBe('two');
});

test('what is not merged, not ended, checked out or of others stays, and is said to', () => {
  const made = withOpsPack({ job }, { recovery: false });
  made.git('branch', 'main.mine');
  made.git('branch', 'mainly');
  fanOut(made, 'a: one\nb: fail\nc: stuck\nd: two\ne: three');
  run(made);
  made.request('ops-fan-in');
  made.git('worktree', 'add', '--quiet', join(made.root, 'elsewhere'), 'main.d');
  run(made);
  expect(made.state()).toBe('ops-joining');
  // Somebody lost patience and merged what there was.
  made.git('merge', '--quiet', '--no-edit', 'main.a', 'main.d', 'main.c');
  const later = made.git('commit-tree', 'main.e^{tree}', '-p', 'main.e', '-m', 'more');
  made.git('merge', '--quiet', '--no-edit', 'main.e');
  made.git('update-ref', 'refs/heads/main.e', later);
  made.request('clean');
  run(made);
  expect(made.state()).toBe('done');
  expect(branches(made)).toEqual(['main', 'main.b', 'main.c', 'main.d', 'main.e', 'main.mine', 'mainly']);
  const said = report(made);
  expect(said).toMatch(/\| main\.b \| [0-9a-f]{40} \| failed, and not merged/);
  expect(said).toMatch(/\| main\.c \| [0-9a-f]{40} \| not ended \(stalled\)/);
  expect(said).toMatch(/\| main\.d \| [0-9a-f]{40} \| checked out/);
  expect(said).toMatch(/\| main\.e \| [0-9a-f]{40} \| not ended \(-\)/);
  expect(said).not.toContain('mine');
});

test('only the fan-out that the request names is cleaned', () => {
  const made = withOpsPack({ job });
  fanOut(made, 'a: one');
  run(made);
  fanOut(made, 'b: two');
  run(made);
  const [first] = made
    .git('log', '--first-parent', '--reverse', '--format=%(trailers:key=aynig-correlation-id,valueonly,only,separator=%x2C)')
    .split('\n')
    .filter(Boolean);
  made.request('clean', { trailers: [`aynig-correlation-id: ${first}`] });
  run(made);
  expect(branches(made)).toEqual(['main', 'main.b']);
  expect(report(made)).toContain('not meant');
});

test('kept work that the branch contains goes, other kept work stays', () => {
  const made = withOpsPack({});
  made.git('update-ref', 'refs/aynig/kept/11111111-1111-4111-8111-111111111111', 'HEAD~1');
  made.git(
    'update-ref',
    'refs/aynig/kept/22222222-2222-4222-8222-222222222222',
    made.git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'lost'),
  );
  made.request('clean');
  run(made);
  expect(made.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/')).toBe('refs/aynig/kept/22222222-2222-4222-8222-222222222222');
});

test('kept work of a run of the branch that is not in it stays, and is said how to bring in', () => {
  const made = withOpsPack({ build: 'echo half >half.txt; exit 1' }, { recovery: false });
  made.request('build');
  run(made);
  const [kept = ''] = made.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/').split('\n');
  made.request('clean');
  run(made);
  expect(made.state()).toBe('done');
  expect(made.head(kept)).toMatch(/^[0-9a-f]{40}$/);
  expect(report(made)).toContain(
    `| ${kept} | ${made.head(kept)} | not in this branch; bring it in with: aynig land ${kept.slice('refs/aynig/kept/'.length)} |`,
  );
});

test('at a remote branches and kept work go there', () => {
  const { ana } = twoClones();
  addOpsPack(ana);
  ana.command('job', job);
  fanOut(ana, 'a: one\nb: fail');
  ana.git('push', '--quiet', 'origin', 'main');
  const there = (...args: string[]): string => ana.git(`--git-dir=${ana.root}/origin.git`, ...args);
  run(ana, ['--aynig-remote', 'origin']);
  ana.git('pull', '--quiet', '--ff-only');
  there('update-ref', 'refs/aynig/kept/11111111-1111-4111-8111-111111111111', 'main');
  expect(ana.state()).toBe('looked-at');
  ana.request('clean');
  ana.git('push', '--quiet', 'origin', 'main');
  run(ana, ['--aynig-remote', 'origin']);
  expect(there('for-each-ref', '--format=%(refname)', 'refs/heads/', 'refs/aynig/kept/').split('\n')).toEqual([
    'refs/heads/main',
    'refs/heads/main.b',
  ]);
});
