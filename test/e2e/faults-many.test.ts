import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endOf } from '../support/endings.js';
import { expectSound, faultTable } from '../support/fault-table.js';
import { faultWorlds } from '../support/fault-world.js';
import { cliPath } from '../support/scratch.js';

const table = faultTable('many branches');

/** As cheap as a command can be: two lines in the log, and a commit without a file. */
const cheap = `#!/bin/sh
echo "start $AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/log"
git commit --quiet --allow-empty --message done --message 'aynig-state: review'
`;

/** One run over so many branches of a remote; answers its largest memory in MiB, and how long it took in seconds. */
async function runOver(count: number): Promise<{ memory: number; seconds: number }> {
  const names = Array.from({ length: count }, (_, index) => `b${index}`);
  const branches = Object.fromEntries(names.map((name) => [name, 'build']));
  const config = { 'aynig.maxParallel': '2' };
  const world = faultWorlds({ commands: { build: cheap }, branches, clones: 1, config })();
  const began = Date.now();
  // It says so itself, at its end: whoever watches it from outside may not have looked since its beginning.
  const said = join(world.root, 'memory.cjs');
  writeFileSync(
    said,
    `const { readFileSync, writeFileSync } = require('fs');
process.on('exit', () => writeFileSync(__dirname + '/status', readFileSync('/proc/self/status')));`,
  );
  const args = ['--require', said, cliPath, 'run', '--aynig-remote', 'origin', '--log-level', 'warn'];
  const child = spawn(process.execPath, args, { cwd: world.clone().path, env: world.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = await endOf(child);
  const seconds = (Date.now() - began) / 1000;
  await world.remote.untilStill();
  const judgement = world.judge();
  table.add(`one runner, two commands at once, ${count} branches`, count, judgement);
  expectSound(judgement);
  expect(ended.exitCode, ended.stderr).toBe(0);
  const memory = Number(/^VmHWM:\s+(\d+) kB$/m.exec(world.remote.note('status'))?.[1]) / 1024;
  expect(memory).toBeGreaterThan(0);
  expect(world.started()).toBe(count);
  expect(new Set(world.log().match(/(?<= )b\d+(?= build)/g)).size).toBe(count);
  process.stdout.write(`faults: ${count} branches in ${seconds.toFixed(1)} s, at most ${memory.toFixed(0)} MiB\n`);
  world.dispose();
  return { memory, seconds };
}

/** git's own push takes the longer the more branches there are, so a thousand take minutes: AYNIG_TEST_BRANCHES=1000. */
const most = Number(process.env['AYNIG_TEST_BRANCHES'] ?? 120);

test(`${most} ready branches are run once each by one runner, whose memory does not grow with their number`, {
  timeout: 900_000,
}, async () => {
  const few = await runOver(12);
  const many = await runOver(most);
  // At least ten times as many: what is kept of each must be next to nothing beside Node itself.
  expect(many.memory / few.memory).toBeLessThan(2);
});
