import { randomUUID } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groupIsAlive, identityOf, presenceOf, processesOfRun } from '../../src/runner/process-identity.js';
import { endGroup } from '../../src/runner/run-command.js';
import { Child } from '../support/children.js';
import { temporaryDirectory } from '../support/scratch.js';

const own = identityOf(process.pid);
const [host = '', boot = '', namespace = ''] = own.space.split('\n');
const spaceOf = (parts: { host?: string; boot?: string; namespace?: string }): string =>
  [parts.host ?? host, parts.boot ?? boot, parts.namespace ?? namespace].join('\n');
const initialNamespace = 'pid:[4026531836]';

/** A program that lives until it is ended, known to run because it has said so. */
async function sleeper(options: { env?: NodeJS.ProcessEnv; detached?: boolean } = {}): Promise<Child> {
  const child = new Child('/bin/sh', ['-c', 'echo ready; exec sleep 600'], options);
  await child.hear();
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((next) => setTimeout(next, 5));
  }
}

describe('a process', () => {
  it('is alive as long as it runs, and dead from then on', async () => {
    const child = await sleeper();
    const identity = identityOf(child.pid);
    expect(presenceOf(own)).toBe('alive');
    expect(presenceOf(identity)).toBe('alive');
    await child.end();
    expect(presenceOf(identity)).toBe('dead');
  });

  it('keeps its identity when it is asked for again', () => {
    expect(identityOf(process.pid)).toEqual(own);
    expect(presenceOf(JSON.parse(JSON.stringify(own)))).toBe('alive');
  });

  it('is dead when another one has its number now', () => {
    expect(presenceOf({ ...own, startTime: String(Number(own.startTime) - 1) })).toBe('dead');
  });

  it('that never was is dead', () => {
    const never = identityOf(2 ** 22 + 1);
    expect(never.startTime).toBe('');
    expect(presenceOf(never)).toBe('dead');
    expect(presenceOf({ ...own, pid: 0, startTime: '' })).toBe('dead');
  });

  it.runIf(process.platform === 'linux')('is dead when it only waits to be reaped', async () => {
    const parent = new Child('/bin/sh', ['-c', 'sleep 600 & echo $!; exec sleep 600']);
    const pid = Number(await parent.hear());
    const identity = identityOf(pid);
    expect(presenceOf(identity)).toBe('alive');
    // The shell would still reap its child; what it turns into never does.
    await until(() => readFileSync(`/proc/${parent.pid}/stat`, 'utf8').includes('(sleep)'));
    process.kill(pid, 'SIGKILL');
    await until(() => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    expect(presenceOf(identity)).toBe('dead');
  });

  it.runIf(process.platform === 'linux')('may have a name that looks like the fields behind it', async () => {
    const program = join(temporaryDirectory(), 'x) Z 1 (');
    copyFileSync('/bin/sleep', program);
    const child = new Child(program, ['600']);
    await until(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes('(x) Z 1 ()'));
    const identity = identityOf(child.pid);
    expect(identity.startTime).toMatch(/^\d+$/);
    expect(presenceOf(identity)).toBe('alive');
  });
});

describe('a process of another space', () => {
  it.each([
    ['host', spaceOf({ host: 'another' })],
    ['host and boot', spaceOf({ host: 'another', boot: 'another', namespace: initialNamespace })],
    ['container on this host', spaceOf({ namespace: 'pid:[1]' })],
    ['container before its restart', spaceOf({ boot: 'another', namespace: 'pid:[1]' })],
  ])('is elsewhere: %s', (_, space) => {
    expect(presenceOf({ ...own, space })).toBe('elsewhere');
  });

  it('is dead when it is this host before a reboot', () => {
    expect(presenceOf({ ...own, space: spaceOf({ boot: 'another', namespace: initialNamespace }) })).toBe('dead');
  });
});

describe.runIf(process.platform === 'linux')('the processes of a run', () => {
  it('are found by the run id in their environment, their own children included', async () => {
    const runId = randomUUID();
    const child = await sleeper({ env: { ...process.env, AYNIG_RUN_ID: runId } });
    const other = await sleeper({ env: { ...process.env, AYNIG_RUN_ID: `${runId}0` } });
    expect(processesOfRun(runId)).toEqual([child.pid]);
    expect(processesOfRun(runId)).not.toContain(other.pid);
    await child.end();
    expect(processesOfRun(runId)).toEqual([]);
  });

  it('are found at every look, also while one is being replaced by another program', async () => {
    const runId = randomUUID();
    const script = join(temporaryDirectory(), 'again');
    // Nothing else does it, so that there is no end of it and every look meets it somewhere.
    writeFileSync(script, '[ -n "$1" ] || echo ready\nexec /bin/sh "$0" again\n');
    const child = new Child('/bin/sh', [script], { env: { ...process.env, AYNIG_RUN_ID: runId } });
    await child.hear();
    const looks = Array.from({ length: 300 }, () => processesOfRun(runId));
    expect(looks.filter(([pid]) => pid !== child.pid)).toEqual([]);
    await child.end();
  });
});

describe('a process group', () => {
  it('is alive until its last process has ended', async () => {
    const leader = new Child('/bin/sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], { detached: true });
    const other = Number(await leader.hear());
    expect(groupIsAlive(leader.pid)).toBe(true);
    await leader.end();
    expect(groupIsAlive(leader.pid)).toBe(true);
    process.kill(other, 'SIGKILL');
    await until(() => !groupIsAlive(leader.pid));
  });

  it.runIf(process.platform === 'linux')(
    'that has to be killed has ended when that is said, however long the system takes for it',
    async () => {
      // tail(1) keeps what it reads: a process with so much memory goes on for a while after it was killed.
      const keeps = '(head -c 500000000 /dev/zero; echo full >&3; sleep 600) | tail -c 500000000 >/dev/null & echo $!';
      const leader = new Child('/bin/sh', ['-c', `trap '' TERM; exec 3>&1; ${keeps}; wait; sleep 600`], { detached: true });
      const other = Number(await leader.hear());
      expect(await leader.hear()).toBe('full');
      await endGroup(leader.pid);
      expect(presenceOf(identityOf(other))).toBe('dead');
      expect(groupIsAlive(leader.pid)).toBe(false);
    },
  );
});
