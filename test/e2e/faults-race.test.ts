import { describe, expect, test } from 'vitest';
import { expectSound, faultTable } from '../support/fault-table.js';
import { type FaultWorld, faultWorlds, logged, plainRemote, type RemoteKind, server } from '../support/fault-world.js';
import { cliPath } from '../support/scratch.js';
import { launch } from '../support/workspace.js';

const table = faultTable('races at one remote');

const runners = 6;
const branches = 60;

/**
 * Runs in all clones but the last, which start at the same moment, again and again until none finds anything, while the requests
 * are being pushed from the last one. Answers what the runs said.
 */
async function race(world: FaultWorld): Promise<string[]> {
  const gate = 'echo >>"$HOME/at-the-gate"; until [ -e "$HOME/gate" ]; do sleep 0.01; done; exec "$@"';
  const author = world.clone(runners);
  const requests = Array.from({ length: branches }, (_, index) => `${world.request(author, `b${index}`)}:refs/heads/b${index}`);
  const racing = world.clones.slice(0, runners).map(async (clone) => {
    const args = ['-c', gate, 'gate', process.execPath, cliPath, 'run', '--aynig-remote', 'origin'];
    const first = await launch('sh', args, { cwd: clone.path, env: world.env, timeoutMs: 240_000 });
    await pushed;
    return `${first.stderr}${await world.runUntilQuiet(clone)}`;
  });
  const pushed = (async () => {
    await world.remote.until('all runners stand at the gate', () => world.remote.note('at-the-gate').length === runners);
    for (let at = 0; at < branches; at += branches / 6) {
      const refspecs = requests.slice(at, at + branches / 6);
      const push = await launch('git', ['push', '--quiet', 'origin', ...refspecs], { cwd: author.path, env: world.env });
      expect(push.exitCode, push.stderr).toBe(0);
      expect(push.stderr).not.toContain('check failed');
      world.remote.release('gate');
    }
  })();
  return Promise.all(racing);
}

/** Shell text that waits until commands of so many clones have begun, and one of the server too where that runs them. */
const together = (places: number, withServer: boolean): string =>
  [
    'place=${PWD#"$HOME/"}; echo "${place%%/*}" >>"$HOME/places"',
    `until [ "$(sort -u "$HOME/places" | grep -c clone)" -ge ${places} ]${withServer ? ' && grep -q origin "$HOME/places"' : ''}; do sleep 0.05; done`,
  ].join('\n');

/** One command at a time, so that it leaves some of them to the clones. */
const slowServer: RemoteKind = {
  name: server.name,
  prepare(remote) {
    server.prepare(remote);
    remote.git('config', 'aynig.maxParallel', '1');
  },
};

describe.each([plainRemote, slowServer])('six clones that run sixty branches of $name at once', (remote) => {
  test('run every request exactly once', { timeout: 900_000 }, async () => {
    // However late some of them are, more than one has work, or this was no race; together they cannot hold all branches.
    const commands = { build: logged('review', { before: together(2, remote === slowServer) }) };
    const config = { 'aynig.maxParallel': '2' };
    const world = faultWorlds({ commands, branches: {}, clones: runners + 1, remote, config })();
    const began = Date.now();
    const said = await race(world);
    await world.remote.untilStill();
    const seconds = (Date.now() - began) / 1000;
    const won = said.map((text) => text.match(/ -> review /g)?.length ?? 0);
    const byServer = branches - won.reduce((sum, count) => sum + count, 0);
    process.stdout.write(
      `faults: ${runners} clones over ${branches} branches of ${remote.name} in ${seconds.toFixed(1)} s, won by each: ${won.join(' ')}, by the server: ${byServer}\n`,
    );
    const judgement = world.judge();
    table.add(`${runners} clones race over the branches of ${remote.name}`, branches, judgement);
    expectSound(judgement);
    expect(world.started()).toBe(branches);
    for (let index = 0; index < branches; index++) expect(world.states(`b${index}`)).toBe('build,working,review');
    expect(said.flatMap((text) => text.split('\n')).filter((line) => /\[[a-z-]+\]|stalled|^\s+at /.test(line))).toEqual([]);
    expect(won.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(byServer > 0).toBe(remote === slowServer);
    world.dispose();
  });
});
