import { failureOrThrow } from '../git/causes.js';
import type { BranchName, Oid, RefName } from '../git/names.js';
import type { BranchTip } from '../git/refs.js';
import type { Context } from '../kernel/context.js';
import type { CommandLookup, Reading } from '../kernel/decide.js';
import { type Trailer, trailerValue } from '../kernel/message.js';
import { readState } from '../kernel/names.js';
import { lookUp } from '../kernel/server-commands.js';
import type { Surveyed } from '../kernel/survey.js';
import { type Lease, readTip, type Tip } from '../kernel/tip.js';
import { quoted } from '../printable.js';
import type { FailureRecord } from '../runner/failure-record.js';
import { needsPerson } from './needs-person.js';
import type { BranchStatus } from './schemas.js';

type Found = Extract<Surveyed, { reading: unknown }>;

/** What is known beside the tips. */
export interface Surroundings {
  /** Why runners could not do what was asked of them here, by branch. */
  readonly failures: ReadonlyMap<RefName, FailureRecord>;
  /** The branch of HEAD, or what it is called at the remote that is looked at. */
  readonly current: BranchName | undefined;
  /** The states that are the end of a workflow. */
  readonly ends: ReadonlySet<string>;
}

/** What `aynig status` says about one branch. Reads and never writes. */
export async function statusOf(context: Context, surveyed: Surveyed, { failures, current, ends }: Surroundings): Promise<BranchStatus> {
  const { at } = surveyed;
  const recorded = accountOf(failures.get(at.ref));
  if ('failure' in surveyed) {
    const { code, message, hint } = surveyed.failure;
    return {
      branch: at.branch,
      head: at.oid,
      current: at.branch === current,
      title: '',
      reading: 'unreadable',
      state: null,
      detail: message,
      runId: null,
      runnerId: null,
      lease: { status: 'n/a', secondsLeft: null },
      command: { status: 'n/a', path: null },
      lastFailure: { code, why: message, hint, at: null },
      at: null,
      originState: null,
      request: null,
      attempt: null,
      correlationId: null,
      needsPerson: true,
    };
  }
  const { tip, reading } = surveyed;
  const lease = tip.kind === 'lease' ? tip.lease : undefined;
  const request = lease === undefined ? undefined : await requestUnder(context, tip.commit.parents[0]);
  const trailers = trailersOf(tip);
  const said = (key: string): string | undefined => trailerValue(trailers, key) ?? trailerValue(trailersOf(request), key);
  return {
    branch: at.branch,
    head: at.oid,
    current: at.branch === current,
    title: titleOf(tip),
    reading: reading.kind,
    state: tip.kind === 'request' ? tip.state : tip.kind === 'lease' ? 'working' : null,
    detail: detailOf(reading, at, { ends }),
    runId: lease?.runId || (tip.kind === 'request' ? (trailerValue(tip.message.trailers, 'aynig-stalled-run') ?? null) : null),
    runnerId: lease?.runnerId || null,
    lease: leaseOf(context, reading, lease),
    command: await commandOf(context, surveyed),
    lastFailure: recorded ?? stallOf(tip, at, { current: at.branch === current && at.at === undefined, bare: context.repository.bare }),
    at: tip.commit.committedAt,
    originState: trailerValue(trailers, 'aynig-origin-state') ?? null,
    request: request?.kind === 'request' ? request.message.title : null,
    attempt: wholeNumber(said('aynig-attempt')),
    correlationId: said('aynig-correlation-id') ?? null,
    needsPerson: needsPerson(reading, { now: context.now(), ends, failed: recorded !== null }),
  };
}

/** The request that a lease was put on. Undefined where the lease was renewed on another commit, in a shallow clone, and where it is damaged. */
async function requestUnder({ objects }: Context, parent: Oid | undefined): Promise<Tip | undefined> {
  if (parent === undefined) return undefined;
  try {
    return readTip(await objects.commit(parent));
  } catch (error) {
    // The tip alone decides; this is only what people would like to know.
    failureOrThrow(error);
    return undefined;
  }
}

const noTrailers: readonly Trailer[] = [];
const trailersOf = (tip: Tip | undefined): readonly Trailer[] =>
  tip === undefined || tip.kind === 'invalid' ? noTrailers : (tip.message?.trailers ?? noTrailers);
const wholeNumber = (text: string | undefined): number | null => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null);

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
      return { status: reading.kind === 'untrusted' ? 'untrusted' : 'exists', path: lookup.path };
    case 'unusable':
      return { status: 'unusable', path: lookup.path };
    case 'missing':
      return { status: 'missing', path: tip.kind === 'request' ? `.aynig/command/${tip.state}` : null };
  }
}

/** A stalled tip carries its own account of what failed. What there is to type says where: its verbs act on the current branch. */
function stallOf(
  tip: Tip,
  { branch, at }: Pick<BranchTip, 'branch' | 'at'>,
  { current, bare }: { readonly current: boolean; readonly bare: boolean },
): BranchStatus['lastFailure'] {
  if (tip.kind !== 'request' || tip.state !== 'stalled') return null;
  const why = tip.message.body.split('\n', 1)[0] || 'The run stalled.';
  // The kernel writes "unknown" where the lease did not say.
  const origin = readState(trailerValue(tip.message.trailers, 'aynig-origin-state') ?? 'unknown');
  const again = `aynig set-state ${origin === undefined || origin === 'unknown' ? '<state>' : origin}`;
  const name = quoted(branch);
  return {
    code: 'stalled',
    why,
    hint: current
      ? `See what it printed: aynig logs; ask again with: ${again}`
      : at !== undefined
        ? `Its log is where it ran; ask again with: git switch ${name} && git pull && ${again}`
        : `See what it printed: aynig logs ${name}; ask again${bare ? ', in a clone,' : ''} with: git switch ${name} && ${again}`,
    at: tip.commit.committedAt,
  };
}

/** One sentence about a reading, with what to do where something is to be done. */
export function detailOf(
  reading: Reading,
  { branch, at }: Pick<BranchTip, 'branch' | 'at'>,
  { ends }: Pick<Surroundings, 'ends'>,
): string | null {
  const there = at === undefined ? '' : ` --aynig-remote ${quoted(at.remote)}`;
  switch (reading.kind) {
    case 'idle':
      return null;
    case 'ready':
      return `the next tick runs ${reading.path}`;
    case 'waiting':
      return reading.why === 'no-command'
        ? `no command for ${reading.state}: ${ends.has(reading.state) ? "nobody's turn, as it is an end (aynig.endStates)" : "a person's turn, or the end"}`
        : 'recovery itself failed: a person has to decide';
    case 'untrusted':
      return `${reading.why}; next: ${reading.next}`;
    case 'remote':
      return `the remote ${reading.remote} decides who runs it; take part with: aynig run --aynig-remote ${reading.remote}`;
    case 'leased':
      return reading.until === undefined ? `the lease has no end; end it with: aynig cancel ${quoted(branch)}${there}` : null;
    case 'undelivered':
      return `a finished run waits for this checkout; bring it in with: aynig land ${quoted(branch)}`;
    case 'expired':
      return `the holder is gone; the next tick takes over: aynig run${there}`;
    case 'invalid':
      return reading.problems.map(({ rule, fix }) => `${rule}; ${fix}`).join('; ');
  }
}
