import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aynig, command, env, exists, folder, git, identify, repository, timed, trivial, waitFor } from './lab.js';
import { median, ms, rows } from './table.js';

const hooks = ['pre-receive', 'post-receive'] as const;

/** A server as `aynig init --bare` makes it, with only these of its hooks: what is left out is all that differs. */
function server(name: string, clone: string, kept: readonly (typeof hooks)[number][]): string {
  const path = join(folder, `${name}.git`);
  git(clone, 'clone', '--quiet', '--bare', clone, path);
  identify(path);
  execFileSync(process.execPath, [aynig, 'init', '--bare', path], { cwd: folder, env, stdio: 'ignore' });
  for (const hook of hooks) {
    if (!exists(join(path, 'hooks', hook))) throw new Error(`aynig init --bare made no ${hook}`);
    if (!kept.includes(hook)) rmSync(join(path, 'hooks', hook));
  }
  git(clone, 'remote', 'add', name, path);
  return path;
}

/** Whether all that was pushed has been dealt with and no runner is left. */
function idle(path: string): boolean {
  const own = join(path, 'aynig');
  if (exists(join(own, 'runner.lock')) || exists(join(own, 'pushed-taken'))) return false;
  return !exists(join(own, 'pushed')) || readdirSync(join(own, 'pushed')).length === 0;
}

/** What the hooks of a server add to `git push`. */
export function pushes(rounds: number): void {
  const clone = repository('pusher');
  command(clone, 'job', trivial);
  const places = {
    none: server('without', clone, []),
    post: server('post', clone, ['post-receive']),
    pre: server('pre', clone, ['pre-receive']),
    both: server('both', clone, ['pre-receive', 'post-receive']),
  };
  const push = (remote: string, commit: string, branch: string): number =>
    timed('git', ['push', '--quiet', remote, `${commit}:refs/heads/${branch}`], clone);
  for (const [what, trailers] of [
    ['push, no trailers', []],
    ['push, trailer', ['-m', 'aynig-state: job']],
  ] as const) {
    const asks = trailers.length > 0;
    const times = { node: [] as number[], none: [] as number[], post: [] as number[], both: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const branch = `${asks ? 'ask' : 'plain'}/${round}`;
      const commit = git(clone, 'commit-tree', 'main^{tree}', '-p', 'main', '-m', branch, ...trailers);
      times.node.push(timed(process.execPath, ['-e', '0'], folder));
      times.none.push(push('without', commit, branch));
      for (const name of ['post', 'both'] as const) {
        times[name].push(push(name, commit, branch));
        const title = asks ? 'ok' : branch;
        waitFor(() => idle(places[name]) && git(places[name], 'log', '-1', '--format=%s', branch) === title);
      }
    }
    const node = median(times.node);
    for (const [name, installed] of [
      ['post', 'post-receive'],
      ['both', 'pre-receive and post-receive'],
    ] as const) {
      const more = median(times[name]) - median(times.none);
      rows.push({
        what: `${what}, ${installed}`,
        measured: ms(median(times[name])),
        baseline: `${ms(median(times.none))} without hooks; node -e 0: ${ms(node)}`,
        ratio: `+${ms(more)}, +${(more / node).toFixed(2)} node`,
        // What is asked of a push is that it does not wait for the runner; the fence has its own row.
        limit: name === 'post' ? '+100 ms' : '',
        holds: name !== 'post' || more <= 100,
      });
    }
  }
  manyCommits(clone, 1000, Math.min(5, rounds), push);
}

/** Every commit names a state, which is what takes the fence longest of all that it lets through. */
function manyCommits(
  clone: string,
  commits: number,
  rounds: number,
  push: (remote: string, commit: string, branch: string) => number,
): void {
  const from = git(clone, 'rev-parse', 'main');
  const times = { none: [] as number[], pre: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const branch = `long/${round}`;
    const stream = Array.from({ length: commits }, (_, index) => {
      const message = `Commit ${index} of ${round}\n\naynig-state: review\n`;
      const parent = index === 0 ? `from ${from}\n` : '';
      return `commit refs/heads/${branch}\ncommitter Bench <bench@example.com> ${1_700_000_000 + index} +0000\ndata ${message.length}\n${message}${parent}\n`;
    }).join('');
    execFileSync('git', ['fast-import', '--quiet'], { cwd: clone, env, input: stream });
    times.none.push(push('without', branch, branch));
    times.pre.push(push('pre', branch, branch));
  }
  const more = median(times.pre) - median(times.none);
  rows.push({
    what: `push of ${commits} commits, pre-receive`,
    measured: ms(median(times.pre)),
    baseline: `${ms(median(times.none))} without hooks`,
    ratio: `+${ms(more)}`,
    limit: '+1000 ms',
    holds: more <= 1000,
  });
}
