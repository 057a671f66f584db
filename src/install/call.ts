/** The client hooks, as git names them. */
export const hookNames = ['commit-msg', 'post-commit', 'post-merge', 'post-rewrite', 'pre-push'] as const;
export type HookName = (typeof hookNames)[number];

/** Where our hooks lie below the git directory that all working trees share, when others call them. */
export const renderedFolder = 'aynig/hooks';

/** Whether our hook may stop what git is about to do. */
export const mayRefuse = (name: HookName): boolean => name === 'commit-msg' || name === 'pre-push';

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

/**
 * Lines of POSIX sh for a script of others: they call our hook, and leave everything to the rest of the script that it had
 * before, such as the refs on the standard input of pre-push, which can be read once only. `otherwise` is what follows a
 * refusal.
 */
export function callLines(name: HookName, otherwise = 'exit 1'): string[] {
  if (name !== 'pre-push') return [`(${callLine(name)}) || ${mayRefuse(name) ? otherwise : ':'}`];
  return [
    `aynig_in=$(cat); (${callLine(name)}) <<aynig_in || ${otherwise}`,
    ...handedOn,
    '[ -z "$aynig_in" ] || exec <<aynig_in',
    ...handedOn,
  ];
}

/** A here-document and no pipe: who does not read it breaks nothing. */
const handedOn = ['$aynig_in', 'aynig_in'];
