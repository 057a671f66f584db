import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BranchStatus, statusReport } from '../../src/observe/schemas.js';
import { endOf } from '../support/endings.js';
import { farm } from '../support/farm.js';
import { completing, snapshot, type Workspace, waitFor } from '../support/workspace.js';

const statusesOf = (clone: Workspace, args: readonly string[], env: Record<string, string> = {}): BranchStatus[] =>
  statusReport.parse(JSON.parse(clone.aynig(['status', ...args, '--json'], { env, expected: 'any' }).stdout)).branches;
const readingsOf = (clone: Workspace, ...args: readonly string[]): Record<string, string> =>
  Object.fromEntries(statusesOf(clone, ['--remote', 'origin', ...args]).map(({ branch, reading }) => [branch, reading]));

describe('the branches of a remote', () => {
  test.each<[string, readonly string[]]>([
    ['a clone', []],
    ['a shallow clone', ['--depth=1']],
    ['a clone of one branch', ['--single-branch']],
  ])('are shown as they are there, and nothing is written here (%s)', (_, args) => {
    const { remote, clone, ask } = farm({ command: completing('review') });
    const made = clone('looking', args);
    ask('ready');
    ask('waits', 'review');
    remote.git('branch', 'plain', 'main');
    const before = snapshot(made.path);
    expect(readingsOf(made, '--all')).toEqual({ main: 'idle', plain: 'idle', ready: 'ready', waits: 'waiting' });
    expect(made.aynig(['status', '--all', '--remote', 'origin']).stdout).toMatch(/^ {2}waits .*\n {2}ready .*\n$/m);
    expect(snapshot(made.path)).toEqual(before);
  });

  test('are gone from the temporary directory too, where they were put to be read', () => {
    const { clone, ask } = farm();
    const made = clone('looking');
    ask('waits', 'review');
    made.program('mkdir', [join(made.root, 'tmp')]);
    expect(statusesOf(made, ['--all', '--remote', 'origin'], { TMPDIR: join(made.root, 'tmp') })).toHaveLength(2);
    expect(readdirSync(join(made.root, 'tmp'))).toEqual([]);
  });

  test('are seen also where they moved since they were fetched, or are in no repository of ours', () => {
    const { clones, ask, remote } = farm({ command: completing('review') });
    const [made] = clones as [Workspace];
    ask('topic');
    made.git('fetch', '--quiet');
    const oid = ask('topic', 'review');
    expect(statusesOf(made, ['topic', '--remote', 'origin'])).toMatchObject([{ branch: 'topic', head: oid, reading: 'waiting' }]);
    remote.git('branch', '-D', 'topic');
    expect(made.aynig(['status', 'topic', '--remote', 'origin'], { expected: 1 }).stderr).toContain(
      'There is no branch "topic" at origin. [no-such-branch]',
    );
  });

  test('are held by whoever runs them there, for as long as their heartbeat says', async () => {
    const { clone, ask } = farm({ command: completing('review', `touch "$HOME/begun"; ${waitFor()}`), leaseSeconds: 600 });
    const [worker, looking] = [clone('worker'), clone('looking')];
    ask('topic');
    const run = endOf(worker.start(['run', '--aynig-remote', 'origin', '--branch', 'topic']));
    await worker.until('the command runs', () => worker.noted('begun'));
    const [held] = statusesOf(looking, ['topic', '--remote', 'origin']);
    expect(held).toMatchObject({
      reading: 'leased',
      runnerId: 'worker',
      request: 'ask for build',
      command: { status: 'exists' },
      needsPerson: false,
    });
    expect(held?.lease.secondsLeft).toBeGreaterThan(500);
    worker.release();
    expect((await run).exitCode).toBe(0);
    expect(readingsOf(looking, 'topic')).toEqual({ topic: 'waiting' });
  });

  test('are not those that this clone would let its own hooks run: what is ready there is ready', () => {
    const { clones, ask } = farm({ command: completing('review') });
    const [made] = clones as [Workspace];
    ask('topic');
    made.git('fetch', '--quiet');
    made.git('switch', '--quiet', 'topic');
    expect(statusesOf(made, ['topic'])).toMatchObject([{ reading: 'untrusted' }]);
    expect(readingsOf(made, 'topic')).toEqual({ topic: 'ready' });
  });

  test('are meant by the upstream of the current branch where none is named', () => {
    const { clones, ask } = farm();
    const [made] = clones as [Workspace];
    ask('theirs', 'review');
    made.git('fetch', '--quiet');
    made.git('switch', '--quiet', '--create', 'mine', '--track', 'origin/theirs');
    expect(statusesOf(made, ['--remote', 'origin'])).toMatchObject([{ branch: 'theirs', current: true, reading: 'waiting' }]);
    expect(made.aynig(['status', '--remote', 'origin', '--exit-code'], { expected: 'any' }).exitCode).toBe(10);
    const report = JSON.parse(made.aynig(['status', '--remote', 'origin', '--json']).stdout);
    expect(report).toMatchObject({ remote: 'origin', runnerFailure: null });
  });

  test('may be many', () => {
    const { remote, clones, ask } = farm();
    const [made] = clones as [Workspace];
    const oid = ask('seed', 'review');
    remote.gitAnswer(['update-ref', '--stdin'], {
      input: Array.from({ length: 600 }, (_, index) => `create refs/heads/many/${index} ${oid}\n`).join(''),
      expected: 0,
    });
    expect(statusesOf(made, ['--needs-me', '--remote', 'origin'])).toHaveLength(601);
  });
});

describe('a remote that cannot be looked at', () => {
  test('fails the verb with the words of git and what to do', () => {
    const { clones, remote } = farm();
    const [made] = clones as [Workspace];
    made.git('remote', 'add', 'gone', join(remote.path, 'nowhere'));
    const gone = made.aynig(['status', '--all', '--remote', 'gone', '--json'], { expected: 1 });
    expect(gone.stderr).toMatch(/The remote gone could not be read: .*\[remote-unreachable\]\nhint: .*git ls-remote gone/);
    expect(gone.stdout).toBe('');
    const unknown = made.aynig(['status', '--all', '--remote', 'nosuch'], { expected: 1 });
    expect(unknown.stderr).toContain('[no-such-remote]');
  });

  test('keeps nobody waiting who presses Ctrl-C, and leaves nothing behind', async () => {
    const { clones } = farm();
    const [made] = clones as [Workspace];
    const temporary = join(made.root, 'tmp');
    made.program('mkdir', [temporary]);
    made.git('remote', 'add', 'slow', 'ssh://nowhere.invalid/x');
    const ssh = made.script('ssh', 'echo $$ >"$HOME/asked"; exec sleep 60');
    const child = made.start(['status', '--all', '--remote', 'slow'], { env: { TMPDIR: temporary, GIT_SSH_COMMAND: ssh } });
    const ended = endOf(child);
    await made.until('the remote was asked', () => made.note('asked').trim());
    child.kill('SIGINT');
    expect((await ended).signal).toBe('SIGINT');
    expect(readdirSync(temporary)).toEqual([]);
    const pid = made.note('asked').trim();
    await made.until('the connection is ended', () => made.program('kill', ['-0', pid], { expected: 'any' }).exitCode !== 0);
  });
});
