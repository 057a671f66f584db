import type { HookName } from './call.js';

/** What a person has to add to the configuration of another hook manager, because that manager rewrites its hooks. */
export interface ByHand {
  /** The file to add the lines to. */
  readonly file: string;
  /** What the lines are for, where that is not plain. */
  readonly note?: string;
  readonly lines: readonly string[];
}

/** The text that is shown; `docs/hook-managers.md` has the same lines. */
export const shown = ({ file, note, lines }: ByHand): string =>
  [`Add to ${file}${note === undefined ? '' : ` (${note})`}:`, '', ...lines, ''].join('\n');

/** A hook manager that makes its hook files from a configuration of its own. */
export interface Tool {
  readonly kind: 'lefthook' | 'pre-commit' | 'prek' | 'simple-git-hooks';
  /** Tells its hook files from others. */
  readonly generated: RegExp;
  /** The names of its configuration files, relative to the root of the working tree. */
  readonly configNames: readonly string[];
  /**
   * Whether a configuration file that is there is its own: some share a name or a file with others. `hooks` are the texts of
   * the hook files that are installed.
   */
  owns?(name: string, text: string, hooks: readonly string[]): boolean;
  /** Whether hooks that it has no configuration for are kept when it installs its own. */
  readonly keepsOthers: boolean;
  /** Whether it runs the hook that was there before it, which it keeps under this ending. */
  readonly runsOld?: string;
  snippet(missing: readonly HookName[], config: { readonly name: string; readonly text: string } | undefined): ByHand;
  /** What puts its configuration into effect. */
  readonly afterwards: string;
}
