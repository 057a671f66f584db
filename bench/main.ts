import { manyBranches, readyBranches } from './branches.js';
import { commits, nodeStarts } from './hooks.js';
import { removeFolder } from './lab.js';
import { print } from './table.js';

try {
  const rounds = Number(process.argv.find((argument) => /^--rounds=\d+$/.test(argument))?.slice('--rounds='.length) ?? 15);
  commits(rounds);
  nodeStarts();
  await manyBranches(10_000, Math.min(5, rounds));
  await readyBranches(100);
  print();
} finally {
  removeFolder();
}
