import { join } from 'node:path';
import { type Count, counted } from './counted.js';
import { aynig, command, folder, git, identify, makeBranches, makeIdleBranches, repository, timed, trivial } from './lab.js';
import { median, ms, rows } from './table.js';

const run = ['run', '--aynig-remote', 'origin'] as const;
/** Where the runner keeps what it last saw of the remote's branches. */
const view = 'refs/aynig/remotes/origin/heads/';

/** A remote with branches `job/<number>` that ask for a trivial command, and as many with a state without one. */
function remote(name: string, { jobs = 0, idle = 0 }: { jobs?: number; idle?: number }): string {
  const seed = repository(`${name}-seed`);
  command(seed, 'job', trivial);
  const path = join(folder, `${name}.git`);
  git(seed, 'clone', '--quiet', '--bare', seed, path);
  identify(path);
  const asked = git(path, 'commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'ask', '-m', 'aynig-state: job');
  if (jobs > 0) makeBranches(path, 'job', jobs, asked);
  if (idle > 0) makeIdleBranches(path, idle);
  return path;
}

/** A clone that has seen all branches of its remote, also where the runner keeps them. */
function cloneOf(path: string, name: string): string {
  const clone = join(folder, name);
  // One more refspec: git puts what it clones into one file of refs, in a moment whatever their number.
  git(folder, 'clone', '--quiet', '--config', `remote.origin.fetch=+refs/heads/*:${view}*`, path, clone);
  git(clone, 'config', '--replace-all', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
  identify(clone);
  git(clone, 'config', 'aynig.runnerId', name);
  return clone;
}

/** Throws where a job was not done, or more was made of it than a lease and its result. */
function expectDone(path: string, jobs: number): void {
  const titles = git(path, 'for-each-ref', '--format=%(subject)', 'refs/heads/job').split('\n');
  const done = titles.filter((title) => title === 'ok').length;
  const made = Number(git(path, 'rev-list', '--count', '--branches=job/*', '--not', 'main'));
  // They share the commit that asks.
  if (done !== jobs || made !== 2 * jobs + 1) throw new Error(`${done} of ${jobs} jobs were done, by ${made - 1} commits`);
}

/** How many git processes one tick takes that claims by a push, with a command that ends at once. */
export async function remoteTick(): Promise<void> {
  const path = remote('tick', { jobs: 1 });
  const clone = cloneOf(path, 'ticking');
  const tick = await counted(run, clone);
  expectDone(path, 1);
  const nothing = await counted(run, clone);
  rows.push({
    what: 'one tick at a remote: git processes',
    measured: String(tick.gits),
    baseline: `${nothing.gits} where nothing is ready`,
    ratio: `+${tick.gits - nothing.gits}`,
    limit: '',
    holds: true,
  });
  rows.push({
    what: 'one tick at a remote: of them over the network',
    measured: `${tick.network.length}: ${tick.network.join(', ')}`,
    baseline: `${nothing.network.length} where nothing is ready`,
    ratio: `+${tick.network.length - nothing.network.length}`,
    limit: '',
    holds: true,
  });
}

/** The same jobs by many clones of one remote at once, and by one alone. */
export async function sharedJobs(jobs: number, clones: number): Promise<void> {
  const work = async (name: string, workers: number): Promise<{ took: number; counts: readonly Count[] }> => {
    const path = remote(name, { jobs });
    const places = Array.from({ length: workers }, (_, index) => cloneOf(path, `${name}-${index}`));
    const start = performance.now();
    // All have ended before one that failed is an error: what still runs writes into the folder that is removed then.
    const ended = await Promise.allSettled(places.map((place) => counted(run, place)));
    const took = performance.now() - start;
    const counts = ended.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
    expectDone(path, jobs);
    return { took, counts };
  };
  const one = await work('alone', 1);
  const many = await work('shared', clones);
  rows.push({
    what: `${jobs} jobs of one remote, ${clones} clones at once`,
    measured: ms(many.took),
    baseline: `${ms(one.took)} one clone`,
    ratio: (many.took / one.took).toFixed(2),
    limit: '',
    holds: true,
  });
  const perJob = ({ counts }: typeof one, of: (count: Count) => number): number => counts.reduce((sum, count) => sum + of(count), 0) / jobs;
  for (const [what, of] of [
    ['git processes a job', ({ gits }: Count) => gits],
    ['of them over the network', ({ network }: Count) => network.length],
  ] as const)
    rows.push({
      what: `${jobs} jobs of one remote, ${clones} clones: ${what}`,
      measured: perJob(many, of).toFixed(1),
      baseline: `${perJob(one, of).toFixed(1)} one clone`,
      ratio: (perJob(many, of) / perJob(one, of)).toFixed(2),
      limit: '',
      holds: true,
    });
}

/** What a look at a remote asks of git where nothing is ready, and nothing else. */
const sameFetch = [
  ...['-c', 'core.logAllRefUpdates=always', '-c', 'fetch.writeCommitGraph=false', 'fetch', '--quiet', '--no-tags', '--prune'],
  ...['--no-write-fetch-head', '--refmap=', '--', 'origin', `+refs/heads/*:${view}*`],
];
const sameList = ['for-each-ref', '--format=%(refname) %(objectname) %(contents)', view];

/** A look at a remote whose branches ask for nothing that could be run: only git's own fetch and list may grow with their number. */
export async function idleRemotes(sizes: readonly number[], rounds: number): Promise<void> {
  let least: { readonly branches: number; readonly time: number; readonly count: Count } | undefined;
  for (const branches of sizes) {
    const clone = cloneOf(remote(`idle-${branches}`, { idle: branches }), `idle-${branches}`);
    const times: number[] = [];
    const base: number[] = [];
    for (let round = 0; round < rounds; round++) {
      base.push(timed('git', sameFetch, clone) + timed('git', sameList, clone));
      times.push(timed(process.execPath, [aynig, ...run], clone));
    }
    const count = await counted(run, clone);
    const time = median(times);
    least ??= { branches, time, count };
    const what = `aynig ${run.join(' ')}, ${branches} branches`;
    rows.push({
      what,
      measured: ms(time),
      baseline: `${ms(median(base))} git fetch and for-each-ref; ${ms(least.time)} with ${least.branches}`,
      ratio: `${(time / median(base)).toFixed(2)}; ${(time / least.time).toFixed(2)}`,
      limit: '',
      holds: true,
    });
    if (least.branches === branches) continue;
    rows.push({
      what: `${what}: git processes`,
      measured: String(count.gits),
      baseline: `${least.count.gits} with ${least.branches}`,
      ratio: '',
      limit: 'equal',
      holds: count.gits === least.count.gits,
    });
    rows.push({
      what: `${what}: peak memory`,
      measured: `${count.megabytes.toFixed(0)} MB`,
      baseline: `${least.count.megabytes.toFixed(0)} MB with ${least.branches}`,
      ratio: (count.megabytes / least.count.megabytes).toFixed(2),
      limit: '120 MB',
      holds: count.megabytes <= 120,
    });
  }
}
