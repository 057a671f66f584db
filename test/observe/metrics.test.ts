import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expositionLines, Histogram } from '../../src/observe/metrics/exposition.js';
import { LinkedHistory, leased } from '../support/linked-history.js';
import { asks, runOf, stalls } from '../support/made-history.js';
import { type ReadFamily, readOpenMetrics } from '../support/open-metrics.js';
import { type Scratch, scratch } from '../support/scratch.js';

const now = Math.floor(Date.now() / 1000);

/** Reads a text strictly; where promtool is here, that has to take it too. */
function read(text: string): Map<string, ReadFamily['samples']> {
  const families = readOpenMetrics(text);
  const promtool = spawnSync('promtool', ['check', 'metrics', '--lint=none'], { input: text });
  if (promtool.error === undefined) expect(promtool.status, String(promtool.stderr)).toBe(0);
  return new Map(families.map(({ name, samples }) => [name, samples]));
}
const rows = (samples: ReadFamily['samples'] | undefined): string[] =>
  (samples ?? []).map(({ name, labels, value }) =>
    [...(/_(?:bucket|sum|count)$/.exec(name)?.map((suffix) => suffix.slice(1)) ?? []), ...Object.values(labels), value].join(' '),
  );

/** A day of work: two runs that completed, one that stalled, one that was cancelled, one that was taken over, and one at work. */
function worked(): Scratch {
  const made = scratch();
  const history = new LinkedHistory();
  const run = (word: string, at: number, waited: number, took: number, end: string): void => {
    history.add(word, { message: asks('build', `${word} is asked for`), at });
    history.add(word, { message: leased(word), at: at + waited });
    if (end !== '') history.add(word, { message: end, at: at + waited + took });
  };
  const day = now - 86_400;
  run('one', day, 3, 20, asks('review', 'x', { 'run-id': runOf('one') }));
  run('two', day, 700, 4_000, asks('review'));
  run('three', day, 1, 0, stalls('three', 'build', { 'run-id': runOf('three') }));
  run('four', day, 1, 10, stalls('four', 'build', { 'cancelled-by': 'host' }));
  run('five', day, 1, 1_000, stalls('five', 'build'));
  run('six', now - 60, 30, 0, '');
  run('seven', now - 7_000, 10, 0, '');
  // Began before the window that the tests choose, and ended in it.
  run('eight', now - 40 * 86_400, 100, 39 * 86_400, asks('review'));
  history.add('odd', { message: asks('build', 'x').replace('build', 'Not A State'), at: now });
  history.import(made);
  return made;
}

describe('metrics', () => {
  test('count branches by state and reading, leases, and how long the oldest has waited', () => {
    const metrics = read(worked().aynig(['metrics']).stdout);
    expect(rows(metrics.get('aynig_branches')).sort()).toEqual(
      [' idle 1', ' invalid 1', 'review waiting 3', 'stalled waiting 3', 'working expired 1', 'working leased 1'].sort(),
    );
    expect(rows(metrics.get('aynig_leases'))).toEqual(['active 1', 'expired 1', 'endless 0']);
    const oldest = metrics.get('aynig_oldest_waiting_seconds')?.find(({ labels }) => labels['state'] === 'review')?.value ?? 0;
    expect(oldest).toBeGreaterThanOrEqual(86_400 - 23);
    expect(oldest).toBeLessThan(86_400 + 100);
    const look = metrics.get('aynig_last_look_timestamp_seconds')?.[0]?.value ?? 0;
    expect(look).toBeGreaterThanOrEqual(now);
    expect(metrics.get('aynig_window_seconds')?.[0]?.value).toBeGreaterThan(29 * 86_400);
  });

  test('count runs by how they ended, how long they took and how long they had waited, within the window', () => {
    const made = worked();
    const metrics = read(made.aynig(['metrics', '--since', '2 days ago']).stdout);
    expect(rows(metrics.get('aynig_runs'))).toEqual(['build cancelled 1', 'build completed 3', 'build expired 1', 'build stalled 1']);
    expect(
      rows(metrics.get('aynig_run_duration_seconds')).filter((row) => !/ (?:5|15|60|120|300|600|1800|7200|21600)\.0 /.test(row)),
    ).toEqual([
      'bucket build 1.0 1',
      'bucket build 30.0 3',
      'bucket build 3600.0 4',
      'bucket build 86400.0 5',
      'bucket build +Inf 6',
      `sum build ${20 + 4_000 + 10 + 1_000 + 39 * 86_400}`,
      'count build 6',
    ]);
    const waits = rows(metrics.get('aynig_wait_duration_seconds'));
    expect(waits).toContain('bucket build 1.0 3');
    expect(waits).toContain(`sum build ${3 + 700 + 3 + 30 + 10}`);
    expect(waits).toContain('count build 7');
    const none = read(made.aynig(['metrics', '--since', '1 hour ago']).stdout);
    expect(rows(none.get('aynig_runs'))).toEqual([]);
  });

  test('have so many states and no more: the rarest are put together', () => {
    const made = scratch();
    const history = new LinkedHistory();
    for (let index = 0; index < 120; index++) {
      history.add(`b${index}`, { message: asks(index < 60 ? 'often' : `s${index}`), at: now - 10 });
    }
    history.import(made);
    const branches = read(made.aynig(['metrics']).stdout).get('aynig_branches') ?? [];
    expect(new Set(branches.map(({ labels }) => labels['state'])).size).toBe(51);
    expect(branches.find(({ labels }) => labels['state'] === 'often')?.value).toBe(60);
    expect(branches.find(({ labels }) => labels['state'] === 'other')?.value).toBe(12);
    expect(branches.reduce((sum, { value }) => sum + value, 0)).toBe(121);
  });

  test('name no state that a trailer has made up', () => {
    const made = scratch();
    const history = new LinkedHistory();
    history.add('odd', { message: asks('build'), at: now - 20 });
    history.add('odd', { message: leased('odd', 'a "quoted\\" one'), at: now - 10 });
    history.add('odd', { message: asks('done'), at: now - 5 });
    history.import(made);
    expect(rows(read(made.aynig(['metrics']).stdout).get('aynig_runs'))).toEqual([' completed 1']);
  });
});

describe('aynig metrics --textfile', () => {
  test('replaces the file in one step, for others to read, and leaves nothing beside it', () => {
    const made = scratch();
    const folder = join(made.root, 'collector');
    mkdirSync(folder);
    const file = join(folder, 'aynig.prom');
    writeFileSync(file, 'old\n');
    const before = statSync(file).ino;
    const { stdout, stderr } = made.aynig(['metrics', '--textfile', '../collector/aynig.prom']);
    expect([stdout, stderr]).toEqual(['', '']);
    expect(read(readFileSync(file, 'utf8')).size).toBeGreaterThan(5);
    expect(statSync(file).ino).not.toBe(before);
    expect(statSync(file).mode & 0o044).toBe(0o044);
    expect(readdirSync(folder)).toEqual(['aynig.prom']);
  });

  test('says so where it cannot write, and the old file stays', () => {
    const made = scratch();
    const missing = made.aynig(['metrics', '--textfile', 'no/such/folder.prom'], { expected: 1 });
    expect(missing.stderr).toContain(`: there is no folder ${join(made.path, 'no/such')}. [metrics-file]`);
    const folder = join(made.root, 'taken.prom');
    mkdirSync(folder);
    writeFileSync(join(folder, 'mine'), 'mine\n');
    expect(made.aynig(['metrics', '--textfile', folder], { expected: 1 }).stderr).toContain('[metrics-file]');
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine\n');
    expect(readdirSync(made.root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('refuses what is no file, says which name would do, and leaves nothing beside it', () => {
    const made = scratch();
    made.git('config', 'user.useConfigOnly', 'true');
    made.write('folder/kept', 'x');
    symlinkSync('folder', join(made.path, 'link'));
    made.program('mkfifo', [join(made.path, 'pipe')]);
    const before = readdirSync(made.path);
    for (const name of ['folder', 'link']) {
      const { stderr } = made.aynig(['metrics', '--textfile', name], { expected: 1 });
      expect(stderr).toContain(`${join(made.path, name)} is a folder; nothing was written. [metrics-file]`);
      expect(stderr).toContain(`aynig metrics --textfile ${join(made.path, name, 'aynig.prom')}`);
    }
    const { stderr } = made.aynig(['metrics', '--textfile', 'pipe'], { expected: 1 });
    expect(stderr).toContain(`${join(made.path, 'pipe')} is no ordinary file; nothing was written. [metrics-file]`);
    expect(readdirSync(made.path)).toEqual(before);
    expect(lstatSync(join(made.path, 'link')).isSymbolicLink()).toBe(true);
  });

  test('warns of a name that the collector does not read', () => {
    const made = scratch();
    expect(made.aynig(['metrics', '--textfile', '../aynig.txt']).stderr).toContain('does not end in .prom');
  });
});

describe('the text', () => {
  test('escapes what would end a label, and reads back the same', () => {
    const hostile = 'a"b\\c\nd{e="f",g}\u001b[31m\u202e';
    const histogram = new Histogram([1, 2.5]);
    for (const value of [0, 1, 2, 3]) histogram.add(value);
    const text = [
      ...expositionLines([
        { type: 'gauge', name: 'x', help: 'X.', samples: [{ labels: { state: hostile }, value: 1 }] },
        { type: 'histogram', name: 'y_seconds', unit: 'seconds', help: 'Y.', series: [{ labels: {}, histogram }] },
      ]),
    ].join('\n');
    const [x, y] = readOpenMetrics(`${text}\n`);
    expect(x?.samples).toEqual([{ name: 'x', labels: { state: hostile }, value: 1 }]);
    expect(y?.samples.map(({ labels, value }) => [labels['le'], value])).toEqual([
      ['1.0', 2],
      ['2.5', 3],
      ['+Inf', 4],
      [undefined, 6],
      [undefined, 4],
    ]);
  });

  const right =
    '# TYPE a gauge\n# HELP a A.\na{b="c"} 1\n# TYPE h histogram\nh_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n# EOF\n';
  test.each<[string, (text: string) => string]>([
    ['has no end', (text) => text.replace('# EOF\n', '')],
    ['has an empty line', (text) => text.replace('# HELP', '\n# HELP')],
    ['has a sample without a family', (text) => text.replace('a{b', 'z{b')],
    ['has a family twice', (text) => text.replace('# EOF', '# TYPE a gauge\n# EOF')],
    ['has a sample twice', (text) => text.replace('a{b="c"} 1', 'a{b="c"} 1\na{b="c"} 2')],
    ['has a type of one format alone', (text) => text.replace('gauge', 'gaugehistogram')],
    ['has a unit that its name does not end in', (text) => text.replace('# HELP', '# UNIT a seconds\n# HELP')],
    ['has a label that does not end', (text) => text.replace('"c"', '"c\\"')],
    ['has a label twice', (text) => text.replace('b="c"', 'b="c",b="d"')],
    ['has no number', (text) => text.replace('"c"} 1', '"c"} one')],
    ['has a bound that is a whole number', (text) => text.replace('1.0', '1')],
    ['has no last bucket', (text) => text.replace('h_bucket{le="+Inf"} 2\n', '')],
    ['has buckets that do not add up', (text) => text.replace('le="1.0"} 1', 'le="1.0"} 5')],
    ['has a count that is not that of its buckets', (text) => text.replace('h_count 2', 'h_count 3')],
    ['has no sum', (text) => text.replace('h_sum 3\n', '')],
    ['has help behind samples', (text) => text.replace('h_sum 3', '# HELP h H.\nh_sum 3')],
  ])('would be seen to be wrong where it %s', (_, spoil) => {
    expect(() => readOpenMetrics(right)).not.toThrow();
    expect(spoil(right)).not.toBe(right);
    expect(() => readOpenMetrics(spoil(right))).toThrow();
  });
});
