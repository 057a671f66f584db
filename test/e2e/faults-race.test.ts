import { describe, expect, test } from 'vitest';
import { expectSound, faultTable } from '../support/fault-table.js';
import { type FaultWorld, faultWorlds, logged, remoteKinds } from '../support/fault-world.js';
import { cliPath } from '../support/scratch.js';
import { launch } from '../support/workspace.js';

const table = faultTable('races at one remote');

const runners = 6;
const branches = 60;

/** Runs in all clones, which start at the same moment, again and again until none finds anything; answers what they said. */
async function race(world: FaultWorld): Promise<string[]> {
  const gate = 'echo >>"$HOME/at-the-gate"; until [ -e "$HOME/gate" ]; do sleep 0.01; done; exec "$@"';
  const racing = world.clones.map(async (clone) => {
    const run = [cliPath, 'run', '--aynig-remote', 'origin'];
    const args = ['-c', gate, 'gate', process.execPath, ...run];
    const first = await launch('sh', args, { cwd: clone.path, env: world.env, timeoutMs: 240_000 });
    return `${first.stderr}${await world.runUntilQuiet(clone)}`;
  });
  await world.remote.until('all runners stand at the gate', () => world.remote.note('at-the-gate').length === world.clones.length);
  world.remote.release('gate');
  return Promise.all(racing);
}

describe.each(remoteKinds)('six clones that run sixty branches of $name at once', (remote) => {
  test('run every request exactly once', { timeout: 300_000 }, async () => {
    const names = Array.from({ length: branches }, (_, index) => `b${index}`);
    const world = faultWorlds({
      commands: { build: logged('review') },
      branches: Object.fromEntries(names.map((name) => [name, 'build'])),
      clones: runners,
      remote,
    })();
    const began = Date.now();
    const said = await race(world);
    const seconds = (Date.now() - began) / 1000;
    await world.remote.untilStill();
    const won = said.map((text) => text.match(/ -> review /g)?.length ?? 0);
    process.stdout.write(
      `faults: ${runners} clones over ${branches} branches of ${remote.name} in ${seconds.toFixed(1)} s, won by each: ${won.join(' ')}\n`,
    );
    const judgement = world.judge();
    table.add(`${runners} clones race over the branches of ${remote.name}`, branches, judgement);
    expectSound(judgement);
    expect(world.started()).toBe(branches);
    for (const name of names) expect(world.states(name)).toBe('build,working,review');
    expect(said.flatMap((text) => text.split('\n')).filter((line) => /\[[a-z-]+\]|stalled|^\s+at /.test(line))).toEqual([]);
    // More than one of them had work, or this was no race.
    expect(won.filter((count) => count > 0).length).toBeGreaterThan(1);
    world.dispose();
  });
});
