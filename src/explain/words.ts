import type { BranchStatus, StateEvent } from '../observe/schemas.js';
import type { Described } from './entry.js';

/** What a tip can read as, as `status` shows it; CONTRACT.md says what a tick does about each. */
export const readings = {
  idle: {
    meaning: 'The tip names no state, so nothing is asked for.',
    causes: ['An ordinary commit stands on top, or the branch was never used for a workflow.'],
    next: ['Ask for a state: `aynig set-state <state>`.', 'See what came before with `aynig events --history`.'],
  },
  ready: {
    meaning: 'The tip asks for a state that has a command, and the next tick runs it.',
    causes: ['The request was just made; or no hook saw it, as after a fetch, a reset or a push from elsewhere.'],
    next: ['Run it now: `aynig run --current-branch include`.', 'See why no hook did with `aynig doctor`.'],
  },
  waiting: {
    meaning: "The tip names a state without a command: it is a person's turn, or the end.",
    causes: [
      'The workflow stops here by design, as in `review`, `done` or `failed`.',
      'The state is misspelt, or its command is not in the tree of the commit that asks.',
      'Recovery of a stalled run has stalled itself: then a person decides.',
    ],
    next: ['Read what is asked: `git log -1`.', 'Go on with another state: `aynig set-state <state>`.'],
  },
  untrusted: {
    meaning: 'The tip asks for a command that hooks do not start here by themselves.',
    causes: [
      'Nobody has allowed these commands in this clone, or a run has changed them.',
      'The request came from elsewhere, or the branch is not among `aynig.branches`.',
    ],
    next: ['Look at the commands and allow them: `aynig allow`.', 'Run it once, as you typed it: `aynig run --current-branch include`.'],
  },
  remote: {
    meaning: 'A remote decides this branch, and runners that take part there run it.',
    causes: ['The request names `aynig-remote`, `aynig.remote` is set, or the upstream has the commit already.'],
    next: ['Take part: `aynig run --aynig-remote <remote>`.', 'See what became of it: `git fetch`, then `aynig status`.'],
  },
  leased: {
    meaning: 'A run holds the branch; until it ends nobody else may commit on it.',
    causes: ['A command is at work.', 'Its runner is on another machine, and the lease has not expired yet.'],
    next: ['Wait; see what it prints with `aynig logs --follow`.', 'End it: `aynig cancel`.'],
  },
  undelivered: {
    meaning: 'A finished run waits until your checkout can take its result.',
    causes: ['Your uncommitted changes touch files that the run changed too.', 'Another git has the checkout locked.'],
    next: [
      'Put your changes aside (`git stash --include-untracked`), then `aynig land`.',
      'Give the result up: `aynig cancel`; it stays kept.',
    ],
  },
  expired: {
    meaning: 'The run that holds the branch gave no sign of life for the whole of its lease; the next tick takes over.',
    causes: ['Its runner was killed, its machine was switched off, or the network was away for longer than the lease.'],
    next: ['Take over: `aynig run`.', 'See what was saved: `git for-each-ref refs/aynig/kept/`.'],
  },
  invalid: {
    meaning: 'The tip cannot be used as a request or a lease; nothing is done until it is mended.',
    causes: [
      'Two states, a value that is folded, or a name that is no state.',
      'The command is not executable; or the tip is a lease that a rebase or cherry-pick has copied.',
    ],
    next: ['See which rule is broken with `aynig status`.', 'Mend it with `git commit --amend`, or ask anew: `aynig set-state <state>`.'],
  },
  unreadable: {
    meaning: 'git cannot read the commit of the branch.',
    causes: ['A power cut, a full disk, or a copy that was not whole.'],
    next: ['See what is damaged: `git fsck --full`.', 'Fetch it again from a clone that has it.'],
  },
  ended: {
    meaning: "The tip names a state that is an end of workflows (`aynig.endStates`) and has no command: it is nobody's turn.",
    causes: ['The workflow is over, as in `done` or `cancelled`. In JSON it is `waiting`, and `needsPerson` is false.'],
    next: ['Merge the branch, or delete it.', 'Begin again with a state: `aynig set-state <state>`.'],
  },
} as const satisfies Record<BranchStatus['reading'] | 'ended', Described>;

/** What `status` says of the lease of a branch. */
export const leaseWords = {
  active: {
    meaning: 'The lease holds; the seconds that are left are said beside it where they are known.',
    causes: ['A run has claimed the request, and was heard of within its lease.'],
    next: ['Wait; see what its command prints with `aynig logs --follow`.', 'End the run: `aynig cancel`.'],
  },
  expired: {
    meaning: 'The lease is over and nothing has ended the run; the next tick takes over.',
    causes: ['Its runner was killed, its machine was switched off, or the network was away for longer than the lease.'],
    next: ['Take over: `aynig run`.'],
  },
  endless: {
    meaning: 'The lease has no end, so nobody ever takes over.',
    causes: ['Its commit has no `aynig-lease-seconds`.'],
    next: ['Wait for the run.', 'Where its runner is gone, end it: `aynig cancel`.'],
  },
  'n/a': {
    meaning: 'No run holds the branch, so there is no lease.',
    causes: ['Its tip is no `working` commit.'],
    next: ['See what comes next in the reading of `aynig status`.'],
  },
} as const satisfies Record<BranchStatus['lease']['status'], Described>;

/** What `status` says of the command of a branch. */
export const commandWords = {
  exists: {
    meaning: 'The command of the state is there and can be run.',
    causes: ['It is in the tree of the commit that asks, or in the folder of `aynig.commandsDir`.'],
    next: ['See in the reading of `aynig status` whether it is run here, and when.'],
  },
  missing: {
    meaning: "The state has no command where commands are looked for, so it is a person's turn, or the end.",
    causes: ['The state is one for people, is misspelt, or its command is not committed on this branch.'],
    next: ['See which states have a command: `aynig explain`.', 'Ask for another state: `aynig set-state <state>`.'],
  },
  untrusted: {
    meaning: 'The command is there, and hooks do not start it for this request; the reading says why.',
    causes: [
      'Nobody has allowed these commands in this clone, or a run has changed them.',
      'The request came from elsewhere, or the branch is not among `aynig.branches`.',
    ],
    next: ['Look at the commands and allow them: `aynig allow`.', 'Run it once, as you typed it: `aynig run --current-branch include`.'],
  },
  unusable: {
    meaning: 'Something stands where the command would be, and it cannot be run.',
    causes: ['It is not executable, a symbolic link or no ordinary file.', 'The folder that `aynig.commandsDir` names cannot be used.'],
    next: ['Do what the reading of `aynig status` says, commit it, and ask anew: `aynig set-state <state>`.'],
  },
  'n/a': {
    meaning: 'The tip asks for nothing, so no command is looked for.',
    causes: ['It names no state, or it cannot be used or read.'],
    next: ['Ask for a state: `aynig set-state <state>`.'],
  },
} as const satisfies Record<BranchStatus['command']['status'], Described>;

/** States that the kernel knows. */
export const kernelStates = {
  working: {
    meaning: 'A lease: a run holds the branch. Only the runner and `aynig set-working` write it.',
    causes: ['A request was claimed, or its command renewed the lease.'],
    next: ['See who holds it and for how long with `aynig status`.', 'End the run: `aynig cancel`.'],
  },
  stalled: {
    meaning: 'A run ended without a next state. The command `.aynig/command/stalled`, where there is one, recovers.',
    causes: [
      'The command exited with another code than 0, was ended by a signal, or named no next state.',
      'The run was cancelled, took longer than `aynig.timeoutSeconds`, or its lease expired.',
    ],
    next: [
      'See why with `aynig status`, and what the command printed with `aynig logs`.',
      'Ask again: `aynig set-state <state>`.',
      'Where work was kept, bring it in: `aynig land <run>`.',
    ],
  },
} as const satisfies Record<string, Described>;

export const eventKinds = {
  request: {
    meaning: 'A commit that asks for a state, and did not end a run.',
    causes: ['A person, or another branch, asked.'],
    next: ['See what became of it with `aynig events --history`.'],
  },
  lease: {
    meaning: 'The first `working` commit of a run: from here on it holds the branch.',
    causes: ['A runner claimed the request below it.'],
    next: ['See the run with `aynig graph`.'],
  },
  renewal: {
    meaning: 'A further `working` commit of the same run.',
    causes: ['The command called `aynig set-working`.'],
    next: ['Nothing: the lease counts from it.'],
  },
  completion: {
    meaning: 'The commit that ended a run and names the next state.',
    causes: ['The command exited with 0.'],
    next: ['See what it did with `git show <commit>`.'],
  },
  stall: {
    meaning: 'The commit that ended a run without a next state.',
    causes: ['The command failed, was cancelled, or its lease expired.'],
    next: ['See why with `git show <commit>`, and what the command printed with `aynig logs`.'],
  },
  invalid: {
    meaning: 'A commit that carries trailers of ours and breaks their rules; it asks for nothing.',
    causes: ['It was made where no `commit-msg` hook is installed, or by a program that runs no hooks.'],
    next: ['See the rules that it breaks with `aynig events --history`.', 'Ask anew: `aynig set-state <state>`.'],
  },
} as const satisfies Record<StateEvent['kind'], Described>;

export const severities = {
  info: {
    meaning: 'All is as it should be.',
    causes: ['A request, a lease or a completion.'],
    next: ['Nothing.'],
  },
  warning: {
    meaning: 'Out of the ordinary, and it goes on; in `aynig verify` also what history alone cannot prove.',
    causes: ['A further attempt, a cancelled run, or a failure that was handed on to another state.'],
    next: ['See what came before with `aynig events --history`.'],
  },
  error: {
    meaning: 'It stopped a branch, or it breaks the contract.',
    causes: ['A run stalled, a message cannot be used, or the state is `failed`.'],
    next: ['See where the branch stands with `aynig status`.'],
  },
} as const satisfies Record<StateEvent['severity'], Described>;
