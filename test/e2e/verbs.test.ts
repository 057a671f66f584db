import { describe, expect, it } from 'vitest';
import { eventsReport, logsReport, runReport, statusReport, versionReport } from '../../src/observe/schemas.js';
import { finish, hold, lab } from '../support/lab.js';

describe('aynig events', () => {
  it('shows the tip alone, and more only on demand', () => {
    const repo = lab();
    repo.command('build', finish('review', 'Built it'));
    repo.request('build', { trailers: ['aynig-correlation-id: c-7'] });
    repo.run();
    expect(repo.aynig(['events']).stdout.trim().split('\n')).toHaveLength(1);
    const report = eventsReport.parse(JSON.parse(repo.aynig(['events', '--history', '-n', '10', '--json']).stdout));
    expect(report.events.map(({ state }) => state)).toEqual(['review', 'working', 'build']);
    expect(report.events[1]).toMatchObject({ originState: 'build', runId: repo.runId() });
    expect(report.events[2]?.trailers).toContainEqual({ key: 'aynig-correlation-id', value: 'c-7' });
  });

  it('carries the exit code of a run that stalled', () => {
    const repo = lab();
    repo.command('build', 'exit 7');
    repo.request('build');
    expect(repo.run().exitCode).toBe(1);
    const [event] = eventsReport.parse(JSON.parse(repo.aynig(['events', '--json']).stdout)).events;
    expect(event).toMatchObject({ state: 'stalled', originState: 'build', exitCode: 7 });
  });

  it('neutralises terminal escapes of titles', () => {
    const repo = lab();
    repo.request('review', { title: 'evil \u001b]0;owned\u0007 \u202etitle' });
    for (const verb of [['events'], ['status'], ['status', '--all']]) {
      const { stdout } = repo.aynig(verb);
      expect(stdout).toContain('\\x1b]0;owned');
      expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/);
    }
  });
});

describe('aynig logs', () => {
  it('follows a command to its end and shows all it printed', async () => {
    const repo = lab();
    repo.command('build', `echo first; ${hold()}; echo last; ${finish()}`);
    repo.request('build');
    const run = repo.start(['run', '--current-branch', 'only']);
    await repo.untilHeld();
    const follower = repo.start(['logs', '-f']);
    let printed = '';
    follower.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => follower.once('close', resolve));
    await repo.until('the follower shows the beginning', () => printed.includes('first'));
    expect(printed).not.toContain('last');
    repo.letGo();
    expect(await ended).toBe(0);
    expect(printed).toBe('first\nlast\n');
    await new Promise((resolve) => (run.exitCode === null ? run.once('close', resolve) : resolve(undefined)));
  });

  it('finds the log by the commit that asked, by its result and by the branch', () => {
    const repo = lab();
    repo.command('build', `echo printed; ${finish()}`);
    const asked = repo.request('build');
    repo.run();
    for (const name of [asked, asked.slice(0, 10), 'main', 'HEAD']) expect(repo.aynig(['logs', name]).stdout).toBe('printed\n');
    expect(logsReport.parse(JSON.parse(repo.aynig(['logs', '--json']).stdout))).toMatchObject({ commit: asked, bytes: 8 });
  });
});

describe('aynig set-state', () => {
  it('commits what is staged, with subject, prompt and trailers', () => {
    const repo = lab();
    repo.write('staged.txt', 'x');
    repo.git('add', 'staged.txt');
    repo.write('unstaged.txt', 'x');
    const trailers = ['--trailer', 'aynig-attempt:2', '--trailer', 'Reviewed-by: Bo <bo@example.com>'];
    repo.aynig(['set-state', 'Build', '--subject', 'Please build', '--prompt', '# a heading\nand text', ...trailers]);
    expect(repo.git('log', '-1', '--format=%an|%B')).toBe(
      'Ana Example|Please build\n\n# a heading\nand text\n\naynig-attempt: 2\nReviewed-by: Bo <bo@example.com>\naynig-state: build\n',
    );
    expect(repo.git('show', '--format=', '--name-only')).toBe('staged.txt');
    expect(repo.git('status', '--porcelain')).toBe('?? unstaged.txt');
  });

  it('takes the prompt from a file or from standard input, and from one place only', () => {
    const repo = lab();
    repo.write('../prompt', 'from a file\n');
    repo.aynig(['set-state', 'a', '--prompt-file', `${repo.root}/prompt`]);
    expect(repo.git('log', '-1', '--format=%b')).toContain('from a file');
    repo.aynig(['set-state', 'b', '--prompt-stdin'], { input: 'from a pipe' });
    expect(repo.git('log', '-1', '--format=%b')).toContain('from a pipe');
    expect(repo.aynig(['set-state', 'c', '--prompt', 'x', '--prompt-stdin'], { expected: 2 }).stderr).toContain('one place only');
  });

  it.each([
    ['a state of the runner', ['working'], 'bad-state'],
    ['a name that is none', ['no such name'], 'bad-state'],
    ['a second state', ['a', '--trailer', 'aynig-state:b'], 'bad-trailer'],
    ['a trailer that is none', ['a', '--trailer', 'nonsense'], 'bad-trailer'],
    ['a trailer twice', ['a', '--trailer', 'aynig-note:x', '--trailer', 'aynig-note:y'], 'bad-message'],
    ['a prompt with a stray request', ['a', '--prompt', 'aynig-state: b'], 'bad-message'],
    ['a subject of two lines', ['a', '--subject', 'x\ny'], 'bad-message'],
  ])('refuses %s and makes no commit', (_, args, code) => {
    const repo = lab();
    const before = repo.refs();
    expect(repo.aynig(['set-state', ...args], { expected: 1 }).stderr).toContain(`[${code}]`);
    expect(repo.refs()).toBe(before);
  });

  it('refuses a branch that a run holds, also where no hooks are installed', async () => {
    const repo = lab();
    repo.command('build', `${hold()}; ${finish()}`);
    repo.request('build');
    const run = repo.start(['run', '--current-branch', 'only']);
    await repo.untilHeld();
    const held = repo.head();
    expect(repo.aynig(['set-state', 'other'], { expected: 1 }).stderr).toMatch(/main is held by a run of build .*\[branch-leased\]/);
    expect(repo.head()).toBe(held);
    repo.letGo();
    await new Promise((resolve) => run.once('close', resolve));
    expect(repo.state()).toBe('done');
  });
});

describe('what verbs print with --json', () => {
  it('is as aynig schema says', () => {
    const repo = lab();
    repo.command('build', finish());
    repo.request('build');
    statusReport.parse(JSON.parse(repo.aynig(['status', '--json']).stdout));
    const run = runReport.parse(JSON.parse(repo.aynig(['run', '--current-branch', 'include', '--json']).stdout));
    expect(run.counts).toEqual({ advanced: 1, stalled: 0, undelivered: 0, failed: 0 });
    statusReport.parse(JSON.parse(repo.aynig(['status', '--all', '--json']).stdout));
    versionReport.parse(JSON.parse(repo.aynig(['version', '--json']).stdout));
    for (const verb of ['status', 'events', 'run', 'logs', 'version']) {
      const schema = JSON.parse(repo.aynig(['schema', verb]).stdout);
      expect(schema.properties.schema.const).toBe(`aynig.${verb}/1`);
    }
  });
});

describe('the shell', () => {
  it('gets a completion script, and verbs, options and branches to complete', () => {
    const repo = lab();
    repo.git('branch', 'topic/one');
    expect(repo.aynig(['completion']).stdout).toContain('aynig');
    const complete = (...words: string[]): string[] => repo.aynig(['--get-yargs-completions', 'aynig', ...words]).stdout.split('\n');
    expect(complete('')).toEqual(expect.arrayContaining(['status', 'run', 'set-state']));
    expect(complete('status', '')).toEqual(expect.arrayContaining(['main', 'topic/one']));
    expect(complete('run', '--')).toEqual(expect.arrayContaining(['--current-branch', '--detach']));
  });

  it('gets help that names every verb and, for each, its options', () => {
    const repo = lab();
    expect(repo.aynig(['--help']).stdout).toContain('Start with: aynig init');
    expect(repo.aynig(['run', '--help']).stdout).toMatch(/--current-branch[\s\S]+"skip", "include", "only"/);
  });
});

describe('aynig run --detach', () => {
  it('returns while the command is still at work', async () => {
    const repo = lab();
    repo.command('build', `${hold()}; ${finish()}`);
    repo.request('build');
    expect(repo.aynig(['run', '--detach', '--current-branch', 'only']).stderr).toContain('started');
    await repo.untilHeld();
    expect(repo.state()).toBe('working');
    repo.letGo();
    await repo.untilState('done');
  });
});
