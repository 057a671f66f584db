import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { readConfig } from '../git/config.js';
import { type Git, lineOf, openGit } from '../git/gate.js';
import { isOid, type Oid, oid, shortOid } from '../git/names.js';
import { openObjects } from '../git/objects.js';
import { printable, quoted } from '../printable.js';
import { inTemporaryPlace, type TemporaryPlace } from '../runner/temporary-place.js';
import { asWord, type PackAddress } from './address.js';
import { findFolder } from './folder.js';
import { questionLimits, type TransferLimits, transferLimits } from './limits.js';
import { type PackContents, type Reading, readPack } from './read.js';
import { checkRef } from './ref.js';
import { PackRefusal } from './refuse.js';
import { candidatesOf, isAbbreviation, parseRefs, type RefKind, type RemoteRefs, someOf } from './remote-refs.js';
import { checkSubfolder, defaultSubfolder } from './subfolder.js';
import { initBare } from './temporary-repository.js';
import { type Progress, type Transfer, TransferError, transfer } from './transfer.js';

export interface FetchRequest extends Reading {
  readonly address: PackAddress;
  /** A branch, a tag, a commit, or seven digits or more of one. Default: what HEAD of the repository points to. */
  readonly ref?: string | undefined;
  /** Default: `.aynig`. */
  readonly subfolder?: string | undefined;
  readonly limits?: Partial<TransferLimits> | undefined;
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Ends the transfer; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Whether git and ssh may ask a person. Default: no. */
  readonly terminal?: boolean | undefined;
  readonly inherited?: NodeJS.ProcessEnv | undefined;
}

/** A pack, all of it in memory: the temporary repository that it came by is gone. */
export interface FetchedPack extends PackContents {
  readonly commit: Oid;
  /** The name as it was asked for; `HEAD` where none was. */
  readonly ref: string;
  readonly refKind: RefKind;
  readonly subfolder: string;
  /** Of the subfolder. */
  readonly tree: Oid;
}

/** Where everything is put that is fetched. */
const tip = 'refs/aynig/pack';

/**
 * Fetches one commit of a repository into a temporary one and reads the folder of the pack. Nothing is checked out, nothing of it
 * is executed, and nothing is written elsewhere. Throws {@link Failure}: pack-ref, pack-subfolder, pack-unreachable, no-such-ref,
 * no-such-folder, pack-refused (all reasons in {@link PackRefusal}).
 */
export function fetchPack(request: FetchRequest): Promise<FetchedPack> {
  const { address, inherited = process.env } = request;
  const ref = checkRef(request.ref ?? 'HEAD');
  const subfolder = checkSubfolder(request.subfolder ?? defaultSubfolder);
  return inTemporaryPlace('pack', request.signal, async (place) => {
    const { found, options } = await locate(request, ref, place, { ...transferLimits, ...request.limits });
    const repository = options.cwd;
    const objects = openObjects(repository, inherited);
    try {
      const git = openGit({ cwd: repository, gitDir: repository }, inherited);
      const commit = await explaining(address, () => obtain(git, address, found, options));
      const tree = await findFolder(objects, commit, { subfolder, address, ref });
      return { ...(await readPack({ git, objects }, tree, request)), commit, ref, refKind: found.kind, subfolder, tree };
    } finally {
      await objects.close();
    }
  });
}

/**
 * The commit that a branch, a tag or HEAD of a repository stands at now; undefined for a name that it does not have, and for a
 * commit, which nothing is newer than. Takes 20 seconds at most. Throws {@link Failure} pack-unreachable.
 */
export function newestCommit(request: Omit<FetchRequest, 'subfolder' | 'progress'>): Promise<Oid | undefined> {
  const ref = checkRef(request.ref ?? 'HEAD');
  if (isOid(ref)) return Promise.resolve(undefined);
  return inTemporaryPlace('pack', request.signal, async (place) => {
    const options = await transferOptions(request, place, 'sha1', { ...questionLimits, ...request.limits });
    const refs = await explaining(request.address, () => ask(request.address, ref, options));
    const name = candidatesOf(ref).find((candidate) => refs.has(candidate.name))?.name;
    return name === undefined ? undefined : (refs.get(`${name}^{}`) ?? refs.get(name));
  });
}

type Format = 'sha1' | 'sha256';

/** What is to be fetched: a ref by its full name, a commit by its full name, or one of which only the first digits are known. */
interface Found {
  readonly kind: RefKind;
  readonly want: string;
  readonly whole: boolean;
}

/** Finds what a name stands for, and makes a repository of the other side's format. */
async function locate(
  request: FetchRequest,
  ref: string,
  place: TemporaryPlace,
  limits: TransferLimits,
): Promise<{ readonly found: Found; readonly options: Transfer }> {
  const { address } = request;
  if (isOid(ref))
    return {
      found: { kind: 'commit', want: ref, whole: true },
      options: await transferOptions(request, place, ref.length === 40 ? 'sha1' : 'sha256', limits),
    };
  const options = await transferOptions(request, place, 'sha1', limits);
  const refs = await explaining(address, () => ask(address, ref, options));
  const candidate = candidatesOf(ref).find(({ name }) => refs.has(name));
  // A name that is not there may be a commit; and if not, a person wants to see which names are.
  const known = candidate === undefined ? await explaining(address, () => ask(address, undefined, options)) : refs;
  const found: Found | undefined =
    candidate !== undefined
      ? { kind: candidate.kind, want: candidate.name, whole: true }
      : isAbbreviation(ref) && known.size > 0
        ? { kind: 'commit', want: ref.toLowerCase(), whole: false }
        : undefined;
  if (found === undefined) throw noSuchRef(address, ref, known);
  const isSha256 = [...known.values()].some((value) => value.length === 64);
  return { found, options: isSha256 ? await transferOptions(request, place, 'sha256', limits) : options };
}

/** Asks for the refs that a name may stand for, or for all branches and tags. */
async function ask(address: PackAddress, ref: string | undefined, options: Transfer): Promise<RemoteRefs> {
  const names = ref === undefined ? ['refs/heads/*', 'refs/tags/*'] : candidatesOf(ref).flatMap(({ name }) => [name, `${name}^{}`]);
  const refs = parseRefs(await transfer(['ls-remote', '--quiet', '--', address.url, ...names], options));
  if (ref === undefined) return refs;
  // git matches the end of a name: `refs/heads/a` is also found as `refs/x/refs/heads/a`.
  return new Map([...refs].filter(([name]) => names.includes(name)));
}

const fetchOptions = [
  '--progress',
  '--no-tags',
  '--no-recurse-submodules',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--no-prune',
  '--refmap=',
  '--update-shallow',
];

/** Fetches what was found and answers the commit that it stands for. */
async function obtain(git: Git, address: PackAddress, { kind, want, whole }: Found, options: Transfer): Promise<Oid> {
  if (whole) {
    try {
      await transfer(['fetch', ...fetchOptions, '--depth=1', '--', address.url, `+${want}:${tip}`], options);
      return await commitOf(git, tip, address, want);
    } catch (error) {
      // Not every server hands out a commit that no branch or tag stands at.
      if (kind !== 'commit' || !(error instanceof TransferError && error.why === 'failed')) throw error;
    }
  }
  const all = ['heads', 'tags'].map((folder) => `+refs/${folder}/*:${tip}/${folder}/*`);
  await transfer(['fetch', ...fetchOptions, '--', address.url, ...all], options);
  return whole ? commitOf(git, want, address, want) : abbreviated(git, address, want);
}

async function commitOf(git: Git, name: string, address: PackAddress, asked: string): Promise<Oid> {
  const answer = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], { ok: [0, 1, 128] });
  if (answer.exitCode === 0) return oid(lineOf(answer));
  throw new Failure('no-such-ref', `${printable(asked)} of ${address.shown} is no commit, and no branch or tag leads to it.`, {
    hint: `See what there is with: git ls-remote ${asWord(address)}`,
  });
}

/** Candidates for an abbreviation that are worth naming. */
const shownCandidates = 5;

async function abbreviated(git: Git, address: PackAddress, digits: string): Promise<Oid> {
  const names = lineOf(await git(['rev-parse', `--disambiguate=${digits}`]))
    .split('\n')
    .filter(isOid);
  const kinds = await git(['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input: names.map((name) => `${name}\n`).join('') });
  const commits = names.filter((name) => kinds.stdout.includes(`${name} commit`));
  const [commit] = commits;
  if (commit !== undefined && commits.length === 1) return commit;
  const shown = commits.slice(0, shownCandidates).map(shortOid).join(', ');
  throw commit === undefined
    ? new Failure('no-such-ref', `${address.shown} has no branch, tag or commit that is called ${digits} or begins so.`, {
        hint: `See what there is with: git ls-remote ${asWord(address)}`,
      })
    : new Failure('no-such-ref', `${commits.length} commits of ${address.shown} begin with ${digits}: ${shown}.`, {
        hint: 'Give more digits of the one that you mean.',
      });
}

/** ssh that asks nobody and does not wait for ever; only where nothing is said about which ssh to use. */
const silentSsh = 'ssh -o BatchMode=yes -o ConnectTimeout=30';

async function transferOptions(
  { inherited = process.env, terminal = false, progress }: Omit<FetchRequest, 'address'>,
  { path, signal }: TemporaryPlace,
  format: Format,
  limits: TransferLimits,
): Promise<Transfer> {
  const cwd = join(path, format);
  await initBare(cwd, format, inherited);
  const git = openGit({ cwd, gitDir: cwd }, inherited);
  const chosen = inherited['GIT_SSH'] ?? inherited['GIT_SSH_COMMAND'] ?? (await readConfig(git, '^core\\.sshcommand$'))[0]?.value;
  return { cwd, inherited, terminal, limits, signal, progress, sshCommand: terminal || chosen ? undefined : silentSsh };
}

/** What a transfer did not bring, in words for a person. */
async function explaining<T>(address: PackAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    if (/No space left on device|Disk quota exceeded/.test(error.message))
      throw new Failure('disk-full', `There is no room in ${tmpdir()} for ${address.shown}.`, {
        hint: 'Free some space, or name another folder for temporary files: TMPDIR=<folder> aynig …',
        cause: error,
      });
    if (error.why === 'refused') throw new PackRefusal([{ path: '', why: printable(error.message) }], error);
    throw new Failure('pack-unreachable', `${address.shown} could not be read: ${printable(error.message)}.`, {
      hint: hintFor(address, error),
      cause: error,
    });
  }
}

function hintFor(address: PackAddress, { why, message }: TransferError): string {
  if (why === 'limit') return 'Try again later, or fetch it yourself with git clone and install from that folder.';
  if (/dubious ownership/.test(message)) return 'See safe.directory in git-config(1).';
  if (address.kind === 'path' && !existsSync(address.url))
    return `Nothing is at ${quoted(address.url)}. A path that you type counts from where you are, one of the lock file from the top of the main working tree.`;
  if (address.kind === 'path')
    return 'Name the top of a repository; a folder inside it is the third argument: aynig install <repo> <ref> <folder>';
  return `See whether git reaches it: git ls-remote ${asWord(address)}`;
}

function noSuchRef(address: PackAddress, ref: string, known: RemoteRefs): Failure {
  const some = someOf(known);
  if (some === '')
    return new Failure('no-such-ref', `${address.shown} has no branch and no tag: it is empty.`, {
      hint: 'Choose a repository that has commits.',
    });
  const what = ref === 'HEAD' ? 'does not say which branch is meant' : `has no branch, tag or commit "${printable(ref)}"`;
  return new Failure('no-such-ref', `${address.shown} ${what}. It has: ${printable(some)}.`, {
    hint: `Name one of them: aynig install ${asWord(address)} <ref>, or aynig update-pack <name> --ref <ref>; all of them: git ls-remote ${asWord(address)}`,
  });
}
