import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { identify, Scratch } from './scratch.js';
import { completing, snapshot, type Workspace, workspace } from './workspace.js';

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

/** Answers of `aynig <args>`, whatever its exit code. */
export const aynig = (at: Workspace, ...args: string[]) => at.aynig(args, { expected: 'any' });
export const staged = (at: Workspace): string[] => at.git('diff', '--cached', '--name-status', '--no-renames').split('\n').filter(Boolean);
export const commit = (at: Workspace, message = 'take it'): void => void at.git('commit', '--quiet', '--message', message);

interface Lock {
  readonly packs: Record<
    string,
    { source: string; ref: string | null; commit: string; files: Record<string, { blob: string; mergedWith?: string | null }> }
  >;
}
export const lockOf = (at: Workspace): Lock => JSON.parse(at.read('.aynig/packs.lock.json')) as Lock;

/** Everything of a working tree and what git knows of it that an install could change. */
export const whole = (at: Workspace) => ({
  files: snapshot(join(at.path, '.aynig')),
  status: at.git('status', '--porcelain', '--untracked-files=all', '--ignored'),
  head: at.head(),
});

/** A repository with a command of its own, and the pack `../pack` beside it. */
export function both(files?: Readonly<Record<string, string>>): { made: Workspace; source: PackSource } {
  const made = workspace();
  made.command('build', 'exit 0');
  return { made, source: packSource(made, 'pack', files) };
}
