import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, shellQuoted } from './rendered.js';

/** The hooks of a server, as git names them. */
export const serverHookNames = ['pre-receive', 'post-receive'] as const;
export type ServerHookName = (typeof serverHookNames)[number];

/** Where our hooks lie in a repository whose own hooks call them. */
export const serverRenderedFolder = 'aynig/hooks';

/** The hook as it is installed: with the paths of this Node and this package, as a server has no PATH to speak of. */
export function serverHookText(name: ServerHookName, root = packageRoot(), node = process.execPath): string {
  return readFileSync(join(root, 'templates', name), 'utf8')
    .replace('@AYNIG@', () => shellQuoted(root))
    .replace('@NODE@', () => shellQuoted(node));
}
