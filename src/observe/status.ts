import type { BranchName, RefName } from '../git/names.js';
import type { Context } from '../kernel/context.js';
import type { CommandLookup, Reading } from '../kernel/decide.js';
import { trailerValue } from '../kernel/message.js';
import { readState } from '../kernel/names.js';
import { lookUp } from '../kernel/server-commands.js';
import type { Surveyed } from '../kernel/survey.js';
import type { Lease, Tip } from '../kernel/tip.js';
import { printable } from '../printable.js';
import type { FailureRecord } from '../runner/failure-record.js';
import type { BranchStatus } from './schemas.js';

type Found = Extract<Surveyed, { reading: unknown }>;

/** What `aynig status` says about one branch. Reads and never writes. */
export async function statusOf(
  context: Context,
  surveyed: Surveyed,
  failures: ReadonlyMap<RefName, FailureRecord>,
  current?: BranchName,
): Promise<BranchStatus> {
  const { at } = surveyed;
  const recorded = accountOf(failures.get(at.ref));
  const common = { branch: at.branch as string, head: at.oid as string, current: at.branch === current };
  if ('failure' in surveyed) {
    const { code, message, hint } = surveyed.failure;
    return {
      ...common,
      title: '',
      reading: 'unreadable',
      state: null,
      detail: message,
      runId: null,
      runnerId: null,
      lease: { status: 'n/a', secondsLeft: null },
      command: { status: 'n/a', path: null },
      lastFailure: { code, why: message, hint, at: null },
    };
  }
  const { tip, reading } = surveyed;
  const lease = tip.kind === 'lease' ? tip.lease : undefined;
  return {
    ...common,
    title: titleOf(tip),
    reading: reading.kind,
    state: tip.kind === 'request' ? tip.state : tip.kind === 'lease' ? 'working' : null,
    detail: detailOf(reading),
    runId: lease?.runId || (tip.kind === 'request' ? (trailerValue(tip.message.trailers, 'aynig-stalled-run') ?? null) : null),
    runnerId: lease?.runnerId || null,
    lease: leaseOf(context, reading, lease),
    command: await commandOf(context, surveyed),
    lastFailure: recorded ?? stallOf(tip),
  };
}

/** A recorded failure as it is shown. */
export const accountOf = (record: FailureRecord | undefined): BranchStatus['lastFailure'] =>
  record === undefined ? null : { code: record.code, why: record.why, hint: record.hint, at: record.at };

const titleOf = (tip: Tip): string => (tip.kind === 'invalid' ? firstLine(tip.commit.message) : (tip.message?.title ?? ''));
const firstLine = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8').trimStart().split('\n', 1)[0] ?? '';

function leaseOf(context: Context, reading: Reading, lease: Lease | undefined): BranchStatus['lease'] {
  if (lease === undefined) return { status: 'n/a', secondsLeft: null };
  if (reading.kind === 'expired') return { status: 'expired', secondsLeft: 0 };
  if (reading.kind !== 'leased' || reading.until === undefined)
    return { status: lease.seconds === undefined ? 'endless' : 'active', secondsLeft: null };
  return { status: 'active', secondsLeft: Math.max(0, reading.until - context.now()) };
}

async function commandOf(context: Context, { tip, reading, command }: Found): Promise<BranchStatus['command']> {
  let lookup: CommandLookup = command;
  if (tip.kind === 'lease') {
    const origin = readState(tip.lease.originState);
    if (origin !== undefined) lookup = await lookUp(context, tip.commit.tree, origin);
  } else if (tip.kind !== 'request') return { status: 'n/a', path: null };
  switch (lookup.kind) {
    case 'present':
      return { status: reading.kind === 'untrusted' || reading.kind === 'remote' ? 'untrusted' : 'exists', path: lookup.path };
    case 'unusable':
      return { status: 'unusable', path: lookup.path };
    case 'missing':
      return { status: 'missing', path: tip.kind === 'request' ? `.aynig/command/${tip.state}` : null };
  }
}

/** A stalled tip carries its own account of what failed. */
function stallOf(tip: Tip): BranchStatus['lastFailure'] {
  if (tip.kind !== 'request' || tip.state !== 'stalled') return null;
  const why = tip.message.body.split('\n', 1)[0] || 'The run stalled.';
  return {
    code: 'stalled',
    why,
    hint: `See what it printed: aynig logs; ask again with: aynig set-state ${trailerValue(tip.message.trailers, 'aynig-origin-state') ?? '<state>'}`,
    at: tip.commit.committedAt,
  };
}

/** One sentence about a reading, with what to do where something is to be done. */
export function detailOf(reading: Reading): string | null {
  switch (reading.kind) {
    case 'idle':
      return null;
    case 'ready':
      return `the next tick runs ${reading.path}`;
    case 'waiting':
      return reading.why === 'no-command'
        ? `no command for ${reading.state}: a person's turn, or the end`
        : 'recovery itself failed: a person has to decide';
    case 'untrusted':
      return `${reading.why}; next: ${reading.next}`;
    case 'remote':
      return `the remote ${reading.remote} decides who runs it; take part with: aynig run --aynig-remote ${reading.remote}`;
    case 'leased':
      return reading.until === undefined ? 'the lease has no end; end it with: aynig cancel' : null;
    case 'undelivered':
      return 'a finished run waits for this checkout; bring it in with: aynig land';
    case 'expired':
      return 'the holder is gone; the next tick takes over';
    case 'invalid':
      return reading.problems.map(({ rule, fix }) => `${rule}; ${fix}`).join('; ');
  }
}

/** A status as a block of lines: one fact a line. */
export function statusLines(status: BranchStatus): string[] {
  const lease = status.lease.secondsLeft === null ? status.lease.status : `${status.lease.status}, ${status.lease.secondsLeft} s left`;
  const rows: [string, string][] = [
    ['branch', status.branch],
    ['head', `${status.head.slice(0, 12)} ${status.title}`],
    ['state', status.state ?? 'none'],
    ['reading', status.detail === null ? status.reading : `${status.reading}: ${status.detail}`],
    ['run', status.runId === null ? 'none' : status.runnerId === null ? status.runId : `${status.runId} on ${status.runnerId}`],
    ['lease', lease],
    ['command', status.command.path === null ? status.command.status : `${status.command.status} (${status.command.path})`],
    ['failure', status.lastFailure === null ? 'none' : `${status.lastFailure.why} [${status.lastFailure.code}] ${status.lastFailure.hint}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(8)} ${printable(value)}`);
}

/** Many statuses as a table, one branch a line. */
export function statusTable(statuses: readonly BranchStatus[]): string[] {
  const rows = [
    ['BRANCH', 'STATE', 'READING', 'LEFT', 'COMMAND', 'TITLE'],
    ...statuses.map((status) => [
      `${status.current ? '* ' : '  '}${printable(status.branch)}`,
      status.state ?? '-',
      status.lastFailure === null || status.reading === 'waiting' ? status.reading : `${status.reading} !`,
      status.lease.secondsLeft === null ? '-' : `${status.lease.secondsLeft}s`,
      status.command.status,
      printable(status.title).slice(0, 60),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
