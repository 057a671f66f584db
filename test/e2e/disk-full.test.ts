import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endProcessesWithHome } from '../support/processes.js';
import { inSample } from '../support/sample.js';
import { bareEnvironment, cliPath, identify } from '../support/scratch.js';
import { fill, smallDisk } from '../support/small-disk.js';
import { home, launch, skipBecause, Workspace, waitFor } from '../support/workspace.js';

/** Makes empty files until only `leave` more can be made. */
function useUpFiles(disk: string, leave: number): () => void {
  const folder = join(disk, 'fillers');
  mkdirSync(folder);
  for (let count = 0; statfsSync(disk).ffree > leave; count++) closeSync(openSync(join(folder, String(count)), 'w'));
  return () => rmSync(folder, { recursive: true });
}

/** A repository on the small disk; `$HOME`, where commands take notes, is on the large one. */
function repositoryOn(root: string, disk: string, command: string): Workspace {
  const path = join(disk, 'repo');
  mkdirSync(path);
  const made = new Workspace(root, path, bareEnvironment(root));
  made.git('init', '--quiet', '--initial-branch=main', '--template=');
  identify((...args) => made.git(...args));
  made.write('mine.txt', 'as committed\n');
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message', 'first');
  made.command('build', command);
  made.request('build');
  made.write('mine.txt', 'unsaved work\n');
  return made;
}

const aynig = (made: Workspace, ...args: string[]) =>
  launch(process.execPath, [cliPath, 'run', '--current-branch', 'include', ...args], { cwd: made.path, env: made.env });

/** What a command makes: a file of 40 KB that does not compress, and a commit. */
const work = [
  'set -eu',
  'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"',
  'head -c 40000 /dev/urandom >built.bin; git add built.bin',
  'git commit --quiet --message "to review" --message "aynig-state: review"',
  'git rev-parse HEAD >>"$HOME/made"',
].join('\n');

interface Report {
  readonly branches: { readonly failure: { readonly code: string } | null; readonly outcomes: { readonly kind: string }[] }[];
  readonly counts: { readonly advanced: number; readonly stalled: number; readonly undelivered: number; readonly failed: number };
}

/** What is wrong after a run met a full disk. Only `disk-full` is a right name for it. */
function complaintsFull(made: Workspace, answer: { exitCode: number; stdout: string; stderr: string }): string[] {
  const found: string[] = [];
  if (/^\s+at .*:\d+:\d+/m.test(answer.stderr)) found.push(`a stack trace: ${answer.stderr}`);
  for (const [, code] of answer.stderr.matchAll(/\[([a-z-]+)\]/g)) if (code !== 'disk-full') found.push(`it is called ${code}`);
  const report = answer.stdout === '' ? undefined : (JSON.parse(answer.stdout) as Report);
  if (report === undefined) {
    if (!answer.stderr.includes('[disk-full]') && !answer.stderr.includes('disk-full'))
      found.push(`no disk-full: ${answer.exitCode} ${answer.stderr}`);
  } else {
    for (const { failure } of report.branches)
      if (failure !== null && failure.code !== 'disk-full') found.push(`code ${failure.code}: ${answer.stderr}`);
    if (report.counts.failed > 0 && answer.exitCode !== 1) found.push(`a failure, and exit ${answer.exitCode}`);
  }
  const fsck = made.gitAnswer(['fsck', '--full', '--strict', '--no-dangling']);
  if (fsck.exitCode !== 0) found.push(`git fsck when full: ${fsck.stdout}${fsck.stderr}`);
  return found;
}

/** What is wrong after the disk had room again and one run healed what the full one left. */
function complaintsHealed(made: Workspace): string[] {
  const found: string[] = [];
  const fsck = made.gitAnswer(['fsck', '--full', '--strict', '--no-dangling']);
  if (fsck.exitCode !== 0) found.push(`git fsck when healed: ${fsck.stdout}${fsck.stderr}`);
  const states = made
    .states('main')
    .filter((state) => state !== '-')
    .join(',');
  if (!/^build,working,(review|stalled|review,stalled)(,stalled)*$/.test(states)) found.push(`the states of the branch are ${states}`);
  const runs = made.ran().map(({ runId }) => runId);
  if (new Set(runs).size !== runs.length) found.push(`a run id was executed twice: ${runs.join(' ')}`);
  const pins = made.git('for-each-ref', '--format=%(objectname)', 'refs/heads/', 'refs/aynig/kept/');
  const reachable = made.gitAnswer(['rev-list', '--stdin'], { input: pins }).stdout;
  for (const commit of made.note('made').split('\n').filter(Boolean))
    if (!reachable.includes(commit)) found.push(`commit ${commit} is lost`);
  if (made.git('worktree', 'list').includes('\n')) found.push(`worktrees are left: ${made.git('worktree', 'list')}`);
  const inGit = readdirSync(join(made.path, '.git'), { recursive: true, encoding: 'utf8' });
  const left = inGit.filter((name) => name.endsWith('.lock') || name.startsWith('aynig/runs/'));
  if (left.length > 0) found.push(`left in .git: ${left.join(', ')}`);
  if (made.read('mine.txt') !== 'unsaved work\n') found.push("the user's file was changed");
  const status = made.git('status', '--porcelain');
  if (status !== ' M mine.txt') found.push(`git status says ${JSON.stringify(status)}`);
  return found;
}

interface Case {
  readonly name: string;
  /** Options of the file system. */
  readonly disk: string;
  /** Fills it before the run, or, with `inside`, while the command waits to make its commit. */
  readonly fill: (disk: string) => () => void;
  readonly inside?: 'before its commit' | 'after its commit';
}

const sizes = [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384];
const cases: Case[] = [
  ...sizes.map((kilobytes) => ({
    name: `${kilobytes} KB are left before the run`,
    disk: 'size=4m',
    fill: (disk: string) => fill(disk, kilobytes * 1024),
  })),
  ...(['before its commit', 'after its commit'] as const).flatMap((inside) =>
    [0, 4, 8, 16, 32, 64].map((kilobytes) => ({
      name: `${kilobytes} KB are left while the command works, ${inside}`,
      disk: 'size=4m',
      fill: (disk: string) => fill(disk, kilobytes * 1024),
      inside,
    })),
  ),
  ...[0, 1, 2, 4, 8, 12, 16, 24, 32].map((files) => ({
    name: `${files} files can be made before the run`,
    disk: 'size=16m,nr_inodes=600',
    fill: (disk: string) => useUpFiles(disk, files),
  })),
];

const held = (inside: Case['inside']): string => {
  const wait = `: >"$HOME/waits"\n${waitFor()}`;
  return inside === 'before its commit'
    ? work.replace('head -c', `${wait}\nhead -c`)
    : inside === 'after its commit'
      ? `${work}\n${wait}`
      : work;
};

/** Every other size, in turn by how it is filled. */
const tried = cases.filter((_, index) => inSample(index, 0));

test('a full disk corrupts nothing, loses nothing, is named disk-full, and is healed by the next run once there is room', {
  timeout: 900_000,
}, async (context) => {
  const wrong: string[] = [];
  const codes: Record<string, number> = {};
  for (const one of tried) {
    const root = home('aynig-disk-');
    const disk = smallDisk(root, one.disk);
    if ('why' in disk) return skipBecause(disk.why, context);
    const made = repositoryOn(root, disk.path, held(one.inside));
    let makeRoom = one.inside === undefined ? one.fill(disk.path) : undefined;
    const running = aynig(made, '--json');
    if (one.inside !== undefined) {
      await made.until('the command waits', () => made.noted('waits'));
      makeRoom = one.fill(disk.path);
      made.release();
    }
    const answer = await running;
    await made.untilStill();
    const complaints = complaintsFull(made, answer);
    const outcome = /\[(?<code>[a-z-]+)\]/.exec(answer.stderr)?.groups?.['code'] ?? made.state('main');
    codes[outcome] = (codes[outcome] ?? 0) + 1;
    makeRoom?.();
    made.release();
    const healed = await aynig(made);
    await made.untilStill();
    complaints.push(...complaintsHealed(made));
    if (complaints.length > 0)
      wrong.push(`${one.name}: ${complaints.join('; ')} (full: ${answer.stderr.trim()}; healed: ${healed.stderr.trim()})`);
    endProcessesWithHome(root);
  }
  process.stdout.write(
    `disk full: ${tried.length} cases; how the run ended: ${Object.entries(codes)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ')}\n`,
  );
  expect(wrong).toEqual([]);
});

test('a full disk lets an ordinary commit of a user be judged by git alone', (context) => {
  const root = home('aynig-disk-');
  const disk = smallDisk(root, 'size=4m');
  if ('why' in disk) return skipBecause(disk.why, context);
  const made = repositoryOn(root, disk.path, work);
  made.init();
  const makeRoom = fill(disk.path, 0);
  const refused = made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'no room', '--message', 'aynig-state: build']);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toMatch(/No space left on device/);
  makeRoom();
  expect(existsSync(join(disk.path, 'filler'))).toBe(false);
  expect(made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'room', '--message', 'note']).exitCode).toBe(0);
});
