import { branchRef } from '../git/names.js';
import { openContext } from '../kernel/open-context.js';
import { survey } from '../kernel/survey.js';
import type { StatusReport } from '../observe/schemas.js';
import { statusLines, statusOf, statusTable } from '../observe/status.js';
import { printable } from '../printable.js';
import { anyBranch, readFailure } from '../runner/failure-record.js';
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
    const found = await survey(context, refs);
    const failed = found.find((one) => 'failure' in one);
    if (!flags.all && failed !== undefined && 'failure' in failed) throw failed.failure;
    const branches = [];
    for (const one of found) branches.push(await statusOf(context, one, current));
    const runnerFailure = readFailure(context.places.own, anyBranch) ?? null;
    if (flags.json) {
      const failure =
        runnerFailure === null
          ? null
          : { code: runnerFailure.code, why: runnerFailure.why, hint: runnerFailure.hint, at: runnerFailure.at };
      io.out(JSON.stringify({ schema: 'aynig.status/1', runnerFailure: failure, branches } satisfies StatusReport));
    } else {
      for (const line of flags.all ? statusTable(branches) : branches.flatMap(statusLines)) io.out(line);
      if (runnerFailure !== null)
        io.out(printable(`The last runner that a hook started failed: ${runnerFailure.why} [${runnerFailure.code}] ${runnerFailure.hint}`));
    }
    return failed === undefined ? 0 : 1;
  } finally {
    await context.objects.close();
  }
}
