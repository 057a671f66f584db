import { Failure } from '../failure.js';
import { type BranchName, branchOf, branchRef, type RefName } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import type { Context } from '../kernel/context.js';
import { glimpseOf } from '../kernel/glimpse.js';
import { refAt } from '../kernel/look.js';
import { openContext } from '../kernel/open-context.js';
import { type Surveyed, surveyEach } from '../kernel/survey.js';
import { endStatesOf } from '../observe/needs-person.js';
import type { BranchStatus, StatusReport } from '../observe/schemas.js';
import { accountOf, type Surroundings, statusOf } from '../observe/status.js';
import { anyBranch, readFailures } from '../runner/failure-record.js';
import { inTemporaryPlace } from '../runner/temporary-place.js';
import { branchArgument, currentBranch } from './branch-argument.js';

/** What a person wants to see. */
export interface Wanted {
  readonly cwd: string;
  readonly branch?: string | undefined;
  readonly all: boolean;
  readonly needsMe: boolean;
  readonly remote?: string | undefined;
  readonly role?: string | undefined;
}

/** One look at the branches. */
export interface Look {
  readonly branches: AsyncIterable<BranchStatus>;
  /** Why the last runner that a hook started here failed. */
  readonly runnerFailure: StatusReport['runnerFailure'];
  /** When it was taken, in seconds since the epoch. */
  readonly now: number;
}

/** Opens the repository, lets `use` read, and closes it. Throws {@link Failure}. */
export async function look<T>(wanted: Wanted, stop: AbortSignal | undefined, use: (look: Look) => Promise<T>): Promise<T> {
  const { cwd, role, remote } = wanted;
  // Here a person wants to know what hooks do; at a remote others take part, and what this clone allows does not bind them.
  const startedBy = remote === undefined ? 'hook' : 'person';
  const context = await openContext({ cwd, startedBy, ...(role === undefined ? {} : { role }) });
  try {
    return await (remote === undefined ? lookHere(context, wanted, use) : lookThere(context, wanted, remote, stop, use));
  } finally {
    await context.objects.close();
  }
}

async function lookHere<T>(context: Context, wanted: Wanted, use: (look: Look) => Promise<T>): Promise<T> {
  const failures = readFailures(context.places.own);
  const refs = wanted.all ? undefined : [branchRef(await branchArgument(context.repository, wanted.branch))];
  const current = await currentBranch(context.repository);
  const branches = statuses(context, surveyEach(context, refs), wanted, { failures, current });
  return use({ branches, runnerFailure: accountOf(failures.get(anyBranch)), now: context.now() });
}

/** What runners of this clone noted is about branches here, and says nothing of a remote. */
async function lookThere<T>(
  context: Context,
  wanted: Wanted,
  remote: string,
  stop: AbortSignal | undefined,
  use: (look: Look) => Promise<T>,
): Promise<T> {
  const here = await currentBranch(context.repository);
  const current = here === undefined ? undefined : branchOf(await upstreamAt(context, here, remote));
  const ref = wanted.all ? undefined : await refOf(context, wanted.branch, remote);
  return inTemporaryPlace('status', stop, async (place) => {
    const glimpse = await glimpseOf(context, remote, place, ref);
    try {
      if (ref !== undefined && !glimpse.refs.has(ref)) throw noSuchBranch(branchOf(ref), remote);
      return await use({
        branches: statuses(glimpse.context, glimpse.survey(), wanted, { failures: new Map(), current }),
        runnerFailure: null,
        now: context.now(),
      });
    } finally {
      await glimpse.close();
    }
  });
}

const refOf = async (context: Context, named: string | undefined, remote: string): Promise<RefName> =>
  named === undefined
    ? upstreamAt(context, await branchArgument(context.repository), remote)
    : branchRef(named.replace(/^refs\/heads\//, '') as BranchName);

/** What a branch of ours is called at a remote. */
async function upstreamAt(context: Context, branch: BranchName, remote: string): Promise<RefName> {
  const [tip] = await readBranchTips(context.repository.git, [branchRef(branch)]);
  return tip === undefined ? branchRef(branch) : refAt(context, tip, remote);
}

const noSuchBranch = (branch: string, remote: string): Failure =>
  new Failure('no-such-branch', `There is no branch ${JSON.stringify(branch)} at ${remote}.`, {
    hint: `List its branches with: git ls-remote --heads ${remote}`,
  });

/** One status after another. Where a single branch is meant, one that cannot be read is the failure of the verb. */
async function* statuses(
  context: Context,
  found: AsyncIterable<Surveyed>,
  { all, needsMe }: Wanted,
  noted: Omit<Surroundings, 'ends'>,
): AsyncGenerator<BranchStatus> {
  const surroundings = { ...noted, ends: endStatesOf(context.settings.endStates) };
  for await (const one of found) {
    if ('failure' in one && !all) throw one.failure;
    const status = await statusOf(context, one, surroundings);
    if (!needsMe || status.needsPerson) yield status;
  }
}
