import { describe, expect, it } from 'vitest';
import {
  type Message,
  maxMessageBytes,
  maxValueBytes,
  parseMessage,
  renderMessage,
  strayRequests,
  trailerValue,
} from '../../src/kernel/message.js';
import { messageLines } from '../support/messages.js';
import { fc } from '../support/seeded.js';

const parse = (text: string | Buffer) => parseMessage(Buffer.from(text as string));

function accepted(text: string | Buffer): Message {
  const parsed = parse(text);
  if (parsed.kind === 'invalid') throw new Error(`invalid: ${JSON.stringify(parsed.problems)}`);
  return parsed.message;
}

const pairs = (text: string | Buffer): string[] => accepted(text).trailers.map(({ key, value }) => `${key}=${value}`);

function rules(text: string | Buffer): string[] {
  const parsed = parse(text);
  return parsed.kind === 'invalid' ? parsed.problems.map(({ line, rule }) => `${line}: ${rule}`) : [];
}

describe('the three parts of a message', () => {
  it.each<[string, string, Message]>([
    [
      'title, body and trailers',
      'Title\n\nbody 1\n\nbody 2\n\naynig-state: build\nkey: value\n',
      {
        title: 'Title',
        body: 'body 1\n\nbody 2',
        trailers: [
          { key: 'aynig-state', value: 'build' },
          { key: 'key', value: 'value' },
        ],
      },
    ],
    [
      'a title and a block alone',
      'req\n\naynig-state: build\n',
      { title: 'req', body: '', trailers: [{ key: 'aynig-state', value: 'build' }] },
    ],
    ['a title alone', 'only a title', { title: 'only a title', body: '', trailers: [] }],
    ['nothing at all', '', { title: '', body: '', trailers: [] }],
    ['blank lines alone', '\n \n\t\n', { title: '', body: '', trailers: [] }],
    ['a title over several lines', 'one\ntwo\n\nbody\n', { title: 'one two', body: 'body', trailers: [] }],
    [
      'blank lines and white space around every part',
      '\n\n  Title  \n \t\n\n  indented body\n\n \n\naynig-state: build\n\n \n',
      { title: 'Title', body: '  indented body', trailers: [{ key: 'aynig-state', value: 'build' }] },
    ],
    [
      'CRLF line ends',
      'Title\r\n\r\nbody\r\n\r\naynig-state: build\r\nkey: value\r\n',
      {
        title: 'Title',
        body: 'body',
        trailers: [
          { key: 'aynig-state', value: 'build' },
          { key: 'key', value: 'value' },
        ],
      },
    ],
    [
      'no newline at the end',
      'Title\n\naynig-state: build',
      { title: 'Title', body: '', trailers: [{ key: 'aynig-state', value: 'build' }] },
    ],
    [
      'a dashed line as the body',
      'Title\n\n---\n\naynig-state: build\n',
      { title: 'Title', body: '---', trailers: [{ key: 'aynig-state', value: 'build' }] },
    ],
    [
      'a patch separator in the middle of the body',
      'Title\n\nabove\n\n---\n below | 2 +-\n\naynig-state: build\n',
      { title: 'Title', body: 'above\n\n---\n below | 2 +-', trailers: [{ key: 'aynig-state', value: 'build' }] },
    ],
    [
      'a request quoted and indented in the body',
      'Title\n\nWrite this:\n\n    aynig-state: build\n\nthen wait.\n',
      { title: 'Title', body: 'Write this:\n\n    aynig-state: build\n\nthen wait.', trailers: [] },
    ],
  ])('reads %s', (_, text, expected) => {
    expect(accepted(text)).toEqual(expected);
  });

  it.each([
    ['the title', 'aynig-state: build\n'],
    ['the only paragraph', 'Title\naynig-state: build\n'],
    ['the first text behind blank lines', '\n\naynig-state: build\n'],
  ])('reads no request from %s', (_, text) => {
    expect(accepted(text).trailers).toEqual([]);
  });

  it.each([
    ['a dashed line above the trailers', 'Title\n\n---\naynig-state: build\n'],
    ['a line of prose above the trailers', 'Title\n\nplease do\naynig-state: build\n'],
    ['a line of prose below the trailers', 'Title\n\naynig-state: build\nthanks\n'],
    ['a key with a dot beside it', 'Title\n\na.b: c\naynig-state: build\n'],
    ['an equals sign for a colon', 'Title\n\naynig-state=build\n'],
    ['a line of prose as the last paragraph', 'Title\n\naynig-state: build\n\nthanks\n'],
  ])('reads %s as prose, so nothing is asked for', (_, text) => {
    expect(accepted(text).trailers).toEqual([]);
  });
});

describe('trailers of other tools', () => {
  it('are kept in order with their repeats', () => {
    expect(pairs('t\n\nReviewed-by: A\naynig-state: build\nreviewed-by: B\nReviewed-by: A\n')).toEqual([
      'Reviewed-by=A',
      'aynig-state=build',
      'reviewed-by=B',
      'Reviewed-by=A',
    ]);
  });

  it.each<[string, string, string[]]>([
    ['folded', 't\n\nkey: one\n two\n\tthree\naynig-state: build\n', ['key=one two three', 'aynig-state=build']],
    ['empty', 't\n\nkey:\naynig-state: build\n', ['key=', 'aynig-state=build']],
    ['spaced before the colon', 't\n\nkey : v\naynig-state: build\n', ['key=v', 'aynig-state=build']],
    ['surrounded by white space', 't\n\nkey: \t v \t\naynig-state: build\n', ['key=v', 'aynig-state=build']],
    ['holding colons', 't\n\nkey: a: b\naynig-state: build\n', ['key=a: b', 'aynig-state=build']],
    ['tight', 't\n\nkey:v\naynig-state:build\n', ['key=v', 'aynig-state=build']],
    ['an address', 't\n\nsee also\n\nhttps://example.com/a\n', ['https=//example.com/a']],
    ['full of bidirectional marks', 't\n\nkey: \u202Ex\naynig-state: build\n', ['key=\u202Ex', 'aynig-state=build']],
  ])('may be %s', (_, text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  it("lets git's cherry-pick note stand in the block and ignores it", () => {
    const note = '(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)';
    expect(pairs(`t\n\naynig-state: build\n${note}\n`)).toEqual(['aynig-state=build']);
    expect(pairs(`t\n\nbody\n\n${note}\n`)).toEqual([]);
  });

  it('compares keys without regard to capitals', () => {
    const { trailers } = accepted('t\n\nAYNIG-State: Build\n');
    expect(trailerValue(trailers, 'aynig-state')).toBe('Build');
    expect(trailerValue(trailers, 'aynig-role')).toBeUndefined();
  });
});

describe('the strict rules for aynig- trailers', () => {
  it.each<[string, string | Buffer, string]>([
    ['the same key twice', 't\n\naynig-state: a\naynig-state: b\n', '4: aynig-state stands more than once'],
    ['the same key twice in other capitals', 't\n\naynig-note: a\nAYNIG-Note: b\n', '4: aynig-note stands more than once'],
    ['a folded value', 't\n\naynig-note: a\n b\n', '3: the value of aynig-note is folded over several lines'],
    ['a space before the colon', 't\n\naynig-state : build\n', '3: white space stands before the colon of aynig-state'],
    ['a tab before the colon', 't\n\naynig-state\t: build\n', '3: white space stands before the colon of aynig-state'],
    ['no value', 't\n\naynig-state:\n', '3: aynig-state has no value'],
    ['a value of spaces', 't\n\naynig-state:   \n', '3: aynig-state has no value'],
    ['a bidirectional override', 't\n\naynig-note: a\u202Eb\n', '3: the value of aynig-note has characters that cannot be printed'],
    ['a zero-width space', 't\n\naynig-note: a\u200Bb\n', '3: the value of aynig-note has characters that cannot be printed'],
    ['a line separator', 't\n\naynig-note: a\u2028b\n', '3: the value of aynig-note has characters that cannot be printed'],
    ['an escape', 't\n\naynig-note: \x1b[31mred\n', '3: the value of aynig-note has characters that cannot be printed'],
    ['a tab', 't\n\naynig-note: a\tb\n', '3: the value of aynig-note has characters that cannot be printed'],
    ['a carriage return inside', 't\n\naynig-note: a\rb\n', '3: the value of aynig-note has characters that cannot be printed'],
    [
      'bytes that are no UTF-8',
      Buffer.from('t\n\naynig-note: \xff\xfe\n', 'latin1'),
      '3: the value of aynig-note has characters that cannot be printed',
    ],
    [
      'a value over 1 KiB',
      `t\n\naynig-note: ${'é'.repeat(maxValueBytes / 2)}a\n`,
      `3: the value of aynig-note is longer than ${maxValueBytes} bytes`,
    ],
    ['a NUL byte', 'ti\0tle\n\naynig-state: build\n', '1: the message contains a NUL byte'],
    ['a NUL byte further down', 'title\n\nbo\0dy\n\naynig-state: build\n', '3: the message contains a NUL byte'],
  ])('refuse %s', (_, text, rule) => {
    expect(rules(text)).toEqual([rule]);
  });

  it.each<[string, string]>([
    ['comments', 't\n\naynig-state: build\n\n# a comment\n'],
    ["a comment in git's conflict style", 't\n\naynig-state: build\n\n# Conflicts:\n#\tpath\n'],
    ['an old conflicts block', 't\n\naynig-state: build\n\nConflicts:\n\tpath\n'],
    ['scissors and a diff', 't\n\naynig-state: build\n\n# ------------------------ >8 ------------------------\n# x\ndiff --git a/x b/x\n'],
    ['a comment inside the block', 't\n\naynig-state: build\n# a comment\n'],
    ['scissors above the block', 't\n\nold: trailer\n# ------------------------ >8 ------------------------\n\naynig-state: build\n'],
  ])('refuse a message that git reads otherwise: %s', (_, text) => {
    expect(rules(text)).toEqual([expect.stringMatching(/: git itself would read the trailers of this message differently$/)]);
  });

  it.each<[string, string]>([
    ['prose', 't\n\nprose\naynig-state: build\nSigned-off-by: Ana <ana@example.com>\n'],
    ['a comment', 't\n\n# note\naynig-state: build\nSigned-off-by: Ana <ana@example.com>\n'],
    ['a key with a dot', 't\n\na.b: c\naynig-state: build\n(cherry picked from commit 0123)\n'],
  ])('refuse a block of %s that only a sign-off makes one', (_, text) => {
    expect(rules(text)).toEqual([expect.stringContaining('git itself would read the trailers of this message differently')]);
  });

  it('accept values up to their limits', () => {
    const longest = 'é'.repeat(maxValueBytes / 2);
    expect(pairs(`t\n\naynig-note: ${longest}\n`)).toEqual([`aynig-note=${longest}`]);
    expect(pairs('t\n\naynig-note: naïve 日本語 🙂 "quoted" #1\n')).toEqual(['aynig-note=naïve 日本語 🙂 "quoted" #1']);
  });

  it('report every broken rule with its line', () => {
    expect(rules('t\n\naynig-state: a\nkey: ok\naynig-state:\naynig-note: a\n b\n')).toEqual([
      '5: aynig-state stands more than once',
      '5: aynig-state has no value',
      '6: the value of aynig-note is folded over several lines',
    ]);
  });

  it('refuse a message over 1 MiB', () => {
    const end = '\n\naynig-state: build\n';
    const fits = `${'x'.repeat(maxMessageBytes - end.length)}${end}`;
    expect(pairs(fits)).toEqual(['aynig-state=build']);
    expect(rules(`x${fits}`)).toEqual([`0: the message is larger than ${maxMessageBytes} bytes`]);
  });
});

describe('a message that has nothing to do with AYNIG', () => {
  it.each<[string, string | Buffer]>([
    ['is huge', `${'x'.repeat(maxMessageBytes)}\n\nkey: value\n`],
    ['holds NUL bytes', 'title\0\n\nkey: value\n'],
    ['is no UTF-8', Buffer.from('title \xff\n\nkey: \xfe\n', 'latin1')],
    ['repeats keys', 't\n\nkey: a\nkey: b\n'],
    ['reads differently to git', 't\n\nkey: value\n\n# a comment\n'],
  ])('is never invalid when it %s', (_, text) => {
    expect(parse(text).kind).toBe('message');
  });
});

describe('requests that would be ignored in silence', () => {
  it.each<[string, string, number[]]>([
    ['as the title', 'aynig-state: build\n', [1]],
    ['in the only paragraph', 'Title\naynig-state: build\n', [2]],
    ['above the last paragraph', 'Title\n\naynig-state: build\n\nthanks\n', [3]],
    ['in a block with prose', 'Title\n\nplease do\naynig-state: build\n', [4]],
    ['below a dashed line', 'Title\n\n---\naynig-state: build\n', [4]],
    ['in capitals and with a space', 'Title\r\n\r\nAynig-Note : x\r\n\r\nthanks\r\n', [3]],
    ['twice', 'aynig-state: a\n\nbody\naynig-role: b\n\naynig-state: c\n', [1, 4]],
  ])('are found %s', (_, text, lines) => {
    const found = strayRequests(text);
    expect(found.map(({ line }) => line)).toEqual(lines);
    for (const { rule } of found) expect(rule).toMatch(/^aynig-[a-z]+ stands outside the last paragraph and would be ignored$/);
  });

  it.each([
    ['in the last paragraph', 'Title\n\naynig-state: build\n'],
    ['indented', 'Title\n\n  aynig-state: build\n\nthanks\n'],
    ['quoted behind a mark', 'Title\n\n> aynig-state: build\n\nthanks\n'],
    ['without a colon', 'Title\n\naynig-state is the key\n'],
    ['in the middle of a line', 'Title\n\nuse aynig-state: build\n\nthanks\n'],
  ])('are not seen %s', (_, text) => {
    expect(strayRequests(text)).toEqual([]);
  });
});

const word = fc.string({
  unit: fc.oneof(fc.constantFrom('a', 'B', '7', ' ', ':', '#', '-', 'é', '日', '🙂'), fc.string({ minLength: 1, maxLength: 1 })),
  minLength: 1,
  maxLength: 30,
});
const title = word.map((text) => text.replace(/[\n\r]/g, ' ').trim()).filter((text) => text !== '');
const value = word.map((text) => text.trim()).filter((text) => text !== '' && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text));
/** Everything below this line is invisible to git, so no request can stand there. */
const scissors = '# ------------------------ >8 ------------------------';
const body = fc
  .array(fc.oneof(fc.constantFrom(...messageLines.filter((line) => line !== scissors)), word), { maxLength: 8 })
  .map((lines) => lines.map((text) => text.replace(/\r+$/, '')).join('\n'));
const trailers = fc
  .uniqueArray(fc.constantFrom('aynig-state', 'aynig-role', 'aynig-note', 'Reviewed-by', 'X-Y-1'), { minLength: 1, maxLength: 4 })
  .chain((keys) => fc.tuple(...keys.map((key) => value.map((text) => ({ key, value: text })))));
const message: fc.Arbitrary<Message> = fc.record({ title, body, trailers }) as fc.Arbitrary<Message>;

const withoutBlankEdges = (text: string): string => text.replace(/^(?:[ \t\r]*\n)+/, '').replace(/(?:\n[ \t\r]*)+$/, '');

describe('a rendered message', () => {
  it('reads back as the parts it was made of', () => {
    fc.assert(
      fc.property(message, (made) => {
        const read = accepted(renderMessage(made));
        expect(read.title).toBe(made.title.trim());
        expect(read.trailers).toEqual(made.trailers);
        expect(read.body).toBe(made.body.trim() === '' ? '' : withoutBlankEdges(made.body));
      }),
      { numRuns: 2000 },
    );
  });

  it('is refused when scissors in its body hide the trailers from git', () => {
    const text = renderMessage({ title: 'Title', body: `above\n${scissors}\nbelow`, trailers: [{ key: 'aynig-state', value: 'build' }] });
    expect(rules(text)).toEqual([expect.stringContaining('git itself would read the trailers of this message differently')]);
  });

  it('is what a person would write', () => {
    expect(renderMessage({ title: ' Title ', body: '\nbody\n\n', trailers: [{ key: 'aynig-state', value: 'build' }] })).toBe(
      'Title\n\nbody\n\naynig-state: build\n',
    );
    expect(renderMessage({ title: 'Title', body: ' ', trailers: [] })).toBe('Title\n');
  });
});
