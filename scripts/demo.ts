import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simpleGit } from 'simple-git';

/**
 * The main job on real input: clones this repository, installs the hooks and a small workflow there, asks for a report by
 * a plain `git commit`, and shows each state as it arrives. `--keep` keeps the clone. Exits with 0 only when the last
 * state was reached and the result is there.
 */
const project = fileURLToPath(new URL('../..', import.meta.url));
const aynig = join(project, 'dist/cli.js');
const keep = process.argv.includes('--keep');
/** A state that has not come after this long will not come, however busy the machine is. */
const patienceMs = 120_000;
const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** Nothing of the machine's git configuration: a person's own hooks or signing key have no part in a demo. */
const env: NodeJS.ProcessEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  NO_COLOR: '1',
};
for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'AYNIG', 'AYNIG_RUN_ID', 'AYNIG_ROLE']) delete env[name];

const folder = mkdtempSync(join(tmpdir(), 'aynig-demo-'));
const clone = join(folder, 'clone');
let shown: string | undefined;

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: clone, env, encoding: 'utf8', timeout: patienceMs }).trimEnd();
}

/** Shows a command line as a person would type it, runs it, and shows what it prints. */
function step(program: string, args: readonly string[]): void {
  say(`$ ${[program, ...args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`))].join(' ')}`);
  const [file, all] = program === 'aynig' ? [process.execPath, [aynig, ...args]] : [program, [...args]];
  const result = spawnSync(file, all, { cwd: clone, env, encoding: 'utf8', timeout: patienceMs });
  for (const line of `${result.stdout}${result.stderr}`.split('\n').filter((text) => text !== '')) say(`  ${line}`);
  if (result.status !== 0) throw new Error(`${program} ${args[0]} exited with ${result.status ?? result.signal}`);
}

/** Prints every state that arrived since the last look, and answers the newest. */
function showArrivals(): string {
  const range = shown === undefined ? 'HEAD' : `${shown}..HEAD`;
  const lines = git(
    'log',
    '--first-parent',
    '--reverse',
    '--format=%H%x09%h%x09%(trailers:key=aynig-state,valueonly,separator=)%x09%s',
    range,
  ).split('\n');
  let state = '';
  for (const line of lines.filter((text) => text !== '')) {
    const [full, short, arrived = '', title] = line.split('\t');
    shown = full;
    state = arrived;
    if (arrived !== '') say(`  ${short}  ${arrived.padEnd(9)} ${title}`);
  }
  return state;
}

/** Waits for one of the states, showing what arrives. The hooks and the runner do the work; this only looks. */
async function untilState(...wanted: string[]): Promise<string> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const state = showArrivals();
    if (wanted.includes(state)) return state;
    if (Date.now() > deadline) {
      step('aynig', ['status']);
      throw new Error(`none of the states ${wanted.join(', ')} came within ${patienceMs / 1000} s`);
    }
    await new Promise((next) => setTimeout(next, 50));
  }
}

async function demo(): Promise<void> {
  say('A workflow driven by commits, on a clone of this very repository.');
  say();
  await simpleGit({ baseDir: folder, timeout: { block: patienceMs } }).clone(project, clone, ['--quiet', '--no-hardlinks']);
  git('switch', '--quiet', '-C', 'demo', '--no-track');
  git('config', 'user.name', 'Demo Person');
  git('config', 'user.email', 'demo@example.com');
  // The clone has the loose objects of this repository: where those are many, git would begin to pack them in the background.
  git('config', 'gc.auto', '0');
  step('aynig', ['init']);
  say();
  say('Its workflow: report -> check -> approval (a person) -> publish -> done');
  rmSync(join(clone, '.aynig'), { recursive: true, force: true });
  cpSync(join(project, 'templates/demo'), join(clone, '.aynig'), { recursive: true });
  // This repository uses husky, so our lines are in its tracked files.
  git('add', '.aynig', '.husky');
  git('commit', '--quiet', '--message', 'Add the report workflow');
  const all = git('rev-list', '--first-parent', 'HEAD').split('\n');
  const since = all[Math.min(10, all.length - 1)] ?? 'HEAD';
  shown = git('rev-parse', 'HEAD');
  say();
  step('git', [
    'commit',
    '--quiet',
    '--allow-empty',
    '-m',
    'Ask for a report',
    '-m',
    `since: ${since.slice(0, 12)}`,
    '-m',
    'aynig-state: report',
  ]);
  const checked = await untilState('approval', 'failed', 'stalled');
  if (checked !== 'approval') throw new Error(`the workflow ended in ${checked}`);
  say();
  say('It waits for a person. The person reads the report and approves:');
  step('git', ['commit', '--quiet', '--allow-empty', '-m', 'Approve the report', '-m', 'aynig-state: publish']);
  const end = await untilState('done', 'failed', 'stalled');
  if (end !== 'done') throw new Error(`the workflow ended in ${end}`);
  say();
  step('aynig', ['events', '--history']);
  say();
  const result = join(clone, 'public/index.html');
  const count = /- commits: (\d+)/.exec(readFileSync(join(clone, 'report/changes.md'), 'utf8'))?.[1];
  if (!existsSync(result) || count === undefined) throw new Error('the result is missing');
  if (git('status', '--porcelain') !== '') throw new Error('the checkout is not clean');
  say(`Done: ${count} commits reported, checked, approved and published.`);
  say(
    keep
      ? `The result lies in ${result}`
      : `The result was ${join('public', 'index.html')} in the clone, which is removed now; keep it with: npm run demo -- --keep`,
  );
}

/** Waits until no runner writes into the clone any more, then removes it. */
async function cleanUp(): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (existsSync(join(clone, '.git/aynig/runner.lock')) && Date.now() < deadline) await new Promise((next) => setTimeout(next, 50));
  if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

try {
  await demo();
} catch (error) {
  say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
