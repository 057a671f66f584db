import { describe, expect, test } from 'vitest';
import { addOpsPack, withOpsPack } from '../support/ops-pack.js';
import { cliPath } from '../support/scratch.js';
import { launch, twoClones, type Workspace } from '../support/workspace.js';

/** Does a job: a file of its own; one whose prompt says so fails, and says it. */
const job = `set -eu
echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"
[ ! -e "$HOME/hold" ] || until [ -e "$HOME/go" ]; do sleep 0.05; done
case $AYNIG_BODY in
*crash*) exit 3 ;;
*fail*) set -- 'aynig-outcome: failed' ;;
*clash*) echo "$AYNIG_BODY" >shared.txt; set -- 'aynig-note: clash' ;;
*) echo "$AYNIG_BODY" >"$AYNIG_BRANCH.txt"; set -- 'aynig-note: fine' ;;
esac
git add .
printf '%s\\n\\n%s\\n%s\\n' "job of $AYNIG_BRANCH" "$1" "aynig-state: $AYNIG_TRAILER_AYNIG_NEXT" | git commit --quiet --allow-empty --file=-`;

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `job${at + 1}`);
const lines = (count: number, failing: readonly number[] = []): string =>
  names(count)
    .map((name, at) => `${name}: ${failing.includes(at + 1) ? 'fail' : 'make'} part ${at + 1}`)
    .join('\n');

interface Ask {
  readonly body: string;
  readonly trailers?: readonly string[];
}

/** Asks for a fan-out, with the hooks or without. */
function ask(made: Workspace, { body, trailers = [] }: Ask, hooks = false): void {
  const message = `Fan out\n\n${body}\n\n${['aynig-state: ops-fan-out', 'aynig-fan-state: job', ...trailers].join('\n')}\n`;
  made.gitAnswer(
    [...(hooks ? [] : ['-c', 'core.hooksPath=/dev/null']), 'commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'],
    {
      env: hooks ? {} : { AYNIG: '0' },
      input: message,
      expected: 0,
    },
  );
}

const run = (made: Workspace, env: Record<string, string> = {}) =>
  launch(process.execPath, [cliPath, 'run', '--current-branch', 'include'], {
    cwd: made.path,
    env: { ...made.env, ...env },
    timeoutMs: 140_000,
  });

const stateAt = (made: Pick<Workspace, 'gitAnswer'>, branch: string): string =>
  made.gitAnswer(['log', '-1', '--format=%(trailers:key=aynig-state,valueonly,only)', branch, '--']).stdout.trim();

const children = (made: Pick<Workspace, 'git'>): string[] =>
  made
    .git('for-each-ref', '--format=%(refname:short)', 'refs/heads/')
    .split('\n')
    .filter((name) => name.startsWith('main.'));

/** A fan-out of 20, or one at a remote, takes longer than other things that tests wait for. */
async function untilJoined(made: Workspace, state = () => stateAt(made, 'main')): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!['done', 'failed'].includes(state())) {
    if (Date.now() > deadline) throw new Error(`it was not joined\n${made.hookLog()}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** How often each state was run on a branch, by its leases. */
const leases = (made: Pick<Workspace, 'git'>, branch: string, state: string): number =>
  made
    .git(
      'log',
      '--first-parent',
      '--format=%(trailers:key=aynig-origin-state,valueonly,only,separator=%x2C) %(trailers:key=aynig-state,valueonly,only,separator=%x2C)',
      branch,
    )
    .split('\n')
    .filter((line) => line === `${state} working`).length;

const tally: Record<string, number> = {};
const count = (what: string, by = 1): void => {
  tally[what] = (tally[what] ?? 0) + by;
};
const say = (): void =>
  void process.stdout.write(
    `fan-out: ${Object.entries(tally)
      .map(([what, times]) => `${times} ${what}`)
      .join(', ')}\n`,
  );

function expectJoined(
  made: Workspace | { git: Workspace['git']; gitAnswer: Workspace['gitAnswer'] },
  total: number,
  failing: number,
): void {
  expect(stateAt(made, 'main')).toBe(failing === 0 ? 'done' : 'failed');
  const body = made.git('log', '-1', '--format=%B', 'main');
  expect(body).toContain(`Joined ${total} jobs: ${total - failing} done, ${failing} failed, ${total - failing} merged`);
  const files = made
    .git('ls-tree', '--name-only', 'main')
    .split('\n')
    .filter((name) => /^main\.job/.test(name));
  expect(files).toHaveLength(total - failing);
  for (const branch of children(made)) expect(['done', 'failed']).toContain(stateAt(made, branch));
  count('jobs', total);
  count('joins');
}

describe('a fan-out of 20', () => {
  test('of which two fail is joined by one aynig run, one at once', { timeout: 150_000 }, async () => {
    const made = withOpsPack({ job });
    made.git('config', 'aynig.maxParallel', '1');
    ask(made, { body: lines(20, [3, 17]) });
    const answer = await run(made);
    expect(children(made)).toHaveLength(20);
    expectJoined(made, 20, 2);
    expect(answer.exitCode).toBe(0);
    expect(made.ran()).toHaveLength(20);
    expect(leases(made, 'main', 'ops-fan-in')).toBeLessThanOrEqual(2);
    say();
  });

  test('that all succeed is joined by hooks alone, four at once', { timeout: 150_000 }, async () => {
    const made = withOpsPack({ job });
    made.git('config', 'aynig.maxParallel', '4');
    ask(made, { body: lines(20) }, true);
    await untilJoined(made);
    await made.untilQuiet();
    expect(made.hookLog()).not.toMatch(/aynig run --branch|\[[a-z]+-[a-z-]+\]/);
    expectJoined(made, 20, 0);
    expect(made.git('status', '--porcelain')).toBe('');
    expect(made.exists('main.job1.txt')).toBe(true);
    say();
  });
});

describe('jobs that end at once', () => {
  test('wake their parent once, however many do', { timeout: 150_000 }, async () => {
    const made = withOpsPack({ job });
    made.git('config', 'aynig.maxParallel', '12');
    for (let round = 0; round < 2; round++) {
      made.git('switch', '--quiet', '--create', `round${round}`, 'main');
      made.release('hold');
      made.program('rm', ['-f', `${made.root}/go`]);
      const before = made.ran().length;
      ask(made, { body: lines(12) });
      const running = run(made);
      await made.until('all are at work', () => made.ran().length === before + 12);
      made.release();
      expect(await running).toMatchObject({ exitCode: 0 });
      expect(stateAt(made, `round${round}`)).toBe('done');
      expect(leases(made, `round${round}`, 'ops-fan-in')).toBe(1);
      count('jobs', 12);
      count('joins');
      count('of jobs that ended at once');
    }
    say();
  });
});

describe('a runner that is killed', () => {
  test('in the middle of a fan-out leaves jobs that the next run takes up, and asked again the fan-out goes on from them', {
    timeout: 150_000,
  }, async () => {
    const made = withOpsPack({ job }, { recovery: false });
    // Dies with its children once the branches are there, and before the parent waits.
    made.script(
      'bin/git',
      `real=$(PATH=\${PATH#*:} command -v git)
case " $* " in *" --file=- "*) if [ ! -e "$HOME/killed" ] && $real show-ref --quiet refs/heads/main.job1; then : >"$HOME/killed"; kill -9 "$(cat "$HOME/runner")"; sleep 600; fi ;; esac
exec $real "$@"`,
    );
    ask(made, { body: lines(20, [5]) });
    await launch(
      'sh',
      ['-c', 'echo $$ >"$HOME/runner"; exec "$@"', 'sh', process.execPath, cliPath, 'run', '--current-branch', 'include'],
      {
        cwd: made.path,
        env: { ...made.env, PATH: `${made.root}/bin:${made.env['PATH']}` },
      },
    );
    expect(made.noted('killed')).toBe(true);
    expect(children(made)).toHaveLength(20);
    expect(made.ran()).toEqual([]);
    await run(made);
    expect(made.ran()).toHaveLength(20);
    expect(stateAt(made, 'main')).toBe('stalled');
    // What a person, or the recovery of this pack, does.
    ask(made, { body: lines(20, [5]) });
    await run(made);
    expectJoined(made, 20, 1);
    expect(made.ran()).toHaveLength(20);
    count('crashes');
    say();
  });

  test('while jobs are at work costs those jobs an attempt, and the join waits for them', async () => {
    const made = withOpsPack({ job }, { recovery: false });
    made.git('config', 'aynig.maxParallel', '4');
    made.release('hold');
    ask(made, { body: lines(6) });
    const first = made.start(['run', '--current-branch', 'include']);
    await made.until('jobs are at work', () => made.ran().length >= 4);
    first.kill('SIGKILL');
    await new Promise((ended) => first.once('close', ended));
    made.release();
    await run(made);
    const stalled = children(made).filter((branch) => stateAt(made, branch) === 'stalled');
    expect(stalled).toHaveLength(4);
    expect(stateAt(made, 'main')).toBe('ops-joining');
    for (const branch of stalled) {
      made.git('switch', '--quiet', branch);
      made.request('job', { body: 'make it again', trailers: ['aynig-next: ops-fan-in'] });
    }
    made.git('switch', '--quiet', 'main');
    await run(made);
    expectJoined(made, 6, 0);
    count('crashes');
    say();
  });
});

describe('a join', () => {
  test('that a person asks for too early goes back to waiting, and says for whom', async () => {
    const made = withOpsPack({ job }, { recovery: false });
    ask(made, { body: 'fine: make\nstuck: crash' });
    await run(made);
    expect(stateAt(made, 'main.fine')).toBe('done');
    expect(stateAt(made, 'main.stuck')).toBe('stalled');
    expect(stateAt(made, 'main')).toBe('ops-joining');
    made.request('ops-fan-in');
    await run(made);
    expect(stateAt(made, 'main')).toBe('ops-joining');
    expect(made.git('log', '-1', '--format=%B', 'main')).toContain('main.stuck: stalled');
    // A branch that is deleted has failed.
    made.git('branch', '--quiet', '-D', 'main.stuck');
    made.request('ops-fan-in');
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(made.git('log', '-1', '--format=%B', 'main')).toContain('| main.stuck | gone | - | left |');
    expect(made.exists('main.fine.txt')).toBe(true);
  });

  test('counts a job that a person cancels as failed, as it does one whose trailers make no sense', async () => {
    const made = withOpsPack({ job });
    made.release('hold');
    ask(made, { body: 'long: wait' }, true);
    await made.until('the job is at work', () => made.ran().length === 1);
    expect(stateAt(made, 'main')).toBe('ops-joining');
    made.aynig(['cancel', 'main.long']);
    await untilJoined(made);
    await made.untilQuiet();
    expect(stateAt(made, 'main')).toBe('failed');
    expect(made.git('log', '-1', '--format=%B', 'main')).toMatch(/\| main\.long \| failed \|/);
    expect(made.git('log', '-1', '--format=%s', 'main.long')).toMatch(/^job failed: a person cancelled the run/);
    made.git('branch', '--quiet', '-D', 'main.long');
    made.release();
    ask(made, { body: 'odd: crash', trailers: ['aynig-max-attempts: many'] });
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(made.git('log', '-1', '--format=%s', 'main.odd')).toContain('aynig-max-attempts is "many"');
    expect(made.ran()).toHaveLength(2);
  });

  test('of jobs that clash merges what it can and leaves nothing half merged', async () => {
    const made = withOpsPack({ job });
    ask(made, { body: 'a: clash one\nb: clash two\nc: make', trailers: ['aynig-next-on-failure: repair'] });
    await run(made);
    expect(stateAt(made, 'main')).toBe('repair');
    const body = made.git('log', '-1', '--format=%B', 'main');
    expect(body).toMatch(/\| main\.a \| done \| [0-9a-f]{12} \| merged \|/);
    expect(body).toMatch(/\| main\.b \| done \| [0-9a-f]{12} \| conflict \|/);
    expect(body).toContain('main.b:\n  shared.txt');
    expect(made.git('show', 'main:shared.txt')).toBe('clash one');
    expect(made.git('show', 'main:main.c.txt')).toBe('make');
    expect(made.git('status', '--porcelain')).toBe('');
  });

  test('that failed is asked for anew when its jobs are mended: tried again, or by hand', async () => {
    const made = withOpsPack({
      job: job.replace(
        '*crash*)',
        '*crash*) [ ! -e "$HOME/mended" ] || { echo b >"$AYNIG_BRANCH.txt"; git add .; git commit -q -m ok -m "aynig-state: $AYNIG_TRAILER_AYNIG_NEXT"; exit 0; };',
      ),
    });
    ask(made, { body: 'a: make\nb: crash\nc: crash\nd: clash one\ne: clash two', trailers: ['aynig-fan-then: check'] });
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(made.git('log', '-1', '--format=%B', 'main')).toContain('Joined 5 jobs: 3 done, 2 failed, 2 merged');
    // Too early nothing is lost, and it can be asked again.
    made.request('ops-fan-in');
    await run(made);
    expect(made.git('log', '-1', '--format=%s', 'main')).toBe('Joined 5 jobs: 3 done, 2 failed, 2 merged');
    made.release('mended');
    made.git('switch', '--quiet', 'main.b');
    made.request('ops-retry');
    await run(made);
    expect(stateAt(made, 'main.b')).toBe('done');
    made.git('switch', '--quiet', 'main.c');
    made.write('main.c.txt', 'by hand\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'Mended');
    made.git('switch', '--quiet', 'main');
    made.git('merge', '--quiet', '--no-edit', 'main.c');
    made.git('merge', '--quiet', '--no-edit', '-X', 'ours', 'main.e');
    made.request('ops-fan-in');
    await run(made);
    expect(stateAt(made, 'main')).toBe('check');
    const body = made.git('log', '-1', '--format=%B', 'main');
    expect(body).toContain('Joined 5 jobs: 5 done, 0 failed, 5 merged');
    expect(body).not.toContain('To go on');
    for (const name of ['a', 'b', 'c']) expect(made.exists(`main.${name}.txt`)).toBe(true);
    // What is joined well is not joined again.
    made.request('ops-fan-in');
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(made.git('log', '-1', '--format=%B', 'main')).toContain('are joined already');
  });

  test('that failed does not follow from itself, whatever comes next', async () => {
    const made = withOpsPack({ job, again: `git commit -q --allow-empty -m again -m 'aynig-state: ops-fan-in'` });
    ask(made, { body: 'a: fail', trailers: ['aynig-next-on-failure: again'] });
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(leases(made, 'main', 'again')).toBe(1);
  });

  test('that is asked not to merge leaves the work on the branches of the jobs', async () => {
    const made = withOpsPack({ job });
    ask(made, { body: lines(3), trailers: ['aynig-fan-merge: no', 'aynig-fan-then: review'] });
    await run(made);
    expect(stateAt(made, 'main')).toBe('review');
    expect(made.git('ls-tree', '--name-only', 'main')).not.toContain('job1');
    expect(made.git('ls-tree', '--name-only', 'main.job1')).toContain('main.job1.txt');
  });

  test('of a fan-out inside of a fan-out ends the job that it was', async () => {
    const spread = `printf 'Spread\n\nx: make x\ny: make y\n\naynig-state: ops-fan-out\naynig-fan-state: job\naynig-fan-then: ops-fan-in\naynig-next-on-failure: ops-fan-in\n' | git commit --quiet --allow-empty --file=-`;
    const made = withOpsPack({ job, spread });
    ask(made, { body: 'a: first\nb: second', trailers: ['aynig-fan-state: spread'] });
    // The trailer of the helper stands first; one of them has to go.
    made.gitAnswer(['-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--amend', '--allow-empty', '--cleanup=verbatim', '--file=-'], {
      env: { AYNIG: '0' },
      input: 'Fan out\n\na: first\nb: second\n\naynig-state: ops-fan-out\naynig-fan-state: spread\n',
      expected: 0,
    });
    await run(made);
    expect(stateAt(made, 'main')).toBe('done');
    expect(
      made
        .git('ls-tree', '--name-only', 'main')
        .split('\n')
        .filter((name) => /^main\.[ab]\.[xy]\.txt$/.test(name)),
    ).toHaveLength(4);
    expect(children(made)).toHaveLength(6);
  });

  test('is asked for on a branch that waits for nothing, which fails', async () => {
    const made = withOpsPack({});
    made.request('ops-fan-in');
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
  });
});

test('one job is spoken of as one', async () => {
  const made = withOpsPack({ job }, { recovery: false });
  ask(made, { body: 'one: crash' });
  await run(made);
  const message = (): string => made.git('log', '-1', '--format=%B', 'main');
  expect(message()).toMatch(/^Waiting for 1 job\n\n1 job is asked for job\. This branch goes on when it has ended\.\n/);
  made.request('ops-fan-in');
  await run(made);
  expect(message()).toMatch(/^Waiting for 1 job\n/);
  made.git('branch', '--quiet', '-D', 'main.one');
  made.request('ops-fan-in');
  await run(made);
  expect(message()).toMatch(/^Joined 1 job: 0 done, 1 failed, 0 merged\n/);
  ask(made, { body: 'one: fine\ntwo: crash' });
  await run(made);
  expect(message()).toMatch(/^Waiting for 2 jobs\n\n2 jobs are asked for job\. This branch goes on when all of them have ended\.\n/);
});

describe('a fan-out that cannot be', () => {
  test.each([
    ['a line without a name', 'one: fine\njust text', 'line 2'],
    ['a name with a capital', 'One: fine', 'line 1'],
    ['a name that git refuses', 'one.lock: fine', 'line 1'],
    ['a name with two dots', 'a..b: fine', 'line 1'],
    ['a job twice', 'one: fine\n\ntwo: fine\none: again', 'line 4'],
    ['a job without a prompt', 'one:', 'line 1'],
    ['no job', '', 'no line'],
    ['more than 200 jobs', Array.from({ length: 201 }, (_, at) => `j${at}: x`).join('\n'), 'line 201'],
  ])('for %s says so and creates nothing', async (_, body, said) => {
    const made = withOpsPack({ job });
    ask(made, { body: body === '' ? 'nothing' : body });
    if (body === '') made.request('ops-fan-out', { trailers: ['aynig-fan-state: job'] });
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(made.git('log', '-1', '--format=%B', 'main')).toContain(said);
    expect(children(made)).toEqual([]);
  });

  test('for want of a state, or for one that nobody can ask for, creates nothing', async () => {
    const made = withOpsPack({ job });
    for (const trailers of [
      [],
      ['aynig-fan-state: working'],
      ['aynig-fan-state: Job'],
      ['aynig-fan-state: job', 'aynig-fan-then: no state'],
    ]) {
      made.request('ops-fan-out', { body: 'one: fine', trailers });
      await run(made);
      expect(stateAt(made, 'main')).toBe('failed');
      expect(children(made)).toEqual([]);
    }
  });

  test('because a branch of that name is there creates nothing, and leaves that branch alone', async () => {
    const made = withOpsPack({ job });
    made.git('branch', 'main.job2');
    const before = made.head('main.job2');
    ask(made, { body: lines(3) });
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    const said = made.git('log', '-1', '--format=%B', 'main');
    expect(said).toContain('main.job2 is there');
    expect(said).toContain('ask for ops-fan-in here');
    expect(said).toContain('  git branch -m main.job2 main.job2.old\n');
    expect(children(made)).toEqual(['main.job2']);
    expect(made.head('main.job2')).toBe(before);
  });

  test('because a folder of branches of that name is there creates nothing', async () => {
    const made = withOpsPack({ job });
    made.git('branch', 'main.job2/other');
    ask(made, { body: lines(3) });
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(children(made)).toEqual(['main.job2/other']);
  });

  test('because its branches are of an earlier one creates nothing', async () => {
    const made = withOpsPack({ job });
    ask(made, { body: lines(2) });
    await run(made);
    expectJoined(made, 2, 0);
    const before = made.git('for-each-ref', 'refs/heads/main.*');
    ask(made, { body: lines(2) });
    await run(made);
    expect(stateAt(made, 'main')).toBe('failed');
    expect(made.git('for-each-ref', 'refs/heads/main.*')).toBe(before);
  });
});

describe('at a remote', () => {
  test('a fan-out of 12 is shared by two clones, and joined there once', async () => {
    const { ana, bob } = twoClones();
    addOpsPack(ana);
    ana.command('job', job);
    ask(ana, { body: lines(12, [4, 9]) });
    ana.git('push', '--quiet', 'origin', 'main');
    for (const [clone, name] of [
      [ana, 'ana'],
      [bob, 'bob'],
    ] as const) {
      clone.git('config', 'aynig.runnerId', name);
      clone.git('config', 'aynig.maxParallel', '2');
    }
    const remoteRun = (clone: Workspace) =>
      launch(process.execPath, [cliPath, 'run', '--aynig-remote', 'origin', '--current-branch', 'include'], {
        cwd: clone.path,
        env: clone.env,
        timeoutMs: 150_000,
      });
    const there = {
      git: (...args: readonly string[]) => ana.git(`--git-dir=${ana.root}/origin.git`, ...args),
      gitAnswer: (args: readonly string[]) => ana.gitAnswer([`--git-dir=${ana.root}/origin.git`, ...args]),
    };
    // Nobody ends a job before both have some.
    ana.release('hold');
    const ended = remoteRun(ana);
    await ana.until('jobs are there', () => children(there).length === 12);
    const other = remoteRun(bob);
    await ana.until('both are at work on as many as they may', () => ana.ran().length === 4);
    ana.release();
    const answers = await Promise.all([ended, other]);
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    // Who ended first may have left the join to be found by a later run.
    for (let round = 0; round < 3 && stateAt(there, 'main') === 'ops-fan-in'; round++) await remoteRun(bob);
    expectJoined(there, 12, 2);
    expect(ana.ran()).toHaveLength(12);
    const runners = there.git('log', '--all', '--format=%(trailers:key=aynig-runner-id,valueonly,only,separator=%x2C)').split('\n');
    expect(new Set(runners.filter((name) => name !== ''))).toEqual(new Set(['ana', 'bob']));
    expect(there.git('for-each-ref', 'refs/aynig/lease/')).toBe('');
    count('at a remote with two clones');
    say();
  }, 170_000);

  test('hooks of a clone whose branches a remote decides run the jobs that this clone has made there', { timeout: 150_000 }, async () => {
    const { ana } = twoClones();
    addOpsPack(ana);
    ana.command('job', job);
    ana.git('config', 'aynig.remote', 'origin');
    ana.git('push', '--quiet', 'origin', 'main');
    ask(ana, { body: lines(3) });
    ana.git('push', '--quiet', 'origin', 'main');
    const there = (branch: string): string =>
      ana
        .gitAnswer([`--git-dir=${ana.root}/origin.git`, 'log', '-1', '--format=%(trailers:key=aynig-state,valueonly,only)', branch, '--'])
        .stdout.trim();
    ana.aynig(['allow', '--yes']);
    ana.git('commit', '--quiet', '--allow-empty', '--message', 'look', '--message', 'aynig-state: nothing-here');
    await untilJoined(ana, () => there('main'));
    expect(there('main')).toBe('done');
    await ana.untilQuiet();
  });
});
