import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../../src/trace-page/data.js';
import { finish, lab } from '../support/lab.js';
import { asks, importHistory, leases, type Made, runOf, stalls } from '../support/made-history.js';
import { Scratch, scratch } from '../support/scratch.js';
import { dataOf, traced } from '../support/trace-page.js';

const start = 1_700_000_000;
const hostile = '<img src=x onerror=alert(1)> </script><script>alert(2)</script> <!-- \u202e\u2028 \u001b[31m';

function told(story: readonly Made[]): Scratch {
  const made = scratch();
  importHistory(made, story);
  return made;
}

describe('what the page knows', () => {
  test('of a run is its request, its log, what it changed and how it ended', () => {
    const repo = lab();
    repo.command(
      'build',
      `printf '\\033[32mgreen\\033[0m\\none\\rtwo\\n'; echo text >made.txt; git add .; git commit --quiet -m work; ${finish('review')}`,
    );
    const asked = repo.request('build', { title: 'please', body: 'with care' });
    repo.run();
    const data = traced(repo, 'main');
    const [run] = data.runs;
    expect(run).toMatchObject({ state: 'build', outcome: 'completed', attempt: 1, log: { text: 'green\none\ntwo', cut: 0 } });
    const [request, lease, end] = [run?.request, run?.lease, run?.end].map((index) => data.events[index ?? -1]);
    expect(request).toMatchObject({ commit: asked, title: 'please', body: 'with care', kind: 'request' });
    expect(lease).toMatchObject({ kind: 'lease', run: 0, diff: null });
    expect(end).toMatchObject({ commit: repo.head(), state: 'review', run: 0, kept: [], takeover: false });
    expect(data.diffs[end?.diff ?? -1]).toEqual({
      text: expect.stringContaining('\n+text') as string,
      files: 1,
      added: 1,
      removed: 0,
      cut: null,
    });
    expect(data.bars.map(({ phase }) => phase)).toEqual(['queued', 'finished', 'resting']);
    expect(data.lanes).toMatchObject([{ name: 'main', reading: 'waiting' }]);
  });

  test('of work that was kept is its ref and what is in it', () => {
    const repo = lab();
    repo.command('build', 'echo half >half.txt; exit 7');
    repo.request('build');
    repo.run();
    const data = traced(repo);
    const { kept, exitCode, takeover } = data.events.at(-1) as TraceEvent;
    expect({ exitCode, takeover }).toEqual({ exitCode: 7, takeover: false });
    expect(kept).toMatchObject([{ ref: repo.keptRefs()[0], commit: repo.head(repo.keptRefs()[0]) }]);
    expect(data.diffs[kept[0]?.diff ?? -1]?.text).toContain('+half');
    repo.git('update-ref', '-d', repo.keptRefs()[0] ?? '');
    expect(traced(repo).events.at(-1)?.kept).toMatchObject([{ ref: kept[0]?.ref, commit: null, diff: null }]);
  });

  test('tells a stall of the holder from one of whoever took over', () => {
    const data = traced(
      told([
        { branch: 'main', at: start, message: asks('build') },
        { branch: 'main', at: start + 1, message: leases('own', 'build') },
        { branch: 'main', at: start + 2, message: stalls('own', 'build', { 'run-id': runOf('own') }) },
        { branch: 'main', at: start + 3, message: asks('build', 'again', { attempt: 2 }) },
        { branch: 'main', at: start + 4, message: leases('lost', 'build') },
        { branch: 'main', at: start + 5, message: stalls('lost', 'build') },
      ]),
    );
    expect(data.events.filter(({ kind }) => kind === 'stall').map(({ takeover }) => takeover)).toEqual([false, true]);
    expect(data.runs.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'stalled'],
      [2, 'stalled'],
    ]);
  });

  test('of a line that was merged ends at the merge, and of a branch that went on without a state where it went on', () => {
    const made = told([
      { branch: 'main', at: start, message: 'begin\n' },
      { branch: 'side', at: start + 10, from: 'begin', message: asks('job', 'on the side') },
      { branch: 'main', at: start + 50, message: 'join\n', merge: ['on the side'] },
    ]);
    const idle = traced(made, 'side');
    expect(idle.bars).toMatchObject([{ open: true }]);
    importHistory(made, [
      { branch: 'other', at: start, message: asks('x') },
      { branch: 'other', at: start + 7, message: 'no state\n' },
    ]);
    expect(traced(made, 'other').bars).toMatchObject([{ from: start, to: start + 7, open: false }]);
    made.git('branch', '-D', 'side');
    const merged = traced(made, '--merged', 'main');
    expect(merged.lanes.map(({ name }) => name)).toEqual([`${made.head('main').slice(0, 12)}^2`]);
    expect(merged.bars).toMatchObject([{ from: start + 10, to: start + 50, open: false }]);
  });

  test('is the newest of a history that is too long, and says so', () => {
    const story = Array.from({ length: 30 }, (_, index) => ({ branch: 'main', at: start + index, message: asks('x', `number ${index}`) }));
    const data = traced(told(story), '--limit', '10');
    expect(data.events.map(({ title }) => title)).toEqual(Array.from({ length: 10 }, (_, index) => `number ${index + 20}`));
    expect(data.omitted).toEqual(['Older events are left out: the page has the newest 10. More with --limit.']);
  });

  test('is cut where a log, a diff or a message is long, and says by how much', () => {
    const repo = lab();
    repo.command('build', `yes 'a line of the log' | head -c 100000; ${finish()}`);
    repo.write('large.txt', 'a line\n'.repeat(20_000));
    repo.write('wide.txt', `${'x'.repeat(300_000)}\n`);
    repo.git('add', '--all');
    repo.request('build', { body: 'word '.repeat(8_000) });
    repo.run();
    const data = traced(repo);
    expect(data.runs[0]?.log).toMatchObject({ bytes: 100_000, cut: 100_000 - 64 * 1024 });
    const request = data.events[0] as TraceEvent;
    expect(request.body).toMatch(/… \d+ more characters$/);
    expect(request.body.length).toBeLessThan(17_000);
    const diff = data.diffs[request.diff ?? -1];
    expect(diff).toMatchObject({ files: 2, added: 20_001, cut: expect.stringMatching(/^Cut: \d+ more lines\.$/) as string });
    expect(diff?.text.length).toBeLessThanOrEqual(64 * 1024);
  });

  test('leaves logs and changes out where that is wanted, and says so', () => {
    const repo = lab();
    repo.command('build', `echo secret; echo secret >made.txt; git add .; ${finish()}`);
    repo.request('build');
    repo.run();
    const page = readFileSync(repo.aynig(['trace', '--no-logs', '--no-diffs']).stdout.trim(), 'utf8');
    expect(page).not.toContain('secret');
    expect(dataOf(page).omitted).toHaveLength(2);
  });

  test('is what a shallow clone has, whatever a commit says of its time', () => {
    const made = told([
      { branch: 'main', at: start, message: asks('build'), files: { a: 'a\n' } },
      { branch: 'main', at: start + 5, message: asks('check'), files: { b: 'b\n' } },
    ]);
    const clone = new Scratch(made.root, join(made.root, 'clone'), made.env);
    made.git('clone', '--quiet', '--depth=1', '--branch=main', `file://${made.path}`, clone.path);
    expect(traced(clone).events).toMatchObject([{ state: 'check', diff: null }]);
    const far = made.gitAnswer(['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], {
      input: `${made.git('cat-file', 'commit', 'main').replace(/^(committer .*) \d+ /m, '$1 99999999999999999 ')}\n\naynig-state: far\n`,
      expected: 0,
    });
    made.git('update-ref', 'refs/heads/far', far.stdout.trim());
    expect(traced(made, 'far').events.at(-1)).toMatchObject({ at: 8.64e12 });
    expect(made.aynig(['trace', '--since=@99999999999999']).exitCode).toBe(0);
  });

  test('does not follow a link in the place of a log', () => {
    const repo = lab();
    repo.command('build', finish());
    const asked = repo.request('build');
    repo.run();
    writeFileSync(join(repo.root, 'private'), 'private words');
    const log = join(repo.path, '.aynig/logs', `${asked}.log`);
    repo.program('rm', [log]);
    symlinkSync(join(repo.root, 'private'), log);
    expect(traced(repo).runs[0]?.log).toBeNull();
  });

  test('is nothing where no commit names a state', () => {
    const made = scratch();
    const answer = made.aynig(['trace']);
    expect(answer.stderr).toContain('no state event');
    expect(dataOf(made.read('aynig-trace.html'))).toMatchObject({ events: [], bars: [], lanes: [] });
  });
});

describe('the data of the page', () => {
  test('holds what hostile commits say as text that shows what is hidden in it', () => {
    const made = told([{ branch: 'main', at: start, message: `${hostile.replace('\u2028', '')}\n\n${hostile}\n\naynig-state: x\n` }]);
    const page = readFileSync(made.aynig(['trace', 'main']).stdout.trim(), 'utf8');
    const [event] = dataOf(page).events;
    expect(event?.title).toBe('<img src=x onerror=alert(1)> </script><script>alert(2)</script> <!-- \\u{202e} \\x1b[31m');
    expect(event?.body).toContain('\\u{202e}\\u{2028} \\x1b[31m');
    expect(page).not.toContain('alert(1)>');
    expect(page.match(/<\/script/g)).toHaveLength(2);
  });
});
