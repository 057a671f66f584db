import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseCommit } from '../git/commit.js';
import { readConfig } from '../git/config.js';
import { type Git, lineOf, openGit } from '../git/gate.js';
import { oid, shortOid } from '../git/names.js';
import { openRepository, type Repository } from '../git/repository.js';
import { currentRun } from '../kernel/current-run.js';
import { type Problem, parseMessage, strayRequests, trailerValue } from '../kernel/message.js';
import { readState, type State, working } from '../kernel/names.js';
import { type Lease, readTip } from '../kernel/tip.js';
import { openJournals } from '../runner/journal.js';
import { presenceOf } from '../runner/process-identity.js';
import { storedMessage } from './edited-message.js';
import { misspelledState } from './misspelled.js';
import { withRunId } from './run-trailer.js';

/** What the hook says and whether git may go on. */
export interface Verdict {
  readonly accepted: boolean;
  readonly lines: readonly string[];
}

/**
 * Judges a message before git stores it: a courtesy, since cherry-pick, rebase and --no-verify go past it and every tick
 * reads the stored commit again. Refuses only real violations. `head` is the commit object of HEAD, empty before the first.
 * Inside a run it writes the id of the run into a message that names a state: a server's fence tells by it what a run made that
 * has lost its lease.
 */
export async function judgeMessage(messageFile: string, head: Buffer, cwd: string, environment: NodeJS.ProcessEnv): Promise<Verdict> {
  const git = openGit({ cwd });
  const path = absolute(messageFile, cwd);
  // Asked for at once: the author waits for this hook.
  const file = readFileSync(path);
  const [{ text, stored, warning }, holder, run] = await Promise.all([
    readMessage(git, file.toString('utf8'), environment).then(async (read) => ({
      ...read,
      warning: await requestWarning(git, read.text, cwd),
    })),
    leaseOfHead(head, cwd, environment),
    runAround(cwd, environment),
  ]);
  if (holder?.held === true) return refusal([...holder.lines, ...recovery(path)]);
  const ofMessage = problemsOf(text, environment['AYNIG_RUN_ID']);
  const problems = ofMessage.length > 0 ? ofMessage : otherRun(text, run);
  if (problems.length > 0)
    return refusal(['aynig: this message breaks the rules for requests:', ...problems.flatMap(linesOf), ...recovery(path)]);
  return {
    accepted: true,
    lines: [...(holder?.lines ?? []), ...warning, ...(run === undefined ? [] : signWithRun(path, file, text, run, stored))],
  };
}

async function runAround(cwd: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  if ((environment['AYNIG_RUN_ID'] ?? '') === '') return undefined;
  const { commonDir } = await repositoryAround(cwd, environment);
  return currentRun(commonDir, environment);
}

function repositoryAround(cwd: string, environment: NodeJS.ProcessEnv): Promise<Repository> {
  const gitDir = environment['GIT_DIR'];
  return openRepository(cwd, environment, gitDir === undefined ? undefined : absolute(gitDir, cwd));
}

/** Work of this run that is said to be another's, as when the message of a request is copied. */
function otherRun(text: string, run: string | undefined): Problem[] {
  const named = trailerIn(text, 'aynig-run-id');
  if (run === undefined || named === undefined || named.toLowerCase() === run) return [];
  return [
    {
      line: lineOfTrailer(text, 'aynig-run-id'),
      rule: `aynig-run-id names another run than this one (${run})`,
      fix: 'take the line out: the id of this run is added for you',
    },
  ];
}

/** Answers what to say where it could not be done. */
function signWithRun(path: string, file: Buffer, text: string, run: string, stored: (file: string) => string): string[] {
  const state = trailerIn(text, 'aynig-state');
  if (state === undefined || trailerIn(text, 'aynig-run-id') !== undefined) return [];
  const signed = withRunId(file, run, stored);
  if (signed === undefined) return [`aynig: aynig-run-id could not be added to the message; commit with: aynig set-state ${state}`];
  writeFileSync(path, signed);
  return [];
}

function trailerIn(text: string, key: string): string | undefined {
  const parsed = parseMessage(Buffer.from(text));
  return parsed.kind === 'message' ? trailerValue(parsed.message.trailers, key) : undefined;
}

/** Line of the last one of that name, counted from 1. */
const lineOfTrailer = (text: string, key: string): number =>
  text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .findLastIndex((candidate) => candidate.toLowerCase().startsWith(key) && /^\s*:/.test(candidate.slice(key.length))) + 1;

const refusal = (lines: readonly string[]): Verdict => ({ accepted: false, lines });
const absolute = (path: string, cwd: string): string => (isAbsolute(path) ? path : join(cwd, path));

const linesOf = ({ line, rule, fix }: Problem): string[] => [`  ${line === 0 ? 'message' : `line ${line}`}: ${rule}`, `    fix: ${fix}`];

const recovery = (path: string): string[] => [
  `aynig: your message is saved; mend it with: git commit -e -F ${/[^\w./-]/.test(path) ? `'${path.replaceAll("'", "'\\''")}'` : path}`,
];

/** A line that some comment setting or scissors could take away. */
const mayBeCut = /^[^\p{L}\p{N}\s]/mu;

/** The message, and what git makes of any such file. */
interface ReadMessage {
  readonly text: string;
  readonly stored: (file: string) => string;
}

async function readMessage(git: Git, file: string, environment: NodeJS.ProcessEnv): Promise<ReadMessage> {
  if (!mayBeCut.test(file)) return { text: file, stored: (other) => other };
  const edited = environment['GIT_EDITOR'] !== ':';
  const settings = await readConfig(asHook(git), '^(commit\\.cleanup|core\\.comment(char|string))$');
  const last = (key: string): string | undefined => settings.findLast((setting) => setting.key === key)?.value;
  const comment = settings.findLast(({ key }) => key.startsWith('core.comment'))?.value ?? '#';
  const stored = (other: string): string => storedMessage(other, { edited, mode: last('commit.cleanup') ?? 'default', comment });
  return { text: stored(file), stored };
}

/** Git as the hook was started: the commit's own index, directory and command-line settings count. */
const asHook =
  (git: Git): Git =>
  (args, options) =>
    git(args, { ...options, asUser: true });

/** Every rule that the message breaks. `runId` is set inside a run, which may renew its own lease. */
export function problemsOf(text: string, runId: string | undefined): Problem[] {
  const parsed = parseMessage(Buffer.from(text));
  if (parsed.kind === 'invalid') return [...parsed.problems];
  const stray = strayRequests(text);
  if (stray.length > 0) return stray;
  const { trailers } = parsed.message;
  const value = trailerValue(trailers, 'aynig-state');
  if (value === undefined) return [];
  const line = lineOfTrailer(text, 'aynig-state');
  const state = readState(value);
  if (state === undefined)
    return [
      {
        line,
        rule: `"${value}" is not a state name`,
        fix: 'use small letters, digits, ".", "_", "-", with "/" between segments, 128 characters at most',
      },
    ];
  const ownRun = runId !== undefined && runId !== '' && trailerValue(trailers, 'aynig-run-id')?.toLowerCase() === runId;
  if (state === working && !ownRun)
    return [
      {
        line,
        rule: '"working" is reserved: only the runner writes it',
        fix: 'name the state that you ask for; inside a command, renew with: aynig set-working',
      },
    ];
  return [];
}

/** A lease that is not this run's own: one that keeps others from committing, or one whose runner has died. */
interface Holder {
  readonly held: boolean;
  readonly lines: readonly string[];
}

/** What to say when the branch of HEAD is or was held by another run; undefined when it is free. */
async function leaseOfHead(head: Buffer, cwd: string, environment: NodeJS.ProcessEnv): Promise<Holder | undefined> {
  // Everything but a lease is answered without another git call.
  if (!head.includes('aynig-state: working')) return undefined;
  const repository = await repositoryAround(cwd, environment);
  const inWorktree = [`--git-dir=${repository.gitDir}`];
  const branch = await repository.git([...inWorktree, 'symbolic-ref', '--quiet', 'HEAD'], { ok: [0, 1, 128] });
  if (branch.exitCode !== 0) return undefined;
  const name = oid(lineOf(await repository.git([...inWorktree, 'rev-parse', '--verify', 'HEAD^{commit}'])));
  const tip = readTip(parseCommit(name, head));
  return tip.kind === 'lease' ? describeHolder(repository, tip.lease, environment, lineOf(branch).replace('refs/heads/', '')) : undefined;
}

function describeHolder(repository: Repository, lease: Lease, environment: NodeJS.ProcessEnv, branch: string): Holder | undefined {
  if (lease.runId !== '' && environment['AYNIG_RUN_ID'] === lease.runId) return undefined;
  const journals = openJournals(repository.commonDir, (path) => {
    throw new Error(`the journal of the run that holds the branch could not be read and was put aside as ${path}`);
  });
  const journal = lease.runId === '' ? undefined : journals.read(lease.runId);
  const ours = journal?.lease === lease.commit ? journal : undefined;
  if (ours?.phase === 'undelivered')
    return holding(
      `aynig: a finished run of ${ours.state} waits to be brought into ${branch}; commit after it.`,
      'aynig: bring it in with: aynig land   (or give it up with: aynig cancel)',
    );
  const presence = ours === undefined ? 'elsewhere' : presenceOf(ours.runner);
  if (presence === 'dead') {
    const lost = `aynig: the run of ${lease.originState || 'an unnamed state'} that held ${branch} has died, and ${branch} goes on with your commit.`;
    return { held: false, lines: [`${lost} Its work is saved by the next request here, or by: aynig run`] };
  }
  const alive = Math.max(lease.committedAt, journals.touchedAt(lease.runId) ?? 0);
  const left = lease.seconds === undefined ? undefined : alive + lease.seconds - Math.floor(Date.now() / 1000);
  if (presence !== 'alive' && left !== undefined && left < 0) return undefined;
  const since = new Date(lease.committedAt * 1000).toISOString().replace('T', ' ').slice(0, 19);
  return holding(
    `aynig: ${branch} is held by a run of ${lease.originState || 'an unnamed state'} since ${since} UTC (runner ${lease.runnerId || 'unknown'}, lease ${shortOid(lease.commit)}).`,
    'aynig: a commit on top would cut it off. Wait for it (aynig status), or end it with: aynig cancel',
  );
}

const holding = (...lines: readonly string[]): Holder => ({ held: true, lines });

/** A request that is not read as one, or whose command cannot start, is legal and useless: worth a line while it can still be amended. */
async function requestWarning(git: Git, text: string, cwd: string): Promise<string[]> {
  const parsed = parseMessage(Buffer.from(text));
  if (parsed.kind === 'invalid') return [];
  const value = trailerValue(parsed.message.trailers, 'aynig-state');
  if (value === undefined) return misspelledState(parsed.message.trailers);
  const state: State | undefined = readState(value);
  if (state === undefined) return [];
  const path = `.aynig/command/${state}`;
  const listed = await asHook(git)(['ls-files', '--stage', '--', `:(top,literal)${path}`], { ok: [0, 128] });
  const entry = listed.stdout.toString('utf8');
  // A hook stands at the top of its working tree (githooks(5)).
  if (entry === '' && listed.exitCode === 0 && existsSync(join(cwd, path)))
    return [
      `aynig: ${path} is not in git, and a run sees only what is committed. Commit it, then ask again: git add ${path} && git commit`,
    ];
  if (!entry.startsWith('100644 ')) return [];
  return [
    `aynig: ${path} is not executable, so nothing will run. Mend it with: chmod +x ${path} && git update-index --chmod=+x ${path} && git commit --amend --no-edit`,
  ];
}
