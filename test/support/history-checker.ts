import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is wrong with a history; all empty when nothing is. */
export interface Judgement {
  /** A request that was run more than once, a run without a lease, two live runs, or a run that published after its end. */
  readonly doubleExecutions: readonly string[];
  /** Commits of a person or a command that no ref of the remote or of a clone contains. */
  readonly lostCommits: readonly string[];
  /** Branches that are left leased, and requests that nobody ran. */
  readonly stuckBranches: readonly string[];
  /** Heartbeats without a run, worktrees, journals and lock files. */
  readonly leftBehind: readonly string[];
}

/** What the checker goes by: repositories and the log that commands wrote outside of them. Nothing that the product reported. */
export interface Evidence {
  /** The bare repository that decides; its reflogs are the history (`core.logAllRefUpdates=always`). */
  readonly remote: string;
  readonly clones: readonly string[];
  /** Text of the execution log, see {@link readLog}. */
  readonly log: string;
  /** Commits that persons made. */
  readonly madeByPersons: readonly string[];
  /** States that somebody has to run. */
  readonly runnable: ReadonlySet<string>;
  readonly env: Record<string, string>;
}

/** A command that was started. */
export interface Execution {
  readonly runId: string;
  readonly branch: string;
  readonly state: string;
  readonly request: string;
}

interface Log {
  readonly executions: readonly Execution[];
  /** Commits that commands made, with the run that made them. */
  readonly made: ReadonlyMap<string, string>;
  readonly rewritten: ReadonlySet<string>;
}

/**
 * Reads an execution log: lines `start <run> <branch> <state> <request>`, `made <run> <commit>`, and `rewrote <run> <commit>` for
 * one that its command has put another one in the place of.
 */
export function readLog(text: string): Log {
  const executions: Execution[] = [];
  const made = new Map<string, string>();
  const rewritten = new Set<string>();
  for (const line of text.split('\n')) {
    const [what, runId = '', ...rest] = line.split(' ');
    if (what === 'start') {
      const [branch = '', state = '', request = ''] = rest;
      executions.push({ runId, branch, state, request });
    } else if (what === 'made' && rest[0] !== undefined) made.set(rest[0], runId);
    else if (what === 'rewrote' && rest[0] !== undefined) rewritten.add(rest[0]);
  }
  return { executions, made, rewritten };
}

interface Entry {
  readonly oid: string;
  readonly parent: string | undefined;
  /** Trailers by small-letter key, read by a parser of its own: the last paragraph's `key: value` lines. */
  readonly trailers: ReadonlyMap<string, string>;
}

interface BranchHistory {
  readonly branch: string;
  /** Undefined where the branch is gone. */
  readonly tip: Entry | undefined;
  /** What came onto the branch, oldest first; `forced` where it did not go forward. */
  readonly moves: readonly { readonly forced: boolean; readonly commits: readonly Entry[] }[];
}

/** Judges what happened by the remote's reflogs and by what commands wrote down, and by nothing else. */
export function judgeHistory(evidence: Evidence): Judgement {
  const { executions, made, rewritten } = readLog(evidence.log);
  const histories = readHistories(evidence);
  const ended = new Set<string>();
  const leased = new Set<string>();
  const doubleExecutions: string[] = [];
  const stuckBranches: string[] = [];
  for (const history of histories) {
    doubleExecutions.push(...judgeMoves(history, made, leased, ended));
    const { branch, tip } = history;
    const state = tip?.trailers.get('aynig-state');
    if (state === 'working') stuckBranches.push(`${branch} is left leased by run ${tip?.trailers.get('aynig-run-id')}`);
    else if (state !== undefined && evidence.runnable.has(state))
      stuckBranches.push(`${branch} asks for ${state} (${tip?.oid.slice(0, 12)}) and nobody ran it`);
  }
  return {
    doubleExecutions: [...doubleExecutions, ...judgeExecutions(executions, leased, ended)],
    lostCommits: lostCommits(evidence, [...[...made.keys()].filter((oid) => !rewritten.has(oid)), ...evidence.madeByPersons]),
    stuckBranches,
    leftBehind: leftBehind(evidence, histories),
  };
}

/** Follows one branch from lease to lease. */
function judgeMoves(
  { branch, moves }: BranchHistory,
  made: ReadonlyMap<string, string>,
  leased: Set<string>,
  ended: Set<string>,
): string[] {
  const wrong: string[] = [];
  let live: string | undefined;
  const end = (runId: string): void => {
    ended.add(runId);
    live = undefined;
  };
  for (const { forced, commits } of moves) {
    // Whoever forces a branch takes it from its run.
    if (forced && live !== undefined) end(live);
    for (const [index, { oid, parent, trailers }] of commits.entries()) {
      const state = trailers.get('aynig-state');
      const runId = trailers.get('aynig-run-id') ?? made.get(oid);
      const stalled = trailers.get('aynig-stalled-run');
      const at = `${branch} ${oid.slice(0, 12)}`;
      if (state === 'working') {
        if (runId === undefined) wrong.push(`${at}: a lease without a run`);
        else if (runId !== live) {
          if (live !== undefined) wrong.push(`${at}: run ${runId} took the branch while run ${live} held it`);
          if (leased.has(runId)) wrong.push(`${at}: run ${runId} took a branch a second time`);
          if (trailers.get('aynig-parent') !== parent) wrong.push(`${at}: the lease of run ${runId} is a copy`);
          leased.add(runId);
          live = runId;
        }
        continue;
      }
      const speaker = stalled ?? runId;
      if (speaker !== undefined && speaker !== live && leased.has(speaker)) wrong.push(`${at}: run ${speaker} published after its end`);
      // Only a tip is ever read: what a run made and how it ended may arrive together.
      const next = commits[index + 1]?.trailers;
      const goesOn = next !== undefined && [next.get('aynig-stalled-run'), next.get('aynig-run-id')].includes(live);
      if (state !== undefined && live !== undefined && speaker === live && !goesOn) end(live);
    }
  }
  return wrong;
}

function judgeExecutions(executions: readonly Execution[], leased: ReadonlySet<string>, ended: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  const runs = new Set<string>();
  const requests = new Map<string, string>();
  for (const { runId, branch, state, request } of executions) {
    if (runs.has(runId)) wrong.push(`run ${runId} was executed twice`);
    runs.add(runId);
    if (!leased.has(runId)) wrong.push(`run ${runId} of ${branch} was executed without having had the branch`);
    const key = `${branch} ${request}`;
    const before = requests.get(key);
    // A request is below its lease for ever: only somebody who puts it back onto the branch can have it run again.
    if (before !== undefined && before !== runId)
      wrong.push(`${state} of ${branch} was executed by run ${before}${ended.has(before) ? ' (ended)' : ''} and by run ${runId}`);
    requests.set(key, runId);
  }
  return wrong;
}

function lostCommits({ remote, clones, env }: Evidence, commits: readonly string[]): string[] {
  if (commits.length === 0) return [];
  const contained = new Set<string>();
  for (const repository of [remote, ...clones])
    for (const oid of git(repository, env, ['rev-list', '--all']).split('\n')) contained.add(oid);
  return commits.filter((oid) => !contained.has(oid)).map((oid) => oid.slice(0, 12));
}

function leftBehind({ remote, clones, env }: Evidence, histories: readonly BranchHistory[]): string[] {
  const holders = new Set(histories.map(({ tip }) => tip?.trailers.get('aynig-run-id')));
  const found = git(remote, env, ['for-each-ref', '--format=%(refname)', 'refs/aynig/lease/'])
    .split('\n')
    .filter((ref) => ref !== '' && !holders.has(ref.slice('refs/aynig/lease/'.length)))
    .map((ref) => `${ref} at the remote`);
  for (const repository of [remote, ...clones]) {
    const folder = existsSync(join(repository, '.git')) ? join(repository, '.git') : repository;
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.lock') || /^aynig\/runs\/.+\.json$/.test(name)) found.push(`${name} in ${repository}`);
    const worktrees = join(repository, '.worktrees');
    for (const name of existsSync(worktrees) ? readdirSync(worktrees) : []) if (name !== '.gitignore') found.push(`worktree ${name}`);
  }
  return found;
}

/** The history of every branch that the remote has or had. */
function readHistories({ remote, env }: Evidence): BranchHistory[] {
  const entries = readEntries(remote, env);
  const tips = new Map(
    git(remote, env, ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/'])
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ') as [string, string]),
  );
  const logs = join(remote, 'logs/refs/heads');
  const logged = existsSync(logs)
    ? readdirSync(logs, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name).slice(join(remote, 'logs').length + 1))
    : [];
  return [...new Set([...tips.keys(), ...logged])].sort().map((ref) => {
    const tip = tips.get(ref);
    return {
      branch: ref.slice('refs/heads/'.length),
      tip: tip === undefined ? undefined : entries.get(tip),
      moves: logged.includes(ref) ? readMoves(join(remote, 'logs', ref), entries) : [],
    };
  });
}

function readMoves(file: string, entries: ReadonlyMap<string, Entry>): BranchHistory['moves'] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [from = '', to = ''] = line.split(' ');
      const commits: Entry[] = [];
      let at = entries.get(to);
      for (; at !== undefined && at.oid !== from; at = at.parent === undefined ? undefined : entries.get(at.parent)) commits.unshift(at);
      const created = /^0+$/.test(from);
      // What a branch starts with was there before it, and a forced one only counts from where it is put.
      return at === undefined ? { forced: !created, commits: commits.slice(-1) } : { forced: false, commits };
    });
}

/** Every commit that the remote has, also those that only a reflog knows. */
function readEntries(remote: string, env: Record<string, string>): Map<string, Entry> {
  const text = git(remote, env, ['log', '--all', '--reflog', '--format=%H%x00%P%x00%B%x00%x01']);
  const entries = new Map<string, Entry>();
  for (const record of text.split('\x01')) {
    const [oid = '', parents = '', body = ''] = record.trimStart().split('\0');
    if (oid === '') continue;
    const last = body.trimEnd().split('\n\n').at(-1) ?? '';
    const trailers = new Map<string, string>();
    for (const line of last.split('\n')) {
      const match = /^([A-Za-z0-9-]+): (.*)$/.exec(line);
      if (match?.[1] !== undefined) trailers.set(match[1].toLowerCase(), match[2] ?? '');
    }
    entries.set(oid, { oid, parent: parents.split(' ')[0] || undefined, trailers });
  }
  return entries;
}

function git(repository: string, env: Record<string, string>, args: readonly string[]): string {
  const result = spawnSync('git', args, { cwd: repository, env, maxBuffer: 256 * 1024 * 1024 });
  if (result.status !== 0) throw new Error(`git ${args.join(' ')} in ${repository}: ${result.stderr?.toString()}`);
  return result.stdout.toString('utf8').trimEnd();
}
