import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));
const aynig = join(project, 'dist/cli.js');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aynig-bench-')));
const env: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: folder,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** One line of the table. Times in milliseconds. */
interface Row {
  readonly what: string;
  readonly measured: string;
  readonly baseline: string;
  readonly ratio: string;
  readonly limit: string;
  readonly holds: boolean;
}
const rows: Row[] = [];

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const ms = (value: number): string => `${value.toFixed(1)} ms`;

function timed(file: string, args: readonly string[], cwd: string, extra: NodeJS.ProcessEnv = {}): number {
  const start = performance.now();
  execFileSync(file, args, { cwd, env: { ...env, ...extra }, stdio: 'ignore' });
  return performance.now() - start;
}

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 28 }).trimEnd();

function repository(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  git(path, 'init', '--quiet', '--initial-branch=main', '--template=');
  for (const [key, value] of [
    ['user.name', 'Bench'],
    ['user.email', 'bench@example.com'],
    ['gc.auto', '0'],
  ] as const)
    git(path, 'config', key, value);
  git(path, 'commit', '--quiet', '--allow-empty', '--message', 'first');
  return path;
}

function command(path: string, state: string, script: string): void {
  mkdirSync(join(path, '.aynig/command'), { recursive: true });
  writeFileSync(join(path, '.aynig/command', state), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  git(path, 'add', '.aynig');
  git(path, 'commit', '--quiet', '--message', `command ${state}`);
}

const commitArgs = (...messages: string[]): string[] => [
  'commit',
  '--quiet',
  '--allow-empty',
  ...messages.flatMap((message) => ['-m', message]),
];

/** Waits for a file without taking a processor from what is measured. */
function waitFor(condition: () => boolean, limitMs = 20_000): void {
  const deadline = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

function commits(rounds: number): void {
  const plain = repository('plain');
  const hooked = repository('hooked');
  execFileSync(process.execPath, [aynig, 'init'], { cwd: hooked, env, stdio: 'ignore' });
  const started = join(folder, 'started');
  command(hooked, 'stamp', `: >'${started}'\ngit commit --quiet --allow-empty -m ok -m 'aynig-state: done'`);
  const times = {
    node: [] as number[],
    plain: [] as number[],
    hooked: [] as number[],
    plainTrailer: [] as number[],
    trailer: [] as number[],
    start: [] as number[],
  };
  for (let round = 0; round < rounds; round++) {
    times.node.push(timed(process.execPath, ['-e', '0'], folder));
    times.plain.push(timed('git', commitArgs('plain'), plain));
    times.hooked.push(timed('git', commitArgs('plain'), hooked));
    times.plainTrailer.push(timed('git', commitArgs('ask', 'aynig-state: stamp'), plain));
    rmSync(started, { force: true });
    const begin = performance.timeOrigin + performance.now();
    const took = timed('git', commitArgs('ask', 'aynig-state: stamp'), hooked);
    times.trailer.push(took);
    waitFor(() => exists(started) && git(hooked, 'log', '-1', '--format=%s') === 'ok' && !exists(join(hooked, '.git/aynig/runner.lock')));
    times.start.push(statSync(started).mtimeMs - begin - took);
  }
  const node = median(times.node);
  const more = median(times.hooked) - median(times.plain);
  rows.push({
    what: 'commit, no trailers',
    measured: ms(median(times.hooked)),
    baseline: `${ms(median(times.plain))} without hooks`,
    ratio: `+${ms(more)}`,
    limit: '+8 ms',
    holds: more <= 8,
  });
  const trailer = median(times.trailer) - median(times.plainTrailer);
  rows.push({
    what: 'commit, trailer',
    measured: ms(median(times.trailer)),
    baseline: `${ms(median(times.plainTrailer))} without hooks; node -e 0: ${ms(node)}`,
    ratio: `+${(trailer / node).toFixed(2)} node`,
    limit: '+2 node',
    holds: trailer <= 2 * node,
  });
  const start = median(times.start);
  rows.push({
    what: 'commit to command start',
    measured: ms(start),
    baseline: `node -e 0: ${ms(node)}`,
    ratio: `${(start / node).toFixed(2)} node`,
    limit: '3 node',
    holds: start <= 3 * node,
  });
}

/** Whether a plain commit with hooks starts Node: every program it runs, by strace where that is installed. */
function nodeStarts(): void {
  const path = join(folder, 'hooked');
  const trace = join(folder, 'trace');
  const result = spawnSync('strace', ['-f', '-e', 'trace=execve', '-o', trace, 'git', ...commitArgs('plain')], { cwd: path, env });
  if (result.error !== undefined) {
    process.stdout.write('skipped: strace is not installed, so Node starts of a plain commit were not counted\n');
    return;
  }
  const starts = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /execve\("[^"]*\/node"/.test(line) && line.endsWith('= 0')).length;
  rows.push({
    what: 'commit, no trailers: Node starts',
    measured: String(starts),
    baseline: '',
    ratio: '',
    limit: '0',
    holds: starts === 0,
  });
}

/** Counts of one process: git children and peak memory. */
const counter = join(folder, 'count.cjs');
writeFileSync(
  counter,
  `const cp = require('node:child_process'); const spawn = cp.spawn; let gits = 0;
cp.spawn = function (file, ...rest) { if (file === 'git') gits++; return spawn.call(this, file, ...rest); };
require('node:module').syncBuiltinESMExports();
process.on('exit', () => require('node:fs').writeFileSync(process.env.COUNT_FILE, JSON.stringify({ gits, megabytes: process.resourceUsage().maxRSS / 1024 })));`,
);

function counted(args: readonly string[], cwd: string): { gits: number; megabytes: number } {
  const file = join(folder, 'count.json');
  spawnSync(process.execPath, ['--require', counter, aynig, ...args], { cwd, env: { ...env, COUNT_FILE: file }, stdio: 'ignore' });
  return JSON.parse(readFileSync(file, 'utf8')) as { gits: number; megabytes: number };
}

function manyBranches(branches: number, rounds: number): void {
  const path = repository('many');
  const tree = git(path, 'rev-parse', 'HEAD^{tree}');
  const stream = Array.from({ length: branches }, (_, index) => {
    const message = `Branch ${index}\n\naynig-state: review\n`;
    return `commit refs/heads/topic/${index}\ncommitter Bench <bench@example.com> ${1_700_000_000 + index} +0000\ndata ${message.length}\n${message}M 040000 ${tree} \n\n`;
  }).join('');
  execFileSync('git', ['fast-import', '--quiet'], { cwd: path, env, input: stream });
  git(path, 'pack-refs', '--all');
  for (const args of [['run'], ['status', '--all', '--json']]) {
    const times: number[] = [];
    const base: number[] = [];
    for (let round = 0; round < rounds; round++) {
      base.push(timed('git', ['for-each-ref', '--format=%(refname) %(objectname) %(contents)'], path));
      times.push(timed(process.execPath, [aynig, ...args], path));
    }
    const { gits, megabytes } = counted(args, path);
    const what = `aynig ${args.join(' ')}, ${branches} branches`;
    rows.push({
      what,
      measured: ms(median(times)),
      baseline: `${ms(median(base))} git for-each-ref with contents`,
      ratio: `${(median(times) / median(base)).toFixed(2)}`,
      limit: '1000 ms',
      holds: median(times) <= 1000,
    });
    rows.push({ what: `${what}: git processes`, measured: String(gits), baseline: '', ratio: '', limit: '12', holds: gits <= 12 });
    rows.push({
      what: `${what}: peak memory`,
      measured: `${megabytes.toFixed(0)} MB`,
      baseline: '',
      ratio: '',
      limit: '120 MB',
      holds: megabytes <= 120,
    });
  }
}

function readyBranches(branches: number): void {
  const trivial = "git commit --quiet --allow-empty -m ok -m 'aynig-state: done'";
  const make = (name: string): string => {
    const path = repository(name);
    command(path, 'job', trivial);
    const asked = git(path, 'commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'ask', '-m', 'aynig-state: job');
    const updates = Array.from({ length: branches }, (_, index) => `create refs/heads/job/${index} ${asked}\n`).join('');
    execFileSync('git', ['update-ref', '--stdin'], { cwd: path, env, input: updates });
    return path;
  };
  const ours = make('ready');
  const total = timed(process.execPath, [aynig, 'run'], ours);
  const { gits } = counted(['run'], make('counted'));
  const perTick = gits / branches;
  const theirs = make('shell');
  writeFileSync(join(folder, 'same-calls.sh'), sameCalls);
  const shell = timed('/bin/sh', [join(folder, 'same-calls.sh')], theirs);
  const done = git(ours, 'log', '--no-walk', '--format=%s', '--branches=job/*')
    .split('\n')
    .filter((title) => title === 'ok').length;
  if (done !== branches) throw new Error(`${done} of ${branches} branches were run`);
  rows.push({
    what: `${branches} ready branches`,
    measured: ms(total),
    baseline: `${ms(shell)} the same git calls in sh`,
    ratio: (total / shell).toFixed(2),
    limit: '',
    holds: true,
  });
  rows.push({
    what: `${branches} ready branches: git processes a tick`,
    measured: perTick.toFixed(1),
    baseline: '',
    ratio: '',
    limit: '',
    holds: true,
  });
}

/** What a tick asks of git, by a script and one branch after another. Objects are read one by one: sh has no long-lived cat-file. */
const sameCalls = `set -eu
git for-each-ref --format='%(refname) %(objectname)' refs/heads/job | while read -r ref from; do
  git cat-file commit "$from" >/dev/null
  git ls-tree "$from" .aynig/command/job >/dev/null
  git for-each-ref --format='%(objectname)' "$ref" >/dev/null
  lease=$(git commit-tree "$from^{tree}" -p "$from" -m working -m 'aynig-state: working')
  git update-ref --create-reflog -m lease "$ref" "$lease" "$from"
  git rev-parse --verify --quiet "$ref" >/dev/null
  git -c core.fsync=none worktree add --quiet --detach --lock .worktrees/run "$lease"
  (cd .worktrees/run && .aynig/command/job </dev/null >/dev/null 2>&1)
  head=$(git -C .worktrees/run rev-parse HEAD)
  git update-ref refs/kept/run "$head"
  git -C .worktrees/run status --porcelain >/dev/null
  git cat-file commit "$head" >/dev/null
  git update-ref --create-reflog -m done "$ref" "$head" "$lease"
  git rev-parse --verify --quiet "$ref" >/dev/null
  git update-ref -d refs/kept/run
  git for-each-ref --format='%(objectname)' "$ref" >/dev/null
  git worktree remove --force --force .worktrees/run
done
`;

function print(): void {
  const header: Row = { what: 'what', measured: 'measured', baseline: 'baseline', ratio: 'ratio', limit: 'limit', holds: true };
  const cells = [header, ...rows].map((row) => [
    row.what,
    row.measured,
    row.baseline,
    row.ratio,
    row.limit,
    row === header ? '' : row.limit === '' ? '-' : row.holds ? 'holds' : 'OVER',
  ]);
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of cells)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}

try {
  const rounds = Number(process.argv.find((argument) => /^--rounds=\d+$/.test(argument))?.slice('--rounds='.length) ?? 15);
  commits(rounds);
  nodeStarts();
  manyBranches(10_000, Math.min(5, rounds));
  readyBranches(100);
  print();
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
