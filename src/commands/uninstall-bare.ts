import { join } from 'node:path';
import { planServerRemoval } from '../install/server-removal.js';
import { restoreSettings } from '../install/server-settings.js';
import { changeOf, removeEmpty, take } from '../install/steps.js';
import { removeFile } from '../runner/durable-file.js';
import { bareRepository } from './bare-repository.js';
import { linesFor } from './init.js';
import type { Io } from './io.js';

/** `aynig uninstall --bare <repository>`: takes back what `init --bare` did. Logs and history stay. */
export async function uninstallBare(flags: { readonly cwd: string; readonly bare: string }, io: Io): Promise<number> {
  const repository = await bareRepository(flags.cwd, flags.bare);
  const { commonDir } = repository;
  const { steps, folders } = planServerRemoval(repository);
  const told = steps.map((step) => ({ step, change: changeOf(step, new Map()) })).filter(({ change }) => change !== 'unchanged');
  const lines = linesFor(told, repository, commonDir);
  await take(steps, repository.git);
  for (const key of await restoreSettings(repository)) lines.push(`put ${key} back as it was`);
  removeFile(join(commonDir, 'aynig/server.json'));
  removeEmpty(folders);
  for (const line of lines) io.out(line);
  if (lines.length === 0) io.out('No hooks of ours are installed here.');
  return 0;
}
