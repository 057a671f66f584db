export { quoted } from '../printable.js';

export type Severity = 'error' | 'warning' | 'info';

interface Kind {
  readonly severity: Severity;
  readonly group: Group;
  readonly meaning: string;
  /** Whether `aynig doctor --fix` mends it. */
  readonly fixed?: true;
}

export const groups = ['hooks', 'node', 'settings', 'commands', 'trust', 'runs', 'locks'] as const;
export type Group = (typeof groups)[number];

/** Every finding a person or a script can meet, with the sentence that `docs/doctor.md` shows. Ids are stable: they are never renamed. */
export const findingKinds = {
  'hooks-not-installed': { severity: 'warning', group: 'hooks', meaning: 'No hook of AYNIG is installed in this repository.' },
  'hooks-path-elsewhere': {
    severity: 'error',
    group: 'hooks',
    meaning: 'git looks for hooks in a folder that has none of ours, so the installed ones never run.',
  },
  'hook-missing': { severity: 'error', group: 'hooks', meaning: 'One of our hooks is not among those that git runs.' },
  'hook-config-broken': {
    severity: 'error',
    group: 'hooks',
    meaning: 'A hook of ours in the git configuration has no command, so git 2.54 and newer refuses every commit.',
  },
  'hook-not-executable': {
    severity: 'error',
    group: 'hooks',
    meaning: 'A hook file lacks its executable bit, so git passes over it.',
    fixed: true,
  },
  'hook-line-endings': {
    severity: 'error',
    group: 'hooks',
    meaning: 'A hook file has Windows line endings, so it cannot be started.',
    fixed: true,
  },
  'hook-outdated': {
    severity: 'warning',
    group: 'hooks',
    meaning: 'A hook file of ours was written by another version or was edited.',
    fixed: true,
  },
  'hook-package-gone': {
    severity: 'error',
    group: 'hooks',
    meaning: 'The package that a hook calls is gone, so the hook does nothing.',
    fixed: true,
  },
  'hook-other-package': {
    severity: 'info',
    group: 'hooks',
    meaning: 'The hooks call another installation of AYNIG than the one that was asked.',
  },
  'two-packages': { severity: 'warning', group: 'hooks', meaning: 'The hooks call different installations of AYNIG.', fixed: true },
  'hook-twice': { severity: 'warning', group: 'hooks', meaning: 'git reaches the same hook of ours more than once.' },
  'manager-removes-hooks': {
    severity: 'warning',
    group: 'hooks',
    meaning: 'A hook manager of this repository will remove our hooks the next time it installs its own.',
  },
  'lfs-hook-missing': {
    severity: 'warning',
    group: 'hooks',
    meaning: 'The repository uses Git LFS, and one of its hooks is not called.',
  },
  'worktrees-not-looked-at': {
    severity: 'info',
    group: 'hooks',
    meaning: 'There are so many working trees that the hooks of some were not looked at.',
  },
  'hooks-off': { severity: 'warning', group: 'hooks', meaning: 'AYNIG=0 is set in the environment, so every hook of ours does nothing.' },
  'hook-node-gone': {
    severity: 'warning',
    group: 'node',
    meaning: 'The Node that a hook was installed with is gone; the one on PATH is used.',
    fixed: true,
  },
  'node-unreachable': {
    severity: 'error',
    group: 'node',
    meaning: 'A client that is started without your shell has no Node for the hooks.',
    fixed: true,
  },
  'setting-unknown': { severity: 'warning', group: 'settings', meaning: 'A git config key in section aynig is not a setting.' },
  'setting-bad': { severity: 'error', group: 'settings', meaning: 'The value of a setting is not usable, so no verb works.' },
  'setting-twice': { severity: 'info', group: 'settings', meaning: 'A setting is set in more than one place; the last one counts.' },
  'tick-off': { severity: 'info', group: 'settings', meaning: 'aynig.tick is off, so hooks start nothing.' },
  'server-setting': { severity: 'warning', group: 'settings', meaning: 'A setting of git that a server needs is not set.' },
  'no-identity': {
    severity: 'warning',
    group: 'commands',
    meaning: 'Commands of a server have no name and address to commit with.',
  },
  'commands-dir-unusable': {
    severity: 'error',
    group: 'commands',
    meaning: "The folder of the server's commands cannot be used, so every request is invalid.",
  },
  'commands-dir-open': {
    severity: 'warning',
    group: 'commands',
    meaning: "Others than its owner can write to the folder of the server's commands.",
  },
  'command-not-executable': {
    severity: 'error',
    group: 'commands',
    meaning: 'A command lacks its executable bit, so a request for it is invalid.',
  },
  'command-symlink': { severity: 'error', group: 'commands', meaning: 'A command is a symbolic link, so a request for it is invalid.' },
  'command-line-endings': { severity: 'error', group: 'commands', meaning: 'A command has Windows line endings, so it cannot be started.' },
  'command-no-shebang': {
    severity: 'warning',
    group: 'commands',
    meaning: 'A command does not say which program runs it; it depends on the system what happens.',
  },
  'trust-changed': {
    severity: 'warning',
    group: 'trust',
    meaning: 'The record of what you allowed changed while a command of a run was running.',
  },
  'trust-unreadable': {
    severity: 'error',
    group: 'trust',
    meaning: 'The record of what you allowed cannot be read, so hooks start nothing.',
  },
  'trust-open': { severity: 'warning', group: 'trust', meaning: 'Other users can read or change the record of what you allowed.' },
  'commands-not-allowed': {
    severity: 'info',
    group: 'trust',
    meaning: 'Hooks do not start the commands of the current branch: nobody has allowed them.',
  },
  'branch-name': {
    severity: 'info',
    group: 'runs',
    meaning: 'The name of a branch is not valid UTF-8, so nothing is ever run on it.',
  },
  'run-dead': { severity: 'warning', group: 'runs', meaning: 'A run is left whose runner is gone.' },
  'run-elsewhere': {
    severity: 'info',
    group: 'runs',
    meaning: 'A run belongs to another host or container; from here nobody can tell whether it is alive.',
  },
  'run-undelivered': { severity: 'warning', group: 'runs', meaning: 'A finished run waits until its checkout can take the result.' },
  'run-failed': { severity: 'warning', group: 'runs', meaning: 'A tick that a hook started failed, and no later one went well.' },
  'journal-broken': { severity: 'warning', group: 'runs', meaning: 'The journal of a run cannot be read.' },
  'journal-aside': { severity: 'warning', group: 'runs', meaning: 'A journal that could not be read was put aside.' },
  'worktree-stale': {
    severity: 'warning',
    group: 'runs',
    meaning: 'A worktree is left of a run that nobody leads; it holds nothing unsaved.',
    fixed: true,
  },
  'worktree-unsaved': {
    severity: 'warning',
    group: 'runs',
    meaning: 'A worktree is left of a run that nobody leads, with changes that are not committed.',
  },
  'worktree-orphan': { severity: 'warning', group: 'runs', meaning: 'A folder of a run is left that git has no record of.' },
  'lease-ref-orphan': { severity: 'warning', group: 'runs', meaning: 'A lease ref is left of a run that holds no branch.' },
  'logs-large': { severity: 'info', group: 'runs', meaning: 'The logs of the commands of a server take more than 1 GiB.' },
  'kept-refs': { severity: 'info', group: 'runs', meaning: 'Work of runs is kept that no branch has, or that one has by now.' },
  'own-lock-dead': { severity: 'info', group: 'locks', meaning: 'A lock of ours is left by a process that died.', fixed: true },
  'ref-lock-stale': {
    severity: 'error',
    group: 'locks',
    meaning: 'A lock file of a ref is old and no process can hold it; git cannot move the ref.',
    fixed: true,
  },
  'git-lock-stale': {
    severity: 'error',
    group: 'locks',
    meaning: 'A lock file of git, such as index.lock, is old and no process can hold it.',
  },
  'owner-mixed': { severity: 'warning', group: 'locks', meaning: 'A server has files that belong to another user than it does.' },
  'ref-broken': { severity: 'error', group: 'locks', meaning: 'A ref names no object that git can read.' },
  'git-lock-held': { severity: 'info', group: 'locks', meaning: 'A lock file of git is there which a process could still hold.' },
} as const satisfies Record<string, Kind>;

export type FindingId = keyof typeof findingKinds;

/** Something that a person cannot see and should know. */
export interface Finding {
  readonly id: FindingId;
  readonly sentence: string;
  /** The command that mends it. */
  readonly fix: string;
  /** What `--fix` does about it, where that is safe. */
  readonly mend?: Mend;
}

/** A change that loses nothing. Each is checked again at the moment it is made. */
export type Mend =
  | { readonly kind: 'make-executable'; readonly path: string }
  /** Only while the file still holds `was`. */
  | { readonly kind: 'write-hook'; readonly path: string; readonly was: string; readonly text: string }
  | { readonly kind: 'drop-own-lock'; readonly path: string }
  | { readonly kind: 'drop-ref-lock'; readonly path: string; readonly changedAt: number }
  | { readonly kind: 'remove-worktree'; readonly runId: string; readonly path: string; readonly adminDir: string };

/** An age in the largest unit that says something. */
export function ageOf(seconds: number): string {
  for (const [size, name] of [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ] as const) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return '0 seconds';
}
