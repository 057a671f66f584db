import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packSource } from '../support/pack.js';
import { cliPath, projectRoot } from '../support/scratch.js';
import { launch, twoClones, type Workspace, workspace } from '../support/workspace.js';

/** Fails twice, whatever is asked, and then hands what its prompt lists to a fan-out. */
const flakyBuild = `set -eu
echo "$AYNIG_RUN_ID" >>"$HOME/builds"
[ "$(wc -l <"$HOME/builds")" -ge 3 ] || { echo 'the mirror does not answer' >&2; exit 4; }
echo built >built.txt
git add built.txt
git commit --quiet --message 'Build'
printf '%s\\n\\n%s\\n\\n%s\\n' 'Translate what was built' "$AYNIG_BODY" 'aynig-fan-state: translate
aynig-fan-then: ops-approve
aynig-next: ship
aynig-state: ops-fan-out' | git commit --quiet --allow-empty --file=-`;

const translate = `set -eu
echo "$AYNIG_BODY" >"$AYNIG_BRANCH.txt"
git add "$AYNIG_BRANCH.txt"
git commit --quiet --message "Translate for $AYNIG_BRANCH" --message "aynig-state: $AYNIG_TRAILER_AYNIG_NEXT"`;

const ship = `set -eu
cat ./*.*.txt >shipped.txt
git add shipped.txt
git commit --quiet --message Ship --message 'aynig-state: done'`;

/** Never succeeds, and leaves behind how far it came. */
const hopelessChecks = 'echo "checked by $AYNIG_RUN_ID" >half.txt; exit 1';

const languages = 'ar bg cs da de el es et fi fr ga hr hu it lt lv nl pl pt ro'.split(' ');
const lines = (names: readonly string[]): string => names.map((name) => `${name}: Translate into ${name}.`).join('\n');

/** The pack by the real installer from a bare repository, and commands of one's own: all that a person does after `aynig init`. */
function installThePack(made: Workspace, commands: Readonly<Record<string, string>>): void {
  const project = packSource(made, 'project', { 'README.md': 'a project with a pack in it\n' });
  cpSync(join(projectRoot, 'ops-workflow-pack'), join(project.path, 'ops-workflow-pack'), { recursive: true });
  project.publish({}, 'the ops pack');
  const { stdout } = made.aynig(['install', project.bare(), 'main', 'ops-workflow-pack', '--yes']);
  made.program('sh', ['-c', stdout.match(/git commit -m 'Install ops .*'$/m)?.[0] ?? 'exit 9']);
  for (const [state, script] of Object.entries(commands)) made.command(state, script);
  expect(made.git('status', '--porcelain')).toBe('');
  made.git('config', 'aynig.ops.backoffSeconds', '0');
  noteStarts(made);
}

/** Writes down every start of every command, those of the pack too, outside of the repository. */
function noteStarts(made: Workspace): void {
  const note = 'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"; exec "$@"';
  made.git('config', 'aynig.wrapper', made.script('note-start', note));
}

/** A commit as people make it, with all hooks. */
function commit(made: Workspace, title: string, body: string, ...trailers: readonly string[]): string {
  const paragraphs = [title, ...(body === '' ? [] : [body]), trailers.join('\n')];
  made.git('commit', '--quiet', '--allow-empty', ...paragraphs.flatMap((text) => ['--message', text]));
  return made.head();
}

/** Waits for a chain of many runs: longer, and with fewer looks, than for one. */
async function untilItIs(made: Workspace, branch: string, state: string): Promise<void> {
  const deadline = Date.now() + 180_000;
  while (made.state(branch) !== state) {
    if (Date.now() > deadline) throw new Error(`${branch} did not come to ${state}\n${made.describe()}`);
    await new Promise((next) => setTimeout(next, 100));
  }
  await made.untilQuiet();
  await made.untilStill();
}

/** The command line that a question prints for an answer. */
const printedAnswer = (made: Workspace, title: string): string =>
  made
    .git('log', '-1', '--format=%B')
    .match(/(?<=^ {2})git commit .*$/gm)
    ?.find((line) => line.includes(`-m '${title}'`)) ?? 'exit 9';

interface Commit {
  readonly oid: string;
  readonly parents: readonly string[];
  readonly trailers: ReadonlyMap<string, string>;
}

type Git = Workspace['git'];

/** Commits of a range, newest first, with git's own reading of their trailers. */
const commitsOf = (git: Git, ...range: readonly string[]): Commit[] =>
  git('log', '--format=%x01%H%n%P%n%(trailers:only,unfold)', ...range)
    .split('\x01')
    .slice(1)
    .map((text) => {
      const [oid = '', parents = '', ...rest] = text.split('\n');
      const trailers = rest
        .filter((line) => line !== '')
        .map((line): [string, string] => [line.split(':')[0] ?? '', line.replace(/^[^:]*: */, '')]);
      return { oid, parents: parents.split(' '), trailers: new Map(trailers) };
    });

const refs = (git: Git, ...patterns: readonly string[]): string[] =>
  git('for-each-ref', '--format=%(refname)', ...patterns)
    .split('\n')
    .filter((name) => name !== '');

/** What happened, by the commits that every ref of a repository leads to and by what was written down at each start. */
function count(git: Git, ran: ReturnType<Workspace['ran']>, asked: readonly string[]) {
  const all = commitsOf(git, '--all');
  const commands = new Set(git('ls-tree', '--name-only', 'main:.aynig/command').split('\n'));
  const stateOf = ({ trailers }: Commit): string => trailers.get('aynig-state') ?? '';
  const byId = new Map(all.map((one) => [one.oid, one]));
  const leases = all.filter((one) => stateOf(one) === 'working');
  const requests = all.filter((one) => commands.has(stateOf(one)));
  const above = new Map<string, Commit[]>();
  for (const one of all) above.set(one.parents[0] ?? '', [...(above.get(one.parents[0] ?? '') ?? []), one]);
  /** The nearest commits above one that have a state; work without a state in between is the run's. */
  const next = ({ oid }: Commit): Commit[] => (above.get(oid) ?? []).flatMap((one) => (stateOf(one) === '' ? next(one) : [one]));
  const ends = leases.flatMap(next);
  const stalled = ends.filter((one) => stateOf(one) === 'stalled');
  const completions = ends.filter((one) => stateOf(one) !== 'stalled');
  const sorted = (texts: readonly (string | undefined)[]): string[] => texts.map((text) => text ?? '').sort();
  const identity = ({ trailers }: Commit): string =>
    ['aynig-run-id', 'aynig-origin-state', 'aynig-parent'].map((key) => trailers.get(key)).join(' ');

  // Every run id is in one lease and was started once; every request has one lease, and every lease one end.
  expect(sorted(ran.map(({ runId, state, request }) => `${runId} ${state} ${request}`))).toEqual(sorted(leases.map(identity)));
  expect(new Set(ran.map(({ runId }) => runId)).size).toBe(ran.length);
  expect(sorted(leases.map(({ trailers }) => trailers.get('aynig-parent')))).toEqual(sorted(requests.map(({ oid }) => oid)));
  for (const lease of leases) {
    expect(lease.parents).toEqual([lease.trailers.get('aynig-parent')]);
    const found = next(lease);
    expect(found.map((end) => stateOf(end) === 'working')).toEqual([false]);
    // A clone without hooks names no run in what it publishes.
    const run = lease.trailers.get('aynig-run-id');
    for (const { trailers } of found) expect(trailers.get('aynig-stalled-run') ?? trailers.get('aynig-run-id') ?? run).toBe(run);
  }

  const startsOf = (state: string): Commit[] => leases.filter(({ trailers }) => trailers.get('aynig-origin-state') === state);
  return {
    /** Rows of the table. */
    figures: {
      requests: requests.length,
      'of them by a person': requests.filter(({ oid }) => asked.includes(oid)).length,
      'leases (working commits)': leases.length,
      'commands run': ran.length,
      completions: completions.length,
      'stalled commits': stalled.length,
      'jobs of a fan-out': requests.filter(({ trailers }) => trailers.get('aynig-next') === 'ops-fan-in').length,
      'jobs merged': all.filter(({ parents }) => parents.length === 2).length,
      joins: new Set(completions.map(({ trailers }) => trailers.get('aynig-joined')).filter(Boolean)).size,
      questions: all.filter((one) => stateOf(one) === 'ops-approval').length,
      'answers of a person': asked.filter(
        (oid) => byId.get(byId.get(oid)?.parents[0] ?? '')?.trailers.get('aynig-state') === 'ops-approval',
      ).length,
      'ended in done': completions.filter((one) => stateOf(one) === 'done').length,
      'ended in failed': completions.filter((one) => stateOf(one) === 'failed').length,
    },
    /** The attempts of a state, in the order of their numbers. */
    attempts: (state: string): string =>
      startsOf(state)
        .map(({ trailers }) => byId.get(trailers.get('aynig-parent') ?? '')?.trailers.get('aynig-attempt') ?? '1')
        .sort()
        .join(', '),
    /** How often each state was run. */
    starts: [...commands].flatMap((state) => (startsOf(state).length === 0 ? [] : [`${startsOf(state).length} ${state}`])).sort(),
  };
}

/** What is left where runs were at work. */
const leftovers = (made: Workspace): Record<'worktrees left' | 'runs left', number> => ({
  'worktrees left': made.git('worktree', 'list').split('\n').length - 1,
  'runs left': made
    .program('find', [join(made.common, 'aynig'), '-name', '*.json', '-path', '*/runs/*'], { expected: 'any' })
    .stdout.split('\n')
    .filter((line) => line !== '').length,
});

type Figures = Readonly<Record<string, number | string>>;
const columns: Record<string, Figures> = {};
afterAll(() => {
  const titles = Object.keys(columns);
  const rows = [...new Set(titles.flatMap((title) => Object.keys(columns[title] ?? {})))];
  const heading = 'workflows with the ops pack';
  const width = Math.max(...[heading, ...rows].map((row) => row.length));
  const line = (row: string, cells: readonly string[]): string =>
    [row.padEnd(width), ...cells.map((cell, at) => cell.padStart(titles[at]?.length ?? 0))].join(' | ');
  process.stdout.write(
    `\n${[
      line(heading, titles),
      ...rows.map((row) =>
        line(
          row,
          titles.map((title) => String(columns[title]?.[row] ?? '-')),
        ),
      ),
    ].join('\n')}\n`,
  );
});

test('a flaky build, a fan-out of 20, an approval and a command that never succeeds go their way by commits and hooks alone', {
  timeout: 400_000,
}, async () => {
  const made = workspace();
  const git: Git = (...args) => made.git(...args);
  made.init();
  made.git('add', '.aynig');
  made.git('commit', '--quiet', '--message', 'Set up');
  installThePack(made, { build: flakyBuild, checks: hopelessChecks, translate, ship });

  made.git('switch', '--quiet', '--create', 'release');
  const asked = [commit(made, 'Build the release', lines(languages), 'aynig-state: build', 'aynig-max-attempts: 3')];
  await untilItIs(made, 'release', 'ops-approval');
  const jobs = refs(git, 'refs/heads/release.*');
  expect(jobs).toEqual(languages.map((name) => `refs/heads/release.${name}`));
  for (const job of jobs)
    expect(made.states(`main..${job}`).slice(-6)).toEqual(['ops-fan-out', 'translate', 'working', 'ops-fan-in', 'working', 'done']);

  // While a question waits, other branches go on.
  made.git('switch', '--quiet', '--create', 'nightly', 'main');
  asked.push(commit(made, 'Check everything', '', 'aynig-state: checks', 'aynig-max-attempts: 3'));
  await untilItIs(made, 'nightly', 'failed');
  expect(made.states('main..nightly')).toEqual([
    ...['checks', 'working', 'stalled', 'working', 'checks', 'working', 'stalled', 'working', 'checks', 'working', 'stalled', 'working'],
    'failed',
  ]);
  expect(made.trailer('aynig-note')).toBe('ended with exit code 1 in attempt 3 of 3');
  expect(made.trailer('aynig-failed-state')).toBe('checks');
  const kept = made.git('log', '-1', '--format=%B').match(/^Work that is not in the branch: (.*)$/m)?.[1];
  const lastTry = made.ran().findLast(({ state }) => state === 'checks');
  expect(kept).toBe(`refs/aynig/kept/${lastTry?.runId}-uncommitted`);
  expect(made.git('show', `${kept}:half.txt`)).toBe(`checked by ${lastTry?.runId}`);

  made.git('switch', '--quiet', 'release');
  expect(made.statusOf().reading).toBe('waiting');
  made.program('sh', ['-c', printedAnswer(made, 'Approve')]);
  asked.push(made.head());
  await untilItIs(made, 'release', 'done');
  expect(made.read('shipped.txt').trim().split('\n')).toEqual(languages.map((name) => `Translate into ${name}.`));

  asked.push(commit(made, 'Tidy up', '', 'aynig-state: clean'));
  await untilItIs(made, 'release', 'done');
  const jobsLeft = refs(git, 'refs/heads/release.*');
  asked.push(commit(made, 'The release', '', 'aynig-state: ops-squash'));
  await untilItIs(made, 'release', 'done');
  expect(made.head('release.squashed^{tree}')).toBe(made.head('release^{tree}'));
  expect(made.head('release.squashed^')).toBe(made.head('main'));

  expect(made.aynig(['verify', '--all']).stdout).toBe('');
  // No failure with a code, and nothing that a person would have to run again.
  expect(made.hookLog()).not.toMatch(/aynig run --branch|\[[a-z]+-[a-z-]+\]/);
  const { figures, attempts, starts } = count(git, made.ran(), asked);
  const left = {
    'attempts of build': attempts('build'),
    'attempts of checks': attempts('checks'),
    'job branches removed by clean': jobs.length - jobsLeft.length,
    'kept refs': refs(git, 'refs/aynig/kept').length,
    'branches left': refs(git, 'refs/heads').length,
    ...leftovers(made),
  };
  columns['by hooks'] = { ...figures, ...left };
  expect(starts).toEqual([
    '1 clean',
    '1 ops-approve',
    '1 ops-fan-out',
    '1 ops-squash',
    '1 ship',
    '20 translate',
    '21 ops-fan-in',
    '3 build',
    '3 checks',
    '5 stalled',
  ]);
  expect(figures).toEqual({
    requests: 57,
    'of them by a person': 5,
    'leases (working commits)': 57,
    'commands run': 57,
    completions: 52,
    'stalled commits': 5,
    'jobs of a fan-out': 20,
    'jobs merged': 20,
    joins: 1,
    questions: 1,
    'answers of a person': 1,
    'ended in done': 23,
    'ended in failed': 1,
  });
  expect(left).toEqual({
    'attempts of build': '1, 2, 3',
    'attempts of checks': '1, 2, 3',
    'job branches removed by clean': 20,
    'kept refs': 3,
    'branches left': 4,
    'worktrees left': 0,
    'runs left': 0,
  });
});

test('at a bare remote two clones share a fan-out of 3, and the answer that a person pushes goes on there', {
  timeout: 200_000,
}, async () => {
  const { ana, bob } = twoClones();
  installThePack(ana, { translate, ship });
  ana.git('push', '--quiet', 'origin', 'main');
  bob.git('pull', '--quiet');
  noteStarts(bob);
  for (const [clone, name] of [
    [ana, 'ana'],
    [bob, 'bob'],
  ] as const) {
    clone.git('config', 'aynig.runnerId', name);
    clone.git('config', 'aynig.remote', 'origin');
    clone.git('config', 'aynig.maxParallel', '1');
  }
  const there: Git = (...args) => ana.git(`--git-dir=${ana.root}/origin.git`, ...args);
  const stateThere = (): string => there('log', '-1', '--format=%(trailers:key=aynig-state,valueonly,only)', 'release').trim();
  const machine = ({ path, env }: Workspace) =>
    launch(process.execPath, [cliPath, 'run', '--current-branch', 'include'], { cwd: path, env, timeoutMs: 100_000 });
  /** Nothing tells a clone of a push, so each looks again as its timer would. */
  const untilThere = async (state: string): Promise<void> => {
    const deadline = Date.now() + 150_000;
    do {
      expect(Date.now(), `release did not come to ${state}, but to ${stateThere()}`).toBeLessThan(deadline);
      for (const { exitCode, stderr } of await Promise.all([ana, bob].map(machine))) expect(exitCode, stderr).toBe(0);
    } while (stateThere() !== state);
  };

  ana.git('switch', '--quiet', '--create', 'release');
  const trailers = ['aynig-state: ops-fan-out', 'aynig-fan-state: translate', 'aynig-fan-then: ops-approve', 'aynig-next: ship'];
  const asked = [commit(ana, 'Translate', lines(['de', 'fr', 'it']), ...trailers)];
  ana.git('push', '--quiet', '--set-upstream', 'origin', 'release');
  await untilThere('ops-approval');

  ana.git('pull', '--quiet');
  ana.program('sh', ['-c', printedAnswer(ana, 'Approve')]);
  asked.push(ana.head());
  ana.git('push', '--quiet');
  await untilThere('done');
  ana.git('pull', '--quiet');
  expect(ana.read('shipped.txt').trim().split('\n')).toHaveLength(3);
  await ana.untilStill();

  expect(ana.aynig(['verify', '--all'], { cwd: `${ana.root}/origin.git` }).stdout).toBe('');
  const { figures, starts } = count(there, ana.ran(), asked);
  const inBoth = [ana, bob].map(leftovers);
  const left = {
    'heartbeats left': refs(there, 'refs/aynig/lease').length,
    'kept refs': refs(there, 'refs/aynig/kept').length,
    'branches left': refs(there, 'refs/heads').length,
    'worktrees left': inBoth.reduce((sum, one) => sum + one['worktrees left'], 0),
    'runs left': inBoth.reduce((sum, one) => sum + one['runs left'], 0),
  };
  columns['two clones, one remote'] = { ...figures, ...left };
  expect(starts).toEqual(['1 ops-approve', '1 ops-fan-out', '1 ship', '3 translate', '4 ops-fan-in']);
  expect(figures).toEqual({
    requests: 10,
    'of them by a person': 2,
    'leases (working commits)': 10,
    'commands run': 10,
    completions: 10,
    'stalled commits': 0,
    'jobs of a fan-out': 3,
    'jobs merged': 3,
    joins: 1,
    questions: 1,
    'answers of a person': 1,
    'ended in done': 4,
    'ended in failed': 0,
  });
  expect(left).toEqual({ 'heartbeats left': 0, 'kept refs': 0, 'branches left': 5, 'worktrees left': 0, 'runs left': 0 });
});
