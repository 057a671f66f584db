import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BranchName, branchOf, branchRef } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import type { Context, RunEvent } from '../kernel/context.js';
import { refAt } from '../kernel/look.js';
import { openContext } from '../kernel/open-context.js';
import { runBranches } from '../kernel/run.js';
import type { RunSummary } from '../kernel/run-options.js';
import { eventLine } from '../observe/event-line.js';
import type { RunReport } from '../observe/schemas.js';
import { jsonText } from '../printable.js';
import { branchArgument, currentBranch } from './branch-argument.js';
import type { Io } from './io.js';
import { liveLine } from './live-line.js';

export interface RunFlags {
  readonly cwd: string;
  readonly currentBranch: 'skip' | 'include' | 'only';
  readonly branch: readonly string[];
  /** The remote whose branches are run, instead of this repository's. */
  readonly aynigRemote?: string | undefined;
  readonly role?: string | undefined;
  readonly worktree?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly detach: boolean;
  readonly json: boolean;
}

/** `aynig run`: ticks branches until nothing is ready, and waits for the commands it started. Exits with 1 when a run stalled. */
export async function run(flags: RunFlags, io: Io): Promise<number> {
  const stop = new AbortController();
  let signalled: NodeJS.Signals | undefined;
  const live = liveLine(io);
  const quiet = flags.logLevel === 'error' || flags.logLevel === 'warn';
  const context = await openContext({
    cwd: flags.cwd,
    startedBy: 'person',
    stop: stop.signal,
    report: (event) => show(event, live, quiet),
    ...(flags.role === undefined ? {} : { role: flags.role }),
    ...(flags.worktree === undefined ? {} : { worktreeDir: resolve(flags.cwd, flags.worktree) }),
    ...(flags.logLevel === undefined ? {} : { logLevel: flags.logLevel }),
  });
  try {
    const remote = flags.aynigRemote ?? context.settings.remote;
    if (remote !== undefined) context.arbiterOf(remote);
    const head =
      flags.currentBranch === 'only' && flags.branch.length === 0
        ? await branchArgument(context.repository)
        : await currentBranch(context.repository);
    // In a bare repository nothing is checked out, whatever HEAD names.
    const checkedOut = context.repository.bare && flags.currentBranch === 'skip' ? undefined : head;
    const current = checkedOut === undefined || remote === undefined ? checkedOut : await upstreamAt(context, checkedOut, remote);
    // A branch of a remote need not be here.
    const named =
      remote === undefined
        ? await Promise.all(flags.branch.map((branch) => branchArgument(context.repository, branch)))
        : flags.branch.map((branch) => branch.replace(/^refs\/heads\//, '') as BranchName);
    const select = selection(flags, named, current);
    if (flags.detach) return detach(context, flags, io);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (signalled === undefined) live.print(`aynig: ${signal}: ending what runs; the branches are left stalled, not leased`);
        signalled ??= signal;
        stop.abort(`the run was interrupted (${signal})`);
      });
    const refs =
      named.length > 0 ? named.map(branchRef) : flags.currentBranch === 'only' && current !== undefined ? [branchRef(current)] : undefined;
    const summary = await runBranches(context, {
      select,
      ...(refs === undefined ? {} : { refs }),
      ...(remote === undefined ? {} : { remote }),
    });
    live.end();
    if (summary.failure !== undefined) {
      const { code, message, hint } = summary.failure;
      if (summary.branches.length === 0) throw summary.failure;
      live.print(eventLine({ kind: 'failed', code, why: message, hint }));
    }
    const report = reportOf(summary);
    if (flags.json) io.out(jsonText(report));
    else summarise(report, { reading: current === undefined ? undefined : summary.skipped.get(current), current, remote }, io);
    if (signalled !== undefined) return signalled === 'SIGINT' ? 130 : signalled === 'SIGTERM' ? 143 : 129;
    // A result that waits for a checkout is where it should be; one that a remote does not have yet is not.
    const owed = summary.branches.some(
      ({ remote: at, outcomes }) => at !== undefined && outcomes.some(({ kind }) => kind === 'undelivered'),
    );
    return report.counts.stalled > 0 || report.counts.failed > 0 || owed || summary.failure !== undefined ? 1 : 0;
  } finally {
    live.end();
    await context.objects.close();
  }
}

/** What the checked-out branch is called at a remote. */
async function upstreamAt(context: Context, branch: BranchName, remote: string): Promise<BranchName> {
  const [tip] = await readBranchTips(context.repository.git, [branchRef(branch)]);
  return tip === undefined ? branch : branchOf(refAt(context, tip, remote));
}

function selection(flags: RunFlags, named: readonly BranchName[], current: BranchName | undefined): (branch: BranchName) => boolean {
  if (named.length > 0) return (branch) => named.includes(branch);
  switch (flags.currentBranch) {
    case 'include':
      return () => true;
    case 'only':
      return (branch) => branch === current;
    case 'skip':
      return (branch) => branch !== current;
  }
}

/** Warnings and worse even where only those are wanted. */
const grave = new Set<RunEvent['kind']>(['stalled', 'undelivered', 'lost-branch', 'worktree-left', 'failed', 'tick-limit', 'invalid']);

function show(event: RunEvent, live: ReturnType<typeof liveLine>, quiet: boolean): void {
  if (event.kind === 'started') live.start(event.branch, event.state);
  if (event.kind === 'advanced' || event.kind === 'stalled' || event.kind === 'lost-branch' || event.kind === 'undelivered')
    live.finish(event.branch);
  if (!quiet || grave.has(event.kind)) live.print(eventLine(event));
}

function reportOf(summary: RunSummary): RunReport {
  const branches = summary.branches.map(({ branch, outcomes, failure }) => ({
    branch: branch as string,
    outcomes: outcomes.map((outcome) => ({ ...outcome })),
    failure: failure === undefined ? null : { code: failure.code as string, why: failure.message, hint: failure.hint },
  }));
  const count = (...kinds: string[]): number =>
    branches.flatMap(({ outcomes }) => outcomes).filter(({ kind }) => kinds.includes(kind)).length;
  return {
    schema: 'aynig.run/1',
    branches,
    counts: {
      advanced: count('advanced'),
      stalled: count('stalled', 'taken-over'),
      undelivered: count('undelivered'),
      failed: branches.filter(({ failure }) => failure !== null).length,
    },
  };
}

function summarise(
  { branches, counts }: RunReport,
  { reading, current, remote }: { reading: string | undefined; current: BranchName | undefined; remote: string | undefined },
  io: Io,
): void {
  const parts = [
    `${counts.advanced} advanced`,
    ...(counts.stalled > 0 ? [`${counts.stalled} stalled`] : []),
    ...(counts.undelivered > 0 ? [`${counts.undelivered} undelivered`] : []),
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
  ];
  if (branches.some(({ outcomes, failure }) => failure !== null || outcomes.length > 0)) io.err(`aynig: ${parts.join(', ')}`);
  else io.err('aynig: nothing to run');
  if (reading === undefined) return;
  const there = remote === undefined ? '' : ` --aynig-remote ${remote}`;
  io.err(
    `aynig: ${current} is ${reading} and was skipped, as it is the current branch; run it with: aynig run${there} --current-branch include`,
  );
}

/** Starts the same run in a session of its own and goes. What it says is in the hook's log. */
function detach(context: Context, flags: RunFlags, io: Io): number {
  mkdirSync(context.places.own, { recursive: true, mode: 0o700 });
  const log = openSync(join(context.places.own, 'hook.log'), 'a', 0o600);
  const pass = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [name, value]);
  const args = [
    'run',
    ...pass('--current-branch', flags.currentBranch),
    ...flags.branch.flatMap((branch) => ['--branch', branch]),
    ...pass('--aynig-remote', flags.aynigRemote),
    ...pass('--role', flags.role),
    ...pass('--worktree', flags.worktree),
    ...pass('--log-level', flags.logLevel),
  ];
  spawn(process.execPath, [process.argv[1] ?? '', ...args], { cwd: flags.cwd, detached: true, stdio: ['ignore', log, log] }).unref();
  io.err('aynig: started; see how it goes with: aynig status --all');
  return 0;
}
