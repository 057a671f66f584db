import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { failureOrThrow, notARepository } from '../git/causes.js';
import { type BranchName, branchRef } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import { openRepository, type Repository } from '../git/repository.js';
import { readRemoteNow } from '../kernel/glimpse.js';
import { cutEnd } from '../observe/fit-text.js';
import type { BranchStatus, StatusReport } from '../observe/schemas.js';
import { moment } from '../observe/spans.js';
import { statusLines } from '../observe/status-lines.js';
import { countsInWords, inOrder } from '../observe/status-order.js';
import { statusTable } from '../observe/status-table.js';
import { later } from '../observe/status-words.js';
import { printable } from '../printable.js';
import { recordPath } from '../trust/record.js';
import { type Screen, screenOn } from './screen.js';
import { coloured, isInTable, runnerFailureLine, type StatusFlags } from './status.js';
import { look } from './status-look.js';
import type { Terminal } from './terminal.js';

/** Milliseconds between two questions whether something has moved: git's refs are near, a remote is asked less often. */
const pauseMs = { here: 2_000, remote: 10_000 };
/** Seconds after which all is read again although no ref has moved: a runner may have died, or a clock may have passed. */
const staleSeconds = { here: 15, remote: 120 };

const ends = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** What was seen, when, and what the refs were then. */
interface Seen {
  readonly branches: readonly BranchStatus[];
  readonly runnerFailure: StatusReport['runnerFailure'];
  readonly now: number;
  readonly mark: string;
}

/**
 * `aynig status --watch`: shows the table on a screen of its own until a signal ends it, and answers the exit code of that. Asks for the
 * refs alone while nothing moves. What cannot be read for a moment is said below the last table. Throws {@link Failure} where the first look fails.
 */
export async function watchStatus(flags: StatusFlags, terminal: Terminal): Promise<number> {
  const stop = new AbortController();
  const screen = screenOn(process.stdout);
  let code = 0;
  let seen: Seen | undefined;
  let problem: string | undefined;
  let wake: (() => void) | undefined;
  const show = (): void => {
    if (seen !== undefined && !stop.signal.aborted) screen.paint(frameOf(seen, problem, flags, terminal));
  };
  const leave = handle(screen, show, (signal) => {
    code = ends[signal];
    stop.abort(new Error(`ended by ${signal}`));
    wake?.();
  });
  const where = flags.remote === undefined ? 'here' : 'remote';
  try {
    const repository = await openRepository(flags.cwd);
    while (!stop.signal.aborted) {
      try {
        const mark = await markOf(repository, flags, stop.signal);
        if (seen === undefined || seen.mark !== mark || isStale(seen, staleSeconds[where])) seen = await see(flags, mark, stop.signal);
        problem = undefined;
      } catch (error) {
        if (stop.signal.aborted) break;
        const { message, code: why, hint } = existsSync(repository.commonDir) ? failureOrThrow(error) : notARepository(error);
        if (seen === undefined) throw error;
        problem = `${message} [${why}] ${hint}`;
      }
      show();
      await new Promise<void>((resume) => {
        const timer = setTimeout(resume, pauseMs[where]);
        wake = () => {
          clearTimeout(timer);
          resume();
        };
        if (stop.signal.aborted) wake();
      });
    }
    return code;
  } finally {
    leave();
    screen.close();
  }
}

const nowInSeconds = (): number => Math.floor(Date.now() / 1000);

const see = (flags: StatusFlags, mark: string, stop: AbortSignal): Promise<Seen> =>
  look(flags, stop, async ({ branches, runnerFailure, now }) => {
    const collected: BranchStatus[] = [];
    for await (const branch of branches) collected.push(branch);
    return { branches: collected, runnerFailure, now, mark };
  });

/** Whether a lease has ended since, or all is to be read again anyway. */
function isStale({ branches, now }: Seen, limit: number): boolean {
  const passed = nowInSeconds() - now;
  if (passed < 0 || passed >= limit) return true;
  return branches.some(({ reading, lease: { secondsLeft } }) => reading === 'leased' && secondsLeft !== null && passed > secondsLeft);
}

/** What changes whenever a look would show something else, except by time alone: one git process, or one call over the network. */
async function markOf(repository: Repository, { remote, branch, all }: StatusFlags, stop: AbortSignal): Promise<string> {
  const { git, gitDir, commonDir } = repository;
  const files = [
    join(gitDir, 'HEAD'),
    join(commonDir, 'config'),
    join(commonDir, 'aynig/runs'),
    join(commonDir, 'aynig/failures'),
    await recordPath(commonDir, process.env),
  ];
  const times = files.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (remote !== undefined) {
    const ref = all || branch === undefined ? undefined : branchRef(branch.replace(/^refs\/heads\//, '') as BranchName);
    return JSON.stringify([times, [...(await readRemoteNow(git, remote, ref, stop))]]);
  }
  return JSON.stringify([times, await readBranchTips(git)]);
}

/** As many lines as the terminal has: when, the table as far as there is room, and how many there are. */
function frameOf(seen: Seen, problem: string | undefined, flags: StatusFlags, terminal: Terminal): string[] {
  const now = nowInSeconds();
  const statuses = seen.branches.map((status) => later(status, Math.max(0, now - seen.now)));
  const [columns, rows] = [terminal.columns(), terminal.rows()];
  const inRow = (text: string): string => cutEnd(printable(text), columns);
  const below = [
    ...(flags.all ? [inRow(countsInWords(statuses))] : []),
    ...(seen.runnerFailure === null ? [] : [terminal.paint('red', inRow(runnerFailureLine(seen.runnerFailure)))]),
    ...(problem === undefined ? [] : [terminal.paint('red', inRow(problem))]),
  ];
  const heading = terminal.paint('dim', inRow(`${moment(now)}  ${flags.remote === undefined ? '' : `${flags.remote}  `}Ctrl-C ends`));
  const room = Math.max(0, rows - 1 - below.length);
  const body = flags.all
    ? tableIn(inOrder(statuses.filter((status) => isInTable(status, flags))), room)
    : statuses.flatMap((status) => statusLines(status, now)).map(inRow);
  const filling = Array<string>(Math.max(0, room - body.length)).fill('');
  return [heading, ...body.slice(0, room), ...filling, ...below].slice(0, rows);

  /** Of what does not fit it is said how much. */
  function tableIn(all: readonly BranchStatus[], lines: number): string[] {
    const fits = all.length + 1 <= lines ? all : all.slice(0, Math.max(0, lines - 2));
    const table = statusTable(fits, now, columns).map((line) => coloured(line, terminal));
    return fits.length === all.length ? table : [...table, inRow(`… and ${all.length - fits.length} more`)];
  }
}

/** Ends on a signal, repaints when the terminal changes its size, and gives the terminal back while the process is stopped by Ctrl-Z. */
function handle(screen: Screen, show: () => void, end: (signal: keyof typeof ends) => void): () => void {
  const resized = (): void => {
    screen.forget();
    show();
  };
  const stopped = (): void => {
    screen.close();
    process.kill(process.pid, 'SIGSTOP');
  };
  const names = Object.keys(ends) as (keyof typeof ends)[];
  for (const name of names) process.on(name, end);
  process.on('SIGTSTP', stopped);
  process.on('SIGCONT', show);
  process.stdout.on('resize', resized);
  return () => {
    for (const name of names) process.removeListener(name, end);
    process.removeListener('SIGTSTP', stopped);
    process.removeListener('SIGCONT', show);
    process.stdout.removeListener('resize', resized);
  };
}
