import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventsReport, eventLine as line, schemas } from '../../src/observe/schemas.js';
import { asks, importHistory, leases, type Made, runOf, stalls } from '../support/made-history.js';
import { type Scratch, scratch } from '../support/scratch.js';

const start = 1_700_000_000;
/** A workflow that fans out into two jobs, of which one is merged and gone. */
const story: readonly Made[] = [
  { branch: 'main', at: start, message: 'begin\n' },
  { branch: 'main', at: start + 10, message: asks('build', 'build it', { 'correlation-id': 'c-1' }) },
  { branch: 'main', at: start + 15, message: leases('one', 'build') },
  { branch: 'main', at: start + 45, message: stalls('one', 'build', { 'exit-code': 3, 'correlation-id': 'c-1' }) },
  { branch: 'main', at: start + 50, message: asks('build', 'build it again', { attempt: 2, 'correlation-id': 'c-1' }) },
  { branch: 'main', at: start + 55, message: leases('two', 'build') },
  { branch: 'main', at: start + 60, message: 'work of the command\n', files: { 'a.txt': 'a' } },
  { branch: 'main', at: start + 75, message: asks('parted') },
  { branch: 'main.a', at: start + 80, from: 'ask for parted', message: asks('job', 'job a', { 'parent-run': runOf('two') }) },
  { branch: 'main.b', at: start + 80, from: 'ask for parted', message: asks('job', 'job b') },
  { branch: 'main.a', at: start + 82, message: leases('a', 'job') },
  { branch: 'main.b', at: start + 83, message: leases('b', 'job') },
  { branch: 'main.b', at: start + 90, message: asks('done', 'b is done') },
  { branch: 'main.a', at: start + 95, message: asks('done', 'a is done') },
  { branch: 'main', at: start + 100, message: asks('joined'), merge: ['a is done', 'b is done'] },
  { branch: 'main', at: start + 110, message: 'x\n\naynig-state: Not A State\n' },
];

function told(): Scratch {
  const made = scratch();
  importHistory(made, story);
  made.git('symbolic-ref', 'HEAD', 'refs/heads/main');
  made.git('branch', '-D', 'main.b');
  return made;
}
const read = (made: Scratch, ...args: string[]) => eventsReport.parse(JSON.parse(made.aynig(['events', '--json', ...args]).stdout)).events;

describe('events of a history', () => {
  test('of one branch come newest first, each with what led to it', () => {
    const events = read(told(), 'main', '--history');
    expect(
      events.map(({ at, kind, state, previousState, attempt, runSeconds, severity, correlationId, exitCode }) =>
        [at - start, kind, state, previousState, attempt, runSeconds, severity, correlationId, exitCode].join(' '),
      ),
    ).toMatchInlineSnapshot(`
      [
        "110 invalid  joined   error  ",
        "100 request joined parted   info  ",
        "75 completion parted working  20 info c-1 ",
        "55 lease working build 2  warning c-1 ",
        "50 request build stalled 2  warning c-1 ",
        "45 stall stalled working  30 error c-1 3",
        "15 lease working build   info c-1 ",
        "10 request build    info c-1 ",
      ]
    `);
  });

  test('are valid by their schema whatever date a commit has', () => {
    const made = told();
    for (const [index, at] of ['9007199254740993', '-9007199254740993', '9223372036854775807', '99999999999999999999999'].entries()) {
      const commit = made.gitAnswer(['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], {
        input: `${made.git('cat-file', 'commit', 'main.a').replace(/^(committer .*) \d+ /m, `$1 ${at} `)}\n`,
        expected: 0,
      });
      made.git('update-ref', `refs/heads/far${index}`, commit.stdout.trim());
    }
    expect(read(made, '--all').filter(({ branch }) => branch.startsWith('far'))).toHaveLength(4);
    expect(read(made, '--all', '--history').length).toBeGreaterThan(8);
    for (const verb of ['status', 'graph'] as const)
      expect(() =>
        schemas[verb].parse(JSON.parse(made.aynig([verb, ...(verb === 'status' ? ['--all'] : []), '--json']).stdout)),
      ).not.toThrow();
  });

  test('are found in whatever encoding the repository has git log print', () => {
    const made = told();
    const events = read(made, 'main', '--history');
    made.git('config', 'i18n.logOutputEncoding', 'UTF-16');
    expect(read(made, 'main', '--history')).toEqual(events);
  });

  test.each(['tag', 'tree', 'blob'])('of a branch that is at a %s are no part of the answer, which says so', (type) => {
    const made = told();
    made.git('tag', '--annotate', '--message', 'x', 'named', made.git('commit-tree', '-m', 'elsewhere', 'main^{tree}'));
    const tip = made.git('rev-parse', { tag: 'named', tree: 'main^{tree}', blob: 'main:a.txt' }[type] ?? '');
    // git itself refuses to put a branch there.
    made.write('.git/refs/heads/strange', `${tip}\n`);
    for (const args of [
      ['events', '--all', '--history'],
      ['events', 'strange', '--history'],
      ['graph'],
      ['trace', '--all', '-o', '-'],
      ['verify', '--all'],
    ]) {
      const { stderr } = made.aynig(args, { expected: 1 });
      expect(stderr, args.join(' ')).toContain(`the branch strange is at ${tip}, which is a ${type} and not a commit [corrupt-object]`);
    }
  });

  test.each(['missing', 'damaged'])(
    'of all branches are refused with the names of those whose commit is %s, which doctor tells how to mend',
    (how) => {
      const made = told();
      const [before, tip] = ['below', 'tip'].map((title) => made.git('commit-tree', '-p', 'main', '-m', title, 'main^{tree}')) as [
        string,
        string,
      ];
      made.git('update-ref', '--create-reflog', 'refs/heads/unread', before);
      made.git('update-ref', 'refs/heads/unread', tip);
      made.git('update-ref', 'refs/heads/unread-2', tip);
      const object = `.git/objects/${tip.slice(0, 2)}/${tip.slice(2)}`;
      rmSync(join(made.path, object));
      if (how === 'damaged') made.write(object, 'x');
      for (const args of [
        ['events', '--all'],
        ['events', '--all', '--history'],
        ['graph'],
        ['metrics'],
        ['verify', '--all'],
        ['trace', '--all', '-o', '-'],
      ]) {
        const { stdout, stderr } = made.aynig(args, { expected: 1 });
        expect(stderr, args.join(' ')).toContain(`at the tip of unread (${tip}), unread-2 (${tip}). [corrupt-object]`);
        expect(stderr).toContain('aynig doctor');
        expect(stdout).toBe('');
      }
      const { findings } = JSON.parse(made.aynig(['doctor', '--json'], { expected: 1 }).stdout);
      const fixes = findings.filter(({ id }: { id: string }) => id === 'ref-broken').map(({ fix }: { fix: string }) => fix);
      expect(fixes).toHaveLength(2);
      for (const fix of fixes) made.program('sh', ['-c', fix]);
      expect(made.git('rev-parse', 'unread').trim()).toBe(before);
      expect(made.git('branch', '--list', 'unread-2')).toBe('');
      made.aynig(['graph']);
    },
  );

  test.each([['main'], ['--all']])('say where a shallow clone does not have what led to them: %s', (which) => {
    const made = told();
    const clone = join(made.root, 'clone');
    made.git('clone', '--quiet', '--template=', '--depth=3', '--branch=main', `file://${made.path}`, clone);
    const events = eventsReport.parse(JSON.parse(made.aynig(['events', which, '--history', '--json'], { cwd: clone }).stdout)).events;
    expect(events.at(-1)).toMatchObject({ state: 'parted', previousState: null, partial: true });
    expect(events.slice(0, -1).map(({ partial }) => partial)).toEqual([false, false]);
    expect(read(made, 'main', '--history').at(-1)).toMatchObject({ previousState: null, partial: false });
  });

  test('of all branches have every commit once, with the branch that it was made on', () => {
    const events = read(told(), '--all', '--history');
    expect(new Set(events.map(({ commit }) => commit)).size).toBe(events.length);
    expect(events.map(({ branch, at }) => `${at - start} ${branch}`)).toMatchInlineSnapshot(`
      [
        "110 main",
        "100 main",
        "95 main.a",
        "82 main.a",
        "80 main.a",
        "75 main",
        "55 main",
        "50 main",
        "45 main",
        "15 main",
        "10 main",
      ]
    `);
  });

  test('of what was merged have lines of their own, named by the merge', () => {
    const made = told();
    const merge = made.git('log', '-1', '--format=%h', '--abbrev=12', '--grep=ask for joined', 'main');
    const lines = read(made, 'main', '--merged').map(({ branch }) => branch);
    expect(new Set(lines)).toEqual(new Set(['main', `${merge}^2`, `${merge}^3`]));
    expect(new Set(read(made, '--all', '--merged').map(({ branch }) => branch))).toEqual(new Set(['main', 'main.a', `${merge}^3`]));
  });

  test('can be chosen by a correlation, which runs have from their requests', () => {
    const events = read(told(), '--correlation', 'c-1');
    expect(events.map(({ at }) => at - start)).toEqual([75, 55, 50, 45, 15, 10]);
  });

  test('can be chosen by time, and still know what came before', () => {
    for (const words of ['yestreday-ish', 'today or so', ''])
      expect(told().aynig(['events', '--all', '--since', words], { expected: 2 }).stderr).toMatch(
        / is no date that git knows\. \[usage\]\nhint: /,
      );
    const events = read(told(), '--since', `@${start + 75}`);
    expect(events.map(({ at }) => at - start)).toEqual([110, 100, 75]);
    expect(events.at(-1)).toMatchObject({ kind: 'completion', runSeconds: 20, previousState: 'working' });
  });

  test('since a time are found below a commit whose clock was behind', () => {
    const made = scratch();
    importHistory(made, [
      { branch: 'late', at: start, message: 'begin\n' },
      { branch: 'late', at: start + 100, message: asks('build') },
      { branch: 'late', at: start + 10, message: asks('check') },
    ]);
    expect(read(made, 'late', '--since', `@${start + 50}`)).toMatchObject([{ state: 'build' }]);
  });

  test('of the tip say what is known within a thousand commits, and that they are not whole beyond', () => {
    const made = scratch();
    importHistory(made, [
      { branch: 'far', at: start, message: asks('old') },
      ...Array.from({ length: 1_000 }, (_, index) => ({ branch: 'far', at: start + index, message: `${index}\n` })),
      { branch: 'far', at: start + 2_000, message: asks('new') },
    ]);
    expect(read(made, 'far')).toMatchObject([{ state: 'new', previousState: null, partial: true }]);
    expect(read(made, 'far', '--history')[0]).toMatchObject({ state: 'new', previousState: 'old', partial: false });
  });

  test('of all tips are one for each branch that has one', () => {
    expect(read(told(), '--all').map(({ branch, kind, partial }) => [branch, kind, partial])).toEqual([
      ['main', 'invalid', true],
      ['main.a', 'request', true],
    ]);
  });

  test('stop after so many as are asked for', () => {
    expect(read(told(), '--history', '-n', '2')).toHaveLength(2);
  });

  test('are one JSON document a line with --jsonl', () => {
    const made = told();
    const lines = made.aynig(['events', '--all', '--history', '--jsonl']).stdout.trim().split('\n');
    expect(lines.map((text) => line.parse(JSON.parse(text)).commit)).toEqual(read(made, '--all', '--history').map(({ commit }) => commit));
  });

  test('print every field as they always have: a script that reads them goes on working', async () => {
    // A field that is new is added to this file; one that is changed or gone needs a new version of the schema.
    await expect(told().aynig(['events', '--all', '--history', '--jsonl']).stdout).toMatchFileSnapshot('events.golden.jsonl');
  });

  test('are shown whatever date a commit has', () => {
    const made = scratch();
    const who = 'Ana Example <ana@example.com>';
    const commit = `tree ${made.head('HEAD^{tree}')}\nauthor ${who} 99999999999999 +0000\ncommitter ${who} 99999999999999 +0000\n\n${asks('build')}`;
    const name = made
      .gitAnswer(['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], { input: commit, expected: 0 })
      .stdout.trim();
    made.git('update-ref', 'refs/heads/far', name);
    for (const args of [
      ['events', 'far'],
      ['events', 'far', '--history'],
      ['events', '--all', '--history'],
    ])
      expect(made.aynig(args).stdout).toContain('99999999999999 seconds after 1970');
    for (const args of [['graph', 'far'], ['status', 'far'], ['verify', 'far'], ['metrics']]) expect(made.aynig(args).exitCode).toBe(0);
  });

  test('are a line each for people, with the branch where several are shown', () => {
    const made = told();
    const { stdout } = made.aynig(['events', '--all', '--history']);
    expect(stdout).toMatch(
      /^2023-11-14 22:14:05 {2}[0-9a-f]{12} {2}main {14}stalled \(build\) {7}exit 3 {2}after 30 s {2}aynig: build stalled/m,
    );
    expect(made.aynig(['events', 'main', '--history']).stdout).not.toMatch(/ main {5}/);
    expect(made.aynig(['events', '--correlation', 'none']).stderr).toBe('No such state event in main.\n');
  });
});

describe('long messages', () => {
  test.each([['graph'], ['trace', '--all', '-o', '-'], ['verify', '--all']])('are let go of as soon as they are read: %s', (...args) => {
    const made = scratch();
    const body = `${'x'.repeat(999_000)}\n\naynig-correlation-id: one\naynig-state: build\n`;
    const requests = Array.from(
      { length: 80 },
      (_, index): Made => ({ branch: 'main', at: start + index, message: `ask ${index}\n\n${body}` }),
    );
    const leased = (ask: Made): Made[] => [ask, { ...ask, message: leases(`long ${ask.at}`, 'build') }];
    // The audit keeps all that stands on one lease, a graph the runs.
    importHistory(made, args[0] === 'verify' ? requests : requests.flatMap(leased));
    made.aynig(args, { env: { NODE_OPTIONS: '--max-old-space-size=48' } });
  });
});
