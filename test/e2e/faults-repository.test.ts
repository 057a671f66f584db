import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectSound, faultTable } from '../support/fault-table.js';
import { type FaultWorld, faultWorlds, logged } from '../support/fault-world.js';
import { endProcessesWithHome } from '../support/processes.js';
import { cliPath } from '../support/scratch.js';
import { fill, smallDisk } from '../support/small-disk.js';
import { skipBecause, type Workspace, waitFor } from '../support/workspace.js';

const table = faultTable('repositories that somebody else works on, or that cannot be written');

const branches = { x: 'build' };
const holding = `: >"$HOME/waits"\n${waitFor()}`;
const beforeCommit = faultWorlds({ commands: { build: logged('review', { before: holding }) }, branches, clones: 2 });
const afterCommit = faultWorlds({ commands: { build: logged('review', { after: holding }) }, branches, clones: 2 });
const someEnd = /^build,working,(review|stalled|review,stalled)$/;

/** Lets a run stand in its command, does something, lets it go on, and has the next run make up for what it left. */
async function meanwhile(
  world: FaultWorld,
  act: (clone: Workspace, worktree: string) => void,
  then = (): void => undefined,
): Promise<string> {
  const clone = world.clone();
  const child = spawn(process.execPath, [cliPath, 'run', '--aynig-remote', 'origin'], {
    cwd: clone.path,
    env: world.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await clone.until('the command waits', () => clone.noted('waits'));
  const folder = join(clone.path, '.worktrees');
  const name = readdirSync(folder).find((entry) => entry !== '.gitignore') ?? '';
  act(clone, join(folder, name));
  clone.release();
  await ended;
  then();
  said += await world.runUntilQuiet();
  await clone.untilStill();
  return said;
}

/** Makes a person's commit on top of a commit, in the second clone. */
const personal = (world: FaultWorld, parent: string): string => {
  const other = world.clone(1);
  return world.person(other.git('commit-tree', '-p', parent, '-m', 'by a person', `${parent}^{tree}`));
};

const pushed = (world: FaultWorld, ...args: readonly string[]): string => world.clone(1).git('push', '--quiet', 'origin', ...args);

/** git forgets the history of a branch that is deleted, and the checker goes by it. */
function withHistoryOf({ remote }: FaultWorld, branch: string, act: () => void): void {
  const log = join(remote.path, 'logs/refs/heads', branch);
  const text = readFileSync(log);
  remote.git('update-ref', `refs/test/${branch}`, remote.head(branch));
  act();
  writeFileSync(log, text);
}

describe("during a run of a remote's branch", () => {
  test.each<[string, (clone: Workspace, worktree: string) => void]>([
    ['git gc --prune=now', (clone) => void clone.git('gc', '--quiet', '--prune=now')],
    [
      'git prune and an expired reflog',
      (clone) => {
        clone.git('reflog', 'expire', '--expire=now', '--expire-unreachable=now', '--all');
        clone.git('prune', '--expire=now');
      },
    ],
    ['git pack-refs --all', (clone) => void clone.git('pack-refs', '--all')],
    [
      'an index.lock left in the worktree',
      (clone, worktree) => writeFileSync(join(clone.path, '.git/worktrees', worktree.split('/').at(-1) ?? '', 'index.lock'), ''),
    ],
    ['an index.lock left in the checkout', (clone) => writeFileSync(join(clone.path, '.git/index.lock'), '')],
  ])('%s costs no commit and leaves the branch to nobody', async (what, act) => {
    for (const worlds of [beforeCommit, afterCommit]) {
      const world = worlds();
      const said = await meanwhile(world, act, () => rmSync(join(world.clone().path, '.git/index.lock'), { force: true }));
      const judgement = world.judge();
      table.add(`${what} during a run`, 1, judgement);
      expectSound(judgement);
      expect(world.states('x'), said).toMatch(someEnd);
      expect(world.started()).toBe(1);
      world.dispose();
    }
  });

  test('git gc --prune=now at the remote costs no commit', async () => {
    const world = afterCommit();
    await meanwhile(world, () => world.remote.git('gc', '--quiet', '--prune=now'));
    const judgement = world.judge();
    table.add('git gc --prune=now at the remote during a run', 1, judgement);
    expectSound(judgement);
    expect(world.states('x')).toBe('build,working,review');
    world.dispose();
  });

  test.each<[string, (world: FaultWorld) => string | undefined]>([
    [
      'deleted',
      (world) => {
        withHistoryOf(world, 'x', () => pushed(world, ':refs/heads/x'));
        return undefined;
      },
    ],
    [
      'forced to a commit of a person',
      (world) => {
        const to = personal(world, world.clone(1).head('origin/main'));
        pushed(world, '--force', `${to}:refs/heads/x`);
        return to;
      },
    ],
    [
      'moved on by a person',
      (world) => {
        world.clone(1).git('fetch', '--quiet', 'origin', 'refs/heads/x');
        const to = personal(world, world.clone(1).head('FETCH_HEAD'));
        pushed(world, `${to}:refs/heads/x`);
        return to;
      },
    ],
  ])('a branch that is %s is left as it is, and the work is kept', async (what, act) => {
    const world = afterCommit();
    let to: string | undefined;
    const said = await meanwhile(world, () => {
      to = act(world);
    });
    const judgement = world.judge();
    table.add(`the branch ${what} at the remote during a run`, 1, judgement);
    expectSound(judgement);
    expect(world.remote.gitAnswer(['rev-parse', '--verify', '--quiet', 'refs/heads/x']).stdout.trim()).toBe(to ?? '');
    expect(said).toContain('nothing was published');
    expect(world.clone().git('for-each-ref', 'refs/aynig/kept/')).not.toBe('');
    world.dispose();
  });

  test('a branch that is renamed is left to whoever renamed it: its lease runs out under its new name', async () => {
    const world = afterCommit();
    await meanwhile(world, () => {
      const tip = world.remote.head('x');
      world.clone(1).git('fetch', '--quiet', 'origin', 'refs/heads/x');
      pushed(world, '--atomic', `${tip}:refs/heads/y`, ':refs/heads/x');
    });
    // Nobody renews it there.
    await world.run(world.clone(1), { later: 1000 });
    const judgement = world.judge();
    table.add('the branch renamed at the remote during a run', 1, judgement);
    expectSound(judgement);
    expect(world.states('y')).toBe('build,working,stalled');
    world.dispose();
  });
});

describe('a clone that cannot be written', () => {
  test.each([
    ['the folder of its worktrees', '.worktrees'],
    ['its objects', '.git/objects'],
    ['its refs', '.git/refs/aynig'],
  ])('because %s are read-only runs nothing, or stalls, and is made up for', async (_, folder) => {
    const world = beforeCommit();
    world.remote.release();
    const clone = world.clone();
    const path = join(clone.path, folder);
    if (!existsSync(path)) clone.program('mkdir', ['-p', path]);
    const undo = makeReadOnly(clone, path);
    const said = await world.run(clone);
    undo();
    expect(said.stderr).not.toMatch(/^\s+at /m);
    await world.runUntilQuiet();
    await clone.untilStill();
    const judgement = world.judge();
    table.add('a clone with a folder that is read-only', 1, judgement);
    expectSound(judgement);
    expect(world.states('x')).toMatch(someEnd);
    world.dispose();
  });

  test('because its disk is full loses nothing, and is made up for once there is room', { timeout: 900_000 }, async (context) => {
    for (const kilobytes of [0, 4, 8, 16, 24, 32, 48, 64, 128]) {
      for (const inside of [false, true]) {
        const world = inside ? afterCommit() : beforeCommit();
        const disk = smallDisk(world.root, 'size=4m');
        if ('why' in disk) return skipBecause(disk.why, context);
        const clone = world.onDisk(disk.path);
        let makeRoom = (): void => undefined;
        if (!inside) {
          makeRoom = fill(disk.path, kilobytes * 1024);
          world.remote.release();
        }
        const running = world.run(clone);
        if (inside) {
          await clone.until('the command waits', () => clone.noted('waits'));
          makeRoom = fill(disk.path, kilobytes * 1024);
          world.remote.release();
        }
        const said = await running;
        makeRoom();
        expect(said.stderr).not.toMatch(/^\s+at /m);
        for (let round = 0; round < 2; round++) await world.run(clone);
        await clone.untilStill();
        const judgement = world.judge();
        table.add("the disk of a clone full during a run of a remote's branch", 1, judgement);
        expectSound(judgement);
        expect(world.states('x'), said.stderr).toMatch(someEnd);
        endProcessesWithHome(world.root);
        disk.unmount();
        world.dispose();
      }
    }
  });
});

/** Takes the right to write away, from the superuser too, and answers how to give it back. */
function makeReadOnly(clone: Workspace, path: string): () => void {
  const bind = clone.program('mount', ['--bind', path, path], { expected: 'any' });
  if (bind.exitCode !== 0) {
    chmodSync(path, 0o555);
    return () => chmodSync(path, 0o755);
  }
  clone.program('mount', ['-o', 'remount,ro,bind', path]);
  let mounted = true;
  const undo = (): void => {
    if (mounted) clone.program('umount', [path]);
    mounted = false;
  };
  onTestFinished(undo);
  return undo;
}
