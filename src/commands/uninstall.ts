import { openRepository } from '../git/repository.js';
import { planRemoval } from '../install/remove.js';
import { undoHusky } from '../install/set-up-husky.js';
import { changeOf, ownConfig, removeEmpty, take } from '../install/steps.js';
import { linesFor, workingTreeOf } from './init.js';
import type { Io } from './io.js';

/** `aynig uninstall`: removes what `init` installed and nothing else. Commands, logs and history stay. */
export async function uninstall(flags: { readonly cwd: string }, io: Io): Promise<number> {
  const repository = await openRepository(flags.cwd);
  const root = workingTreeOf(repository);
  const { steps, folders, left } = await planRemoval(repository, root);
  const config = await ownConfig(repository.git);
  const told = steps.map((step) => ({ step, change: changeOf(step, config) })).filter(({ change }) => change !== 'unchanged');
  const lines = linesFor(told, repository, root);
  await take(steps, repository.git);
  if (await undoHusky(repository, root)) lines.push('remove husky, which aynig init --husky set up');
  removeEmpty(folders);
  for (const line of lines) io.out(line);
  if (lines.length === 0) io.out('No hooks of ours are installed here.');
  for (const path of left) io.out(`left ${path}: it still calls our hooks, which does nothing now; remove the lines by hand`);
  return 0;
}
