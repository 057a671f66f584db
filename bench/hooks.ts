import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { aynig, command, env, exists, folder, git, repository, timed, trivial, waitFor } from './lab.js';
import { median, ms, rows } from './table.js';

const commitArgs = (...messages: string[]): string[] => [
  'commit',
  '--quiet',
  '--allow-empty',
  ...messages.flatMap((message) => ['-m', message]),
];

/** What the hooks of a clone add to `git commit`, and how soon the command of a request starts. */
export function commits(rounds: number): void {
  const plain = repository('plain');
  const hooked = repository('hooked');
  execFileSync(process.execPath, [aynig, 'init'], { cwd: hooked, env, stdio: 'ignore' });
  const started = join(folder, 'started');
  command(hooked, 'stamp', `: >'${started}'\n${trivial}`);
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
export function nodeStarts(): void {
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
