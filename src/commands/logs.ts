import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { lineOf } from '../git/gate.js';
import type { Context } from '../kernel/context.js';
import { openContext } from '../kernel/open-context.js';
import { jsonText } from '../printable.js';
import { presenceOf } from '../runner/process-identity.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';

export interface LogsFlags {
  readonly cwd: string;
  readonly of?: string | undefined;
  readonly follow: boolean;
  readonly json: boolean;
}

/** How many commits back a branch's newest log is looked for. */
const depth = 1000;
const chunkBytes = 64 * 1024;

/** `aynig logs`: what the newest command of a branch printed, or the command that a commit asked for. */
export async function logs(flags: LogsFlags, io: Io): Promise<number> {
  const context = await openContext({ cwd: flags.cwd, startedBy: 'person' });
  try {
    const start = flags.of === undefined ? `refs/heads/${await branchArgument(context.repository)}` : await resolve(context, flags.of);
    const found = await newestLog(context, start);
    if (found === undefined)
      throw new Failure(
        'no-log',
        `Nothing that ran in the last ${depth} commits of ${flags.of ?? 'this branch'} left a log in this clone.`,
        {
          hint: 'See the events instead with: aynig events --history',
        },
      );
    if (flags.json) {
      io.out(jsonText({ schema: 'aynig.logs/1', commit: found.commit, path: found.path, bytes: statSync(found.path).size }));
      return 0;
    }
    await print(found.path, flags.follow ? () => isRunning(context, found.commit) : () => false);
    return 0;
  } finally {
    await context.objects.close();
  }
}

async function resolve(context: Context, named: string): Promise<string> {
  const ref = `refs/heads/${named}`;
  const isBranch = await context.repository.git(['show-ref', '--verify', '--quiet', ref], { ok: [0, 1, 128] });
  if (isBranch.exitCode === 0) return ref;
  const found = await context.repository.git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${named}^{commit}`], {
    ok: [0, 1, 128],
  });
  if (found.exitCode !== 0)
    throw new Failure('no-such-branch', `${JSON.stringify(named)} is no branch and no commit here.`, {
      hint: 'List the branches with: git branch',
    });
  return lineOf(found);
}

async function newestLog(context: Context, start: string): Promise<{ commit: string; path: string } | undefined> {
  const listed = await context.repository.git(['rev-list', '--first-parent', '-n', String(depth), start, '--']);
  const folder = context.places.logs();
  return listed.stdout
    .toString('utf8')
    .split('\n')
    .filter((commit) => commit !== '')
    .map((commit) => ({ commit, path: join(folder, `${commit}.log`) }))
    .find(({ path }) => existsSync(path));
}

const isRunning = (context: Context, request: string): boolean =>
  context.journals
    .all()
    .some((journal) => journal.request === request && journal.phase === 'running' && presenceOf(journal.runner) === 'alive');

/** Copies the file to standard output as it is, and what is added to it while `goOn` says so. */
async function print(path: string, goOn: () => boolean): Promise<void> {
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(chunkBytes);
  try {
    for (;;) {
      const running = goOn();
      for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
        if (!process.stdout.write(Buffer.from(buffer.subarray(0, read)))) await new Promise((next) => process.stdout.once('drain', next));
      }
      if (!running) return;
      await new Promise((next) => setTimeout(next, 100));
    }
  } finally {
    closeSync(file);
  }
}
