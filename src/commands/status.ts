import { Failure } from '../failure.js';
import type { BranchStatus, StatusReport } from '../observe/schemas.js';
import { statusLines } from '../observe/status-lines.js';
import { inOrder, type Rank, rankOf } from '../observe/status-order.js';
import { statusTable, type TableLine } from '../observe/status-table.js';
import { jsonText, printable } from '../printable.js';
import type { Io } from './io.js';
import { type Look, look, type Wanted } from './status-look.js';
import { type Colour, type Terminal, terminalOf } from './terminal.js';

export interface StatusFlags extends Wanted {
  /** Branches without a state are in the table too. */
  readonly idle: boolean;
  readonly watch: boolean;
  /** Says by the exit code whether somebody has to act. */
  readonly exitCode: boolean;
  readonly json: boolean;
}

/** What `--exit-code` answers where a person has to act; no failure of any verb ends with it. */
const somebodyIsNeeded = 10;

/** What was found, beside what was printed. */
interface Found {
  readonly unreadable: boolean;
  readonly needsPerson: boolean;
}

/** `aynig status`: what the tips say, and what the next tick would do about them. */
export async function status(given: StatusFlags, io: Io): Promise<number> {
  const flags = { ...given, all: given.all || given.needsMe || given.idle };
  const terminal = terminalOf(process.stdout, process.env);
  if (flags.watch) {
    if (terminal === undefined)
      throw new Failure('usage', '--watch needs a terminal, and standard output is none.', {
        hint: 'Leave --watch out; in a script: aynig status --all --json, as often as is wanted.',
      });
    const { watchStatus } = await import('./status-watch.js');
    return watchStatus(flags, terminal);
  }
  return look(flags, undefined, async (found) => {
    const { unreadable, needsPerson } = flags.json ? await printJson(found, flags, io) : await printText(found, flags, terminal, io);
    if (found.runnerFailure !== null && !flags.json) io.out(runnerFailureLine(found.runnerFailure));
    // What could not be read outranks what could: the answer is not the whole one.
    if (unreadable) return 1;
    return flags.exitCode && (needsPerson || found.runnerFailure !== null) ? somebodyIsNeeded : 0;
  });
}

export const runnerFailureLine = ({ code, why, hint }: NonNullable<StatusReport['runnerFailure']>): string =>
  printable(`The last runner that a hook started failed: ${why} [${code}] ${hint}`);

/** What is printed at once, in characters: one write for each branch takes longer than all else that is done about it. */
const chunk = 1 << 16;

/** Prints as it reads: ten thousand branches need no more memory than one. */
async function printJson({ branches, runnerFailure }: Look, { remote }: StatusFlags, io: Io): Promise<Found> {
  const found = { unreadable: false, needsPerson: false };
  const head = { schema: 'aynig.status/1', remote: remote ?? null, runnerFailure } satisfies Partial<StatusReport>;
  let text = `${jsonText(head).slice(0, -1)},"branches":[`;
  let separator = '';
  for await (const branch of branches) {
    note(found, branch);
    text += separator + jsonText(branch);
    separator = ',';
    if (text.length < chunk) continue;
    await io.write(text);
    text = '';
  }
  await io.write(`${text}]}\n`);
  return found;
}

async function printText({ branches, now }: Look, flags: StatusFlags, terminal: Terminal | undefined, io: Io): Promise<Found> {
  const found = { unreadable: false, needsPerson: false };
  const kept: BranchStatus[] = [];
  let idle = 0;
  for await (const branch of branches) {
    note(found, branch);
    if (flags.all && !isInTable(branch, flags)) idle++;
    else kept.push(branch);
  }
  if (!flags.all)
    await writeLines(
      kept.flatMap((one) => statusLines(one, now)),
      io,
    );
  else {
    await writeLines(
      statusTable(inOrder(kept), now, terminal?.columns()).map((line) => coloured(line, terminal)),
      io,
    );
    if (kept.length === 0) io.err(flags.needsMe ? 'No branch needs a person.' : 'No branch has a state.');
    if (idle > 0) io.err(leftOut(idle, flags));
  }
  return found;
}

function note(found: { unreadable: boolean; needsPerson: boolean }, branch: BranchStatus): void {
  found.unreadable ||= branch.reading === 'unreadable';
  found.needsPerson ||= branch.needsPerson;
}

/** Of hundreds of branches most are nobody's business here. */
export const isInTable = (status: BranchStatus, { idle }: Pick<StatusFlags, 'idle'>): boolean => idle || rankOf(status) !== 'idle';

const leftOut = (count: number, { remote }: StatusFlags): string =>
  `${count === 1 ? '1 branch without a state is' : `${count} branches without a state are`} not shown; with them: aynig status --idle${
    remote === undefined ? '' : ` --remote ${remote}`
  }`;

const colourOf: Readonly<Record<Rank | 'heading', Colour | undefined>> = {
  heading: 'bold',
  person: 'yellow',
  running: 'green',
  other: undefined,
  idle: 'dim',
};

export function coloured({ text, rank }: TableLine, terminal: Terminal | undefined): string {
  const colour = colourOf[rank];
  return terminal === undefined || colour === undefined ? text : terminal.paint(colour, text);
}

const writeLines = async (lines: readonly string[], io: Io): Promise<void> => {
  if (lines.length > 0) await io.write(`${lines.join('\n')}\n`);
};
