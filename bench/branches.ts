import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from './counted.js';
import { aynig, command, folder, git, type Message, makeBranches, makeIdleBranches, repository, timed, trivial } from './lab.js';
import { median, ms, rows } from './table.js';

/** One look at many branches that ask for nothing that could be run. */
export async function manyBranches(branches: number, rounds: number): Promise<void> {
  const path = repository('many');
  makeIdleBranches(path, branches);
  for (const args of [['run'], ['status', '--all', '--json']]) {
    const times: number[] = [];
    const base: number[] = [];
    for (let round = 0; round < rounds; round++) {
      base.push(timed('git', ['for-each-ref', '--format=%(refname) %(objectname) %(contents)'], path));
      times.push(timed(process.execPath, [aynig, ...args], path));
    }
    const { gits, megabytes } = await counted(args, path);
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

/** Messages of branches of every kind that a table of many has, in turn: with and without a state, held, stalled, ready, unusable. */
function mixed(index: number): Message {
  const now = Math.floor(Date.now() / 1000);
  const at = now - 86_400 - index;
  const run = `aynig-run-id: 00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
  const lease = `aynig: working on job\n\naynig-state: working\naynig-origin-state: job\n${run}\naynig-runner-id: host\naynig-lease-seconds: 600\n`;
  const kinds: readonly Message[] = [
    { message: `Plain ${index}\n`, at },
    { message: `Another plain one ${index}\n`, at },
    { message: `Review ${index}\n\naynig-state: review\naynig-attempt: 2\n`, at },
    { message: `Done ${index}\n\naynig-state: done\n`, at },
    { message: lease, at: now },
    { message: lease, at },
    { message: `aynig: job stalled\n\nIt exited with 1.\n\naynig-state: stalled\naynig-origin-state: job\naynig-exit-code: 1\n`, at },
    { message: `Twice ${index}\n\naynig-state: a\naynig-state: b\n`, at },
    { message: `Build ${index}\n\naynig-state: job\n`, at },
  ];
  return kinds[index % kinds.length] as Message;
}

/** The table of many branches of every kind, against the one call to git that it cannot do without. */
export async function mixedBranches(branches: number, rounds: number): Promise<void> {
  const path = repository('mixed');
  command(path, 'job', trivial);
  // What is ready would else be ready for nobody: these branches came from nowhere that a hook trusts.
  git(path, 'config', 'aynig.trust', 'branch');
  makeIdleBranches(path, branches, mixed);
  const list = ['for-each-ref', '--format=%(refname) %(objectname) %(upstream) %(worktreepath) %(symref)', 'refs/heads/'];
  for (const args of [
    ['status', '--all'],
    ['status', '--needs-me', '--json'],
  ]) {
    const times: number[] = [];
    const base: number[] = [];
    for (let round = 0; round < rounds; round++) {
      base.push(timed('git', list, path));
      times.push(timed(process.execPath, [aynig, ...args], path));
    }
    const { gits, megabytes } = await counted(args, path);
    rows.push({
      what: `aynig ${args.join(' ')}, ${branches} branches of every kind`,
      measured: `${ms(median(times))}, ${gits} git processes, ${megabytes.toFixed(0)} MB`,
      baseline: `${ms(median(base))} git for-each-ref`,
      ratio: (median(times) / median(base)).toFixed(2),
      limit: '1000 ms',
      holds: median(times) <= 1000,
    });
  }
}

/** Every branch runs a command. */
export async function readyBranches(branches: number): Promise<void> {
  const make = (name: string): string => {
    const path = repository(name);
    command(path, 'job', trivial);
    const asked = git(path, 'commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'ask', '-m', 'aynig-state: job');
    makeBranches(path, 'job', branches, asked);
    return path;
  };
  const ours = make('ready');
  const total = timed(process.execPath, [aynig, 'run'], ours);
  const { gits } = await counted(['run'], make('counted'));
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
