import { expect, test } from 'vitest';
import { withOpsPack } from '../support/ops-pack.js';
import { completing, type Workspace } from '../support/workspace.js';

const run = (made: Workspace): void => void made.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
const message = (made: Workspace): string => made.git('log', '-1', '--format=%B');
/** The command lines that the question names. */
const answers = (made: Workspace): string[] => message(made).match(/(?<=^ {2})git commit .*$/gm) ?? [];

test('a question is answered by the command lines that it names', async () => {
  for (const [answer, state] of [
    [0, 'shipped'],
    [1, 'mended'],
  ] as const) {
    const made = withOpsPack({ ship: completing('shipped'), mend: completing('mended') });
    made.request('ops-approve', {
      title: 'Ship it?',
      body: 'All is green.',
      trailers: ['aynig-next: ship', 'aynig-next-on-failure: mend'],
    });
    run(made);
    expect(made.state()).toBe('ops-approval');
    expect(made.trailer('aynig-next')).toBe('ship');
    expect(made.trailer('aynig-next-on-failure')).toBe('mend');
    expect(message(made)).toContain('Ship it?\n\nAll is green.\n');
    const line = answers(made)[answer];
    made.program('sh', ['-c', line ?? 'exit 1']);
    await made.untilState(state);
    await made.untilQuiet();
  }
});

test('nothing but a person answers: a question waits', () => {
  const made = withOpsPack({});
  made.request('ops-approve');
  run(made);
  const asked = made.head();
  run(made);
  expect(made.head()).toBe(asked);
  expect(made.statusOf().reading).toBe('waiting');
  expect(message(made)).toMatch(/^ask for ops-approve\n\nTo answer, on the branch main:\n/);
  expect(answers(made)).toEqual([
    "git commit --allow-empty -m 'Approve' -m 'aynig-state: done'",
    "git commit --allow-empty -m 'Reject' -m 'aynig-state: failed'",
  ]);
});

test('what is different is shown, and a commit that is not there is said to be missing', () => {
  const made = withOpsPack({});
  made.git('switch', '--quiet', '--create', 'topic');
  made.write('new.txt', 'new\n');
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message', 'new');
  made.request('ops-approve', { trailers: ['aynig-approve-diff: main'] });
  run(made);
  expect(message(made)).toMatch(/different from main:\n\n {3}new\.txt \| 1 \+/);
  made.request('ops-approve', { trailers: ['aynig-approve-diff: --output=x'] });
  run(made);
  expect(made.state()).toBe('ops-approval');
  expect(message(made)).toContain('there is no such commit here');
});

test('a state that nobody can ask for is refused before anybody is asked', () => {
  const made = withOpsPack({});
  made.request('ops-approve', { trailers: ["aynig-next: x'; rm -rf /"] });
  run(made);
  expect(made.state()).toBe('failed');
});
