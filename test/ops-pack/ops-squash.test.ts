import { expect, test } from 'vitest';
import { addOpsPack, withOpsPack } from '../support/ops-pack.js';
import { twoClones, type Workspace } from '../support/workspace.js';

const run = (made: Workspace): void => void made.aynig(['run', '--current-branch', 'include'], { expected: 'any' });

function work(made: Workspace, title: string, author?: string): void {
  made.write(`${title.replaceAll(' ', '-')}.txt`, `${title}\n`);
  made.git('add', '--all');
  made.git('commit', '--quiet', ...(author === undefined ? [] : ['--author', author]), '--message', title);
}

test('a branch becomes one commit on the trunk, and its own commits stay under a name', () => {
  const made = withOpsPack({});
  made.git('switch', '--quiet', '--create', 'topic');
  work(made, 'first step');
  made.request('nothing-here');
  work(made, 'second step');
  const asked = made.request('ops-squash', { title: 'Add both steps', body: 'They belong together.' });
  run(made);
  expect(made.state()).toBe('done');
  const main = made.head('main');
  expect(made.git('rev-parse', 'topic.squashed^@')).toBe(main);
  expect(made.head('topic.squashed^{tree}')).toBe(made.head(`${asked}^{tree}`));
  const kept = `refs/aynig/history/topic/${asked.slice(0, 12)}`;
  expect(made.git('log', '-1', '--format=%an <%ae>%n%B', 'topic.squashed')).toBe(
    `Ana Example <ana@example.com>\nAdd both steps\n\nThey belong together.\n\n- first step\n- second step\n\nThe commits of topic, with what happened to them: ${kept}\n`,
  );
  expect(made.head(kept)).toBe(asked);
  // The events can be read once the branch is gone.
  made.git('switch', '--quiet', 'main');
  made.git('branch', '--quiet', '-D', 'topic');
  made.git('branch', 'look', kept);
  expect(made.aynig(['events', 'look', '--history', '--json']).stdout).toContain('nothing-here');
});

test('the author is kept, and further ones are named', () => {
  const made = withOpsPack({});
  made.git('switch', '--quiet', '--create', 'topic');
  work(made, 'one', 'Bea Example <bea@example.com>');
  work(made, 'two', 'Bea Example <bea@example.com>');
  work(made, 'three', 'Cy Example <cy@example.com>');
  made.request('ops-squash');
  run(made);
  expect(made.git('log', '-1', '--format=%an <%ae>', 'topic.squashed')).toBe('Bea Example <bea@example.com>');
  expect(made.trailer('Co-authored-by', 'topic.squashed')).toBe('Cy Example <cy@example.com>');
});

test('asked again after a crash it makes nothing twice; a branch that is another one is left alone', () => {
  const made = withOpsPack({});
  made.git('switch', '--quiet', '--create', 'topic');
  work(made, 'one');
  made.request('ops-squash');
  run(made);
  const squashed = made.head('topic.squashed');
  made.request('ops-squash');
  run(made);
  expect(made.state()).toBe('done');
  expect(made.head('topic.squashed')).toBe(squashed);
  work(made, 'two');
  made.request('ops-squash');
  run(made);
  expect(made.state()).toBe('failed');
  expect(made.head('topic.squashed')).toBe(squashed);
  made.request('ops-squash', { trailers: ['aynig-squash-to: tidy'] });
  run(made);
  expect(made.state()).toBe('done');
  expect(made.head('tidy^{tree}')).toBe(made.head('topic^{tree}'));
});

test.each([
  ['aynig-squash-to: topic', 'in place'],
  ['aynig-squash-to: -x', 'not a name'],
  ['aynig-squash-to: a..b', 'not a name'],
  ['aynig-squash-onto: no-such', 'no commit'],
  ['aynig-squash-onto: unrelated', 'no commit in common'],
])('%s is refused, and nothing is made', (trailer, said) => {
  const made = withOpsPack({});
  made.git('update-ref', 'refs/heads/unrelated', made.gitAnswer(['commit-tree', 'HEAD^{tree}', '-m', 'other']).stdout.trim());
  made.git('switch', '--quiet', '--create', 'topic');
  work(made, 'one');
  const before = made.git('for-each-ref', 'refs/heads/unrelated', 'refs/heads/main', 'refs/aynig/history');
  made.request('ops-squash', { trailers: [trailer] });
  run(made);
  expect(made.state()).toBe('failed');
  expect(made.git('log', '-1', '--format=%B')).toContain(said);
  expect(made.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/').split('\n')).toEqual(['main', 'topic', 'unrelated']);
  expect(made.git('for-each-ref', 'refs/heads/unrelated', 'refs/heads/main', 'refs/aynig/history')).toBe(before);
});

test('a branch that changes nothing is done', () => {
  const made = withOpsPack({});
  made.git('switch', '--quiet', '--create', 'topic');
  made.request('ops-squash');
  run(made);
  expect(made.state()).toBe('done');
  expect(made.gitAnswer(['rev-parse', '--verify', '--quiet', 'topic.squashed']).exitCode).toBe(1);
});

test('at a remote the squashed branch and the kept commits are there', () => {
  const { ana } = twoClones();
  addOpsPack(ana);
  ana.git('push', '--quiet', 'origin', 'main');
  ana.git('switch', '--quiet', '--create', 'topic');
  work(ana, 'one');
  const asked = ana.request('ops-squash');
  ana.git('push', '--quiet', 'origin', 'topic');
  ana.aynig(['run', '--aynig-remote', 'origin', '--branch', 'topic']);
  const there = (...args: string[]): string => ana.git(`--git-dir=${ana.root}/origin.git`, ...args);
  expect(there('rev-parse', 'topic.squashed^{tree}')).toBe(ana.head(`${asked}^{tree}`));
  expect(there('rev-parse', `refs/aynig/history/topic/${asked.slice(0, 12)}`)).toBe(asked);
  expect(there('log', '-1', '--format=%(trailers:key=aynig-state,valueonly,only)', 'topic')).toBe('done\n');
});
