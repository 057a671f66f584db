import type { Answer } from '../scratch.js';
import { cliPath } from '../scratch.js';
import type { Workspace } from '../workspace.js';
import { programOf } from './listening.js';

/** Why a run cannot be given a terminal here; undefined where it can. */
export const noTerminal = (): string | undefined => (programOf('script') === undefined ? 'a terminal needs script' : undefined);

/** Runs the remote's branches in a terminal where questions are allowed; whoever asks one waits until the test's patience ends. */
export function runInTerminal(clone: Workspace): Answer {
  const { GIT_TERMINAL_PROMPT: _prompt, ...env } = clone.env;
  const line = `'${process.execPath}' '${cliPath}' run --aynig-remote origin`;
  const args = [
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    'script',
    '--quiet',
    '--return',
    '--command',
    line,
    '/dev/null',
  ];
  return clone.program('env', ['-i', ...args], { expected: 'any' });
}
