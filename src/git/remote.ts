import { readConfig } from './config.js';
import type { Environment } from './environment.js';
import type { Git, GitError, GitOptions, GitResult } from './gate.js';
import { type Oid, oid, type RefName } from './names.js';

/** One move of one ref by a push. `from` undefined: the ref must not exist; `to` undefined: it is deleted. */
export interface RefMove {
  readonly ref: RefName;
  readonly from: Oid | undefined;
  readonly to: Oid | undefined;
}

/** What git said of a push. It explains and never decides: only the refs, read afterwards, say what became of it. */
export interface PushReport {
  /** Refs that the other side refused, with its reason; those refused only because another one was are left out. */
  readonly refused: ReadonlyMap<RefName, string>;
  /** Whether the other side answered at all. */
  readonly answered: boolean;
  /** git's complaint in one line. */
  readonly complaint: string;
  /** Lines that the other side's hooks printed. */
  readonly said: readonly string[];
}

/** A ref is a few bytes; a host that takes longer is not there. */
const readTimeoutMs = 30_000;
/** Content may be large; bounded all the same. */
export const fetchTimeoutMs = 15 * 60_000;

/** The refs of a remote that match `names`: full names, or `refs/aynig/lease/*`. Throws {@link GitError} where it cannot be read. */
export async function readRemoteRefs(
  git: Git,
  remote: string,
  names: readonly string[],
  options: Pick<GitOptions, 'stop'> = {},
): Promise<Map<RefName, Oid>> {
  const result = await git(['ls-remote', '--quiet', '--refs', '--', remote, ...names], {
    timeoutMs: readTimeoutMs,
    network: true,
    ...options,
  });
  const found = new Map<RefName, Oid>();
  for (const line of result.stdout.toString('utf8').split('\n')) {
    const [value, name] = line.split('\t');
    if (value === undefined || name === undefined) continue;
    // git matches the end of a name: `refs/heads/a` is also found as `refs/x/refs/heads/a`.
    if (names.some((wanted) => (wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted)))
      found.set(name as RefName, oid(value));
  }
  return found;
}

/** A look at a remote notes nothing but refs: no commit graph, and a reflog entry wherever a ref is written. */
export const fetchSettings: readonly string[] = ['core.logAllRefUpdates=always', 'fetch.writeCommitGraph=false'].flatMap((setting) => [
  '-c',
  setting,
]);

/**
 * Fetches by these refspecs and nothing else: no tags, no configured refspec, no FETCH_HEAD, and a reflog entry for every ref
 * that moves, since its time says when this clone first saw a commit.
 */
export async function fetchRefs(git: Git, remote: string, refspecs: readonly string[]): Promise<void> {
  const options = ['--quiet', '--no-tags', '--prune', '--no-prune-tags', '--no-write-fetch-head', '--refmap=', '--no-recurse-submodules'];
  await git([...fetchSettings, 'fetch', ...options, '--', remote, ...refspecs], { timeoutMs: fetchTimeoutMs, network: true });
}

/** Pushes all moves or none, each only from the value that was read (git-push(1), `--atomic`, `--force-with-lease`). Throws {@link Failure} git-timeout. */
export async function pushMoves(git: Git, remote: string, moves: readonly RefMove[], timeoutMs: number): Promise<PushReport> {
  const leases = moves.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ''}`);
  const refspecs = moves.map(({ ref, to }) => `${to ?? ''}:${ref}`);
  const options = ['--porcelain', '--atomic', '--no-follow-tags', '--recurse-submodules=no', ...leases];
  const result = await git(['push', ...options, '--', alias, ...refspecs], {
    ok: [0, 1, 128],
    timeoutMs,
    network: true,
    // Our own calls are silent for our own hooks, but those of a server on this machine must see what is pushed to it.
    env: { ...(await aliasOf(git, remote)), AYNIG: '' },
  });
  return reportOf(result);
}

/** What a remote is called for a push of ours. */
const alias = 'aynig-publish';
/** Says how to reach a remote, not what to fetch from it or to push to it. */
const ways = new Set(['url', 'pushurl', 'receivepack', 'uploadpack', 'proxy', 'proxyauthmethod', 'vcs', 'serveroption']);
const aliases = new WeakMap<Git, Map<string, Promise<Environment>>>();

/**
 * The remote once more, under a name without refspecs (git-config(1), `GIT_CONFIG_COUNT`). A push by the name that a person uses
 * moves their remote-tracking refs too, and a `git pull` of theirs that is under way then fails: it cannot lock them.
 */
function aliasOf(git: Git, remote: string): Promise<Environment> {
  const known = aliases.get(git) ?? new Map<string, Promise<Environment>>();
  aliases.set(git, known);
  const found = known.get(remote) ?? readAlias(git, remote);
  known.set(remote, found);
  // What could not be read once is asked for again.
  found.catch(() => known.delete(remote));
  return found;
}

async function readAlias(git: Git, remote: string): Promise<Environment> {
  const prefix = `remote.${remote}.`;
  const settings = (await readConfig(git, '^remote\\.')).flatMap(({ key, value = 'true' }) => {
    const name = key.slice(prefix.length);
    return key.startsWith(prefix) && ways.has(name) ? [{ name, value }] : [];
  });
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ...settings.flatMap(({ name, value }, index) => [
      [`GIT_CONFIG_KEY_${index}`, `remote.${alias}.${name}`],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]) as Environment;
}

function reportOf({ stdout, stderr, exitCode }: GitResult): PushReport {
  const refused = new Map<RefName, string>();
  let answered = exitCode === 0;
  for (const line of stdout.toString('utf8').split('\n')) {
    const [flag, refs, summary = ''] = line.split('\t');
    if (refs === undefined || flag?.length !== 1) continue;
    answered = true;
    const reason = /\((.*)\)$/.exec(summary)?.[1] ?? summary;
    if (flag === '!' && !/^atomic (?:push failed|push failure|transaction failed)/.test(reason))
      refused.set(refs.slice(refs.indexOf(':') + 1) as RefName, reason);
  }
  const said = stderr
    .split('\n')
    .filter((line) => line.startsWith('remote: '))
    .map((line) => line.slice('remote: '.length).trim())
    .filter((line) => line !== '');
  return { refused, answered, complaint: remoteComplaint(stderr), said };
}

/** What git complained of, in one line, for a remote that could not be reached. */
export const complaintOf = (error: GitError): string => remoteComplaint(error.stderr);

/** Here git only says that ssh, or a server behind it, has said why. */
const saidElsewhere = /^fatal: (?:Could not read from remote repository\.|the remote end hung up unexpectedly)/i;
const beside = /^(?:warning: |hint: |\*\* |Please make sure you have the correct access rights$|and the repository exists\.$)/i;

/** Why a remote was not reached, in one line without a full stop: the words of ssh and of servers come before those of git. */
export function remoteComplaint(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^remote: ?/, '').trim())
    .filter((line) => line !== '' && !beside.test(line));
  const words = lines.filter((line) => !saidElsewhere.test(line));
  const at = words.findIndex((line) => /^(?:fatal|error): /i.test(line));
  // Of several lines without a mark, ssh says last what came of it.
  const found = at < 0 ? (words.at(-1) ?? lines[0] ?? 'no message') : (words[at] ?? '');
  const whole = found.endsWith(':') && words[at + 1] !== undefined ? `${found} ${words[at + 1]}` : found;
  return whole.replace(/\.$/, '');
}
