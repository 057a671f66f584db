import { chmodSync, cpSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './scratch.js';
import { type Workspace, workspace } from './workspace.js';

const packFolder = join(projectRoot, 'ops-workflow-pack');

/** Puts the commands of the ops pack into a repository and commits them, as `aynig install` and a commit do. */
export function addOpsPack(to: Workspace, { recovery = true } = {}): void {
  cpSync(join(packFolder, 'command'), join(to.path, '.aynig/command'), { recursive: true });
  // Without recovery a run that stalls stays as the runner left it.
  if (!recovery) rmSync(join(to.path, '.aynig/command/stalled'));
  for (const name of readdirSync(join(to.path, '.aynig/command'))) {
    const path = join(to.path, '.aynig/command', name);
    if (statSync(path).isFile()) chmodSync(path, 0o755);
  }
  to.git('add', '--all', '--', '.aynig/command');
  to.git('commit', '--quiet', '--message', 'Add the ops pack');
}

/** A workspace with hooks, the ops pack, and commands of the test's own. */
export function withOpsPack(commands: Readonly<Record<string, string>> = {}, options: { readonly recovery?: boolean } = {}): Workspace {
  const made = workspace();
  addOpsPack(made, options);
  for (const [state, script] of Object.entries(commands)) made.command(state, script);
  made.init();
  return made;
}
