import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addOpsPack, withOpsPack } from '../support/ops-pack.js';
import { projectRoot } from '../support/scratch.js';
import { completing, twoClones, type Workspace } from '../support/workspace.js';

const run = (made: Workspace): void => void made.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
const readme = readFileSync(join(projectRoot, 'ops-workflow-pack/README.md'), 'utf8');
const names = (made: Workspace): string => made.git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/aynig/checkpoints/');

test('a checkpoint names the commit that asked, hands the prompt on, and moves with its name', () => {
  const made = withOpsPack({ build: completing('review', 'printf %s "$AYNIG_BODY" >"$HOME/told"') });
  const trailers = ['aynig-checkpoint: before-build', 'aynig-next: build', 'aynig-correlation-id: x1'];
  const first = made.request('ops-checkpoint', { body: 'build it', trailers });
  run(made);
  expect(names(made)).toBe(`refs/aynig/checkpoints/main/before-build ${first}`);
  expect(made.state()).toBe('review');
  expect(made.note('told')).toBe('build it');
  expect(made.trailer('aynig-correlation-id', 'HEAD~2')).toBe('x1');
  expect(made.trailer('aynig-checkpoint', 'HEAD~2')).toBe('before-build');
  const second = made.request('ops-checkpoint', { trailers });
  run(made);
  expect(names(made)).toBe(`refs/aynig/checkpoints/main/before-build ${second}`);
  expect(made.git('log', '-1', '--format=%s', 'HEAD~2')).toContain(`and was ${first.slice(0, 12)}`);
  // git's own way back to what the name meant before.
  expect(made.head('refs/aynig/checkpoints/main/before-build@{1}')).toBe(first);
});

test('a branch that begins at a checkpoint as the README says asks for nothing, and has the files of then', async () => {
  const [, way = ''] = /^aynig-checkpoint: before-rewrite'\n```\n[^`]*```sh\n(.*?)^```/ms.exec(readme) ?? [];
  expect(way).toContain('refs/aynig/checkpoints/main/before-rewrite');
  // Asked for by a run, so that what stands below the request is a lease.
  const asks = 'aynig-checkpoint: before-rewrite\naynig-next: build\naynig-state: ops-checkpoint';
  const made = withOpsPack({
    build: completing('review'),
    begin: `set -eu; echo then >README; git commit --quiet --all --message 'Checkpoint' --message '${asks}'`,
  });
  made.request('begin');
  run(made);
  expect(made.state()).toBe('review');
  const [there = ''] = names(made).split(' ').slice(1);
  made.write('README', 'rewritten\n');
  made.git('commit', '--quiet', '--all', '--message', 'Rewrite');
  const ran = made.ran().length;
  made.program('sh', ['-euc', way]);
  await made.untilQuiet();
  expect(made.git('branch', '--show-current')).toBe('again');
  made.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
  expect([made.ran().length, made.head('again~1'), made.git('rev-list', '--count', `${there}..again`)]).toEqual([ran, there, '1']);
  expect(made.read('README')).toBe('then\n');
  expect(made.statusOf('again').reading).toBe('idle');
  // It goes on as any branch does.
  made.request('build');
  run(made);
  expect([made.state(), made.ran().length]).toEqual(['review', ran + 1]);
});

test.each(['', '../up', 'a b', '-x', 'a..b', 'x.lock', 'y'.repeat(101)])('the name %j is none', (name) => {
  const made = withOpsPack({});
  made.request('ops-checkpoint', { trailers: name === '' ? [] : [`aynig-checkpoint: ${name}`] });
  run(made);
  expect(made.state()).toBe('failed');
  expect(names(made)).toBe('');
});

test('a name that git has no room for is said so', () => {
  const made = withOpsPack({});
  made.git('update-ref', 'refs/aynig/checkpoints/main/a/b', 'HEAD');
  made.request('ops-checkpoint', { trailers: ['aynig-checkpoint: a', 'aynig-next-on-failure: repair'] });
  run(made);
  expect(made.state()).toBe('repair');
  expect(made.git('log', '-1', '--format=%b')).toContain('could not be made');
});

test('at a remote the checkpoint is there', () => {
  const { ana } = twoClones();
  addOpsPack(ana);
  const asked = ana.request('ops-checkpoint', { trailers: ['aynig-checkpoint: one'] });
  ana.git('push', '--quiet', 'origin', 'main');
  ana.aynig(['run', '--aynig-remote', 'origin', '--current-branch', 'include']);
  expect(ana.git(`--git-dir=${ana.root}/origin.git`, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/aynig/checkpoints/')).toBe(
    `refs/aynig/checkpoints/main/one ${asked}`,
  );
});
