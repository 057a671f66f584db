import { type Cell, type FoundTable, findTable } from './markdown-table.js';
import { cellText, codeSpan, tableLines } from './table-text.js';

/** The states table of a COMMANDS.md. Cells are Markdown, without the white space around them. */
export interface StatesTable {
  /** The first column is `state`. */
  readonly header: readonly string[];
  /** Cells by state, the cell of the state itself among them. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

export const stateColumn = 'state';
export const commandColumn = 'command';

/** State names compare without the capitals of ASCII, as the kernel reads them. */
export const lowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
export const stateOf = (cell: Cell | undefined): string => lowerCase(cell?.plain ?? '');
const byName = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
export const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort(byName);

/** A state in a table: its row, and rows without a state of their own that stand below it and go where it goes. */
interface Entry {
  readonly state: string;
  readonly cells: readonly string[];
  readonly below: readonly (readonly string[])[];
}

/** Columns by name; a second column of one name is another column. */
function columnKeys(header: readonly Cell[]): string[] {
  const seen = new Map<string, number>();
  return header.map(({ plain }) => {
    const name = plain.toLowerCase();
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return `${count} ${name}`;
  });
}

/** What a pack says, each row by the names of its columns. */
interface Description {
  readonly columns: ReadonlyMap<string, string>;
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Takes a table from a pack: whatever its cells hold, each becomes one cell. */
export function describe(table: StatesTable | undefined): Description {
  if (table === undefined) return { columns: new Map(), rows: new Map() };
  const header = [stateColumn, ...table.header.slice(1).map(cellText)];
  const body = [...table.rows.values()].map((cells) => header.map((_, index) => cellText(cells[index] ?? '')));
  // Read back: this is the text that will stand in the file, and what a reader of that sees.
  const read = findTable(tableLines(header, body, { padded: false, dashes: [] }).join('\n'), stateColumn);
  if (read === undefined) throw new Error('a table of states could not be read back');
  const keys = columnKeys(read.header);
  const rows = new Map<string, ReadonlyMap<string, string>>();
  for (const row of read.rows) {
    const state = stateOf(row[0]);
    if (state !== '' && !rows.has(state)) rows.set(state, new Map(keys.map((key, index) => [key, row[index]?.raw ?? ''])));
  }
  return { columns: new Map(keys.map((key, index) => [key, read.header[index]?.raw ?? ''])), rows };
}

const firstColumn = `0 ${stateColumn}`;
export const pathColumn = `0 ${commandColumn}`;

/** The cells of a row that says nothing but where the command is. */
export function bareRow(state: string, paths: readonly string[]): Map<string, string> {
  return new Map([
    [firstColumn, codeSpan(state)],
    [pathColumn, paths.map(codeSpan).join(', ')],
  ]);
}

function entriesOf(table: FoundTable): { before: readonly (readonly string[])[]; entries: Map<string, Entry>; duplicates: string[] } {
  const before: (readonly string[])[] = [];
  const entries = new Map<string, { state: string; cells: readonly string[]; below: (readonly string[])[] }>();
  const duplicates: string[] = [];
  let last = before;
  for (const row of table.rows) {
    const cells = row.map(({ raw }) => raw);
    const state = stateOf(row[0]);
    const known = entries.get(state);
    if (state === '') last.push(cells);
    else if (known !== undefined) {
      duplicates.push(state);
      last = known.below;
    } else {
      const entry = { state, cells, below: [] };
      entries.set(state, entry);
      last = entry.below;
    }
  }
  return { before, entries, duplicates };
}

/** A table while it is changed: columns by key, and one entry for each state. */
export class Draft {
  readonly keys: string[];
  readonly header: string[];
  readonly entries: Map<string, Entry>;
  readonly duplicates: readonly string[];
  readonly #before: readonly (readonly string[])[];

  constructor(table: FoundTable | undefined) {
    this.keys = table === undefined ? [firstColumn] : columnKeys(table.header);
    this.header = table === undefined ? [stateColumn] : table.header.map(({ raw }) => raw);
    const { before, entries, duplicates } = table === undefined ? { before: [], entries: new Map(), duplicates: [] } : entriesOf(table);
    this.#before = before;
    this.entries = entries;
    this.duplicates = duplicates;
  }

  addColumn(key: string, heading: string): void {
    if (this.keys.includes(key)) return;
    this.keys.push(key);
    this.header.push(heading);
  }

  cell(entry: Entry, key: string): string {
    return entry.cells[this.keys.indexOf(key)] ?? '';
  }

  /** Whether the row has the texts of `row`, in the columns that both have. */
  says(entry: Entry, row: ReadonlyMap<string, string>): boolean {
    return this.keys.every((key) => key === firstColumn || !row.has(key) || this.cell(entry, key) === row.get(key));
  }

  /** Whether nothing was written that is not in `row`. */
  saysOnly(entry: Entry, row: ReadonlyMap<string, string>): boolean {
    return entry.below.length === 0 && this.says(entry, row) && this.keys.every((key) => row.has(key) || this.cell(entry, key) === '');
  }

  /** Whether nobody has described the state: there is its name, and at most where its command is. */
  isBare(entry: Entry, paths: readonly string[]): boolean {
    const path = this.cell(entry, pathColumn);
    return this.saysOnly(entry, bareRow(entry.state, path === '' ? [] : paths));
  }

  /** Whether there is nothing in the row but the name, and where a command is or was. */
  isUndescribed(entry: Entry): boolean {
    return entry.below.length === 0 && this.keys.every((key) => key === firstColumn || key === pathColumn || this.cell(entry, key) === '');
  }

  /** Writes the texts of `row`. Columns of `former` that it has no more become empty, all others stay. */
  put(state: string, row: ReadonlyMap<string, string>, former?: ReadonlyMap<string, string>): void {
    const known = this.entries.get(state);
    const cells = this.keys.map((key, index) => {
      // How the user writes the name of a state is theirs.
      if (key === firstColumn && known !== undefined) return known.cells[index] ?? '';
      return row.get(key) ?? (former?.has(key) ? '' : (known?.cells[index] ?? ''));
    });
    this.entries.set(state, { state, cells, below: known?.below ?? [] });
  }

  rows(): (readonly string[])[] {
    const inOrder = sorted(this.entries.keys()).flatMap((state): (readonly string[])[] => {
      const entry = this.entries.get(state);
      return entry === undefined ? [] : [entry.cells, ...entry.below];
    });
    return [...this.#before, ...inOrder].map((cells) => this.keys.map((_, index) => cells[index] ?? ''));
  }
}
