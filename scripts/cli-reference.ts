/** Answers what `aynig` prints with these arguments. */
export type Ask = (args: readonly string[]) => string;

interface Row {
  /** `-f, --follow`, or the name of an argument. */
  readonly name: string;
  readonly text: string;
  /** What stands in brackets: the type, the choices, the default. */
  readonly marks: readonly string[];
}

/** Pages about verbs that are not called like them. */
const pages: Readonly<Record<string, string>> = {
  init: 'hook-managers.md',
  uninstall: 'hook-managers.md',
  install: 'packs.md',
  'update-pack': 'packs.md',
  remove: 'packs.md',
  allow: 'security.md',
  explain: 'errors.md',
};

/** The page about all verbs, made from what `--help` of each says; `hasPage` knows the files in docs/. Throws where that is laid out in another way than yargs does. */
export function cliReference(ask: Ask, hasPage: (name: string) => boolean): string {
  const help = ask(['--help']);
  const verbs = rowsOf(help, 'Commands').map((row) => ({ ...row, usage: row.name, verb: row.name.split(' ')[1] ?? '' }));
  const common = rowsOf(help, 'Options');
  const commonNames = new Set(common.map(({ name }) => name));
  const sections = verbs.flatMap(({ usage, verb, text }) => {
    // This one prints a script whatever it is asked.
    const own = verb === 'completion' ? '' : ask([verb, '--help']);
    const page = [pages[verb], `${verb}.md`].find((name) => name !== undefined && hasPage(name));
    return [
      `## ${verb}`,
      `\`${usage}\`: ${text}.${page === undefined ? '' : ` See [${page}](${page}).`}`,
      table(['argument', 'meaning', 'takes'], rowsOf(own, 'Positionals')),
      table(
        ['option', 'meaning', 'takes'],
        rowsOf(own, 'Options').filter(({ name }) => !commonNames.has(name)),
      ),
      rowsOf(own, 'Examples')
        .map((row) => `- \`${row.name}\`: ${row.text}`)
        .join('\n'),
    ];
  });
  return `${[
    '# Command line',
    '<!-- Made by `npm run docs` from the program itself: change src/cli.ts and run it again. -->',
    'Every verb, as `aynig <verb> --help` says it. What they do for you is in the [README](../README.md#verbs), what they say when something is wrong in [errors.md](errors.md).',
    table(['option of every verb', 'meaning', 'takes'], common),
    ...sections,
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

/** Rows below a heading of a help text, their continued lines joined. */
export function rowsOf(help: string, heading: string): Row[] {
  const lines = (help.split(`${heading}:\n`)[1]?.split(/\n\n/)[0] ?? '').split('\n').filter((line) => line !== '');
  const start = /^( +(?:-\w, )?)(\S.*?)(?: {2,}(?=\S)|$)/;
  const rows: string[][] = [];
  for (const line of lines) {
    // A row begins at most six columns in; the rest of one lies below its text, which is further in.
    if (/^ {1,6}[^ []/.test(line)) rows.push([line]);
    else rows.at(-1)?.push(line.trim());
  }
  return rows.map(([first = '', ...more]) => {
    const [whole, indent = '', name = ''] = start.exec(first) ?? [];
    if (whole === undefined) throw new Error(`nobody knows how to read this line of a help text: ${first}`);
    const rest = [first.slice(whole.length).trim(), ...more].join(' ').trim();
    const at = rest.search(/(?:^| )\[(?:required|boolean|string|number|array|choices|default|count)\b/);
    const text = at < 0 ? rest : rest.slice(0, at);
    const marks = at < 0 ? '' : rest.slice(at);
    return {
      name: `${indent.trim()} ${name}`.trim(),
      text: text.replace(/ {2,}/g, ' ').trim(),
      marks: [...marks.matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]/g)].map(([, mark = '']) => mark),
    };
  });
}

/** Empty without rows. */
function table(head: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const lines = rows.map(
    ({ name, text, marks }) => `| \`${name}\` | ${text.replaceAll('<', '\\<').replaceAll('|', '\\|')} | ${takes(marks)} |`,
  );
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...lines].join('\n');
}

/** What an option takes, in words: a switch takes nothing. */
const takes = (marks: readonly string[]): string =>
  marks
    .filter((mark) => !['boolean', 'default: false', 'default: []'].includes(mark))
    .map((mark) => {
      if (mark === 'string') return 'a text';
      if (mark === 'number') return 'a number';
      if (mark === 'array') return 'a text, more than once';
      const choices = /^choices: (.+)$/.exec(mark)?.[1];
      if (choices !== undefined) return choices.replace(/"([^"]+)"/g, '`$1`').replace(/, (?=[^,]+$)/, ' or ');
      return mark.replace(/"([^"]+)"/g, '`$1`');
    })
    .join('; ');
