import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, cliPath } from '../support/scratch.js';
import { completing, launch, workspace } from '../support/workspace.js';

const runners = 6;
const branches = 30;

/** Starts all runners at the same moment: each waits at a gate until the last of them is there. */
async function raceOf(made: ReturnType<typeof workspace>, args: readonly string[]) {
  const gate = ['echo >>"$HOME/at-the-gate"; until [ -e "$HOME/gate" ]; do sleep 0.01; done; exec "$@"', 'gate'];
  const ended = Array.from({ length: runners }, () =>
    launch('sh', ['-c', ...gate, process.execPath, cliPath, ...args], { cwd: made.path, env: made.env, timeoutMs: 500_000 }),
  );
  await made.until('all runners stand at the gate', () => made.note('at-the-gate').length === runners);
  made.release('gate');
  return Promise.all(ended);
}

/** What runs said of failures: lines that end in a code and a hint. */
const failuresIn = (answers: readonly Answer[]): string[] =>
  answers.flatMap(({ exitCode, stderr }) => {
    const lines = stderr.split('\n').filter((line) => /\[[a-z-]+\]|stalled|^\s+at /.test(line));
    return exitCode === 0 || lines.length > 0 ? lines : [`exit ${exitCode}: ${stderr}`];
  });

test('runs every request of many branches exactly once, however many runs go after them', { timeout: 600_000 }, async () => {
  const made = workspace();
  // Nobody goes on before two runs have begun a command, so that it is a race however late the others are.
  const together = 'echo "$PPID" >>"$HOME/by"; until [ "$(sort -u "$HOME/by" | wc -l)" -gt 1 ]; do sleep 0.05; done';
  made.git('config', 'aynig.maxParallel', '2');
  made.command('build', completing('review', `${together}\necho "$AYNIG_RUN_ID" >"built-$AYNIG_BRANCH.txt"; git add .`));
  const names = Array.from({ length: branches }, (_, index) => `b${index}`);
  const requests = new Map<string, string>();
  for (const name of names) {
    made.git('switch', '--quiet', '--create', name, 'main');
    requests.set(name, made.request('build'));
  }
  made.git('switch', '--quiet', 'main');
  const started = Date.now();
  const answers = await raceOf(made, ['run', '--json']);
  const seconds = (Date.now() - started) / 1000;
  await made.untilStill();

  const ran = made.ran();
  const advanced = answers.map(({ stdout }) => (JSON.parse(stdout) as { counts: { advanced: number } }).counts.advanced);
  process.stdout.write(
    `race: ${runners} runs over ${branches} branches in ${seconds.toFixed(1)} s, ${ran.length} commands started, advanced per run: ${advanced.join(' ')}\n`,
  );
  expect(failuresIn(answers)).toEqual([]);
  expect(ran.map(({ branch }) => branch).sort()).toEqual([...names].sort());
  expect(new Set(ran.map(({ runId }) => runId)).size).toBe(branches);
  for (const { branch, request } of ran) expect(request).toBe(requests.get(branch));
  for (const name of names) {
    expect(made.states(name).filter((state) => state !== '-')).toEqual(['build', 'working', 'review']);
    expect(made.git('show', `${name}:built-${name}.txt`)).toBe(ran.find(({ branch }) => branch === name)?.runId);
  }
  expect(advanced.reduce((sum, count) => sum + count, 0)).toBe(branches);
  // More than one of them had work, or this was no race.
  expect(advanced.filter((count) => count > 0).length).toBeGreaterThan(1);
  expect(made.git('for-each-ref', 'refs/aynig/')).toBe('');
  expect(made.git('worktree', 'list').split('\n')).toHaveLength(1);
  expect(readdirSync(join(made.path, '.git/aynig/runs'))).toEqual([]);
  expect(made.gitAnswer(['fsck', '--full', '--strict', '--no-dangling'])).toMatchObject({ exitCode: 0, stderr: '' });
  expect(made.git('status', '--porcelain')).toBe('');
});

test('runs the one request of one branch exactly once, however many runs go after it', async () => {
  const rounds = 5;
  let started = 0;
  for (let round = 0; round < rounds; round++) {
    const made = workspace();
    made.command('build', completing('review', 'echo done >built.txt; git add built.txt'));
    made.request('build');
    const answers = await raceOf(made, ['run', '--current-branch', 'include']);
    await made.untilStill();
    expect(failuresIn(answers)).toEqual([]);
    expect(made.ran()).toHaveLength(1);
    expect(made.states().filter((state) => state !== '-')).toEqual(['build', 'working', 'review']);
    expect(made.read('built.txt')).toBe('done\n');
    expect(made.git('status', '--porcelain')).toBe('');
    expect(existsSync(join(made.path, '.git/index.lock'))).toBe(false);
    started += made.ran().length;
  }
  process.stdout.write(`race: ${runners} runs over 1 branch, ${rounds} rounds, ${started} commands started\n`);
});
