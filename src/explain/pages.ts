import { findingKinds } from '../doctor/finding.js';
import { catalogue } from './catalogue.js';
import type { Entry, WordKind } from './entry.js';

/** Pages whose tables are made from the catalogue; what stands around a table is written by hand. */
const tables: Readonly<Record<string, () => string[]>> = {
  'docs/errors.md': () => [
    '| code | meaning | likely causes | what to do |',
    '|---|---|---|---|',
    ...of('error').map(({ word, meaning, causes, next }) => row(`\`${word}\``, meaning, causes.join(' '), next.join(' '))),
  ],
  'docs/doctor.md': () => [
    '| id | severity | meaning | `--fix` | likely causes | what to do |',
    '|---|---|---|---|---|---|',
    ...of('doctor').map(({ word, severity, meaning, causes, next }) =>
      row(`\`${word}\``, severity ?? '', meaning, mended.has(word) ? 'yes' : '', causes.join(' '), next.join(' ')),
    ),
  ],
  'docs/verify.md': () => [
    '| id | severity | meaning | likely causes | what to do |',
    '|---|---|---|---|---|',
    ...of('verify').map(({ word, severity, meaning, causes, next }) =>
      row(`\`${word}\``, severity ?? '', meaning, causes.join(' '), next.join(' ')),
    ),
  ],
};

const of = (kind: WordKind): Entry[] => catalogue().filter((entry) => entry.kind === kind);
const mended = new Set(Object.entries(findingKinds).flatMap(([id, kind]) => ('fixed' in kind ? [id] : [])));

/** A cell reads as the same text: what would end it is escaped, and pages below `docs/` are links from there. */
const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\bdocs\/([\w./-]+\.md)\b/g, '[$1]($1)')).join(' | ')} |`;

const begin = '<!-- Made by npm run docs; change it in src/explain. -->';
const end = '<!-- Until here. -->';

/** The pages that are made, by path below the root of the project. */
export const madePages: readonly string[] = Object.keys(tables);

/** The text of a page with its table as it should be. Throws an Error where the page does not say where its table stands. */
export function pageOf(path: string, text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  const table = tables[path];
  if (table === undefined || from < 0 || to < from) throw new Error(`${path} has no place for a table that is made`);
  return `${text.slice(0, from)}${begin}\n\n${table().join('\n')}\n\n${text.slice(to)}`;
}
