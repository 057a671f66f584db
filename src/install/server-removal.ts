import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from '../git/repository.js';
import { isText } from './detect.js';
import { isOwnHook } from './rendered.js';
import { withoutServerBlock } from './server-block.js';
import { serverHookNames, serverRenderedFolder } from './server-hooks.js';
import { readFound } from './server-settings.js';
import { type Step, writing } from './steps.js';

/** Plans the removal of our hooks from a bare repository, wherever `init --bare` can have put them. */
export function planServerRemoval({ commonDir }: Repository): { readonly steps: readonly Step[]; readonly folders: readonly string[] } {
  const steps: Step[] = [];
  for (const name of serverHookNames) {
    const hook = join(commonDir, 'hooks', name);
    for (const path of [
      hook,
      ...['hooks', 'custom_hooks'].map((folder) => join(commonDir, folder, `${name}.d`, 'aynig')),
      join(commonDir, serverRenderedFolder, name),
    ])
      if (isOwnHook(path)) steps.push({ kind: 'delete', path });
    if (lstatSync(hook, { throwIfNoEntry: false })?.isFile() !== true || isOwnHook(hook) || !isText(hook)) continue;
    const text = readFileSync(hook, 'utf8');
    const rest = withoutServerBlock(text, name);
    if (rest !== text) steps.push(writing(hook, rest, 0o755, { keepMode: true }));
  }
  const made = readFound(commonDir)?.folders ?? [];
  return { steps, folders: [join(commonDir, serverRenderedFolder), join(commonDir, 'aynig/pushed'), ...made, join(commonDir, 'aynig')] };
}
