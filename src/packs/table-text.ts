/** How a table is written down. */
export interface TableStyle {
  /** Whether columns stand below each other in the text. */
  readonly padded: boolean;
  /** The cells of the row of dashes that are there already, with their spaces. */
  readonly dashes: readonly string[];
}

/** Marks that change the direction of the text after them: a reader would see another order than a program. */
const direction = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/**
 * Makes one cell of any text: line ends become spaces, control characters and marks of direction go, pipes are escaped where
 * they are not yet.
 */
export const cellText = (text: string): string =>
  text
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')
    .replace(/[\p{Cc}\uFEFF]/gu, '')
    .replace(direction, '')
    // A backslash before a backslash or a pipe belongs to it.
    .replace(/\\[\\|]|\|/g, (found) => (found === '|' ? '\\|' : found))
    .trim();

/** Text as code: backticks in it do not end it. */
export function codeSpan(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  const space = longest === 0 ? '' : ' ';
  return cellText(`${fence}${space}${text}${space}${fence}`);
}

const widthOf = (cell: string): number => Array.from(cell).length;

/** A cell of the row of dashes, in the same alignment, `width` characters wide without its spaces. */
function stretched(dashes: string, width: number): string {
  const [, left = '', , right = '', after = ''] = /^(\s*:?)(-*)(:?)(\s*)$/.exec(dashes) ?? [];
  const spaced = left.startsWith(' ') || after !== '';
  const colons = left.trim() + right;
  const line = `${left.trim()}${'-'.repeat(Math.max(3 - colons.length, width + (spaced ? 0 : 2) - colons.length))}${right}`;
  return spaced ? ` ${line} ` : line;
}

function aligned(cell: string, width: number, dashes: string): string {
  const room = width - widthOf(cell);
  const mark = dashes.trim();
  const before = !mark.endsWith(':') ? 0 : mark.startsWith(':') ? Math.floor(room / 2) : room;
  return `${' '.repeat(before)}${cell}${' '.repeat(room - before)}`;
}

/** The lines of a table. Every row has as many cells as the header; cells are ones of {@link cellText}, or of a table that was read. */
export function tableLines(header: readonly string[], rows: readonly (readonly string[])[], style: TableStyle): string[] {
  const usual = style.padded ? ' --- ' : '---';
  const dashes = header.map((_, index) => style.dashes[index] ?? style.dashes.at(-1)?.replace(/:/g, '-') ?? usual);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  if (!style.padded) return [line(header), `|${dashes.join('|')}|`, ...rows.map(line)];
  const widths = header.map((cell, index) => Math.max(3, widthOf(cell), ...rows.map((row) => widthOf(row[index] ?? ''))));
  const padded = (cells: readonly string[]): string =>
    line(cells.map((cell, index) => aligned(cell, widths[index] ?? 0, dashes[index] ?? '')));
  return [padded(header), `|${dashes.map((dash, index) => stretched(dash, widths[index] ?? 0)).join('|')}|`, ...rows.map(padded)];
}
