import { leaseMessage, stallMessage } from '../../src/kernel/lease.js';
import { readTip, type Tip } from '../../src/kernel/tip.js';
import { commitOf, oidOf } from '../support/commits.js';

/** A commit, by its place in the table of all commits that any world has made; 0 is "none". Equal content has equal ids, as in git. */
export type Id = number;

export type Kind =
  | 'root'
  | 'request'
  | 'stalled'
  /** The claim. */
  | 'lease'
  /** A heartbeat; never on the branch. */
  | 'alive'
  /** What `aynig set-working` commits inside a run. */
  | 'working'
  /** A commit of a command that names no state. */
  | 'work'
  /** A commit of a command that names the next state. */
  | 'result'
  /** A lease that a rebase has copied. */
  | 'copy';

export interface Made {
  readonly kind: Kind;
  readonly parent: Id;
  /** The claim of the run whose `aynig-run-id` it carries; 0 for a person's commits and takeovers. */
  readonly run?: Id;
  /** For `stalled`: the claim of the run that it names. */
  readonly stalls?: Id;
  /** Committer date; only leases and heartbeats are read for it. */
  readonly at?: number;
  /** Tells apart what would else be equal: who claims, and for the how manyeth time. */
  readonly nonce?: number;
}

interface Stored extends Required<Made> {
  readonly depth: number;
  /** What the run that it belongs to was asked for: the origin state of a lease or a stall. */
  readonly origin: 'build' | 'stalled';
}

export const leaseSeconds = 3;
export const skewSeconds = 1;

const none: Stored = { kind: 'root', parent: 0, run: 0, stalls: 0, at: 0, nonce: 0, depth: 0, origin: 'build' };
const table: Stored[] = [none];
const ids = new Map<string, Id>();

export function commit(made: Made): Id {
  const { kind, parent, run = 0, stalls = 0, at = 0, nonce = 0 } = made;
  const key = `${kind} ${parent} ${run} ${stalls} ${at} ${nonce}`;
  const known = ids.get(key);
  if (known !== undefined) return known;
  const id = table.length;
  const above = get(parent);
  const origin = kind === 'lease' ? (above.kind === 'stalled' ? 'stalled' : 'build') : get(run || stalls).origin;
  table.push({ kind, parent, run: kind === 'lease' ? id : run, stalls, at, nonce, depth: above.depth + 1, origin });
  ids.set(key, id);
  return id;
}

export const get = (id: Id): Stored => table[id] ?? none;

/** Whether `ancestor` is `descendant` or below it. Everything contains nothing. */
export function contains(descendant: Id, ancestor: Id): boolean {
  const { depth } = get(ancestor);
  let at = descendant;
  while (get(at).depth > depth) at = get(at).parent;
  return at === ancestor;
}

/** From the commit down to the first one that `known` contains, newest first. */
export function above(id: Id, known: readonly Id[]): Id[] {
  const found: Id[] = [];
  for (let at = id; at !== 0 && !known.some((each) => contains(each, at)); at = get(at).parent) found.push(at);
  return found;
}

/** The run that holds a branch with this tip; 0 when none does. */
export const holder = (tip: Id): Id => (get(tip).kind === 'lease' || get(tip).kind === 'working' ? get(tip).run : 0);

const tips = new Map<Id, Tip>();

/** The commit as the product reads it. */
export function tipOf(id: Id): Tip {
  let tip = tips.get(id);
  if (tip === undefined) {
    const { parent, at } = get(id);
    tip = readTip(commitOf(messageOf(id), { oid: oidOf(`model ${id}`), parents: [oidOf(`model ${parent}`)], committedAt: at }));
    tips.set(id, tip);
  }
  return tip;
}

export const runIdOf = (run: Id): string => `00000000-0000-4000-8000-${String(run).padStart(12, '0')}`;

function messageOf(id: Id): string {
  const { kind, parent, run, stalls, origin, nonce } = get(id);
  switch (kind) {
    case 'root':
    case 'work':
    case 'alive':
      return `${kind}\n`;
    case 'request':
      return 'please\n\naynig-state: build\n';
    case 'result':
      return `done\n\naynig-state: review\naynig-run-id: ${runIdOf(run)}\n`;
    case 'stalled':
      return stallMessage({ originState: origin, runId: runIdOf(stalls), reason: 'It ended.' });
    case 'lease':
    case 'working':
    case 'copy': {
      const below = kind === 'copy' ? 'elsewhere' : `model ${parent}`;
      const facts = { originState: origin, runId: runIdOf(run), runnerId: `host-${nonce}`, seconds: leaseSeconds, parent: oidOf(below) };
      return leaseMessage(facts);
    }
  }
}
