import { printable } from '../printable.js';
import { type Entry, headings, type WordKind } from './entry.js';

/** What is to be said about one word, for people. */
export function entryLines({ word, kind, severity, meaning, causes, next, paths, row }: Entry): string[] {
  const list = (heading: string, texts: readonly string[]): string[] =>
    texts.length === 0 ? [] : [`  ${heading}`, ...texts.map((text) => `    - ${text}`)];
  return [
    `${word} (${kinds[kind]}${severity === null ? '' : `, ${severity}`})`,
    `  ${meaning}`,
    ...list('command', paths),
    ...list(
      'COMMANDS.md says',
      row.map(({ column, text }) => `${column}: ${text}`),
    ),
    ...list(kind === 'state' ? 'how it comes about' : 'likely causes', causes),
    ...list('what to do', next),
  ].map((line) => printable(line));
}

const kinds: Readonly<Record<WordKind, string>> = {
  error: 'error code',
  reading: 'reading',
  lease: 'lease in aynig status',
  command: 'command in aynig status',
  state: 'state',
  doctor: 'finding of aynig doctor',
  verify: 'finding of aynig verify',
  event: 'kind of event',
  severity: 'severity',
};

/** All words with their meanings, by kind. */
export function listLines(entries: readonly Entry[]): string[] {
  return (Object.keys(headings) as WordKind[]).flatMap((kind, index) => {
    const here = entries.filter((entry) => entry.kind === kind);
    const width = Math.max(0, ...here.map(({ word }) => printable(word).length));
    return [
      ...(index === 0 ? [] : ['']),
      headings[kind],
      ...here.map(
        ({ word, meaning, row }) =>
          `  ${printable(word).padEnd(width)}  ${printable(row[0] === undefined ? meaning : shortOf(row, meaning))}`,
      ),
    ];
  });
}

/** The author's own words, where the table has any. */
const shortOf = (row: Entry['row'], meaning: string): string =>
  row.find(({ column }) => /^(?:what it does|description|command)$/i.test(column))?.text ?? meaning;
