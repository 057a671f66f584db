import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { oid } from '../../src/git/names.js';
import { openObjects } from '../../src/git/objects.js';
import { contentOf, hasCommands, sameContent } from '../../src/trust/content.js';
import { type Scratch, scratch } from '../support/scratch.js';

/** The content after each of some changes to a repository, each committed. */
async function contents(repo: Scratch, ...changes: (() => void)[]) {
  const objects = openObjects(join(repo.path, '.git'), repo.env);
  const found = [];
  for (const change of changes) {
    change();
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '--allow-empty', '--message', 'change');
    found.push(await contentOf(objects, oid(repo.head())));
  }
  await objects.close();
  return found;
}

const build = '.aynig/command/build';

test('a repository without commands has no content, and files beside them do not count', async () => {
  const repo = scratch();
  const [none, notes] = await contents(
    repo,
    () => undefined,
    () => repo.write('.aynig/COMMANDS.md', 'notes'),
  );
  expect([none, notes].map((content) => content !== undefined && hasCommands(content))).toEqual([false, false]);
});

test.each<[string, (repo: Scratch) => void]>([
  ['another text', (repo) => repo.write(build, 'two', 0o755)],
  ['another mode', (repo) => repo.write(build, 'one', 0o644)],
  ['another name', (repo) => repo.git('mv', build, '.aynig/command/other')],
  ['one file more, in a folder', (repo) => repo.write('.aynig/command/ops/triage', 'x', 0o755)],
  ['a role', (repo) => repo.write('.aynig/roles/reviewer/command/build', 'x', 0o755)],
  ['a link', (repo) => symlinkSync('../../../outside', join(repo.path, '.aynig/command/link'))],
  [
    'a link in place of the folder',
    (repo) => {
      repo.git('rm', '-r', '--quiet', '.aynig/command');
      repo.write('.aynig/COMMANDS.md', 'notes');
      symlinkSync('/elsewhere', join(repo.path, '.aynig/command'));
    },
  ],
])('%s is another content', async (_, change) => {
  const repo = scratch();
  const [before, after] = await contents(
    repo,
    () => repo.write(build, 'one', 0o755),
    () => change(repo),
  );
  expect(before !== undefined && after !== undefined && sameContent(before, after)).toBe(false);
});

test('a link to another place is another content', async () => {
  const repo = scratch();
  const link = (target: string) => (): void => {
    repo.write(build, 'one', 0o755);
    repo.program('ln', ['-sfn', target, join(repo.path, '.aynig/command/link')]);
  };
  const [one, two] = await contents(repo, link('a'), link('b'));
  expect(one !== undefined && two !== undefined && sameContent(one, two)).toBe(false);
});

test('the same files in another commit are the same content', async () => {
  const repo = scratch();
  const [before, after] = await contents(
    repo,
    () => repo.write(build, 'one', 0o755),
    () => repo.write('README', 'changed'),
  );
  expect(before !== undefined && after !== undefined && sameContent(before, after)).toBe(true);
});
