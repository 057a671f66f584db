import { printable } from '../printable.js';
import type { BranchStatus } from './schemas.js';
import { moment, span } from './spans.js';
import { leaseInWords, shownReading, shownState } from './status-words.js';

/** A status as a block of lines: one fact a line. `now` in seconds since the epoch. */
export function statusLines(status: BranchStatus, now: number): string[] {
  const reading = shownReading(status);
  const rows: [string, string][] = [
    ['branch', status.branch],
    ['head', `${status.head.slice(0, 12)} ${status.title}`],
    [
      'age',
      status.at === null ? 'unknown' : `${status.at > now ? 'in the future' : `${span(now - status.at)} ago`} (${moment(status.at)})`,
    ],
    ['state', shownState(status) ?? 'none'],
    ...(status.request === null ? [] : [['asked', status.request] satisfies [string, string]]),
    ['reading', status.detail === null ? reading : `${reading}: ${status.detail}`],
    ['run', status.runId === null ? 'none' : status.runnerId === null ? status.runId : `${status.runId} on ${status.runnerId}`],
    ['lease', leaseInWords(status)],
    ['command', status.command.path === null ? status.command.status : `${status.command.status} (${status.command.path})`],
    ...(status.attempt === null ? [] : [['attempt', String(status.attempt)] satisfies [string, string]]),
    ['failure', status.lastFailure === null ? 'none' : `${status.lastFailure.why} [${status.lastFailure.code}] ${status.lastFailure.hint}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(8)} ${printable(value)}`);
}
