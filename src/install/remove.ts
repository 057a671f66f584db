import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Repository } from '../git/repository.js';
import { withoutBlock } from './block.js';
import { callsOurs, hookNames, renderedFolder } from './call.js';
import { noConfigHookSteps } from './config-hooks.js';
import { configsOf, isText, surroundings, textOf, tools } from './detect.js';
import { huskyFolderIn, includedPath, linkedFolder, unlinkedSteps } from './linked-worktrees.js';
import { isOwnHook } from './rendered.js';
import { ignoredFolders, unusedFolderSteps } from './starter.js';
import { type Step, writing } from './steps.js';

/** What removes us: changes, folders to remove once they are empty, and files of others that still call us. */
export interface Removal {
  readonly steps: readonly Step[];
  readonly folders: readonly string[];
  readonly left: readonly string[];
}

/** Endings under which other managers put away a hook that they found: ours may be among them. */
const putAway = ['', '.legacy', '.old', '.theirs'];

/** Plans the removal of everything that `init` can have installed, by looking for it: what was installed how is not remembered. */
export async function planRemoval(repository: Repository, root: string): Promise<Removal> {
  const around = await surroundings(repository, root);
  const { commonDir, mainRoot } = repository;
  const recorded = huskyFolderIn(textOf(includedPath(commonDir)));
  const husky = around.hooksPath !== undefined && basename(around.hooksPath.folder) === '_' ? [dirname(around.hooksPath.folder)] : [];
  const roots = [root, ...(mainRoot === undefined || mainRoot === root ? [] : [mainRoot])];
  const huskyFolders = new Set([
    ...husky,
    ...roots.flatMap((each) => ['.husky', ...(recorded === undefined ? [] : [recorded])].map((name) => join(each, name))),
  ]);
  const steps: Step[] = [];
  const left: string[] = [];
  for (const name of hookNames) {
    for (const path of [
      ...putAway.map((ending) => join(around.hooksFolder, `${name}${ending}`)),
      ...[...huskyFolders].map((folder) => join(folder, name)),
    ]) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
      if (isOwnHook(path)) {
        steps.push({ kind: 'delete', path });
        continue;
      }
      // What is no text has nothing of ours in it.
      if (!isText(path)) continue;
      const text = textOf(path);
      const rest = withoutBlock(text, name);
      if (rest === undefined) steps.push({ kind: 'delete', path });
      else if (rest !== text) steps.push(writing(path, rest, 0o644, { keepMode: true }));
      if (rest !== undefined && callsOurs(rest, name)) left.push(path);
    }
    const elsewhere = around.hooksPath === undefined ? '' : join(around.hooksPath.folder, name);
    if (callsOurs(textOf(elsewhere), name)) left.push(elsewhere);
  }
  for (const tool of tools)
    for (const config of configsOf(tool, around))
      if (hookNames.some((name) => callsOurs(config.text, name))) left.push(join(root, config.name));
  return {
    steps: [
      ...steps,
      ...noConfigHookSteps(),
      ...unlinkedSteps(commonDir),
      ...hookNames.map((name): Step => ({ kind: 'delete', path: join(commonDir, renderedFolder, name) })),
      ...unusedFolderSteps(repository, root),
    ],
    folders: [renderedFolder, linkedFolder, 'aynig'].map((name) => join(commonDir, name)).concat(ignoredFolders(repository, root)),
    left: [...new Set(left)],
  };
}
