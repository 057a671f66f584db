import { manyBranches, mixedBranches, readyBranches } from './branches.js';
import { histories } from './history.js';
import { commits, nodeStarts } from './hooks.js';
import { removeFolder } from './lab.js';
import { idleRemotes, remoteTick, sharedJobs } from './remotes.js';
import { pushes } from './servers.js';
import { print } from './table.js';

try {
  const rounds = Number(process.argv.find((argument) => /^--rounds=\d+$/.test(argument))?.slice('--rounds='.length) ?? 15);
  const few = Math.min(5, rounds);
  commits(rounds);
  nodeStarts();
  await manyBranches(10_000, few);
  await mixedBranches(10_000, few);
  await readyBranches(100);
  pushes(rounds);
  await remoteTick();
  // One round is to see that it works.
  await sharedJobs(rounds === 1 ? 12 : 60, 6);
  await idleRemotes([10, 1000, 10_000], few);
  if (rounds === 1) await histories(3_000, 1_000, 1);
  else await histories(50_000, 10_000, few);
  print();
} finally {
  removeFolder();
}
