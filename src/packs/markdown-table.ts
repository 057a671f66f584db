import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { frontmatter } from 'micromark-extension-frontmatter';
import { gfmTable } from 'micromark-extension-gfm-table';

/** One cell: its Markdown without the white space around it, and what a reader sees of it. */
export interface Cell {
  readonly raw: string;
  readonly plain: string;
}

/** A table as it stands in a text. */
export interface FoundTable {
  readonly header: readonly Cell[];
  /** The cells of the row of dashes, with their spaces: `:---:`, or ` --- `. */
  readonly dashes: readonly string[];
  /** Every row has a cell for every column; what stands beyond the last column is part of its cell. */
  readonly rows: readonly (readonly Cell[])[];
  /** Offset of the first and behind the last character of the table, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** What stands before every row but the first: the marks of a quotation, indentation. */
  readonly prefix: string;
  readonly lineEnd: string;
  /** The columns stand below each other in the text. */
  readonly padded: boolean;
}

/** The part of a syntax tree that is read here; every node of the parser is one. */
interface Node {
  readonly type: string;
  readonly value?: string | undefined;
  readonly alt?: string | null | undefined;
  readonly children?: readonly Node[] | undefined;
  readonly position?:
    | { readonly start: { readonly offset?: number | undefined }; readonly end: { readonly offset?: number | undefined } }
    | undefined;
}

const byteOrderMark = '\uFEFF';
const empty: Cell = { raw: '', plain: '' };

/** Longest text that is read, in UTF-16 code units: the parser takes up to 5 s for one made to keep it busy. */
export const maxTextLength = 256 * 1024;

/** Parses with offsets that are those of `text`. */
function parse(text: string): { tree: Node; shift: number } {
  if (text.length > maxTextLength) throw new RangeError(`a text of ${text.length} characters is longer than ${maxTextLength}`);
  // The parser leaves a mark out and counts without it.
  const shift = text.startsWith(byteOrderMark) ? 1 : 0;
  const tree = fromMarkdown(text.slice(shift), {
    // Pairing the marks of emphasis takes time by the square of their number; `withoutMarks` does what is needed of it.
    extensions: [frontmatter(['yaml', 'toml']), gfmTable(), { disable: { null: ['attention'] } }],
    mdastExtensions: [gfmTableFromMarkdown()],
  });
  return { tree, shift };
}

/** Tables in the order of the text. A list and not a recursion: quotations can be nested deeper than the stack is. */
function tablesOf(tree: Node): Node[] {
  const found: Node[] = [];
  const open: Node[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'table') found.push(node);
    else for (const child of (node.children ?? []).toReversed()) open.push(child);
  }
  return found;
}

const startOf = (node: Node | undefined): number => node?.position?.start.offset ?? 0;
const endOf = (node: Node | undefined): number => node?.position?.end.offset ?? 0;

/** What a reader sees: no marks, no HTML. */
function plainOf(nodes: readonly Node[]): string {
  let text = '';
  const open = nodes.toReversed();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'html') continue;
    text += node.value ?? node.alt ?? '';
    for (const child of (node.children ?? []).toReversed()) open.push(child);
  }
  return withoutMarks(text.replace(/\s+/g, ' ').trim());
}

/** Takes off emphasis of the whole text. */
const withoutMarks = (text: string): string => /^(\*{1,3}|_{1,3})([^\s*_](?:.*[^\s*])?)\1$/s.exec(text)?.[2] ?? text;

/** Where the line that holds `offset` ends, before its line end. */
function lineEndAfter(text: string, offset: number): number {
  const found = text.slice(offset).search(/[\r\n]/);
  return found < 0 ? text.length : offset + found;
}

const lineEndAt = (text: string, offset: number): string => /^(?:\r\n|\r|\n)/.exec(text.slice(offset, offset + 2))?.[0] ?? '';

/**
 * The first table whose first column has the name, as a reader sees it and whatever its capitals. Code, comments and front matter
 * hold none. Throws a RangeError for a text longer than {@link maxTextLength}.
 */
export function findTable(text: string, firstColumn: string): FoundTable | undefined {
  const { tree, shift } = parse(text);
  const cellOf = (node: Node): Cell => {
    const children = node.children ?? [];
    return children.length === 0
      ? empty
      : { raw: text.slice(startOf(children[0]) + shift, endOf(children.at(-1)) + shift).trim(), plain: plainOf(children) };
  };
  for (const table of tablesOf(tree)) {
    const [top, ...body] = table.children ?? [];
    const header = (top?.children ?? []).map(cellOf);
    if (header[0]?.plain.toLowerCase() !== firstColumn) continue;
    const start = startOf(table) + shift;
    const topEnd = lineEndAfter(text, start);
    const lineEnd = lineEndAt(text, topEnd);
    const dashesEnd = lineEndAfter(text, topEnd + lineEnd.length);
    const [, prefix = '', dashLine = ''] = /^([\s>]*)(.*)$/s.exec(text.slice(topEnd + lineEnd.length, dashesEnd)) ?? [];
    const end = body.length === 0 ? dashesEnd : lineEndAfter(text, endOf(body.at(-1)) + shift);
    return {
      header,
      dashes: dashLine
        .trim()
        .replace(/^\||\|$/g, '')
        .split('|'),
      rows: body.map((row) => withinColumns((row.children ?? []).map(cellOf), header.length)),
      start,
      end,
      prefix,
      lineEnd,
      padded: isPadded(`${text.slice(start, topEnd)}\n${text.slice(dashesEnd, end)}`),
    };
  }
  return undefined;
}

/** Whether a cell of these lines has more space beside it than it needs; one that is empty has two in either style. */
const isPadded = (lines: string): boolean =>
  lines.split(/[\r\n]+/).some((line) => /[^\s|] {2,}\||\| {2,}[^\s|]/.test(line.replace(/^[\s>]*/, '')));

/** Readers see nothing of cells beyond the header; they are kept as text of the last one. */
function withinColumns(cells: readonly Cell[], columns: number): Cell[] {
  const within = Array.from({ length: columns }, (_, index) => cells[index] ?? empty);
  const beyond = cells.slice(columns);
  const last = within.at(-1);
  if (beyond.length === 0 || last === undefined) return within;
  const joined = [last, ...beyond];
  return [...within.slice(0, -1), { raw: joined.map(({ raw }) => raw).join(' \\| '), plain: joined.map(({ plain }) => plain).join(' | ') }];
}
