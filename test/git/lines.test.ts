import { expect, test } from 'vitest';
import { gitLines } from '../../src/git/lines.js';
import { importHistory } from '../support/made-history.js';
import { processesWithHome } from '../support/processes.js';
import { scratch } from '../support/scratch.js';

const place = (made: ReturnType<typeof scratch>) => ({ cwd: made.path, gitDir: `${made.path}/.git` });
const all = async (lines: AsyncIterable<string>): Promise<string[]> => {
  const got: string[] = [];
  for await (const line of lines) got.push(line);
  return got;
};

test('lines come as git prints them, and what it is fed is its input', async () => {
  const made = scratch();
  expect(await all(gitLines(place(made), ['rev-list', '--stdin'], `${made.head()}\n`, made.env))).toEqual([made.head()]);
});

test('a git that fails says why, after the lines that it has printed', async () => {
  const made = scratch();
  await expect(all(gitLines(place(made), ['rev-list', 'no-such-branch'], '', made.env))).rejects.toMatchObject({
    name: 'GitError',
    exitCode: 128,
  });
});

test('a git that is not there is said to be missing', async () => {
  const made = scratch();
  const path = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  try {
    await expect(all(gitLines(place(made), ['version'], '', { PATH: '/nowhere' }))).rejects.toMatchObject({ code: 'git-missing' });
  } finally {
    process.env['PATH'] = path;
  }
});

test('a reader that has enough ends git', async () => {
  const made = scratch();
  importHistory(
    made,
    Array.from({ length: 20_000 }, (_, index) => ({ branch: 'long', message: `${index}\n`, at: 1_700_000_000 + index })),
  );
  const lines = gitLines(place(made), ['log', '--format=%H %B', 'long'], '', made.env);
  expect((await lines.next()).value).toMatch(/^[0-9a-f]{40} 19999$/);
  await lines.return(undefined);
  expect(await lines.next()).toEqual({ done: true, value: undefined });
  await made.until('git has ended', () => processesWithHome(made.env['HOME'] ?? '').length === 0);
});
