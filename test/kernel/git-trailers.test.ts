import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { gitTrailers, type PlainTrailer } from '../../src/kernel/git-trailers.js';
import { parseMessage } from '../../src/kernel/message.js';
import { anyMessage } from '../support/messages.js';
import { type Scratch, scratch } from '../support/scratch.js';
import { fc, seed } from '../support/seeded.js';

const cases = 10_000;
const gitTimeoutMs = 20_000;

/** Stores the messages as one line of commits: one process for all of them. */
function storeAll(repo: Scratch, messages: readonly string[]): void {
  const stream = messages.flatMap((message, index) => {
    const bytes = Buffer.from(message);
    const head = `commit refs/heads/stored\ncommitter Ana <ana@example.com> ${1_700_000_000 + index} +0000\ndata ${bytes.length}\n`;
    return [Buffer.from(head), bytes, Buffer.from('\n')];
  });
  repo.program('git', ['fast-import', '--quiet'], { input: Buffer.concat(stream) });
}

/** What git reads in each of them, in the same order, also by one process; limited in time because old versions may hang. */
function gitsReading(repo: Scratch, settings: readonly string[] = []): PlainTrailer[][] {
  const format = '--format=%(trailers:only,unfold,separator=%x01,key_value_separator=%x02)';
  const result = spawnSync(
    'git',
    ['-c', 'trailer.separators=:', '-c', 'core.commentChar=#', ...settings, 'log', '-z', '--reverse', format, 'stored'],
    {
      cwd: repo.path,
      env: repo.env,
      timeout: gitTimeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (result.status !== 0) throw new Error(`git log ended with ${result.status ?? result.signal}: ${result.stderr}`);
  return result.stdout
    .toString('utf8')
    .replace(/\0$/, '')
    .split('\0')
    .map((record) =>
      record
        .split('\x01')
        .filter((pair) => pair !== '')
        .map((pair) => {
          const [key = '', value = ''] = pair.split('\x02');
          return { key, value };
        }),
    );
}

/** The shortest messages for which two readings differ: what a person would want to look at first. */
function shortestDifferences(messages: readonly string[], ours: (message: string) => unknown, theirs: readonly unknown[]): unknown[] {
  return messages
    .map((message, index) => ({ message, ours: ours(message), git: theirs[index] }))
    .filter(({ ours: mine, git }) => mine !== undefined && JSON.stringify(mine) !== JSON.stringify(git))
    .map((difference) => JSON.stringify(difference))
    .sort((one, other) => one.length - other.length)
    .slice(0, 5);
}

/** CRLF reads as LF in our grammar; git leaves the CR of a folded line inside the value. What cannot be told apart is left out on both sides. */
const withoutFoldedCarriageReturns = (trailers: readonly PlainTrailer[]): PlainTrailer[] =>
  trailers.map(({ key, value }) => ({ key, value: value.replaceAll('\r ', ' ') }));

const isOurs = ({ key }: { key: string }): boolean => /^aynig-/i.test(key);

describe('the grammar against git itself', () => {
  it('reads trailers as git does, and accepts a request only when git reads the same trailers', () => {
    const messages = fc.sample(anyMessage, { numRuns: cases, seed });
    const repo = scratch();
    storeAll(repo, messages);
    const theirs = gitsReading(repo);
    expect(theirs).toHaveLength(messages.length);

    let accepted = 0;
    const acceptedReading = (message: string): readonly PlainTrailer[] | undefined => {
      const parsed = parseMessage(Buffer.from(message));
      if (parsed.kind !== 'message' || !parsed.message.trailers.some(isOurs)) return undefined;
      accepted++;
      return withoutFoldedCarriageReturns(parsed.message.trailers);
    };
    const wronglyAccepted = shortestDifferences(messages, acceptedReading, theirs.map(withoutFoldedCarriageReturns));
    process.stdout.write(`message grammar against git: ${messages.length} messages, ${accepted} accepted (seed ${seed})\n`);
    expect({ seed, wronglyAccepted }).toEqual({ seed, wronglyAccepted: [] });
    expect(accepted).toBeGreaterThan(cases / 50);

    const readOtherwise = shortestDifferences(messages, gitTrailers, theirs);
    expect({ seed, readOtherwise }).toEqual({ seed, readOtherwise: [] });
  });

  it.each([
    [
      'a conflicts block in the first line, which never ends',
      'Conflicts:\n\t\naynig-: nothing\n# aynig-state: build\n\n\tfolded with a tab',
    ],
    ['a comment in the first line, which is not ignored', '# title\n\nnote: a\n\n# note: b'],
  ])('reads %s, as git does', (_, message) => {
    const repo = scratch();
    storeAll(repo, [message]);
    expect([gitTrailers(message)]).toEqual(gitsReading(repo));
  });

  it('reads values with a million spaces in them as soon as others', () => {
    const spaces = ' '.repeat(1_000_000);
    const read = [{ key: 'note', value: `a${spaces}b` }];
    const message = `title\n\nnote: ${spaces}a${spaces}b${spaces}\n`;
    expect(gitTrailers(message)).toEqual(read);
    expect(parseMessage(Buffer.from(message))).toMatchObject({ kind: 'message', message: { trailers: read } });
  });
});
