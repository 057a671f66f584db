import { describe, expect, test } from 'vitest';
import { graphReport } from '../../src/observe/schemas.js';
import { asks, importHistory, leases, type Made, runOf, stalls } from '../support/made-history.js';
import { type Scratch, scratch } from '../support/scratch.js';

const start = 1_700_000_000;
const at = (seconds: number): number => start + seconds;

/** Stalls once, is tried again, parts into two jobs of 20 and 50 seconds, joins them, and goes on when a person asks. */
const story: readonly Made[] = [
  { branch: 'main', at: at(0), message: asks('build', 'build it') },
  { branch: 'main', at: at(10), message: leases('one', 'build') },
  { branch: 'main', at: at(40), message: stalls('one', 'build', { 'exit-code': 3 }) },
  { branch: 'main', at: at(41), message: leases('recovery', 'stalled') },
  { branch: 'main', at: at(45), message: asks('build', 'build it again', { attempt: 2 }) },
  { branch: 'main', at: at(46), message: leases('two', 'build') },
  { branch: 'main', at: at(60), message: asks('part', 'part it', { 'correlation-id': 'c' }) },
  { branch: 'main', at: at(61), message: leases('part', 'part') },
  { branch: 'main', at: at(65), message: asks('joining', 'waits', { 'correlation-id': 'c' }) },
  ...(['a', 'b'] as const).flatMap((job): Made[] => [
    {
      branch: `main.${job}`,
      at: at(62),
      from: 'part it',
      message: asks('job', `job ${job}`, { 'parent-run': runOf('part'), 'correlation-id': 'c' }),
    },
    { branch: `main.${job}`, at: at(70), message: leases(job, 'job') },
    { branch: `main.${job}`, at: at(job === 'a' ? 90 : 120), message: asks('done', `${job} is done`), files: { [job]: job } },
  ]),
  { branch: 'main', at: at(120), message: asks('join', 'all have ended', { 'correlation-id': 'c' }) },
  { branch: 'main', at: at(125), message: leases('join', 'join') },
  { branch: 'main', at: at(130), message: 'joins a\n', merge: ['a is done'] },
  { branch: 'main', at: at(135), message: asks('review', 'joined') },
  { branch: 'main', at: at(235), message: asks('ship', 'looks good') },
  { branch: 'main', at: at(240), message: leases('ship', 'ship') },
  { branch: 'main', at: at(250), message: asks('done', 'shipped') },
];

function told(commits: readonly Made[] = story): Scratch {
  const made = scratch();
  made.git('switch', '--quiet', '--detach');
  made.git('branch', '--quiet', '-D', 'main');
  importHistory(made, commits);
  made.git('switch', '--quiet', 'main');
  return made;
}
const read = (made: Scratch, ...args: string[]) => graphReport.parse(JSON.parse(made.aynig(['graph', '--json', ...args]).stdout));
/** Runs by the words of {@link runOf}, and edges between these. */
function named(report: ReturnType<typeof read>) {
  const words = ['one', 'recovery', 'two', 'part', 'a', 'b', 'join', 'ship'];
  const word = (id: string): string => words.find((one) => runOf(one) === report.runs.find((run) => run.id === id)?.runId) ?? id;
  return {
    edges: report.edges.map(({ from, to, kind }) => `${word(from)} ${kind} ${word(to)}`).sort(),
    path: report.criticalPath?.runs.map(word),
    runs: report.runs.map(({ id }) => word(id)),
  };
}

describe('a graph of runs', () => {
  test('joins them along a branch, into the branches that one has made, and where these were merged or waited for', () => {
    expect(named(read(told())).edges).toEqual([
      'a join join',
      'b join join',
      'join later ship',
      'one next recovery',
      'part fan-out a',
      'part fan-out b',
      'part later join',
      'recovery next two',
      'two next part',
    ]);
  });

  test('keeps the order of the history where all of it took a second, or a clock was behind', () => {
    for (const step of [0, -3]) {
      const messages = [asks('build', 'first'), leases('one', 'build'), stalls('one', 'build'), leases('recovery', 'stalled')];
      messages.push(asks('build', 'again'), leases('two', 'build'), asks('done'));
      const made = told(messages.map((message, index) => ({ branch: 'main', at: at(100 + step * index), message })));
      expect(named(read(made)).edges).toEqual(['one next recovery', 'recovery next two']);
      if (step === 0) expect(named(read(made)).path).toEqual(['one', 'recovery', 'two']);
    }
  });

  test('joins a branch that was not merged with what waited for it, and not with what ran meanwhile', () => {
    const ties = { 'correlation-id': 'c' };
    const made = told([
      { branch: 'main', at: at(0), message: asks('part', 'part it', ties) },
      { branch: 'main', at: at(1), message: leases('part', 'part') },
      { branch: 'main', at: at(2), message: asks('two', 'meanwhile', ties) },
      { branch: 'main.a', at: at(2), from: 'part it', message: asks('job', 'job a', { ...ties, 'parent-run': runOf('part') }) },
      { branch: 'main.a', at: at(3), message: leases('a', 'job') },
      { branch: 'main', at: at(4), message: leases('two', 'two') },
      { branch: 'main', at: at(5), message: asks('joining') },
      { branch: 'main.a', at: at(10), message: asks('done', 'a is done') },
      { branch: 'main', at: at(11), message: asks('join', 'all have ended', ties) },
      { branch: 'main', at: at(12), message: leases('join', 'join') },
    ]);
    expect(named(read(made)).edges).toEqual(['a join join', 'part fan-out a', 'part next two', 'two later join']);
  });

  test('says which chain of runs the end has waited for, and where its time went', () => {
    const report = read(told());
    expect(named(report).path).toEqual(['one', 'recovery', 'two', 'part', 'b', 'join', 'ship']);
    expect(report.criticalPath).toMatchObject({
      seconds: 250,
      // Retried: 0 to 45. Waited: 45, 60, 65 to 70, 120 to 125, 235 to 240. Nobody: 135 to 235.
      spent: { retrying: 45, waiting: 1 + 1 + 5 + 5 + 5, running: 14 + 4 + 50 + 10 + 10, idle: 100 },
    });
    expect(report.spent).toEqual({ retrying: 45, waiting: 1 + 1 + 8 + 8 + 5 + 5, running: 14 + 4 + 20 + 50 + 10 + 10 });
  });

  test('can be that of one branch with what is joined to it, of a correlation, or of a time', () => {
    const made = told([
      ...story,
      { branch: 'other', at: at(5), message: asks('build', 'other') },
      { branch: 'other', at: at(6), message: leases('other', 'build') },
    ]);
    expect(read(made).runs).toHaveLength(9);
    expect(read(made, 'main.a').runs).toHaveLength(8);
    expect(read(made, 'other').runs).toMatchObject([{ branch: 'other', outcome: 'running', end: null, ranSeconds: null }]);
    expect(named(read(made, '--correlation', 'c')).runs.sort()).toEqual(['a', 'b', 'join', 'part']);
    expect(named(read(made, 'main', '--since', `@${at(200)}`)).runs).toEqual(['ship']);
  });

  test('keeps the jobs whose branches are merged and gone', () => {
    const made = told();
    made.git('branch', '-D', 'main.a');
    const report = read(made);
    expect(named(report).edges).toContain('a join join');
    expect(report.runs.find(({ runId }) => runId === runOf('a'))?.branch).toMatch(/^[0-9a-f]{12}\^2$/);
  });

  test('ends a run that was cut off with the commit that stands on its lease', () => {
    const made = told([
      { branch: 'main', at: at(0), message: asks('build') },
      { branch: 'main', at: at(1), message: leases('one', 'build') },
      { branch: 'main', at: at(3), message: leases('one', 'build', 'renewed') },
      { branch: 'main', at: at(8), message: 'cut off\n' },
      { branch: 'main', at: at(9), message: 'and on\n' },
    ]);
    const report = read(made);
    const cut = made.git('rev-parse', 'main^').trim();
    expect(report.runs).toMatchObject([{ outcome: 'lost', end: null, ranSeconds: 7, renewals: 1, buriedBy: { commit: cut, at: at(8) } }]);
    expect(report.criticalPath).toMatchObject({ seconds: 8, spent: { running: 0, retrying: 8 } });
    expect(report.spent).toEqual({ running: 0, waiting: 0, retrying: 8 });
    expect(made.aynig(['graph']).stdout).toContain(`waited 1 s, lost after 7 s (${cut.slice(0, 8)} stands on its lease)\n`);
    expect(made.aynig(['graph', '--format', 'mermaid']).stdout).toMatch(/lost after 7 s.*:::lost\n(.*\n)* {2}classDef lost /);
    expect(made.aynig(['graph', '--format', 'dot']).stdout).toMatch(/lost after 7 s.*color="#/);
    expect(made.aynig(['graph', '--since', `@${at(8)}`]).stdout).toContain('lost after 7 s');
    expect(made.aynig(['graph', '--since', `@${at(9)}`]).stdout).toBe('');
  });

  test('ends a run whose lease another lease or a merge has buried, and none that is the tip of a branch', () => {
    const made = told([
      { branch: 'main', at: at(0), message: asks('build', 'ask') },
      { branch: 'main', at: at(1), message: leases('one', 'build') },
      { branch: 'main', at: at(4), message: leases('two', 'build', 'second') },
      { branch: 'main', at: at(6), message: asks('done', 'built') },
      { branch: 'job', at: at(2), from: 'ask', message: leases('a', 'build', 'job lease') },
      { branch: 'main', at: at(9), message: 'joins\n', merge: ['job lease'] },
    ]);
    const outcomes = () => read(made).runs.map(({ outcome, ranSeconds, buriedBy }) => [outcome, ranSeconds, buriedBy?.at]);
    expect(outcomes()).toEqual([
      ['lost', 3, at(4)],
      ['running', null, undefined],
      ['completed', 2, undefined],
    ]);
    made.git('branch', '-D', 'job');
    expect(outcomes()).toEqual([
      ['lost', 3, at(4)],
      ['lost', 7, at(9)],
      ['completed', 2, undefined],
    ]);
  });

  test('is told to people with the critical path marked', () => {
    const { stdout } = told().aynig(['graph', 'main']);
    expect(stdout).toMatch(/^\* [0-9a-f]{8} {2}main {4}build {5}waited 10 s, stalled after 30 s \(exit 3\)$/m);
    expect(stdout).toMatch(/^\* [0-9a-f]{8} {2}main {4}build #2 {2}waited 1 s, ran 14 s, then part {2}<- after [0-9a-f]{8}$/m);
    expect(stdout).toMatch(/^ {2}[0-9a-f]{8} {2}main\.a {2}job {7}waited 8 s, ran 20 s, then done {2}<- asked by [0-9a-f]{8}$/m);
    expect(stdout).toContain('Critical path (*), 4 min 10 s: main build -> ');
    expect(stdout).toContain('  running 88 s, waiting 17 s, retrying 45 s, idle 100 s\n');
  });

  test('is empty where nothing ran, in every format', () => {
    const made = told([{ branch: 'main', at: at(0), message: 'begin\n' }]);
    expect(read(made)).toMatchObject({ runs: [], edges: [], criticalPath: null });
    expect(made.aynig(['graph'])).toMatchObject({ stdout: '', stderr: 'There are no such runs.\n' });
    expect(made.aynig(['graph', '--format', 'dot']).stdout).toMatch(/^digraph aynig \{\n.*\}\n$/s);
    expect(made.aynig(['graph', '--format', 'mermaid']).stdout).toMatch(/^flowchart LR\n/);
    expect(made.aynig(['graph', '--format', 'dot', '--json'], { expected: 2 }).stderr).toContain('Use --json or --format, not both.');
    expect(made.aynig(['graph', '--format', 'json', '--json']).stdout).toBe(made.aynig(['graph', '--json']).stdout);
  });
});

describe('a drawing', () => {
  const hostile = 'a"];x-->y;%%<img/onerror=1>#quot';
  const made = (): Scratch => {
    const repo = told([
      { branch: 'main', at: at(0), message: asks('build') },
      { branch: 'main', at: at(1), message: leases('h', 'build') },
      { branch: 'main', at: at(2), message: asks('done') },
    ]);
    repo.git('update-ref', `refs/heads/${hostile}`, 'main');
    repo.git('switch', '--quiet', '--detach');
    repo.git('branch', '--quiet', '-D', 'main');
    return repo;
  };

  test('for Mermaid shows the name of a branch as text, whatever it is', () => {
    const { stdout } = made().aynig(['graph', '--format', 'mermaid']);
    const label = /subgraph b0\["(.*)"\]/.exec(stdout)?.[1] ?? '';
    expect(label).not.toMatch(/["<>%[\]]/);
    expect(label.replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))).toBe(hostile);
  });

  test('for Graphviz keeps the name of a branch within its quotes', () => {
    const { stdout } = made().aynig(['graph', '--format', 'dot']);
    expect(stdout).toContain(`label="${hostile.replaceAll('"', '\\"')}";`);
  });
});
