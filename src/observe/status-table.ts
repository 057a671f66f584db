import { printable } from '../printable.js';
import { cutEnd, cutMiddle, padTo, widthOf } from './fit-text.js';
import type { BranchStatus } from './schemas.js';
import { shortSpan } from './spans.js';
import { type Rank, rankOf } from './status-order.js';
import { shownHolder, shownReading, shownState } from './status-words.js';

/** A line of the table, and what kind of branch it is; the heading is of none. */
export interface TableLine {
  readonly text: string;
  readonly rank: Rank | 'heading';
}

interface Column {
  readonly name: string;
  readonly cell: (status: BranchStatus, now: number) => string | undefined;
  /** Which columns go first where a terminal is too narrow: the highest. 0: never. */
  readonly spare: number;
}

const columns: readonly Column[] = [
  { name: '  BRANCH', cell: ({ current, branch }) => `${current ? '* ' : '  '}${printable(branch)}`, spare: 0 },
  { name: 'STATE', cell: (status) => optional(shownState(status)), spare: 1 },
  { name: 'READING', cell: (status) => `${shownReading(status)}${isFailing(status) ? ' !' : ''}`, spare: 0 },
  { name: 'HELD BY', cell: (status) => optional(shownHolder(status)), spare: 3 },
  { name: 'COMMAND', cell: ({ command }) => (command.status === 'n/a' ? undefined : command.status), spare: 5 },
  { name: 'AGE', cell: ({ at }, now) => (at === null ? undefined : shortSpan(now - at)), spare: 2 },
  { name: 'TRY', cell: ({ attempt }) => (attempt === null ? undefined : String(attempt)), spare: 4 },
  { name: 'TITLE', cell: ({ request, title }) => printable(request ?? title), spare: 0 },
];

const optional = (text: string | undefined): string | undefined => (text === undefined ? undefined : printable(text));
/** A runner has noted why it could not do what was asked. */
const isFailing = ({ lastFailure, reading }: BranchStatus): boolean => lastFailure !== null && reading !== 'waiting';

const gap = '  ';
const leastTitle = 12;
const leastBranch = 12;
/** What a state of a stranger, or the name of a host, may take of a terminal. */
const mostOfOthers = 24;

/**
 * Many statuses as a table, one branch a line. `now` in seconds since the epoch. Without `width` it is for a file or another
 * program: all columns, nothing cut. With it no line takes more than so many columns: what is empty everywhere is left out, names are
 * cut in their middle and titles at their end.
 */
export function statusTable(statuses: readonly BranchStatus[], now: number, width?: number): TableLine[] {
  if (statuses.length === 0) return [];
  const all = columns.map((column) => ({ ...column, cells: statuses.map((status) => column.cell(status, now)) }));
  const shown =
    width === undefined
      ? all
      : fitted(
          all.filter(({ cells }) => cells.some((cell) => cell !== undefined && cell !== '')),
          width,
        );
  // Nothing stands behind the last one.
  const widths = shown.slice(0, -1).map(({ name, cells }) => widest([name, ...cells]));
  const lineOf = (texts: readonly string[]): string => {
    const line = texts
      .map((text, index) => padTo(text, widths[index] ?? 0))
      .join(gap)
      .trimEnd();
    return width === undefined ? line : cutEnd(line, width);
  };
  return [
    { text: lineOf(shown.map(({ name }) => name)), rank: 'heading' },
    ...statuses.map((status, row): TableLine => ({ text: lineOf(shown.map(({ cells }) => cells[row] ?? '-')), rank: rankOf(status) })),
  ];
}

type Filled = Column & { readonly cells: readonly (string | undefined)[] };

const widest = (texts: readonly (string | undefined)[]): number => texts.reduce((most, text) => Math.max(most, widthOf(text ?? '-')), 0);

/** The columns that have room, with what is in them cut to it. The branch gives way to the others, and the title takes what is left. */
function fitted(filled: readonly Filled[], width: number): Filled[] {
  const [branch, ...rest] = filled;
  const title = rest.at(-1)?.name === 'TITLE' ? rest.pop() : undefined;
  if (branch === undefined) return [];
  const cut = rest.map((column) => ({
    ...column,
    cells: column.cells.map((cell) => (cell === undefined ? cell : cutEnd(cell, mostOfOthers))),
  }));
  const taken = (of: readonly Filled[]): number => of.reduce((sum, { name, cells }) => sum + gap.length + widest([name, ...cells]), 0);
  const leastOfTitle = title === undefined ? 0 : gap.length + leastTitle;
  const wanted = widest([branch.name, ...branch.cells]);
  const leastOfBranch = Math.min(wanted, Math.max(leastBranch, Math.floor(width / 5)));
  const goesFirst = [...cut].sort((a, b) => b.spare - a.spare).filter(({ spare }) => spare > 0);
  while (leastOfBranch + taken(cut) + leastOfTitle > width) {
    const next = goesFirst.shift();
    if (next === undefined) break;
    cut.splice(cut.indexOf(next), 1);
  }
  const room = width - taken(cut);
  // Of a long name and a long title each has half of the room.
  const titles = title === undefined ? 0 : gap.length + Math.min(widest(title.cells), Math.max(leastTitle, Math.floor(room / 2)));
  const forBranch = Math.max(leastBranch, Math.min(wanted, Math.max(leastOfBranch, room - titles)));
  const forTitle = room - forBranch - gap.length;
  return [
    { ...branch, cells: branch.cells.map((cell) => cutMiddle(cell ?? '', forBranch)) },
    ...cut,
    ...(title === undefined || forTitle < 4 ? [] : [{ ...title, cells: title.cells.map((cell) => cutEnd(cell ?? '', forTitle)) }]),
  ];
}
