import { execFileSync } from 'node:child_process';
import { counted } from './counted.js';
import { aynig, env, git, makeIdleBranches, repository, timed } from './lab.js';
import { median, ms, rows } from './table.js';

const start = 1_600_000_000;
const runId = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

/** Runs of a branch as git-fast-import(1) takes them: a request, a lease, and what the command made of it, three state commits each. */
function stream(branch: string, runs: number, from: string): string {
  const parts = [`reset ${branch}\nfrom ${from}\n`];
  let at = start;
  const commit = (message: string, more = ''): void => {
    at += 20;
    parts.push(
      `commit ${branch}\ncommitter Bench <bench@example.com> ${at} +0000\ndata ${Buffer.byteLength(message)}\n${message}\n${more}`,
    );
  };
  for (let run = 0; run < runs; run++) {
    commit(`ask for build ${run}\n\nWhat the command is asked to do, in a line or two.\n\naynig-state: build\n`);
    commit(
      `aynig: working on build\n\naynig-state: working\naynig-origin-state: build\naynig-run-id: ${runId(run)}\naynig-runner-id: bench\naynig-lease-seconds: 600\n`,
    );
    const failed = run % 10 === 0;
    commit(
      failed
        ? `aynig: build stalled\n\naynig-state: stalled\naynig-origin-state: build\naynig-stalled-run: ${runId(run)}\naynig-exit-code: 1\n`
        : `built ${run}\n\naynig-state: review\n`,
      `M 100644 inline built-${run % 100}.txt\ndata 8\n${String(run).padStart(7, '0')}\n`,
    );
  }
  return parts.join('\n');
}

/** A repository with so many state commits on main. */
export function longHistory(name: string, stateCommits: number): string {
  const path = repository(name);
  const input = stream('refs/heads/main', Math.ceil(stateCommits / 3), git(path, 'rev-parse', 'HEAD'));
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: path, env, input });
  git(path, 'reset', '--quiet', '--hard');
  return path;
}

interface Reader {
  readonly args: readonly string[];
  /** What git itself has to read for it. */
  readonly base: readonly string[];
  readonly megabytes: number;
}

async function measure(path: string, what: string, { args, base, megabytes: most }: Reader, rounds: number): Promise<void> {
  const times: number[] = [];
  const bases: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bases.push(timed('git', base, path));
    times.push(timed(process.execPath, [aynig, ...args], path));
  }
  const name = `aynig ${args.join(' ')}, ${what}`;
  rows.push({
    what: name,
    measured: ms(median(times)),
    baseline: `${ms(median(bases))} git ${base[0]}`,
    ratio: (median(times) / median(bases)).toFixed(2),
    limit: '',
    holds: true,
  });
  const { megabytes } = await counted(args, path);
  rows.push({
    what: `${name}: peak memory`,
    measured: `${megabytes.toFixed(0)} MB`,
    baseline: '',
    ratio: '',
    limit: `${most} MB`,
    holds: megabytes <= most,
  });
}

const log = ['log', '--first-parent', '--format=%H %P %ct %an%n%B', 'main', '--'];

/** What reads a long history, and what reads many branches. */
export async function histories(stateCommits: number, branches: number, rounds: number): Promise<void> {
  const long = longHistory('long', stateCommits);
  const many = repository('wide');
  makeIdleBranches(many, branches);
  const onLong = `${stateCommits} state commits`;
  await measure(long, onLong, { args: ['events', 'main', '--history', '--jsonl'], base: log, megabytes: 150 }, rounds);
  await measure(
    longHistory('short', stateCommits / 10),
    `${stateCommits / 10} state commits`,
    { args: ['events', 'main', '--history', '--jsonl'], base: log, megabytes: 150 },
    rounds,
  );
  await measure(long, onLong, { args: ['graph', 'main', '--json'], base: log, megabytes: 400 }, rounds);
  const all = ['log', '--date-order', '--format=%H %P %ct %an%n%B', '--branches', '--'];
  await measure(many, `${branches} branches`, { args: ['events', '--all', '--history', '--jsonl'], base: all, megabytes: 200 }, rounds);
}
