import { failureOf, failureOrThrow } from '../git/causes.js';
import { commitTree, type Identity } from '../git/commit-tree.js';
import type { Git } from '../git/gate.js';
import { uploadLargeFiles } from '../git/lfs.js';
import { heartbeatRef, type Oid, type RefName } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import { isAncestor, writeRef } from '../git/refs.js';
import { pushMoves, type RefMove } from '../git/remote.js';
import type { Arbiter, Renewal } from './arbiter.js';
import { aliveMessage } from './lease.js';
import { reasonOf, swapAtRemote } from './remote-swap.js';
import { readRemote, readRemoteTips, trackingRef } from './remote-view.js';

/** What this process knows of a lease that it holds at the remote. */
interface Held {
  readonly ref: RefName;
  /** What the branch must be while the lease is ours. */
  tip: Oid;
  /** The heartbeat's value; undefined where the remote has none. */
  heartbeat: Oid | undefined;
}

export interface RemoteArbiterParts {
  readonly git: Git;
  readonly objects: Objects;
  readonly commonDir: string;
  readonly remote: string;
  readonly identity: Identity;
  /** Called once, when the remote turns out to take no refs outside its branches. */
  readonly onNoHeartbeats: (why: string) => void;
}

/** A claim that fails may be tried by someone else; what a run made has nobody else. */
const claiming = { attempts: 4, limitMs: 30_000, pushMs: 60_000 };
const publishing = { attempts: 7, limitMs: 120_000, pushMs: 15 * 60_000 };
const renewMs = 30_000;

/**
 * A remote's refs decide (docs/remotes.md, "Who decides a branch"). Every move is one atomic push from the values that were read, and what became of
 * it is read afterwards.
 */
export function remoteArbiter({ git, objects, commonDir, remote, identity, onNoHeartbeats }: RemoteArbiterParts): Arbiter {
  const held = new Map<string, Held>();
  let heartbeats = true;

  /** Notes in this clone what was just done there: its reflog tells own work from what others did. */
  const note = async (ref: RefName, to: Oid, reason: string): Promise<void> => {
    try {
      await writeRef(git, trackingRef(remote, ref), to, reason);
    } catch (error) {
      // A full disk must not make a move that was done there look like one that was not; the next fetch notes it.
      failureOrThrow(error);
    }
  };

  const contains = async (ref: RefName, tip: Oid, commit: Oid): Promise<boolean> => {
    if (tip === commit) return true;
    if ((await objects.read(tip, 0)).kind === 'missing') await readRemoteTips(git, objects, remote, [ref]);
    return (await objects.read(tip, 0)).kind === 'found' && (await isAncestor(git, commit, tip));
  };

  /** The next heartbeat: on top of the last, so that it is a fast-forward also where nothing else is allowed. */
  const beat = async (runId: string, { tip, heartbeat }: Held): Promise<Oid> => {
    const { tree } = await objects.commit(tip);
    return commitTree(git, { tree, parent: heartbeat ?? tip, message: aliveMessage(runId), identity });
  };

  /** Moves the heartbeat, and with it the branch where the command made a `working` commit. */
  const renewTo = async (runId: string, hold: Held, to: Oid | undefined): Promise<Renewal> => {
    const name = heartbeatRef(runId);
    const next = heartbeats ? await beat(runId, hold) : undefined;
    const moves: RefMove[] = [
      ...(to === undefined ? [] : [{ ref: hold.ref, from: hold.tip, to }]),
      ...(next === undefined ? [] : [{ ref: name, from: hold.heartbeat, to: next }]),
    ];
    if (moves.length === 0) return { kind: 'unconfirmed', why: `${remote} takes no heartbeats` };
    const report = await pushMoves(git, remote, moves, renewMs);
    const after = await readRemote(git, remote, [hold.ref, name], { attempts: 1 });
    const tip = after.get(hold.ref);
    if (to !== undefined && tip === to) {
      hold.tip = to;
      await note(hold.ref, to, `aynig: working (run ${runId})`);
    } else if (tip !== hold.tip) return { kind: 'lost' };
    hold.heartbeat = after.get(name);
    const renewed = (next === undefined || hold.heartbeat === next) && (to === undefined || tip === to);
    // Without a heartbeat others count from the date of the commit itself, which may have waited to be published.
    if (renewed && next === undefined && to !== undefined) return { kind: 'confirmed', at: (await objects.commit(to)).committedAt * 1000 };
    return renewed ? { kind: 'confirmed' } : { kind: 'unconfirmed', why: reasonOf(remote, hold.ref, report) };
  };

  const inTurn = turns();
  const renewal = (runId: string, to?: Oid): Promise<Renewal> =>
    inTurn(runId, async () => {
      const hold = held.get(runId);
      if (hold === undefined) return { kind: 'lost' };
      try {
        return await renewTo(runId, hold, to);
      } catch (error) {
        const failure = failureOf(error);
        if (failure === undefined) throw error;
        return { kind: 'unconfirmed', why: failure.message };
      }
    });

  return {
    tip: async (ref) => (await readRemote(git, remote, [ref])).get(ref),
    contains,
    held: (runId) => held.get(runId)?.tip,
    async claim({ runId, ref, from, to, reason, notAfter }) {
      const move = await swapAtRemote(git, remote, {
        ...claiming,
        branch: { ref, from, to },
        ...(notAfter === undefined ? {} : { notAfter }),
        along: () => (heartbeats ? [{ ref: heartbeatRef(runId), from: undefined, to }] : []),
        onAlone(why) {
          if (!heartbeats) return;
          heartbeats = false;
          onNoHeartbeats(why);
        },
      });
      if (move.kind === 'moved') {
        held.set(runId, { ref, tip: to, heartbeat: heartbeats ? to : undefined });
        await note(ref, to, reason);
      }
      return move;
    },
    publish: ({ runId, ref, from, to, reason, heartbeat, keep = [] }) =>
      inTurn(runId, async () => {
        const unsent = await uploadLargeFiles(git, commonDir, remote, to);
        if (unsent !== undefined) return { kind: 'refused', why: `${remote} did not get the large files: ${unsent}`, lasting: true };
        const name = heartbeatRef(runId);
        let known = heartbeat ?? held.get(runId)?.heartbeat;
        try {
          known ??= (await readRemote(git, remote, [name])).get(name);
        } catch (error) {
          const failure = failureOf(error);
          if (failure?.code !== 'remote-unreachable') throw error;
          return { kind: 'unknown', why: failure.message };
        }
        const move = await swapAtRemote(git, remote, {
          ...publishing,
          branch: { ref, from, to },
          along(seen) {
            // A holder deletes its heartbeat whatever it is by now; a takeover only the one that it found too old.
            const current = heartbeat === undefined && seen !== undefined ? seen.get(name) : known;
            const end = current === undefined ? [] : [{ ref: name, from: current, to: undefined }];
            return [...end, ...keep.map((kept) => ({ ref: kept.ref, from: seen?.get(kept.ref), to: kept.oid }))];
          },
          wasAccepted: (tip) => contains(ref, tip, to),
        });
        if (move.kind === 'moved') {
          held.delete(runId);
          await note(ref, to, reason);
        }
        return move;
      }),
    async abandon(runId, keep) {
      const name = heartbeatRef(runId);
      try {
        const there = await readRemote(git, remote, [name, ...keep.map(({ ref }) => ref)]);
        const moves = [
          ...(there.has(name) ? [{ ref: name, from: there.get(name), to: undefined }] : []),
          ...keep.filter(({ ref, oid }) => there.get(ref) !== oid).map(({ ref, oid }) => ({ ref, from: there.get(ref), to: oid })),
        ];
        if (moves.length > 0) await pushMoves(git, remote, moves, publishing.pushMs);
      } catch (error) {
        // It says that a run is alive which holds nothing: nobody waits for it.
        failureOrThrow(error);
      }
    },
    renew: (runId) => renewal(runId),
    progress: ({ runId, to }) => renewal(runId, to),
  };
}

/** One move of a lease at a time: a heartbeat and a progress report would make each other fail. */
function turns(): <T>(runId: string, act: () => Promise<T>) => Promise<T> {
  const queues = new Map<string, Promise<unknown>>();
  return (runId, act) => {
    const turn = (queues.get(runId) ?? Promise.resolve()).then(act);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    queues.set(runId, settled);
    void settled.then(() => {
      if (queues.get(runId) === settled) queues.delete(runId);
    });
    return turn;
  };
}
