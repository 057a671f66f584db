import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import yargs from 'yargs';
import { type Option, optionsIn } from '../../scripts/agent-help.mjs';
import { fc } from '../support/seeded.js';

// The helps here are made up; test/ops-pack/agent-flags.test.ts asks real programs.

type Style = Parameters<typeof optionsIn>[0];
const usage: Readonly<Record<Style, string>> = {
  commander: 'Usage: tool [options]',
  clap: 'Usage: tool [OPTIONS]',
  yargs: 'tool [word..]',
};
const styles = Object.keys(usage) as Style[];

/** What is below the usage, read. */
const read = (style: Style, ...lines: string[]): Option[] => optionsIn(style, 'tool', [usage[style], '', ...lines, ''].join('\n'));
const spellings = (options: readonly Option[]): string => options.map((one) => one.spellings.join(' ')).join(', ');
/** What is below `Options:`, read. */
const options = (style: Style, ...lines: string[]): Option[] => read(style, 'Options:', ...lines);
const one = (words: string, value: string | null = null, values: readonly string[] = []): Option => ({
  spellings: words.split(' '),
  value,
  values,
});

test('a help of commander is read', () => {
  const found = read(
    'commander',
    'A tool. With --prose it does nothing.',
    '  --indented       an example',
    '',
    'Arguments:',
    '  word             The word',
    '',
    'Options:',
    '  -a, --all        Takes all',
    '  --colour <when>  When to colour, see',
    '                   --shade (choices:',
    '                   "always", "or \\"so\\"",',
    '                   default: "or (so)")',
    '  --listFiles, --list-files <files...>',
    '      Which files. Not as',
    '      --other <file>  does',
    '  --filter [by]    The filter (choices: "no") in a sentence',
    '  --level <low|high>',
    '  -n               One letter',
    '  --no-log         No log',
    '',
    'Commands:',
    '  go [options]     Goes',
    '  --odd            Not one',
  );
  expect(found).toEqual([
    one('-a --all'),
    one('--colour', '<when>', ['always', 'or "so"']),
    one('--listFiles --list-files', '<files...>'),
    one('--filter', '[by]'),
    one('--level', '<low|high>'),
    one('-n'),
    one('--no-log'),
  ]);
});

test('a long help of clap is read', () => {
  const found = read(
    'clap',
    'Commands:',
    '  go  Goes',
    '',
    'Options:',
    '  -a, --all',
    '          Takes all. Alike are:',
    '          ',
    '          --prose',
    '            --deeper <X>',
    '',
    '      --set <key=value>',
    '          Says [possible values: never] in a sentence',
    '          ',
    '          [default: auto]',
    '          [possible values: always, "now and then",',
    '          auto]',
    '',
    '      --shade <SHADE>',
    '          Possible values:',
    '          - dark:  As night, or',
    '            - not quite',
    '          - light',
    '',
    '  -f, --file <FILE>...',
    '  -v, --verbose...',
    '      --pair <A> <B>',
    '      --when[=<WHEN>]',
    '      --maybe [<WHEN>]',
    '      --is=<WHAT>',
  );
  expect(found).toEqual([
    one('-a --all'),
    one('--set', '<key=value>', ['always', 'now and then', 'auto']),
    one('--shade', '<SHADE>', ['dark', 'light']),
    one('-f --file', '<FILE>...'),
    one('-v --verbose'),
    one('--pair', '<A> <B>'),
    one('--when', '[=<WHEN>]'),
    one('--maybe', '[<WHEN>]'),
    one('--is', '<WHAT>'),
  ]);
});

test('a short help of clap is read', () => {
  expect(
    options(
      'clap',
      '  -a, --all          Takes all, or',
      '                     --prose',
      '      --shade <S>    Shade [default: x] [possible values: dark,',
      '                     light]',
    ),
  ).toEqual([one('-a --all'), one('--shade', '<S>', ['dark', 'light'])]);
});

test('a help of yargs is read', () => {
  const found = read(
    'yargs',
    'Positionals:',
    '  word  The word  [string]',
    '  --odd           Not one',
    '',
    'Options:',
    '  -a, --all    Takes all, as         [boolean] [default: false]',
    '               --prose [string] does',
    '               with [default: x] it  [boolean] [default: false]',
    '      --shade  The shade [choices: "no"] of it',
    '          [string] [required] [choices: "dark", "light", 3] [default: "dark"]',
    '      --old                                  [deprecated: yes] [array]',
    '      --bare [boolean]',
    '      --count  How many  [number]',
    '  -v           More of it  [count]',
    '      --any    Either',
  );
  expect(found).toEqual([
    one('-a --all'),
    one('--shade', 'string', ['dark', 'light', '3']),
    one('--old', 'array'),
    one('--bare'),
    one('--count', 'number'),
    one('-v'),
    one('--any', 'any'),
  ]);
});

test.each(['clap', 'yargs'] as const)('descriptions where %s may indent an option are not taken for options', (style) => {
  expect(() => options(style, '  -a  Takes all, as', '      --prose')).toThrow('--prose stands where the descriptions do');
});

test.each([
  ['  --one [string] is one', 'this line of its help cannot be read: --one [string] is one'],
  ['  --one  One [array] [string]', 'the end of this description cannot be read: One [array] [string]'],
  ['  --one  One [string] [choi\n      ces: "a"]', 'the end of this description cannot be read: One [string] [choi ces: "a"]'],
  ['  --one  One [string] [choices: "a\n      b"]', 'the end of this description cannot be read: One [string] [choices: "a b"]'],
])('what yargs may have meant in more than one way is not read: %j', (line, said) => {
  expect(() => options('yargs', line)).toThrow(said);
});

test.each([
  ['between words', createRequire(import.meta.url)('yargs') as typeof yargs, undefined],
  ['inside of words, or it is said that it cannot be', yargs, 'cannot be read'],
])('what yargs itself writes is read, however wide, where its lines break %s', (_, build, refusal) => {
  const name = fc
    .stringMatching(/^[a-z]{2,12}(-[a-z]{2,4})?$/)
    .filter((text) => !['help', 'version', 'no', 'constructor'].includes(text.split('-')[0] ?? ''));
  const word = fc.constantFrom('so', '--prose', '-x,', 'word', '(--all)', '[string]', '--file <file>', '[choices: "no"]', '[open');
  const option = fc.record({
    name,
    type: fc.constantFrom('boolean', 'string', 'number', 'array', 'count'),
    said: fc.oneof(
      fc.constant(''),
      fc.array(word, { maxLength: 12 }).map((words) => [...words, 'end'].join(' ')),
    ),
    choices: fc.uniqueArray(fc.constantFrom('dark', 'light', 'a-b', 'c_d', 'one-that-is-long', 'another-that-is', '--x')),
    fallback: fc.constantFrom(undefined, 'one', '[two]'),
  });
  let compared = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(option, { selector: (made) => made.name, minLength: 1, maxLength: 5 }),
      fc.constantFrom(null, 70, 80, 120),
      (made, width) => {
        let help = '';
        const parser = build([]).scriptName('tool').usage('$0 [word..]').wrap(width).exitProcess(false);
        const listed = (entry: (typeof made)[number]): string[] => (entry.type === 'string' ? entry.choices : []);
        for (const [index, entry] of made.entries()) {
          const values = listed(entry);
          parser.option(entry.name, {
            type: entry.type as 'string',
            describe: entry.said,
            ...(index === 0 ? { alias: 'q' } : {}),
            ...(values.length > 0 ? { choices: values } : {}),
            ...(entry.fallback !== undefined && entry.type === 'string' ? { default: entry.fallback } : {}),
          });
        }
        parser.showHelp((text) => {
          help = text;
        });
        const expected = made.map((entry, index) => ({
          spellings: [...(index === 0 ? ['-q'] : []), `--${entry.name}`],
          value: ['boolean', 'count'].includes(entry.type) ? null : entry.type,
          values: listed(entry),
        }));
        let read: readonly Option[];
        try {
          read = optionsIn('yargs', 'tool', help);
        } catch (error) {
          if (refusal === undefined || width === null || !String(error).includes(refusal)) throw error;
          return;
        }
        const found = read.filter(({ spellings: [first] }) => first !== '--help' && first !== '--version');
        const sorted = (all: readonly Option[]): string[] => all.map((each) => JSON.stringify(each)).sort();
        expect(sorted(found)).toEqual(sorted(expected));
        compared++;
      },
    ),
    { numRuns: 200 },
  );
  expect(compared).toBeGreaterThan(100);
});

describe.each(styles)('in the style of %s', (style) => {
  const good = '  -a, --all    Takes all';

  test('a flag in a sentence, in an example or before the options is none', () => {
    const found = read(
      style,
      'Use --first, or:',
      '',
      'Options:',
      good,
      '               --second',
      '               -t, --third <x>  too',
      '  --fourth     With --fifth <x>',
      '               and --sixth.',
      '',
      'Examples:',
      '  --seventh    Runs',
      '',
      'See --eighth for more.',
      '--ninth at the edge',
    );
    expect(spellings(found)).toBe('-a --all, --fourth');
  });

  test.each([
    ['a sentence where options stand', '  --fourth is not used', 'cannot be read: --fourth is not used'],
    ['a form of it that is not known', '  --[no-]fourth  Fourth', 'cannot be read: --[no-]fourth  Fourth'],
    ['a value of more than one word', '  --fourth <a b>  Fourth', 'cannot be read: --fourth <a b>  Fourth'],
    ['a bullet', '  - fourth', 'cannot be read: - fourth'],
    ['something else where options stand', '  fourth', 'cannot be read: fourth'],
    ['another indentation', '    --fourth   Fourth', 'cannot be read: --fourth   Fourth'],
    ['a description in another column', '  --fourth       Fourth', 'begin in more than one column: 16, 18'],
    ['the same flag again', '  --all        Again', 'defines --all twice'],
    ['a tab', '\t--fourth     Fourth', 'tabs or colours'],
    ['colours', '  \x1b[1m--fourth\x1b[0m     Fourth', 'tabs or colours'],
  ])('an option is neither missed nor made up of %s', (_, line, said) => {
    expect(() => options(style, good, line)).toThrow(said);
  });

  test('options below a heading that is not known are not passed over', () => {
    const said = 'what looks like an option stands below "More options:": --fourth     Fourth';
    expect(() => options(style, good, '', 'More options:', '  --fourth     Fourth')).toThrow(said);
    expect(() => read(style, 'More options:', '  --fourth     Fourth', '', 'Options:', good)).toThrow(said);
    expect(() => options(style, good, 'a line at the edge', '  --fourth     Fourth')).toThrow('below "a line at the edge"');
    expect(() => options(style, good, '', 'Commands:', '  go  Goes', '', 'Options:', '  --fourth     Fourth')).toThrow('begin twice');
    expect(spellings(options(style, good, '', 'Environment:', '  FOURTH       Fourth'))).toBe('-a --all');
  });

  test('a help without options, or of another command, is none', () => {
    expect(() => read(style, 'With --all it takes all.')).toThrow('defines no options');
    expect(() => options(style, '               --all')).toThrow('cannot be read');
    expect(() => optionsIn(style, 'tool go', [usage[style], '', 'Options:', good].join('\n'))).toThrow('no usage of tool go');
    expect(() => optionsIn(style, 'tool', ['tool is made up', '', 'Options:', good].join('\n'))).toThrow('no usage of tool');
    expect(() => optionsIn(style, 'too', [usage[style], '', 'Options:', good].join('\n'))).toThrow('no usage of too');
  });

  test('other words make no difference', () => {
    const terse = options(style, '  -a, --all  All', '  -b         B');
    expect(options(style, '  -a, --all      Takes all, but', '                 --one', '  -b             Beta')).toEqual(terse);
  });
});
