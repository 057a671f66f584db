import { describe, expect, it } from 'vitest';
import { maxTextLength } from '../../src/packs/markdown-table.js';
import { type MergeRequest, mergeStates, readStates, removeStates, type StatesTable } from '../../src/packs/states-table.js';
import { fc } from '../support/seeded.js';

const table = (header: readonly string[], ...rows: (readonly string[])[]): StatesTable => ({
  header,
  rows: new Map(rows.map((row) => [(row[0] ?? '').replaceAll('`', ''), row])),
});
const merge = (request: Partial<MergeRequest>) => mergeStates({ text: undefined, rows: undefined, existing: [], ...request });
const states = (text: string): string[] => [...(readStates(text)?.rows.keys() ?? [])];
const pack = table(['state', 'command', 'reads'], ['`build`', '`command/build`', 'the body'], ['`audit`', '`command/audit`', '']);

describe('the table that is read', () => {
  it.each<[string, string]>([
    ['a text without one', '# Title\n\nText\n'],
    ['nothing at all', ''],
    ['a table of something else', '| name | state |\n|---|---|\n| a | b |\n'],
    ['a table in a fenced block', '```\n| state |\n|---|\n| a |\n```\n'],
    ['a table in an indented block', 'Text\n\n    | state |\n    |---|\n    | a |\n'],
    ['a table in a comment', '<!--\n| state |\n|---|\n| a |\n-->\n'],
    ['a table in front matter', '---\n| state |\n|---|\n| a |\n---\n'],
    ['a header without dashes', '| state |\n| a |\n'],
    ['dashes of another number of columns', '| state | command |\n|---|\n| a | b |\n'],
  ])('is none in %s', (_, text) => {
    expect(readStates(text)).toBeUndefined();
  });

  it.each<[string, string]>([
    ['plain', '| state | x |\n|---|---|\n| build | 1 |\n'],
    ['with capitals and marks', '| **State** | x |\n|---|---|\n| **`Build`** | 1 |\n'],
    ['with emphasis of underlines', '| __state__ | x |\n|---|---|\n| ***build*** | 1 |\n'],
    ['of links', '| state | x |\n|---|---|\n| [build](command/build) | 1 |\n'],
    ['without outer pipes', 'state | x\n---|---\nbuild | 1\n'],
    ['in a quotation', '> | state | x |\n> |---|---|\n> | build | 1 |\n'],
    ['in a list', '- | state | x |\n  |---|---|\n  | build | 1 |\n'],
    ['behind a mark of byte order', '\uFEFF| state | x |\n|---|---|\n| build | 1 |\n'],
    ['with line ends of Windows', '| state | x |\r\n|---|---|\r\n| build | 1 |\r\n'],
    [
      'behind a fenced one and one of something else',
      '```\n| state |\n|---|\n| a |\n```\n\n| x |\n|---|\n| y |\n\n| state | x |\n|---|---|\n| build | 1 |',
    ],
  ])('may be one %s', (_, text) => {
    const rows = [...(readStates(text)?.rows ?? [])].map(([state, cells]) => [state, cells[1]]);
    expect(rows).toEqual([['build', '1']]);
  });

  it('has cells as they are written, with escaped pipes, and one for every column', () => {
    const text = '| state | reads | writes |\n|---|---|---|\n| `a` | x \\| `y \\| z` | w |\n| b |\n| c | 1 | 2 | 3 |\n';
    expect([...(readStates(text)?.rows.values() ?? [])]).toEqual([
      ['`a`', 'x \\| `y \\| z`', 'w'],
      ['b', '', ''],
      ['c', '1', '2 \\| 3'],
    ]);
  });
});

describe('a row', () => {
  it.each<[string, string, string]>([
    ['a line end of Windows', 'one\r\ntwo', 'one two'],
    ['line ends of other kinds', 'one\u2028two\u2029three\u0085four\vfive\fsix', 'one two three four five six'],
    ['marks of direction', 'one \u202Etwo\u202C \u2066three\u2069\u200F', 'one two three'],
    ['escape sequences', '\u001B[31mone\u001B[0m \u009B2Jtwo\u0000', '[31mone[0m 2Jtwo'],
    ['pipes', 'a | b \\| c', 'a \\| b \\| c'],
    ['pipes behind backslashes', 'a \\\\| b', 'a \\\\\\| b'],
    ['another table', 'x |\r\n|---|\r\n| `other` | y', 'x \\| \\|---\\| \\| `other` \\| y'],
  ])('of a pack with %s in a cell stays one row, and the cell one cell', (_, cell, written) => {
    const text = '| state | does | last |\n|---|---|---|\n| `zoo` | z | z |\n';
    const rows = table(['state', 'does', 'last'], ['`build`', cell, 'end']);
    const merged = merge({ text, rows });
    expect(merged.text).toBe(`| state | does | last |\n|---|---|---|\n| \`build\` | ${written} | end |\n| \`zoo\` | z | z |\n`);
    expect([...(readStates(merged.text)?.rows.get('build') ?? [])]).toEqual(['`build`', written, 'end']);
    // What was written is what is compared: nothing is new the next time, and it goes as it came.
    expect(merge({ text: merged.text, rows, base: rows })).toMatchObject({ text: merged.text, updated: [], kept: [] });
    expect(removeStates({ text: merged.text, states: ['build'], base: rows })).toMatchObject({ text, removed: ['build'], kept: [] });
  });

  it('that is new ends as the rows of its table do, whatever the line ends of the text around it', () => {
    const rows = table(['state', 'x'], ['`build`', '1']);
    const windows = '| state | x |\r\n|---|---|\r\n| `zoo` | z |\r\n';
    expect(merge({ text: `# Notes\n\n${windows}\ntext\n`, rows }).text).toBe(
      '# Notes\n\n| state | x |\r\n|---|---|\r\n| `build` | 1 |\r\n| `zoo` | z |\r\n\ntext\n',
    );
    expect(merge({ text: `# Notes\r\n\r\n${windows.replaceAll('\r\n', '\n')}\r\ntext\r\n`, rows }).text).toBe(
      '# Notes\r\n\r\n| state | x |\n|---|---|\n| `build` | 1 |\n| `zoo` | z |\n\r\ntext\r\n',
    );
  });

  it('without a state goes where the row above it goes, also below one that stood twice', () => {
    const text = [
      '| state | x |',
      '|---|---|',
      '|  | on top |',
      '| zoo | z |',
      '|  | of zoo |',
      '| build | b |',
      '|  | of build |',
      '| Zoo | again |',
      '|  | of zoo again |',
      '',
    ].join('\n');
    const merged = merge({ text, rows: table(['state', 'x'], ['`audit`', '1']) });
    expect(merged.duplicates).toEqual(['zoo']);
    expect(merged.text.split('\n').slice(2)).toEqual([
      '|  | on top |',
      '| `audit` | 1 |',
      '| build | b |',
      '|  | of build |',
      '| zoo | z |',
      '|  | of zoo |',
      '|  | of zoo again |',
      '',
    ]);
  });
});

describe('merging', () => {
  it('makes a short file where there is none', () => {
    expect(merge({ rows: pack, existing: [{ state: 'hello', path: 'command/hello' }] })).toEqual({
      text: [
        '# States of this workflow',
        '',
        'Commit a message that ends in `aynig-state: <state>` to ask for one.',
        '',
        '| state | command | reads |',
        '|---|---|---|',
        '| `audit` | `command/audit` |  |',
        '| `build` | `command/build` | the body |',
        '| `hello` | `command/hello` |  |',
        '',
      ].join('\n'),
      added: ['audit', 'build', 'hello'],
      updated: [],
      kept: [],
      removed: [],
      duplicates: [],
    });
  });

  it.each<[string, string, string]>([
    ['a blank line', '# Notes\n\ntext', '\n\n'],
    ['a line end', '# Notes\n', '\n'],
    ['nothing', '# Notes\n\n', ''],
    ['a Windows line end', '# Notes\r\n', '\r\n'],
  ])('adds a section to a file without a table, after %s', (_, text, gap) => {
    const lineEnd = text.includes('\r') ? '\r\n' : '\n';
    const section = ['## States', '', '| state | command |', '|---|---|', '| `a` | `command/a` |', ''].join(lineEnd);
    expect(merge({ text, existing: [{ state: 'a', path: 'command/a' }] }).text).toBe(text + gap + section);
  });

  it.each<[string, string, string]>([
    ['a code block', '\uFEFF---\nx: 1\n---\n# Notes\n```\ncode\n', '\uFEFF---\nx: 1\n---\n'],
    ['a comment', '<!-- text\n', ''],
  ])('puts the section before %s that is never closed', (_, text, top) => {
    const merged = merge({ text, existing: [{ state: 'a', path: 'command/a' }] });
    expect(merged.text.startsWith(`${top}## States\n`)).toBe(true);
    expect(merged.text.endsWith(text.slice(top.length))).toBe(true);
    expect(merge({ text: merged.text, existing: [{ state: 'a', path: 'command/a' }] }).text).toBe(merged.text);
  });

  it('keeps what the user wrote, and says so', () => {
    const text = '| state | mine | command |\n|:-|:-:|---|\n| **Build** | my own | by hand |\n| zoo | z | |\n';
    const merged = merge({ text, rows: pack });
    expect(merged).toMatchObject({ added: ['audit'], kept: ['build'], updated: [] });
    expect(merged.text).toBe(
      [
        '| state | mine | command | reads |',
        '|:-|:-:|---|---|',
        '| `audit` |  | `command/audit` |  |',
        '| **Build** | my own | by hand |  |',
        '| zoo | z |  |  |',
        '',
      ].join('\n'),
    );
  });

  it('brings rows up to date that are as the pack installed them, and keeps what stands in columns of the user', () => {
    const base = table(
      ['state', 'command', 'reads'],
      ['`build`', '`command/build`', 'old'],
      ['`audit`', 'edited', 'old'],
      ['`gone`', 'x', 'y'],
      ['`left`', 'x', 'y'],
    );
    const text =
      '| state | reads | command | mine |\n|---|---|---|---|\n| build | old | `command/build` | note |\n| audit | old | changed | |\n| gone | y | x | |\n| left | y | x | note |\n';
    const merged = merge({ text, rows: pack, base });
    expect(merged).toMatchObject({ added: [], updated: ['build'], kept: ['audit', 'left'], removed: ['gone'] });
    expect([...(readStates(merged.text)?.rows.values() ?? [])]).toEqual([
      ['audit', 'old', 'changed', ''],
      ['build', 'the body', '`command/build`', 'note'],
      ['left', 'y', 'x', 'note'],
    ]);
  });

  it('describes a state that had a bare row, and leaves a bare row for a command that the pack dropped', () => {
    const bare = merge({ existing: [{ state: 'build', path: 'command/build' }] }).text;
    const described = merge({ text: bare, rows: pack, existing: [{ state: 'build', path: 'command/build' }] });
    expect(described).toMatchObject({ updated: ['build'], added: ['audit'], kept: [] });
    const dropped = merge({
      text: described.text,
      rows: table(['state']),
      base: pack,
      existing: [{ state: 'build', path: 'command/build' }],
    });
    expect(dropped).toMatchObject({ updated: ['build'], removed: ['audit'] });
    expect([...(readStates(dropped.text)?.rows.values() ?? [])]).toEqual([['`build`', '`command/build`', '']]);
  });

  it('keeps the first of two rows of one state, and rows without a state below the one they belong to', () => {
    const text = '| state | x |\n|---|---|\n| | top |\n| z | 1 |\n| | more of z |\n| a | 1 |\n| `A` | 2 |\n';
    const merged = merge({ text });
    expect(merged.duplicates).toEqual(['a']);
    expect(merged.text).toBe('| state | x |\n|---|---|\n|  | top |\n| a | 1 |\n| z | 1 |\n|  | more of z |\n');
  });

  it('keeps columns below each other where they were, with their alignment', () => {
    const text = '| state   | does  |  n |\n| :------ | :---: | -: |\n| `hello` | waves |  1 |\n';
    expect(merge({ text, rows: table(['state', 'does'], ['`goodbye`', 'leaves the room']) }).text).toBe(
      [
        '| state     |      does       |   n |',
        '| :-------- | :-------------: | --: |',
        '| `goodbye` | leaves the room |     |',
        '| `hello`   |      waves      |   1 |',
        '',
      ].join('\n'),
    );
  });

  it('writes rows into a quotation and into a list as their neighbours are written', () => {
    const existing = [{ state: 'b', path: 'command/b' }];
    expect(merge({ text: 'x\n\n> | state |\n> |---|\n> | c |\n\ny', existing }).text).toBe(
      'x\n\n> | state |\n> |---|\n> | `b` |\n> | c |\n\ny',
    );
    expect(merge({ text: '1. | state |\n   |---|\n   | c |', existing }).text).toBe('1. | state |\n   |---|\n   | `b` |\n   | c |');
  });

  it('does not begin to set columns below each other because a cell is empty', () => {
    const first = merge({ rows: pack });
    const second = merge({ text: first.text, rows: table(['state', 'reads'], ['`zoo`', 'a long text']) });
    expect(second.text).toBe(`${first.text}| \`zoo\` |  | a long text |\n`);
  });

  it('leaves a table that is sorted and complete byte for byte', () => {
    const text = 'state|command\n-|-\na|  x|\n b | y\n';
    expect(merge({ text, existing: [{ state: 'a', path: 'p' }] }).text).toBe(text);
  });

  it('changes the first table of several alone', () => {
    const second = '\n| state | x |\n|---|---|\n| z | 1 |\n| a | 1 |\n';
    const merged = merge({ text: `| state |\n|---|\n| q |\n${second}`, existing: [{ state: 'p', path: 'x' }] });
    expect(merged.text).toBe(`| state |\n|---|\n| \`p\` |\n| q |\n${second}`);
  });

  it('is done with a text made to keep a parser busy', () => {
    for (const part of ['>', '- ', '[', '*a_', '`', '| ', '<!--', '\\']) {
      const text = part.repeat(20_000);
      expect(states(merge({ text, existing: [{ state: 'a', path: 'x' }] }).text)).toEqual(['a']);
    }
    expect(() => readStates('x'.repeat(maxTextLength + 1))).toThrow(RangeError);
  });
});

describe('removing', () => {
  it('takes out rows as they were installed and leaves edited ones', () => {
    const merged = merge({ text: '| state | mine |\n|---|---|\n| own | x |\n', rows: pack });
    const edited = merged.text.replace('the body', 'the body, mostly');
    const left = removeStates({ text: edited, states: ['audit', 'build', 'unknown'], base: pack });
    expect(left).toMatchObject({ removed: ['audit'], kept: ['build'] });
    expect(states(left.text)).toEqual(['build', 'own']);
  });

  it('takes out rows that nobody has described', () => {
    const { text } = merge({ rows: pack, existing: [{ state: 'x', path: 'command/x' }] });
    expect(states(removeStates({ text, states: ['x'] }).text)).toEqual(['audit', 'build']);
  });

  it('changes nothing where there is nothing to remove', () => {
    for (const text of ['no table', '| state |\n|---|\n| z |\n| a |\n']) expect(removeStates({ text, states: ['q'] }).text).toBe(text);
  });
});

const hostile = [
  '|',
  '\\',
  '\\|',
  '`',
  '``',
  '<!--',
  '-->',
  '<b>',
  '\n',
  '\r\n',
  '\t',
  '\u202E',
  '\u2028',
  '\0',
  '\x1b[31m',
  '[x](',
  '*',
  '**',
  'é',
  '漢',
  '🎉',
  '---',
  ':-:',
  '>',
  ' ',
];
const cell = fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ maxLength: 4 })), { maxLength: 8 }).map((parts) => parts.join(''));
const state = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,4}$/).filter((name) => !name.includes('..'));
const someTable = fc
  .record({
    columns: fc.uniqueArray(fc.constantFrom('command', 'reads', 'writes', '|', 'a`b', ''), { maxLength: 4 }),
    names: fc.uniqueArray(state, { maxLength: 5 }),
  })
  .chain(({ columns, names }) =>
    fc
      .tuple(
        ...names.map((name) =>
          fc.array(cell, { minLength: columns.length, maxLength: columns.length }).map((cells) => [`\`${name}\``, ...cells]),
        ),
      )
      .map((rows) => table(['state', ...columns], ...rows)),
  );
const existing = fc.array(fc.record({ state, path: fc.constant('command/x') }), { maxLength: 4 });
const outside = fc
  .array(
    fc.constantFrom(
      '# Title',
      'text',
      '',
      '```',
      '~~~',
      '| x | y |',
      '|---|---|',
      '| a | b |',
      '<!--',
      '-->',
      '> quoted',
      '- item',
      '    code',
      '---',
      '[a]: b',
      '\\',
    ),
    { maxLength: 8 },
  )
  .map((lines) => lines.map((line) => `${line}\n`).join(''));
/** A user's file: text, a table that merging made, text. */
const userFile = fc
  .record({ before: outside, rows: someTable, after: outside, crlf: fc.boolean(), bom: fc.boolean(), open: fc.boolean() })
  .map(({ before, rows, after, crlf, bom, open }) => {
    const made = mergeStates({ text: before, rows, existing: [] }).text;
    const text = `${bom ? '\uFEFF' : ''}${made}\n${after}`.replace(/\r\n|\n/g, crlf ? '\r\n' : '\n');
    return open ? text.trimEnd() : text;
  });

describe('whatever the texts are', () => {
  it('a merged table is complete and sorted, has each state once, and is not changed by merging again', () => {
    fc.assert(
      fc.property(
        fc.option(userFile, { nil: undefined }),
        someTable,
        fc.option(someTable, { nil: undefined }),
        existing,
        (text, rows, base, commands) => {
          const merged = mergeStates({ text, rows, base, existing: commands });
          const names = states(merged.text);
          expect(names).toEqual([...new Set(names)].sort());
          for (const name of [...rows.rows.keys(), ...commands.map((each) => each.state)]) expect(names).toContain(name);
          for (const name of text === undefined ? [] : states(text)) if (!merged.removed.includes(name)) expect(names).toContain(name);
          const again = mergeStates({ text: merged.text, rows, base: rows, existing: commands });
          expect(again).toMatchObject({ text: merged.text, added: [], updated: [], removed: [] });
          expect(mergeStates({ text: merged.text, rows, base, existing: commands }).text).toBe(merged.text);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('a cell stays one cell, with all that can be printed in it', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 2, maxLength: 2 }), state, (cells, name) => {
        const merged = merge({ rows: table(['state', 'reads', 'writes'], [name, ...cells]) });
        const read = readStates(merged.text);
        expect(read?.header).toEqual(['state', 'reads', 'writes', 'command']);
        const plain = (text: string) => text.replace(/[\s\p{Cc}\p{Cf}\p{Zl}\\|]/gu, '');
        expect([...(read?.rows.values() ?? [])].map((row) => row.map(plain))).toEqual([[name, ...cells.map(plain), '']]);
      }),
      { numRuns: 500 },
    );
  });

  it('nothing outside the table changes', () => {
    fc.assert(
      fc.property(
        outside,
        outside,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        someTable,
        existing,
        (before, after, lineEnd, bom, rows, commands) => {
          const native = (text: string) => text.replaceAll('\n', lineEnd);
          const head = (bom ? '\uFEFF' : '') + native(before);
          const middle = native('\n| state | mine |\n|:---:|---|\n| zz | mine |\n| aa | mine |\n');
          const tail = native(`\n${after}`).replace(/\s$/, '');
          // Only where the middle is the first table of states: an open code block or front matter prevents it.
          fc.pre(states(head + middle + tail).includes('zz') && readStates(head) === undefined);
          const merged = mergeStates({ text: head + middle + tail, rows, existing: commands });
          expect(merged.text.startsWith(head)).toBe(true);
          expect(merged.text.endsWith(tail)).toBe(true);
          const inner = merged.text.slice(head.length, merged.text.length - tail.length);
          expect(inner).toContain(native('|:---:|---|'));
          expect(inner.split(lineEnd).filter((line) => line !== '' && !line.startsWith('|'))).toEqual([]);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('a text without a table keeps every byte of it', () => {
    fc.assert(
      fc.property(outside, someTable, (text, rows) => {
        fc.pre(readStates(text) === undefined && rows.rows.size > 0 && text.trim() !== '');
        const merged = mergeStates({ text, rows, existing: [] }).text;
        const section = merged.length - text.length;
        const places = [...text, ''].map((_, at) => merged.slice(0, at) + merged.slice(at + section));
        expect(places).toContain(text);
        expect(states(merged)).toEqual([...rows.rows.keys()].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('merging and then removing gives the old states back', () => {
    fc.assert(
      fc.property(userFile, someTable, (text, rows) => {
        const old = states(text);
        const names = [...rows.rows.keys()].filter((name) => !old.includes(name));
        const merged = mergeStates({ text, rows, existing: [] });
        const left = removeStates({ text: merged.text, states: names, base: rows });
        expect(left.kept).toEqual([]);
        expect(states(left.text)).toEqual([...old].sort());
      }),
      { numRuns: 400 },
    );
  });
});
