import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.js';
import { shown } from '../install/by-hand.js';
import type { ServerHookName } from '../install/server-hooks.js';
import { serverHookText } from '../install/server-hooks.js';
import { planServer } from '../install/server-plan.js';
import { applySettings, missingSettings } from '../install/server-settings.js';
import { changeOf, take } from '../install/steps.js';
import { bareRepository } from './bare-repository.js';
import { linesFor } from './init.js';
import type { Io } from './io.js';

/** `aynig init --bare <repository>`: makes a server of a bare repository, beside the hooks that are there. Twice is the same as once. */
export async function initBare(flags: { readonly cwd: string; readonly bare: string; readonly dryRun: boolean }, io: Io): Promise<number> {
  const repository = await bareRepository(flags.cwd, flags.bare);
  const { commonDir } = repository;
  const plan = await planServer(repository);
  if (plan.byHand.length > 0) {
    for (const each of plan.byHand) io.out(shown(each));
    throw new Failure(
      'hooks-by-hand',
      `The hooks here belong to ${plan.beside}, whose files are not ours to change. Nothing was changed.`,
      {
        hint: 'Do what is shown above; docs/operate/server.md says more.',
      },
    );
  }
  const told = plan.steps.map((step) => ({ step, change: changeOf(step, new Map()) }));
  const settings = await missingSettings(repository);
  for (const line of linesFor(told, repository, commonDir, flags.dryRun)) io.out(line);
  for (const [key, value] of settings) io.out(`${flags.dryRun ? 'would set' : 'set'} ${key} to ${value}`);
  if (flags.dryRun) return 0;
  const folders = [...new Set(plan.steps.flatMap((step) => ('path' in step ? [dirname(step.path)] : [])))];
  await applySettings(
    repository,
    folders.filter((folder) => !existsSync(folder) && !folder.startsWith(join(commonDir, 'aynig'))),
  );
  await take(plan.steps, repository.git);
  const head = (await repository.git(['symbolic-ref', '--short', 'HEAD'], { ok: [0, 1, 128] })).stdout.toString('utf8').trim();
  io.out(
    `\nA push that asks for a state now runs its command, if it is the one that stands on ${head || 'HEAD'}. Who may change that branch decides what this server runs.`,
  );
  io.out('To take the commands from a folder of the server: git config aynig.commandsDir <folder>. See: docs/operate/server.md');
  return 0;
}

/** `aynig init --print-hook <name>`: the hook as text, for places that only an admin can write to. */
export function printHook(name: ServerHookName, io: Io): number {
  io.out(serverHookText(name).replace(/\n$/, ''));
  return 0;
}
