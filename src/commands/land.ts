import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { openGit } from '../git/gate.js';
import { type BranchName, branchRef, isOid, keptRef, type Oid, type RefName, shortOid } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import type { Context, RunEvent } from '../kernel/context.js';
import { isRunId } from '../kernel/names.js';
import { openContext } from '../kernel/open-context.js';
import { redeliver } from '../kernel/redeliver.js';
import { uncommittedRef } from '../kernel/salvage.js';
import { sweep } from '../kernel/sweep.js';
import { eventLine } from '../observe/event-line.js';
import { quoted } from '../printable.js';
import { removeFile, writeDurably } from '../runner/durable-file.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';

export interface LandFlags {
  readonly cwd: string;
  /** A branch, or the id of a run whose work was kept. */
  readonly what?: string | undefined;
}

/**
 * `aynig land`: brings the result of a run into the checkout of its branch: by fast-forward, or by a merge commit that
 * carries the result's trailers where the branch has gone on since.
 */
export async function land(flags: LandFlags, io: Io): Promise<number> {
  const events: RunEvent[] = [];
  const context = await openContext({ cwd: flags.cwd, startedBy: 'person', report: (event) => events.push(event) });
  try {
    const runId = await wholeRunId(context, flags.what?.replace(/^refs\/aynig\/kept\//, '') ?? '');
    if (isRunId(runId.replace(/-uncommitted$/, ''))) return await landRun(context, runId, io);
    const branch = await branchArgument(context.repository, flags.what);
    const ref = branchRef(branch);
    const waiting = context.journals.all().find((journal) => journal.ref === ref && journal.phase === 'undelivered');
    if (waiting === undefined) throw await nothingToLand(context, branch);
    if ((await context.arbiterOf(waiting.remote).tip(ref)) !== waiting.lease) {
      await sweep(context);
      return await landRun(context, waiting.runId, io);
    }
    const outcome = await redeliver(context, waiting.runId);
    if (outcome.kind === 'delivered') {
      io.out(`${branch}: landed ${shortOid(outcome.commit)}`);
      return 0;
    }
    const refused = events.find((event) => event.kind === 'undelivered');
    throw new Failure(
      'land-refused',
      `The result still cannot be brought in: ${refused?.kind === 'undelivered' ? refused.why : 'the branch moved'}.`,
      { hint: await putAside(context, ref) },
    );
  } finally {
    for (const event of events) if (event.kind === 'kept') io.err(eventLine(event));
    await context.objects.close();
  }
}

async function nothingToLand(context: Context, branch: BranchName): Promise<Failure> {
  const kept = await context.repository.git(['for-each-ref', '--format=%(refname:lstrip=3)', 'refs/aynig/kept/']);
  // The result of another branch would arrive on the wrong one by its run's id.
  const waiting = context.journals.all().filter(({ phase }) => phase === 'undelivered');
  const names = kept.stdout
    .toString('utf8')
    .split('\n')
    .filter((name) => name !== '' && !waiting.some(({ runId }) => runId === name));
  const [other] = waiting;
  return new Failure('nothing-to-land', `No result waits for ${branch}.`, {
    hint:
      other !== undefined
        ? `One waits for another branch: aynig land ${quoted(other.ref.slice('refs/heads/'.length))}`
        : names.length === 0
          ? 'See where it stands with: aynig status'
          : `Work of ended runs is kept; bring it into the current branch with: aynig land ${names[0]}`,
  });
}

/** A run whose work is kept, by the beginning of its id that messages show. What names a branch, or no such run, stays as it is. */
async function wholeRunId({ repository }: Context, named: string): Promise<string> {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f-]*)?$/.test(named)) return named;
  if ((await readBranchTips(repository.git, [branchRef(named as BranchName)])).length > 0) return named;
  const kept = await repository.git(['for-each-ref', '--format=%(refname:lstrip=3)', `refs/aynig/kept/${named}*`]);
  const found = kept.stdout.toString('utf8').split('\n').filter(Boolean);
  const runs = new Set(found.map((name) => name.replace(/-uncommitted$/, '')));
  if (runs.size > 1)
    throw new Failure('usage', `The ids of ${runs.size} runs whose work is kept begin with ${named}.`, {
      hint: 'Name one whole: git for-each-ref refs/aynig/kept/',
    });
  return [...runs][0] ?? named;
}

/** How to put changes aside in the checkout that has the branch, which need not be this one. */
async function putAside({ repository }: Context, ref: RefName): Promise<string> {
  const worktree = (await readBranchTips(repository.git, [ref]))[0]?.worktree;
  const steps = 'git stash --include-untracked && aynig land && git stash pop';
  return worktree === undefined || worktree === repository.toplevel
    ? `Put your changes aside first: ${steps}`
    : `Put the changes there aside first: cd ${quoted(worktree)} && ${steps}`;
}

/** Merges kept work into the current branch. A person asked for it, so git's own merge does it, hooks and all. */
async function landRun(context: Context, runId: string, io: Io): Promise<number> {
  const { repository, objects } = context;
  const ref = keptRef(runId);
  const result = await objects.ref(ref);
  if (result === undefined) {
    if ((await objects.ref(uncommittedRef(runId))) !== undefined)
      throw new Failure('nothing-to-land', `No commits of run ${runId} are kept, but what it left uncommitted is.`, {
        hint: `Bring that into the current branch with: aynig land ${runId}-uncommitted`,
      });
    throw new Failure('nothing-to-land', `Nothing is kept of run ${runId}.`, {
      hint: 'List what is kept with: git for-each-ref refs/aynig/kept/',
    });
  }
  const { toplevel } = repository;
  if (toplevel === undefined)
    throw new Failure('bare-repository', 'A bare repository has no checkout to land in.', { hint: 'Run it in a clone.' });
  const branch = await branchArgument(repository);
  const before = (await readBranchTips(repository.git, [branchRef(branch)]))[0]?.oid;
  const git = openGit({ cwd: toplevel });
  const message = Buffer.from((await objects.commit(result)).message).toString('utf8');
  const messageFile = join(context.places.own, `land-${process.pid}`);
  // What is landed may have been made in another clone, with nothing of ours in this one yet.
  mkdirSync(context.places.own, { recursive: true, mode: 0o700 });
  const landing = landMessage(message, runId);
  writeDurably(messageFile, landing, { sync: false });
  const merge = await git(['merge', '--no-ff', '--no-edit', '--cleanup=whitespace', `--file=${messageFile}`, result], {
    asUser: true,
    ok: [0, 1, 2, 128],
    timeoutMs: 10 * 60_000,
  }).finally(() => removeFile(messageFile));
  const after = await objects.ref(branchRef(branch));
  if (merge.exitCode === 0 && after !== undefined && (await contains(context, result, after))) {
    await repository.git(['update-ref', '-d', ref, result]);
    io.out(`${branch}: landed ${shortOid(result)} as ${shortOid(after)}`);
    return 0;
  }
  const text = `${merge.stdout.toString('utf8')}\n${merge.stderr}`;
  if (after === before && /^CONFLICT|Automatic merge failed/m.test(text)) {
    // git has put a list of the conflicts below the trailers, as a comment that `git commit --no-edit` leaves there.
    const prepared = join(repository.gitDir, 'MERGE_MSG');
    if (existsSync(prepared)) writeDurably(prepared, landing, { sync: false });
    throw new Failure('land-conflict', 'The result conflicts with what is on the branch.', {
      hint: 'Resolve the conflicts and commit (git commit), or give it up: git merge --abort',
    });
  }
  throw new Failure('land-refused', `git would not merge the result: ${inOneSentence(merge.stderr.trim() || text.trim())}`, {
    hint: /unmerged|MERGE_HEAD/.test(merge.stderr)
      ? 'Finish the merge that is begun (git commit), or give it up: git merge --abort'
      : `Put your changes aside first: git stash --include-untracked && aynig land ${runId} && git stash pop`,
  });
}

/** What git says is wrong, with the files that it lists below that, and without its advice. */
function inOneSentence(text: string): string {
  const lines = text.split('\n');
  const advice = lines.findIndex((line) => /^(?:Please|Aborting|hint:|Merge with strategy)/.test(line));
  const said = (advice > 0 ? lines.slice(0, advice) : lines).map((line) => line.trim()).join(' ');
  return said.length > 500 ? `${said.slice(0, 500)}…` : said;
}

async function contains(context: Context, ancestor: Oid, tip: string): Promise<boolean> {
  if (!isOid(tip)) return false;
  return (await context.repository.git(['merge-base', '--is-ancestor', ancestor, tip], { ok: [0, 1] })).exitCode === 0;
}

/**
 * The result's own message, so that its trailers arrive, under a title that says what happened. Without the id of the run: a
 * person lands it, and a server would refuse what a run made that has ended.
 */
function landMessage(message: string, runId: string): string {
  const trailersAt = message.trimEnd().lastIndexOf('\n\n') + 1;
  const trailers = message.slice(trailersAt).replace(/^aynig-run-id[ \t]*:.*\n?/gim, '');
  return `Land run ${runId.slice(0, 8)}: ${`${message.slice(0, trailersAt)}${trailers}`.trimStart()}`;
}
