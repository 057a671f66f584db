import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Crash, CrashingGit } from '../support/crashing-git.js';
import { kill, processesWithHome } from '../support/processes.js';
import { inSample } from '../support/sample.js';
import { bareEnvironment, cliPath } from '../support/scratch.js';
import { completing, dispose, launch, Workspace, waitFor, workspace } from '../support/workspace.js';

/** Where a run goes on, which commands it has, and how it is started. */
interface Scenario {
  readonly name: string;
  readonly run: readonly string[];
  readonly branch: string;
  /** What the states of the branch may be in the end, oldest first and joined by commas. */
  readonly ends: readonly RegExp[];
  readonly prepare: (made: Workspace) => void;
  /** How each of its git calls is crashed. */
  readonly crashes: readonly Crash[];
  /** Which part of its calls is crashed; default: all. The first ones of a chain are those of any run. */
  readonly part?: 'last half';
}

const commitsWork = (next: string, file: string): string =>
  [
    'set -eu',
    'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"',
    `echo "$AYNIG_RUN_ID" >${file}; git add ${file}`,
    `git commit --quiet --message 'to ${next}' --message 'aynig-state: ${next}'`,
    'git rev-parse HEAD >>"$HOME/made"',
    `echo left >left-behind.txt`,
  ].join('\n');

const scenarios: readonly Scenario[] = [
  {
    name: 'a branch that is not checked out',
    run: ['run', '--branch', 'x'],
    branch: 'x',
    ends: [/^build,working,(review|stalled|review,stalled)$/],
    crashes: ['before', 'after', 'orphaned', 'late'],
    prepare(made) {
      made.command('build', commitsWork('review', 'built.txt'));
      made.git('switch', '--quiet', '--create', 'x');
      made.request('build');
      made.git('switch', '--quiet', 'main');
    },
  },
  {
    name: 'the checked-out branch, whose files change',
    run: ['run', '--current-branch', 'only'],
    branch: 'main',
    ends: [/^build,working,(review|stalled|review,stalled)$/],
    crashes: ['before', 'after', 'orphaned', 'late'],
    prepare(made) {
      made.write('removed.txt', 'goes\n');
      made.write('changed.txt', 'old\n');
      made.command(
        'build',
        commitsWork('review', 'built.txt').replace(
          'git add built.txt',
          'echo new >changed.txt; git rm --quiet removed.txt; git add built.txt changed.txt',
        ),
      );
      made.git('add', '--all');
      made.git('commit', '--quiet', '--message', 'files');
      made.request('build');
    },
  },
  {
    name: 'a chain of two',
    run: ['run', '--branch', 'x'],
    branch: 'x',
    ends: [/^build,working,(stalled|test,stalled|test,working,(review|stalled|review,stalled))$/],
    crashes: ['before', 'after'],
    part: 'last half',
    prepare(made) {
      made.command('build', commitsWork('test', 'built.txt'));
      made.command('test', commitsWork('review', 'tested.txt'));
      made.git('switch', '--quiet', '--create', 'x');
      made.request('build');
      made.git('switch', '--quiet', 'main');
    },
  },
];

const prepared = new Map<Scenario, string>();

beforeAll(() => {
  for (const scenario of scenarios) {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'aynig-crash-template-')));
    mkdirSync(join(root, 'repo'));
    const made = new Workspace(root, join(root, 'repo'), bareEnvironment(root));
    made.git('init', '--quiet', '--initial-branch=main', '--template=');
    for (const [key, value] of [
      ['user.name', 'Ana Example'],
      ['user.email', 'ana@example.com'],
      ['gc.auto', '0'],
    ] as const)
      made.git('config', key, value);
    made.write('README', 'scratch\n');
    made.write('mine.txt', 'as committed\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'first');
    scenario.prepare(made);
    prepared.set(scenario, root);
  }
});

afterAll(() => {
  for (const root of prepared.values()) rmSync(root, { recursive: true, force: true });
});

/** A copy of a prepared repository in which the user has unsaved work. */
function copyOf(scenario: Scenario): Workspace {
  const template = prepared.get(scenario);
  if (template === undefined) throw new Error(`${scenario.name} was not prepared`);
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'aynig-crash-')));
  cpSync(join(template, 'repo'), join(root, 'repo'), { recursive: true, preserveTimestamps: true });
  const made = new Workspace(root, join(root, 'repo'), bareEnvironment(root));
  made.write('mine.txt', 'unsaved work\n');
  made.write('untracked.txt', 'also unsaved\n');
  return made;
}

const aynig = (made: Workspace, args: readonly string[], env = made.env) =>
  launch(process.execPath, [cliPath, ...args], { cwd: made.path, env });

const heal = (made: Workspace) => aynig(made, ['run', '--current-branch', 'include']);

/** Everything that is not as it must be after a crash was healed. */
function complaints(made: Workspace, scenario: Pick<Scenario, 'branch' | 'ends'>): string[] {
  const found: string[] = [];
  const complain = (what: string): number => found.push(what);
  const states = made
    .states(scenario.branch)
    .filter((state) => state !== '-')
    .join(',');
  if (!scenario.ends.some((end) => end.test(states))) complain(`the states of the branch are ${states}`);
  if (made.state(scenario.branch) === 'working') complain('the branch is left working');
  const runs = made.ran().map(({ runId }) => runId);
  if (new Set(runs).size !== runs.length) complain(`a run id was executed twice: ${runs.join(' ')}`);
  const pins = made.git('for-each-ref', '--format=%(objectname)', 'refs/heads/', 'refs/aynig/kept/').split('\n');
  for (const commit of made.note('made').split('\n').filter(Boolean)) {
    const reachable = made.gitAnswer(['rev-list', '--stdin'], { input: pins.join('\n') }).stdout.includes(commit);
    if (!reachable) complain(`commit ${commit} of a command is lost`);
  }
  const worktrees = made.git('worktree', 'list').split('\n');
  if (worktrees.length !== 1) complain(`worktrees are left: ${worktrees.slice(1).join('; ')}`);
  const folder = join(made.path, '.worktrees');
  const left = existsSync(folder) ? readdirSync(folder).filter((name) => name !== '.gitignore') : [];
  if (left.length > 0) complain(`.worktrees holds ${left.join(', ')}`);
  const inGit = readdirSync(join(made.path, '.git'), { recursive: true, encoding: 'utf8' });
  const locks = inGit.filter((name) => name.endsWith('.lock'));
  if (locks.length > 0) complain(`lock files are left: ${locks.join(', ')}`);
  const journals = inGit.filter((name) => name.startsWith('aynig/runs/'));
  if (journals.length > 0) complain(`.git/aynig/runs holds ${journals.join(', ')}`);
  const fsck = made.gitAnswer(['fsck', '--full', '--strict', '--no-dangling']);
  if (fsck.exitCode !== 0) complain(`git fsck: ${fsck.stdout}${fsck.stderr}`);
  if (made.read('mine.txt') !== 'unsaved work\n' || made.read('untracked.txt') !== 'also unsaved\n')
    complain("the user's files were changed");
  const status = made.git('status', '--porcelain');
  if (status !== ' M mine.txt\n?? untracked.txt') complain(`git status says ${JSON.stringify(status)}`);
  return found;
}

/** Runs the scenario, crashes it at one git call, heals it once, and answers what is wrong then. */
async function crashOnce(scenario: Scenario, at: number, how: Crash): Promise<{ call: string; crashed: boolean; wrong: string[] }> {
  const made = copyOf(scenario);
  const crashing = new CrashingGit(made.root);
  try {
    const crashed = await aynig(made, scenario.run, crashing.environment(made.env, at, how));
    const calls = crashing.calls();
    const call = calls[at - 1] ?? '';
    // One call more or less, as calls that are made at the same time may share one cat-file.
    if (calls.length < at) return { call, crashed: false, wrong: crashed.exitCode === 0 ? complaints(made, scenario) : [crashed.stderr] };
    if (crashed.signal !== 'SIGKILL')
      return { call, crashed: false, wrong: [`the runner did not crash: exit ${crashed.exitCode} ${crashed.stderr}`] };
    const healed = await heal(made);
    if (crashing.heldBack) {
      crashing.letGo();
      await made.untilStill();
      // What the late call left behind is found at the next tick, as everything is.
      await heal(made);
    }
    await made.untilStill();
    const wrong = complaints(made, scenario);
    return {
      call,
      crashed: true,
      wrong: wrong.length === 0 ? [] : [...wrong, `the healing run said: ${healed.stderr.trim().replaceAll('\n', ' | ')}`],
    };
  } finally {
    dispose(made.root);
  }
}

async function callsOf(scenario: Scenario): Promise<string[]> {
  const made = copyOf(scenario);
  const crashing = new CrashingGit(made.root);
  try {
    const run = await aynig(made, scenario.run, crashing.environment(made.env, 0, 'before'));
    expect(run.exitCode, run.stderr).toBe(0);
    expect(complaints(made, scenario)).toEqual([]);
    return crashing.calls();
  } finally {
    dispose(made.root);
  }
}

/** Does the jobs, a few at a time. */
async function each<T>(jobs: readonly T[], atOnce: number, work: (job: T) => Promise<void>): Promise<void> {
  const queue = [...jobs];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await work(job);
    }),
  );
}

describe('a runner that is killed at any git call of its tick', () => {
  test.each(scenarios)('is healed by the next run: $name', { timeout: 900_000 }, async (scenario) => {
    const calls = await callsOf(scenario);
    const started = Date.now();
    const first = scenario.part === undefined ? 0 : Math.floor(calls.length / 2);
    const jobs = calls.flatMap((_, index) =>
      scenario.crashes.flatMap((how, column) => (index >= first && inSample(index, column) ? [{ at: index + 1, how }] : [])),
    );
    const wrong: string[] = [];
    let crashed = 0;
    await each(jobs, 3, async ({ at, how }) => {
      const result = await crashOnce(scenario, at, how);
      if (result.crashed) crashed++;
      if (result.wrong.length > 0) wrong.push(`call ${at} (${result.call}), ${how}: ${result.wrong.join('; ')}`);
    });
    process.stdout.write(
      `crash points: ${crashed} (of ${calls.length} git calls x ${scenario.crashes.join('/')}) of ${scenario.name}, ${Math.round((Date.now() - started) / 1000)} s\n`,
    );
    expect(crashed).toBeGreaterThan(jobs.length - 3 * scenario.crashes.length);
    expect(calls.length).toBeGreaterThan(8);
    expect(wrong.sort()).toEqual([]);
  });
});

/** Starts `aynig run` on the current branch and waits until its command has committed something and goes on. */
async function heldRun(command: string): Promise<{ made: Workspace; runner: number; commands: () => number[] }> {
  const made = workspace();
  made.write('mine.txt', 'as committed\n');
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message', 'mine');
  made.command('build', command);
  made.write('mine.txt', 'unsaved work\n');
  made.write('untracked.txt', 'also unsaved\n');
  made.request('build');
  const child = made.start(['run', '--current-branch', 'only']);
  const { pid } = child;
  if (pid === undefined) throw new Error('the runner was not started');
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  onTestFinished(async () => {
    kill(pid, 'SIGKILL');
    await ended;
  });
  await made.until('the command waits', () => made.noted('waits'));
  const commands = (): number[] =>
    processesWithHome(made.root)
      .filter(({ environment }) => environment.some((entry) => entry.startsWith('AYNIG_RUN_ID=')))
      .map((process) => process.pid);
  return { made, runner: pid, commands };
}

const committing = [
  'set -eu',
  'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"',
  'echo half >half.txt; git add half.txt; git commit --quiet --message "half of it"',
  'git rev-parse HEAD >>"$HOME/made"',
].join('\n');
const committingThenWaiting = `${committing}\n: >"$HOME/waits"\n${waitFor()}`;
const cutOff = { branch: 'main', ends: [/^build,working,stalled$/] };

describe('a run that is killed from outside', () => {
  test('stalls with the signal that ended its command, and keeps what the command committed', async () => {
    const { made, commands } = await heldRun(committingThenWaiting);
    for (const pid of commands()) kill(pid, 'SIGKILL');
    await made.untilState('stalled');
    await made.untilStill();
    expect(made.trailer('aynig-signal')).toBe('SIGKILL');
    expect(made.read('half.txt')).toBe('half\n');
    expect(complaints(made, cutOff)).toEqual([]);
  });

  test('has its command ended by the next run when the runner was killed, also what the command put into the background', async () => {
    const { made, runner, commands } = await heldRun(
      committingThenWaiting.replace(': >', 'setsid sleep 1000 </dev/null >/dev/null 2>&1 &\nsleep 1000 &\n: >'),
    );
    kill(runner, 'SIGKILL');
    await made.until('the runner is gone', () => !processesWithHome(made.root).some(({ pid }) => pid === runner));
    expect(commands().length).toBeGreaterThan(2);
    const healed = await heal(made);
    expect(healed.stderr).toContain('main: build stalled.');
    expect(commands()).toEqual([]);
    await made.untilStill();
    expect(made.read('half.txt')).toBe('half\n');
    expect(complaints(made, cutOff)).toEqual([]);
  });

  test('is healed by the next run when runner and command were killed', async () => {
    const { made, runner, commands } = await heldRun(committingThenWaiting);
    kill(runner, 'SIGKILL');
    for (const pid of commands()) kill(pid, 'SIGKILL');
    await made.untilStill();
    await heal(made);
    await made.untilStill();
    expect(complaints(made, cutOff)).toEqual([]);
  });

  test('is counted by the run that finds it: the summary says stalled, and the exit code is 1', async () => {
    const { made, runner, commands } = await heldRun(committingThenWaiting);
    for (const pid of [runner, ...commands()]) kill(pid, 'SIGKILL');
    await made.untilStill();
    const healed = await heal(made);
    expect(healed.stderr).toContain('main: build stalled.');
    expect(healed.stderr).toMatch(/^aynig: .*1 stalled/m);
    expect(healed.exitCode).toBe(1);
  });

  test('keeps its branch until its command has ended, although two runs find it dead at once', async () => {
    // Asked to end, it goes on for two seconds.
    const stubborn = committingThenWaiting.replace(
      'set -eu',
      'set -eu\ntrap \': >"$HOME/asked"; n=0; until [ $((n += 1)) -gt 100 ]; do sleep 0.05 || :; done; exit 1\' TERM',
    );
    const { made, runner, commands } = await heldRun(stubborn);
    kill(runner, 'SIGKILL');
    const healers = [heal(made), heal(made)];
    let early = '';
    await made.until('a healing run asks the command to end', () => made.noted('asked'));
    let over = false;
    const both = Promise.all(healers).then(() => {
      over = true;
    });
    await made.until('both healing runs have ended', () => {
      const state = made.state('main');
      if (commands().length > 0 && state !== 'working') early ||= `the branch is ${state} while its command still runs`;
      return over;
    });
    await both;
    await made.untilStill();
    expect.soft(early).toBe('');
    expect(complaints(made, cutOff)).toEqual([]);
  });
});

describe('what a power cut left', () => {
  test('does not keep other branches from being run when it is a journal without content', async () => {
    const made = workspace();
    made.command('build', completing('review'));
    made.request('build');
    mkdirSync(join(made.path, '.git/aynig/runs'), { recursive: true });
    writeFileSync(join(made.path, '.git/aynig/runs/11111111-2222-4333-8444-555555555555.json'), '');
    const healed = await heal(made);
    expect(healed.stderr).not.toMatch(/^\s+at /m);
    expect(made.state('main')).toBe('review');
  });
});
