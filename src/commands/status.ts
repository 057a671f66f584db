import { type BranchName, branchRef, type RefName } from '../git/names.js';
import type { Context } from '../kernel/context.js';
import { openContext } from '../kernel/open-context.js';
import { surveyEach } from '../kernel/survey.js';
import type { BranchStatus, StatusReport } from '../observe/schemas.js';
import { accountOf, statusLines, statusOf, statusTable } from '../observe/status.js';
import { jsonText, printable } from '../printable.js';
import { anyBranch, type FailureRecord, readFailures } from '../runner/failure-record.js';
import { branchArgument, currentBranch } from './branch-argument.js';
import type { Io } from './io.js';

export interface StatusFlags {
  readonly cwd: string;
  readonly branch?: string | undefined;
  readonly all: boolean;
  readonly role?: string | undefined;
  readonly json: boolean;
}

/** `aynig status`: what the tip says, and what the next tick would do about it. */
export async function status(flags: StatusFlags, io: Io): Promise<number> {
  const context = await openContext({ cwd: flags.cwd, startedBy: 'hook', ...(flags.role === undefined ? {} : { role: flags.role }) });
  try {
    const current = await currentBranch(context.repository);
    const refs = flags.all ? undefined : [branchRef(await branchArgument(context.repository, flags.branch))];
    const failures = readFailures(context.places.own);
    const recorded = accountOf(failures.get(anyBranch));
    const branches = statuses(context, refs, { failures, current, all: flags.all });
    const unreadable = flags.json ? await printJson(branches, recorded, io) : await printText(branches, flags.all, io);
    if (recorded !== null && !flags.json)
      io.out(printable(`The last runner that a hook started failed: ${recorded.why} [${recorded.code}] ${recorded.hint}`));
    return unreadable ? 1 : 0;
  } finally {
    await context.objects.close();
  }
}

interface Look {
  readonly failures: ReadonlyMap<RefName, FailureRecord>;
  readonly current: BranchName | undefined;
  readonly all: boolean;
}

/** One status after another. Where a single branch is meant, one that cannot be read is the failure of the verb. */
async function* statuses(context: Context, refs: readonly RefName[] | undefined, look: Look) {
  for await (const found of surveyEach(context, refs)) {
    if ('failure' in found && !look.all) throw found.failure;
    yield await statusOf(context, found, look.failures, look.current);
  }
}

/** Prints as it reads: ten thousand branches need no more memory than one. True when a branch could not be read. */
async function printJson(branches: AsyncIterable<BranchStatus>, runnerFailure: StatusReport['runnerFailure'], io: Io): Promise<boolean> {
  let unreadable = false;
  let separator = '';
  await io.write(`{"schema":"aynig.status/1","runnerFailure":${jsonText(runnerFailure)},"branches":[`);
  for await (const branch of branches) {
    unreadable ||= branch.reading === 'unreadable';
    await io.write(separator + jsonText(branch));
    separator = ',';
  }
  await io.write(']}\n');
  return unreadable;
}

async function printText(branches: AsyncIterable<BranchStatus>, all: boolean, io: Io): Promise<boolean> {
  const collected: BranchStatus[] = [];
  for await (const branch of branches) collected.push(branch);
  for (const line of all ? statusTable(collected) : collected.flatMap(statusLines)) await io.write(`${line}\n`);
  return collected.some(({ reading }) => reading === 'unreadable');
}
