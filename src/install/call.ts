/** The client hooks, as git names them. */
export const hookNames = ['commit-msg', 'post-commit', 'post-merge', 'post-rewrite'] as const;
export type HookName = (typeof hookNames)[number];

/** Where our hooks lie below the git directory that all working trees share, when others call them. */
export const renderedFolder = 'aynig/hooks';

/** Whether a hook or a configuration calls our hook. */
export const callsOurs = (text: string, name: HookName): boolean => new RegExp(`${renderedFolder}/${name}(?![\\w-])`).test(text);

/**
 * One line of POSIX sh that calls our hook if it is there. It names no machine and no person, so it may be committed; who has
 * no AYNIG notices nothing. git says where it is by GIT_DIR or by `.git`; only in a linked working tree another git is asked.
 */
export function callLine(name: HookName, args = ' "$@"'): string {
  const hook = `${renderedFolder}/${name}`;
  return `h="\${GIT_DIR:-.git}/${hook}"; [ -x "$h" ] || h="$(git rev-parse --git-common-dir)/${hook}"; [ ! -x "$h" ] || "$h"${args}`;
}
