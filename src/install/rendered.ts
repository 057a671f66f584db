import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HookName, hookNames, renderedFolder } from './call.js';
import { type Step, writing } from './steps.js';

/** Stands in each of our hook files and in no other. */
const mark = '# aynig hook ';

/** The folder of this package, with the hooks and templates that it brings. Throws a plain Error when it is incomplete. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'hooks', 'launch'))) {
    if (folder === dirname(folder)) throw new Error('this installation of aynig is incomplete: its hooks folder is missing');
    folder = dirname(folder);
  }
  return folder;
}

export const shellQuoted = (text: string): string => text.replaceAll("'", "'\\''");

/** The hook as it is installed: with the paths of this Node and this package, so that it works from a client without PATH. */
export function hookText(name: HookName, root = packageRoot(), node = process.execPath): string {
  return readFileSync(join(root, 'hooks', name), 'utf8')
    .replace('@AYNIG@', () => shellQuoted(root))
    .replace('@NODE@', () => shellQuoted(node));
}

/** Our hooks in a place of their own, for others to call: an update of AYNIG changes these files and no others. */
export const renderedSteps = (commonDir: string): Step[] =>
  hookNames.map((name) => writing(join(commonDir, renderedFolder, name), hookText(name), 0o755));

/** Whether a file is a hook of ours as a whole. */
export function isOwnHook(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, 'utf8').startsWith(`#!/bin/sh\n${mark}`);
}
