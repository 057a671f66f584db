import { failureOf } from '../git/causes.js';
import type { Git } from '../git/gate.js';
import type { Oid, RefName } from '../git/names.js';
import { type PushReport, pushMoves, type RefMove } from '../git/remote.js';
import type { Move } from './arbiter.js';
import { readRemote } from './remote-view.js';
import { pause, waitBefore } from './retry.js';

/** A compare-and-swap of one branch of a remote, with refs that go along with it. */
export interface RemoteSwap {
  readonly branch: { readonly ref: RefName; readonly from: Oid; readonly to: Oid };
  /** Moves in the same push, from what was read of the remote last; nothing is known before the first push. */
  readonly along: (seen: ReadonlyMap<RefName, Oid> | undefined) => readonly RefMove[];
  readonly attempts: number;
  /** No further attempt is begun after this many milliseconds. */
  readonly limitMs: number;
  /** No push is begun after this moment, in milliseconds since the epoch. */
  readonly notAfter?: number;
  /** Longest time of one push, in milliseconds. */
  readonly pushMs: number;
  /** Whether a tip which others have made since contains what was pushed: then it was accepted before. */
  readonly wasAccepted?: (tip: Oid) => Promise<boolean>;
  /** Called when the branch moved only without what was to go along, with the remote's reason. */
  readonly onAlone?: (why: string) => void;
}

const firstWaitMs = 150;

/**
 * Pushes until the remote's own refs say what became of it. Neither exit code nor text decides: a lost acknowledgement fails
 * with the ref moved, and the same words mean a lost race or a lock that was left behind. The texts only explain.
 */
export async function swapAtRemote(git: Git, remote: string, swap: RemoteSwap): Promise<Move> {
  const { branch, attempts } = swap;
  const until = Date.now() + swap.limitMs;
  let seen: Map<RefName, Oid> | undefined;
  let triedAlone = false;
  for (let tried = 1; ; tried++) {
    if (Date.now() > (swap.notAfter ?? Number.POSITIVE_INFINITY)) return { kind: 'refused', why: `${remote} was not reached in time` };
    const along = swap.along(seen);
    const { report, after, why } = await pushAndRead(git, remote, [branch, ...along], swap.pushMs);
    const last = tried >= attempts || Date.now() > until;
    if (after === undefined) {
      if (last) return { kind: 'unknown', why };
    } else {
      seen = after;
      const settled = await outcomeOf(swap, report, after);
      if (settled !== undefined) return settled;
      // Somebody moved what goes along, and not by one of our own pushes: a holder that renewed its lease meanwhile.
      const unmoved = swap.along(after).every((move) => after.get(move.ref) === move.from);
      if (!unmoved) return { kind: 'beaten', tip: branch.from };
      const alongRefused = along.some(({ ref }) => report.refused.has(ref)) && !report.refused.has(branch.ref);
      if (along.length > 0 && !triedAlone && report.answered && (alongRefused || last)) {
        triedAlone = true;
        const alone = await pushAndRead(git, remote, [branch], swap.pushMs);
        const moved = alone.after === undefined ? undefined : await outcomeOf(swap, alone.report, alone.after);
        if (moved?.kind === 'moved') swap.onAlone?.(reasonOf(remote, along[0]?.ref ?? branch.ref, report));
        if (moved !== undefined) return moved;
      }
      if (last) return { kind: 'refused', why: reasonOf(remote, branch.ref, report), lasting: report.answered };
    }
    await pause(waitBefore(tried, firstWaitMs));
  }
}

/** What the refs say; undefined while the branch still has its old value. */
async function outcomeOf(
  { branch, wasAccepted }: RemoteSwap,
  report: PushReport,
  after: ReadonlyMap<RefName, Oid>,
): Promise<Move | undefined> {
  const tip = after.get(branch.ref);
  if (tip === branch.to) return { kind: 'moved' };
  if (tip === branch.from) return undefined;
  const accepted = tip !== undefined && !report.refused.has(branch.ref) && (await wasAccepted?.(tip)) === true;
  return accepted ? { kind: 'moved' } : { kind: 'beaten', tip };
}

/** One push and the refs afterwards; `after` undefined: nobody knows. */
async function pushAndRead(
  git: Git,
  remote: string,
  moves: readonly RefMove[],
  timeoutMs: number,
): Promise<{ report: PushReport; after: Map<RefName, Oid> | undefined; why: string }> {
  const report = await pushMoves(git, remote, moves, timeoutMs).catch((error: unknown) => {
    const failure = failureOf(error);
    if (failure?.code !== 'git-timeout') throw error;
    return { refused: new Map<RefName, string>(), answered: false, complaint: failure.message, said: [] };
  });
  try {
    return {
      report,
      after: await readRemote(
        git,
        remote,
        moves.map(({ ref }) => ref),
      ),
      why: '',
    };
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.code !== 'remote-unreachable') throw error;
    return { report, after: undefined, why: failure.message };
  }
}

/** Why a push was refused: the other side's own words where it said any. */
export function reasonOf(remote: string, ref: RefName, report: PushReport): string {
  const refused = report.refused.get(ref) ?? [...report.refused.values()][0];
  const said = report.said.slice(0, 3).join(' / ');
  return `${remote} refused it: ${refused ?? report.complaint}${said === '' ? '' : ` (${said})`}`;
}
