import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeMessage, problemsOf } from '../../src/hooks/commit-msg.js';
import { type Cleanup, storedMessage } from '../../src/hooks/edited-message.js';
import { anyMessage } from '../support/messages.js';
import { type Scratch, scratch } from '../support/scratch.js';
import { fc, seed } from '../support/seeded.js';

const plain: Cleanup = { edited: false, mode: 'default', comment: '#' };
const edited: Cleanup = { ...plain, edited: true };
const scissors = '# ------------------------ >8 ------------------------';
const withComments = 'title\n\n# a comment\nbody\n\naynig-state: build\n# Please enter the commit message\n';
const withoutComments = 'title\n\nbody\n\naynig-state: build\n';
const withDiff = `title\n\naynig-state: build\n${scissors}\n# Do not modify or remove the line above.\ndiff --git a/x b/x\n+aynig-state: other\n`;

describe('the message that git will store', () => {
  it.each<[string, Cleanup, string, string]>([
    ['is the file as it stands without an editor', plain, withComments, withComments],
    ['has no comments after an editor', edited, withComments, withoutComments],
    ['has no comments when they are to be stripped', { ...plain, mode: 'strip' }, withComments, withoutComments],
    ['keeps comments when white space only is to go', { ...edited, mode: 'whitespace' }, withComments, withComments],
    ['keeps comments when it is taken verbatim', { ...edited, mode: 'verbatim' }, withComments, withComments],
    ['keeps comments above the scissors', { ...edited, mode: 'scissors' }, withComments, withComments],
    ['ends at the scissors of a verbose commit', edited, withDiff, 'title\n\naynig-state: build\n'],
    ['ends at the scissors where they are asked for', { ...edited, mode: 'scissors' }, withDiff, 'title\n\naynig-state: build\n'],
    ['keeps what stands below scissors that no editor was shown', plain, withDiff, withDiff],
    ['knows another comment character', { ...edited, comment: ';' }, 'title\n# kept\n; gone\n', 'title\n# kept\n'],
    ['knows a comment string', { ...edited, comment: '//' }, 'title\n/ kept\n// gone\n', 'title\n/ kept\n'],
    [
      'knows which character git has chosen by itself',
      { ...edited, comment: 'auto' },
      '# title\n\nbody\n; Please enter the commit message for your changes.\n',
      '# title\n\nbody\n',
    ],
  ])('%s', (_, cleanup, file, stored) => {
    expect(storedMessage(file, cleanup).replace(/\n*$/, '\n')).toBe(stored);
  });

  it('is known as soon where a line has a million spaces in it', () => {
    const line = `a${' '.repeat(1_000_000)}b`;
    expect(storedMessage(`${line} \t\r\n`, plain)).toBe(`${line}\n`);
  });
});

/** How a message gets into a commit. */
const ways = {
  'a file': (message) => ({ args: ['--file', message] }),
  'an argument': (message) => ({ args: ['--message', readFileSync(message, 'utf8')] }),
  'two arguments': (message) => ({ args: ['--message', 'a title', '--message', readFileSync(message, 'utf8')] }),
  'an editor that keeps the hints of git': () => ({ args: ['--edit'], editor: 'prepend' }),
  'an editor that keeps nothing': () => ({ args: ['--edit'], editor: 'replace' }),
  'an editor that shows the diff': () => ({ args: ['--edit', '--verbose'], editor: 'prepend' }),
} satisfies Record<string, (message: string) => { args: readonly string[]; editor?: string }>;

const cleanups = ['default', 'strip', 'whitespace', 'verbatim', 'scissors'] as const;
const comments = ['#', ';', 'auto'] as const;

/** A repository whose hook only keeps what it was given, and editors that put a prepared message in. */
function captured(): Scratch {
  const repo = scratch();
  repo.write('.git/hooks/commit-msg', '#!/bin/sh\ncp "$1" "$CAPTURE"\nprintf %s "$GIT_EDITOR" >"$CAPTURE.editor"\n', 0o755);
  repo.write('../replace', '#!/bin/sh\ncat "$MESSAGE" >"$1"\n', 0o755);
  repo.write('../prepend', '#!/bin/sh\n{ cat "$MESSAGE"; echo; cat "$1"; } >"$1.new" && mv "$1.new" "$1"\n', 0o755);
  return repo;
}

interface Judged {
  readonly way: string;
  readonly message: string;
  readonly hook: readonly string[];
  readonly commit: readonly string[];
}

/** Commits the message and answers what the hook would have said of its file, and what a reader says of the commit. */
async function commitAndJudge(repo: Scratch, way: keyof typeof ways, message: string): Promise<Judged | undefined> {
  const file = join(repo.root, 'message');
  const capture = join(repo.root, 'captured');
  writeFileSync(file, message);
  writeFileSync(join(repo.path, 'README'), `changed for ${Math.random()}\n`);
  const { args, editor }: { args: readonly string[]; editor?: string } = ways[way](file);
  const env = { MESSAGE: file, CAPTURE: capture, ...(editor === undefined ? {} : { GIT_EDITOR: join(repo.root, editor) }) };
  const commit = repo.gitAnswer(['commit', '--quiet', '--all', ...args], { env });
  // git itself refuses what is empty after its clean-up; such a message is never stored.
  if (commit.exitCode !== 0) return undefined;
  const environment = { ...repo.env, GIT_EDITOR: readFileSync(`${capture}.editor`, 'utf8') };
  const verdict = await judgeMessage(capture, Buffer.alloc(0), repo.path, environment);
  const stored = repo.git('cat-file', 'commit', 'HEAD').replace(/^.*?\n\n/s, '');
  const rules = verdict.lines.filter((line) => /^ {2}(?:line|message)/.test(line)).map((line) => line.replace(/^.*?: /, ''));
  return { way, message, hook: verdict.accepted ? [] : rules, commit: problemsOf(`${stored}\n`, undefined).map(({ rule }) => rule) };
}

describe('the verdict of the hook', () => {
  const messagesPerWay = 4;

  it.each(cleanups.flatMap((cleanup) => comments.map((comment) => [cleanup, comment] as const)))(
    'is the verdict on the commit that git stores, with commit.cleanup=%s and core.commentChar=%s',
    async (cleanup, comment) => {
      const messages = fc.sample(
        anyMessage.filter((text) => /aynig-/i.test(text) && text.length < 100_000),
        { seed, numRuns: messagesPerWay * Object.keys(ways).length },
      );
      const repo = captured();
      repo.git('config', 'commit.cleanup', cleanup);
      repo.git('config', 'core.commentChar', comment);
      const judged: Judged[] = [];
      for (const [index, message] of messages.entries()) {
        const way = Object.keys(ways)[index % Object.keys(ways).length] as keyof typeof ways;
        const one = await commitAndJudge(repo, way, message);
        if (one !== undefined) judged.push(one);
      }
      const wrong = judged.filter(({ hook, commit }) => (hook.length === 0) !== (commit.length === 0));
      wrong.sort((one, other) => one.message.length - other.message.length);
      expect({ seed, wrong: wrong.slice(0, 3) }).toEqual({ seed, wrong: [] });
      expect(judged.length).toBeGreaterThan(messages.length / 2);
    },
  );
});
