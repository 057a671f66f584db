import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { cloneOf, type Job, jobs, machine, origin, pack, runnerIds } from '../support/engines.js';
import { identify, projectRoot } from '../support/scratch.js';
import { completing, launch, waitFor } from '../support/workspace.js';

let packed = '';

beforeAll(() => {
  const into = mkdtempSync(join(tmpdir(), 'aynig-packed-'));
  packed = pack(projectRoot, into);
  return () => rmSync(into, { recursive: true, force: true });
});

type Origin = ReturnType<typeof origin>;

const jobOn = (engine: string, at: Origin): Job => {
  const make = jobs[engine];
  if (make === undefined) throw new Error(engine);
  return make(machine(at, engine.replace(' ', '-'), packed));
};

const run = (job: Job) => launch(job.file, job.args, { cwd: job.cwd, env: job.env });

/** Pushes a branch that asks for `build`, as a person would. */
function ask({ seed }: Origin, branch: string): void {
  seed.git('checkout', '--quiet', '-b', branch, 'main');
  seed.request('build');
  seed.git('push', '--quiet', 'origin', branch);
}

const at = (found: Origin, format: string, ref: string): string =>
  found.seed.git(`--git-dir=${found.remote}`, 'log', '-1', `--format=${format}`, ref);
const trailer = (key: string): string => `%(trailers:key=${key},valueonly,separator=)`;
const leases = ({ seed, remote }: Origin): string => seed.git(`--git-dir=${remote}`, 'for-each-ref', 'refs/aynig/lease/');

describe.each(Object.keys(jobs))('%s, with the packed package', (engine) => {
  test('runs what is ready at the remote, under its own name, and leaves no lease', async () => {
    const found = origin();
    ask(found, 'feature/one');
    const ended = await run(jobOn(engine, found));
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(at(found, trailer('aynig-state'), 'feature/one')).toBe('review');
    expect(at(found, trailer('aynig-runner-id'), 'feature/one~1')).toBe(runnerIds[engine]);
    expect(found.seed.ran()).toMatchObject([{ branch: 'feature/one', state: 'build' }]);
    expect(leases(found)).toBe('');
  });

  test('also runs a branch that its engine has checked out, and leaves that checkout alone', async () => {
    const found = origin();
    found.seed.request('build');
    found.seed.git('push', '--quiet', 'origin', 'main');
    const job = jobOn(engine, found);
    await run(job);
    expect(at(found, trailer('aynig-state'), 'main')).toBe('review');
    expect(found.seed.program('git', ['rev-parse', 'HEAD'], { cwd: cloneOf(job) }).stdout.trim()).toBe(found.seed.head());
  });

  test('does nothing, and says so with 0, where nothing is ready', async () => {
    const found = origin();
    const tips = found.seed.git('ls-remote', found.remote);
    expect(await run(jobOn(engine, found))).toMatchObject({ exitCode: 0 });
    expect(found.seed.git('ls-remote', found.remote)).toBe(tips);
  });

  test('fails when a run stalled', async () => {
    const found = origin('exit 7');
    ask(found, 'feature/one');
    expect(await run(jobOn(engine, found))).toMatchObject({ exitCode: 1 });
    expect(at(found, trailer('aynig-state'), 'feature/one')).toBe('stalled');
    expect(leases(found)).toBe('');
  });
});

test('a clone without history, or without old files, is enough for a runner', () => {
  for (const cut of ['--depth=1', '--filter=blob:none']) {
    const found = origin(completing('review', 'test "$(cat README)" = second'));
    found.seed.git(`--git-dir=${found.remote}`, 'config', 'uploadpack.allowFilter', 'true');
    found.seed.write('README', 'second\n');
    found.seed.git('commit', '--quiet', '--all', '--message', 'second');
    ask(found, 'feature/one');
    const clone = join(found.root, 'cut');
    found.seed.git('clone', '--quiet', '--no-checkout', cut, `file://${found.remote}`, clone);
    identify((...args) => found.seed.program('git', args, { cwd: clone }));
    found.seed.aynig(['run', '--aynig-remote', 'origin', '--current-branch', 'include'], { cwd: clone });
    expect(at(found, trailer('aynig-state'), 'feature/one')).toBe('review');
  }
});

test('where the runner may not push to a branch, its job fails and the request stays', async () => {
  const found = origin();
  ask(found, 'feature/one');
  const asked = found.seed.head();
  mkdirSync(join(found.remote, 'hooks'), { recursive: true });
  writeFileSync(join(found.remote, 'hooks/update'), '#!/bin/sh\ncase $1 in refs/heads/*) exit 1 ;; esac\n', { mode: 0o755 });
  const ended = await run(jobOn('GitHub Actions', found));
  expect(ended.exitCode).toBe(1);
  expect(ended.stderr).toContain('push-refused');
  expect(at(found, '%H', 'feature/one')).toBe(asked);
  expect(found.seed.ran()).toEqual([]);
});

test('a job that is ended releases its branch at the remote before it goes', async () => {
  const found = origin(completing('review', `: >"$HOME/up"\n${waitFor('never')}`));
  ask(found, 'feature/one');
  const job = jobOn('Kubernetes', found);
  const child = spawn(job.file, job.args, { cwd: job.cwd, env: job.env, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await found.seed.until('the command is up', () => found.seed.noted('up'));
  const gone = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGTERM');
  expect(await gone).toBe(143);
  expect(at(found, trailer('aynig-state'), 'feature/one')).toBe('stalled');
  expect(leases(found)).toBe('');
});

test('all engines at once run every request of one remote exactly once', async () => {
  const found = origin();
  const branches = ['one', 'two', 'three', 'four', 'five', 'six'];
  for (const branch of branches) ask(found, branch);
  const ready = Object.keys(jobs).map((engine) => jobOn(engine, found));
  const ended = await Promise.all(ready.map(run));
  expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  expect(branches.map((branch) => at(found, trailer('aynig-state'), branch))).toEqual(branches.map(() => 'review'));
  expect(
    found.seed
      .ran()
      .map(({ branch }) => branch)
      .sort(),
  ).toEqual([...branches].sort());
  expect(leases(found)).toBe('');
});
