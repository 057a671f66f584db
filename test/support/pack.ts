import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { identify, Scratch } from './scratch.js';
import { completing, type Workspace } from './workspace.js';

/** A repository that holds a pack, beside the one that installs it. */
export class PackSource extends Scratch {
  /** Writes files of the pack and commits them; a path that ends in `/command/x` is executable. Answers the commit. */
  publish(files: Readonly<Record<string, string | undefined>>, message = 'the pack'): string {
    for (const [path, text] of Object.entries(files)) {
      if (text === undefined) this.git('rm', '--quiet', '--', path);
      else this.write(path, text, /(?:^|\/)command\/[^.]/.test(path) ? 0o755 : 0o644);
    }
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', message);
    return this.head();
  }

  /** A copy without a working tree. */
  bare(): string {
    const path = `${this.path}.git`;
    this.git('clone', '--quiet', '--bare', this.path, path);
    return path;
  }
}

export const greeting = (text: string): string => `#!/bin/sh\nset -eu\n# ${text}\n${completing('done')}\n`;

/** `<root>/<name>`, with the command `greet` in `.aynig` unless other files are given. */
export function packSource(
  beside: Workspace,
  name = 'pack',
  files: Readonly<Record<string, string>> = { '.aynig/command/greet': greeting('one') },
) {
  const path = join(beside.root, name);
  mkdirSync(path);
  const source = new PackSource(beside.root, path, beside.env);
  source.git('init', '--quiet', '--initial-branch=main');
  identify((...args) => source.git(...args));
  source.publish(files);
  return source;
}
