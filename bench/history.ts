import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { counted } from './counted.js';
import { aynig, env, git, makeIdleBranches, repository, timed } from './lab.js';
import { median, ms, rows } from './table.js';

const start = 1_600_000_000;
const runId = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

/** The name of a commit (git-hash-object(1)): a lease names the commit that it is put on. */
function nameOf(content: string): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`commit ${bytes.length}\0`).update(bytes).digest('hex');
}

/**
 * Runs of a branch as git-fast-import(1) takes them: a request, a lease, and what the command made of it, three state commits
 * each. Every run changes a file, back and forth between two trees.
 */
function stream(branch: string, runs: number, from: string, trees: readonly [string, string]): string {
  const parts = [`reset ${branch}\nfrom ${from}\n`];
  let at = start;
  let tip = from;
  const commit = (message: string, tree: string): void => {
    at += 20;
    const who = `Bench <bench@example.com> ${at} +0000`;
    tip = nameOf(`tree ${tree}\nparent ${tip}\nauthor ${who}\ncommitter ${who}\n\n${message}`);
    parts.push(`commit ${branch}\nauthor ${who}\ncommitter ${who}\ndata ${Buffer.byteLength(message)}\n${message}\nM 040000 ${tree} \n`);
  };
  let [before, after] = trees;
  for (let run = 0; run < runs; run++) {
    const trailers = `aynig-run-id: ${runId(run)}\n`;
    commit(`ask for build ${run}\n\nWhat the command is asked to do, in a line or two.\n\naynig-state: build\n`, before);
    commit(
      `aynig: working on build\n\naynig-state: working\naynig-origin-state: build\n${trailers}aynig-runner-id: bench\naynig-lease-seconds: 600\naynig-parent: ${tip}\n`,
      before,
    );
    if (run % 10 === 0)
      commit(
        `aynig: build stalled\n\nThe command exited with 1.\n\naynig-state: stalled\naynig-stalled-run: ${runId(run)}\naynig-origin-state: build\naynig-exit-code: 1\n${trailers}`,
        before,
      );
    else {
      [before, after] = [after, before];
      commit(`built ${run}\n\naynig-state: review\n${trailers}`, before);
    }
  }
  return parts.join('\n');
}

/** A repository with so many state commits on main. */
export function longHistory(name: string, stateCommits: number): string {
  const path = repository(name);
  const tree = (text: string): string => {
    const blob = execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: path, env, input: text, encoding: 'utf8' }).trim();
    return execFileSync('git', ['mktree'], { cwd: path, env, input: `100644 blob ${blob}\tbuilt.txt\n`, encoding: 'utf8' }).trim();
  };
  const input = stream('refs/heads/main', Math.ceil(stateCommits / 3), git(path, 'rev-parse', 'HEAD'), [tree('one\n'), tree('two\n')]);
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
  await measure(long, onLong, { args: ['verify', 'main'], base: log, megabytes: 200 }, rounds);
  const patches = ['log', '--first-parent', '--format=raw', '-p', 'main', '--'];
  await measure(long, onLong, { args: ['trace', 'main', '-o', '-'], base: patches, megabytes: 500 }, rounds);
  const all = ['log', '--date-order', '--format=%H %P %ct %an%n%B', '--branches', '--'];
  for (const args of [
    ['events', '--all', '--history', '--jsonl'],
    ['verify', '--all'],
    ['trace', '--all', '-o', '-'],
    ['metrics', '--since', '2000-01-01'],
  ])
    await measure(many, `${branches} branches`, { args, base: all, megabytes: args[0] === 'trace' ? 500 : 200 }, rounds);
}
