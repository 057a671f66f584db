import type { Oid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import type { BranchTip } from '../git/refs.js';
import { type Content, contentOf, hasCommands, sameContent } from '../trust/content.js';
import { isAllowed, isDistrusted, type ReadRecord, readRecord, type TrustRecord } from '../trust/record.js';
import { isBranchOf } from '../trust/remotes.js';
import { signatureProblem } from '../trust/signature.js';
import type { Context } from './context.js';
import type { Permission } from './decide.js';
import { madeHere } from './provenance.js';
import type { Request } from './tip.js';

const allowed: Permission = { kind: 'allowed' };

/** What a person has allowed, as one look at the branches sees it: read when the first of them needs it, for all of them. */
export function recordOfLook({ repository, environment }: Context): () => Promise<ReadRecord> {
  let read: Promise<ReadRecord> | undefined;
  return () => (read ??= readRecord(repository.commonDir, environment));
}

/**
 * Whether a hook may start this request (SECURITY.md, "Protected"): the branch, the commands and the origin of the request are all
 * looked at. What a person types runs without being asked. Costs one git process at most. `recordNow` is of this look, and
 * never kept for the next: meanwhile a person may allow something.
 */
export async function permissionOf(
  context: Context,
  at: BranchTip,
  tip: Request,
  recordNow: () => Promise<ReadRecord>,
): Promise<Permission> {
  const { settings, startedBy } = context;
  if (startedBy === 'person') return allowed;
  const run = `aynig run${at.at === undefined ? '' : ` --aynig-remote ${at.at.remote}`} --branch ${at.branch}`;
  if (settings.branches !== undefined && !(await matches(settings.branches, at.branch)))
    return {
      kind: 'refused',
      why: `the branch is not among those that hooks may run (aynig.branches is "${settings.branches}")`,
      next: run,
    };
  if (settings.trust === 'branch') return allowed;
  const record = await recordNow();
  if (settings.trust === 'signed') return signedOnly(context, at, tip, record, run);
  // Commands of the server's own folder were put there by its admin.
  const refusal = settings.commandsDir === undefined ? await contentRefusal(context, at, tip, record) : undefined;
  if (refusal !== undefined) return refusal;
  // Who may push to a server may ask: its own access control says so, and nobody commits there.
  return context.repository.bare && at.at === undefined ? allowed : originOf(context, at, tip, record, run);
}

/** `aynig.trust = signed`: the signature covers the request and the commands. What a run of this clone made goes on, unless it changed them. */
async function signedOnly(context: Context, at: BranchTip, tip: Request, record: TrustRecord, run: string): Promise<Permission> {
  const made = await madeHere(context.repository, at);
  if (made.by === 'run') {
    const content = await contentOf(context.objects, tip.commit.tree);
    if (!isDistrusted(record, content)) return allowed;
    return { kind: 'refused', why: 'a run changed the commands, and nobody has looked at them', next: `aynig allow ${at.branch}` };
  }
  const problem = await signatureProblem(context.repository, tip.commit, context.settings.allowedSigners);
  return problem === undefined
    ? allowed
    : { kind: 'refused', why: `only signed requests are started (aynig.trust), and ${problem}`, next: run };
}

/** Whether the commands are the ones that were allowed, or that stand at the trusted ref. */
async function contentRefusal(context: Context, at: BranchTip, tip: Request, record: ReadRecord): Promise<Permission | undefined> {
  const content = await contentOf(context.objects, tip.commit.tree);
  if (isAllowed(record, content)) return undefined;
  const next = `aynig allow ${at.branch}`;
  if (isDistrusted(record, content)) return { kind: 'refused', why: 'a run changed the commands, and nobody has looked at them', next };
  const trusted = await trustedContent(context);
  if (trusted !== undefined && hasCommands(trusted) && sameContent(trusted, content)) return undefined;
  const why =
    record.broken !== undefined
      ? `the record of what you allowed cannot be read (${record.broken})`
      : record.allowed.length === 0
        ? 'you have not allowed its commands yet'
        : 'its commands are not the ones that you allowed';
  return { kind: 'refused', why, next };
}

/** The commands at `aynig.trustedRef`: a branch of this repository or a remote-tracking one, never a tag; HEAD where the repository is bare. */
async function trustedContent({ objects, repository, settings: { trustedRef } }: Context): Promise<Content | undefined> {
  const candidates =
    trustedRef === undefined
      ? repository.bare
        ? ['HEAD']
        : []
      : trustedRef.startsWith('refs/')
        ? [trustedRef]
        : [`refs/heads/${trustedRef}`, `refs/remotes/${trustedRef}`];
  const commits = await Promise.all(candidates.map((name) => commitAt(objects, name)));
  const [found, another] = commits.filter((commit) => commit !== undefined);
  // A name that means two branches means none: whoever made the other one would choose.
  return found === undefined || another !== undefined ? undefined : contentOf(objects, found);
}

/** Whether the request was made here, came from a remote that is trusted, or is signed. */
async function originOf(context: Context, at: BranchTip, tip: Request, record: TrustRecord, run: string): Promise<Permission> {
  const { repository, objects } = context;
  const made = await madeHere(repository, at);
  if (made.by !== 'others') return allowed;
  const { remotes } = context.settings;
  const trusted = record.remotes.filter(({ name, url }) => remotes.some((remote) => remote.name === name && remote.url === url));
  const isTrusted = (ref: string): boolean => trusted.some(({ name }) => isBranchOf(remotes, name, ref));
  if (trusted.some(({ name }) => name === at.at?.remote)) return allowed;
  for (const { name } of trusted) {
    const ref = `refs/remotes/${name}/${at.branch}`;
    if (isTrusted(ref) && (await commitAt(objects, ref)) === at.oid) return allowed;
  }
  if (tip.commit.signed) {
    const problem = await signatureProblem(repository, tip.commit, context.settings.allowedSigners);
    return problem === undefined ? allowed : { kind: 'refused', why: `${made.why}, and ${problem}`, next: run };
  }
  if (trusted.length > 0) {
    const found = await repository.git(['for-each-ref', `--contains=${at.oid}`, '--format=%(refname)', 'refs/remotes/']);
    if (found.stdout.toString('utf8').split('\n').some(isTrusted)) return allowed;
  }
  return { kind: 'refused', why: made.why, next: run };
}

/** What a ref names; undefined where it is not there. */
async function commitAt(objects: Objects, ref: string): Promise<Oid | undefined> {
  const found = await objects.read(ref, 0);
  return found.kind === 'found' ? found.oid : undefined;
}

async function matches(patterns: string, branch: string): Promise<boolean> {
  const { default: picomatch } = await import('picomatch');
  return picomatch(
    patterns.split(/\s+/).filter((pattern) => pattern !== ''),
    { dot: true },
  )(branch);
}
