// What the help of a program defines, and none of what it says about it. Where it cannot be told whether something is a
// definition, this throws: an option is neither missed nor made up.

const spelling = String.raw`(?:-[A-Za-z0-9?#@]|--[A-Za-z0-9][\w-]*(?:\.[\w-]+)*)`;
const placeholder = String.raw`(?:[ =]<[^\s<>]+>(?:\.{3})?)+| \[[^\s[\]]+\](?:\.{3})?|\[=<[^\s<>]+>(?:\.{3})?\]`;
const quoted = String.raw`"(?:[^"\\]|\\.)*"`;
const quotedList = `${quoted}(?:, ${quoted})*`;
/** With brackets in it, where they are pairs. */
const inBrackets = String.raw`(?:[^[\]]|\[[^[\]]*\])*`;

/** One line of an option: spellings, placeholder, and after two spaces the beginning of its description. */
const definition = (value, gap = ' {2,}') =>
  new RegExp(String.raw`^(?<spellings>${spelling}(?:, ${spelling})*)(?:(?<value>${value})|\.{3})?(?:(?:${gap})(?<text>\S.*))?$`);

/** What yargs writes behind a description; the last one of a line may go on in the next. */
const yargsGroup = String.raw`\[(?:(?:boolean|count|string|array|number|required|deprecated)\]|(?:deprecated|choices|default):(?:$| ${inBrackets}(?:\]|$)))`;
const onlyYargsGroups = `(?:${yargsGroup} ?)+$`;

/** In the order in which yargs writes them, at times with no space before the first. */
const yargsGroups = new RegExp(
  [
    String.raw` ?(?:\[deprecated(?::[^\]]*)?\] ?)?(?:\[(?<type>boolean|count|string|array|number)\] ?)?(?:\[required\] ?)?`,
    String.raw`(?:\[choices: (?<values>(?:${quoted}|[\w.-]+)(?:, (?:${quoted}|[\w.-]+))*)\] ?)?(?:\[default: ${inBrackets}\])?$`,
  ].join(''),
);

const styles = {
  commander: {
    definition: definition(placeholder),
    indentations: [2],
    /** What is less deep than this is no description. */
    description: 6,
    facts({ value, text }) {
      const tail = String.raw`(?:, (?:default|preset|env): (?:[^()"]|\([^()]*\)|${quoted})*)?`;
      const [, list] = new RegExp(String.raw`\(choices: (${quotedList})${tail}\)$`).exec(text) ?? [];
      return { value, values: list === undefined ? [] : JSON.parse(`[${list}]`) };
    },
  },
  clap: {
    definition: definition(placeholder),
    indentations: [2, 6],
    description: 8,
    facts({ value, text, lines }) {
      const [, list] = /(?:^| )\[possible values: ([^[\]]+)\]$/.exec(text) ?? [];
      if (list !== undefined)
        return { value, values: list.match(new RegExp(`${quoted}|[^,]+`, 'g')).map((item) => item.trim().replace(/^"(.*)"$/, '$1')) };
      // Where the values have descriptions too, each has a line.
      const at = lines.findIndex(({ content }) => content === 'Possible values:');
      if (at === -1) return { value, values: [] };
      const items = lines.slice(at + 1).filter(({ indentation }) => indentation === lines[at].indentation);
      return { value, values: items.flatMap(({ content }) => /^- ([^\s:]+)(?::|$)/.exec(content)?.[1] ?? []) };
    },
  },
  yargs: {
    definition: definition('(?!)', ` {2,}| *(?=${onlyYargsGroups})`),
    indentations: [2, 6],
    description: 7,
    // It has no placeholders, but says the type.
    facts({ text }) {
      const found = yargsGroups.exec(text);
      const { type = 'any', values = '' } = found.groups;
      const list = values.match(new RegExp(`${quoted}|[^\\s,]+`, 'g')) ?? [];
      // One build of yargs breaks lines inside of words: what such a word was cannot be told.
      if (text.slice(0, found.index).trimEnd().endsWith(']') || list.some((item) => /\s/.test(item)))
        throw new Error(`the end of this description cannot be read: ${text}`);
      return {
        value: type === 'boolean' || type === 'count' ? null : type,
        values: list.map((item) => (item.startsWith('"') ? JSON.parse(item) : item)),
      };
    },
    /** With no description the groups stand at the right edge, and not in its column. */
    besideColumn: (text) => new RegExp(`^${onlyYargsGroups}`).test(text),
    /** They have lines of their own where they need them, and these begin further left. */
    shallow: (content, lines) =>
      content.startsWith('[') || (/^[^-]/.test(content) && /\[[^\]]*$/.test(lines.map((line) => line.content).join(' '))),
  },
};

/** Sections that define no options, whatever stands in them. */
const others = ['Usage:', 'Arguments:', 'Positionals:', 'Commands:', 'Subcommands:', 'Examples:'];

/** The lines below `Options:`. */
function optionLines(help) {
  const found = [];
  let section = 'before';
  for (const line of help.split('\n').map((text) => text.trimEnd())) {
    if (/^\S/.test(line)) {
      const isHeading = line.endsWith(':');
      if (isHeading && line === 'Options:') {
        if (section === 'Options:' || found.length > 0) throw new Error('its options begin twice');
        section = line;
      } else if (isHeading || section !== 'before') section = line;
    } else if (section === 'Options:') {
      if (line !== '') found.push(line);
    } else if (section !== 'before' && !others.includes(section) && /^ {1,8}--?[A-Za-z0-9?]/.test(line)) {
      throw new Error(`what looks like an option stands below "${section}": ${line.trim()}`);
    }
  }
  return found;
}

/**
 * The options that a help defines: `{ spellings, value, values }`. `value` is what it calls the value, null where there is none;
 * `values` are those that it allows, where it lists them by itself and not in a sentence.
 */
export function optionsIn(style, command, help) {
  const { definition: pattern, indentations, description, facts, besideColumn = () => false, shallow = () => false } = styles[style];
  if (/[\t\r\x1b]/.test(help)) throw new Error('its help has tabs or colours in it');
  const begins = [`Usage: ${command} `, `${command} `].flatMap((words) => [`${words}[`, `${words}<`]);
  if (!help.split('\n').some((line) => begins.some((words) => line.startsWith(words))))
    throw new Error(`its help has no usage of ${command}`);

  const entries = [];
  for (const line of optionLines(help)) {
    const content = line.trimStart();
    const indentation = line.length - content.length;
    if (indentations.includes(indentation) && content.startsWith('-')) {
      const { spellings, value, text = '' } = pattern.exec(content)?.groups ?? {};
      if (spellings === undefined) throw new Error(`this line of its help cannot be read: ${content}`);
      const column = text === '' || besideColumn(text) ? undefined : line.length - text.length;
      const lines = text === '' ? [] : [{ indentation: column, content: text }];
      entries.push({ spellings: spellings.split(', '), value: value?.replace(/^[ =]/, '') ?? null, indentation, column, lines });
    } else if (entries.length === 0 || (indentation < description && !shallow(content, entries.at(-1).lines))) {
      throw new Error(`this line of its help cannot be read: ${content}`);
    } else entries.at(-1).lines.push({ indentation, content });
  }
  if (entries.length === 0) throw new Error('its help defines no options');

  const columns = new Set(entries.flatMap(({ column }) => column ?? []));
  if (columns.size > 1)
    throw new Error(`its descriptions begin in more than one column: ${[...columns].map((column) => column + 1).join(', ')}`);
  const [column = Number.POSITIVE_INFINITY] = columns;
  const all = new Set();
  return entries.map(({ spellings, value, indentation, lines }) => {
    if (indentation >= column) throw new Error(`${spellings[0]} stands where the descriptions do`);
    for (const one of spellings) {
      if (all.has(one)) throw new Error(`its help defines ${one} twice`);
      all.add(one);
    }
    const text = lines
      .map(({ content }) => content)
      .join(' ')
      .replaceAll(/\s+/g, ' ');
    return { spellings, ...facts({ value, text, lines }) };
  });
}
