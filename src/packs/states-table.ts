import { type FoundTable, findTable } from './markdown-table.js';
import {
  bareRow,
  commandColumn,
  Draft,
  describe,
  lowerCase,
  pathColumn,
  type StatesTable,
  sorted,
  stateColumn,
  stateOf,
} from './states-draft.js';
import { type TableStyle, tableLines } from './table-text.js';

export type { StatesTable } from './states-draft.js';

/** A state that has a command, and where that is. */
export interface ExistingState {
  readonly state: string;
  readonly path: string;
}

export interface MergeRequest {
  /** The user's COMMANDS.md, read as UTF-8 with its byte order mark; undefined where there is none. */
  readonly text: string | undefined;
  /** What the pack says now. */
  readonly rows: StatesTable | undefined;
  /** What the same pack said when it was last installed. */
  readonly base?: StatesTable | undefined;
  /** All states that have a command once the pack is installed. */
  readonly existing: readonly ExistingState[];
}

/** States by what became of their rows, each list sorted. */
export interface Merged {
  readonly text: string;
  readonly added: readonly string[];
  readonly updated: readonly string[];
  /** The pack has other text for them, and the user's own stays. */
  readonly kept: readonly string[];
  /** Rows as installed of states that the pack has no more. */
  readonly removed: readonly string[];
  /** States that stood more than once: only the first row is left. */
  readonly duplicates: readonly string[];
}

export interface Removed {
  readonly text: string;
  readonly removed: readonly string[];
  /** The user has edited these rows: they stay. */
  readonly kept: readonly string[];
}

const newFile = '# States of this workflow\n\nCommit a message that ends in `aynig-state: <state>` to ask for one.\n';
const newSection = '## States\n';

/** Reads the first table whose first column is headed `state`; throws for a text longer than `maxTextLength`. Rows without a state, and second rows of one, are left out. */
export function readStates(text: string): StatesTable | undefined {
  const table = findTable(text, stateColumn);
  if (table === undefined) return undefined;
  const rows = new Map<string, readonly string[]>();
  for (const row of table.rows) {
    const state = stateOf(row[0]);
    if (state !== '' && !rows.has(state))
      rows.set(
        state,
        row.map(({ raw }) => raw),
      );
  }
  return { header: table.header.map(({ raw }) => raw), rows };
}

const sameRows = (one: readonly (readonly string[])[], other: readonly (readonly string[])[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Puts the table where the old one stood. What is outside of it stays as it is, and so does a table that says the same already. */
function replaced(text: string, table: FoundTable, draft: Draft): string {
  const rows = draft.rows();
  const before = [table.header, ...table.rows].map((row) => row.map(({ raw }) => raw));
  if (sameRows([draft.header, ...rows], before)) return text;
  const lines = tableLines(draft.header, rows, table);
  return `${text.slice(0, table.start)}${lines.join(`${table.lineEnd}${table.prefix}`)}${text.slice(table.end)}`;
}

const compact: TableStyle = { padded: false, dashes: [] };

/** Adds a section with the table. */
function withSection(text: string, draft: Draft): string {
  const lineEnd = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
  const section = `${newSection}\n${tableLines(draft.header, draft.rows(), compact).join('\n')}\n`.replaceAll('\n', lineEnd);
  const plain = text.replace(/\r\n?/g, '\n');
  const gap = /(?:^|\n)[ \t]*\n$/.test(plain) ? '' : plain.endsWith('\n') ? lineEnd : `${lineEnd}${lineEnd}`;
  const atEnd = `${text}${gap}${section}`;
  if (findTable(atEnd, stateColumn) !== undefined) return atEnd;
  // A code block or a comment that is never closed takes in all that follows: the section goes before it.
  const top = /^\uFEFF?(?:(---|\+\+\+)[ \t]*(?:\r\n|\n|\r)(?:.*(?:\r\n|\n|\r))*?\1[ \t]*(?:\r\n|\n|\r|$))?/.exec(text)?.[0] ?? '';
  return `${top}${section}${lineEnd}${text.slice(top.length)}`;
}

const isBlank = (text: string): boolean => text.replace('\uFEFF', '').trim() === '';

function written(text: string | undefined, table: FoundTable | undefined, draft: Draft): string {
  if (text !== undefined && table !== undefined) return replaced(text, table, draft);
  if (text === undefined) return `${newFile}\n${tableLines(draft.header, draft.rows(), compact).join('\n')}\n`;
  if (draft.entries.size === 0) return text;
  return isBlank(text) ? `${text}${newFile}\n${tableLines(draft.header, draft.rows(), compact).join('\n')}\n` : withSection(text, draft);
}

/**
 * Merges what a pack says about its states into a COMMANDS.md, by state name: a three-way merge of rows. Every state that has
 * a command is in the table afterwards, once; rows are sorted by name, code unit by code unit. Text outside of the table stays byte
 * for byte. The user's columns come first, in their order; those of the pack that are missing follow. Merging twice is the
 * same as merging once. Throws for a text longer than `maxTextLength`.
 */
export function mergeStates({ text, rows, base, existing }: MergeRequest): Merged {
  const table = text === undefined ? undefined : findTable(text, stateColumn);
  const draft = new Draft(table);
  const [incoming, installed] = [describe(rows), describe(base)];
  for (const [key, heading] of incoming.columns) draft.addColumn(key, heading);
  if (table === undefined) draft.addColumn(pathColumn, commandColumn);
  const paths = pathsByState(existing);
  const known = { added: new Set<string>(), updated: new Set<string>(), kept: new Set<string>(), removed: new Set<string>() };

  for (const [state, row] of incoming.rows) {
    const entry = draft.entries.get(state);
    const former = installed.rows.get(state);
    if (entry === undefined) {
      draft.put(state, row);
      known.added.add(state);
    } else if (!draft.says(entry, row)) {
      const asInstalled = former !== undefined && draft.says(entry, former);
      if (asInstalled || draft.isBare(entry, paths.get(state) ?? [])) {
        draft.put(state, row, asInstalled ? former : undefined);
        known.updated.add(state);
      } else known.kept.add(state);
    }
  }
  for (const [state, former] of installed.rows) {
    const entry = draft.entries.get(state);
    if (entry === undefined || incoming.rows.has(state)) continue;
    if (draft.saysOnly(entry, former)) {
      draft.entries.delete(state);
      known.removed.add(state);
    } else known.kept.add(state);
  }
  for (const [state, its] of paths) {
    if (draft.entries.has(state)) continue;
    draft.put(state, bareRow(state, its));
    if (!known.removed.has(state)) known.added.add(state);
    else known.updated.add(state);
    known.removed.delete(state);
  }
  return {
    text: written(text, table, draft),
    added: sorted(known.added),
    updated: sorted(known.updated),
    kept: sorted(known.kept),
    removed: sorted(known.removed),
    duplicates: sorted(draft.duplicates),
  };
}

/** Takes the rows of states out that are as the pack installed them, or that nobody has described. */
export function removeStates({
  text,
  states,
  base,
}: {
  readonly text: string;
  readonly states: readonly string[];
  readonly base?: StatesTable | undefined;
}): Removed {
  const table = findTable(text, stateColumn);
  if (table === undefined) return { text, removed: [], kept: [] };
  const draft = new Draft(table);
  const installed = describe(base).rows;
  const [removed, kept]: [string[], string[]] = [[], []];
  for (const state of states) {
    const entry = draft.entries.get(state);
    if (entry === undefined) continue;
    const former = installed.get(state);
    const isOurs = (former !== undefined && draft.saysOnly(entry, former)) || draft.isUndescribed(entry);
    (isOurs ? removed : kept).push(state);
    if (isOurs) draft.entries.delete(state);
  }
  return { text: removed.length === 0 ? text : replaced(text, table, draft), removed: sorted(removed), kept: sorted(kept) };
}

function pathsByState(existing: readonly ExistingState[]): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const { state, path } of existing) {
    const name = lowerCase(state);
    paths.set(name, [...(paths.get(name) ?? []), path]);
  }
  return paths;
}
