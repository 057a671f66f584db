import type { AuditId } from '../observe/audit/finding.js';
import type { Advice } from './entry.js';

/** Likely causes of every finding of `aynig verify`, and what to do. History is never rewritten by us, and need not be by you. */
export const auditAdvice = {
  'two-states': {
    causes: ['A message was put together by hand or by a program where no `commit-msg` hook is installed.'],
    next: ['See it with `git show <commit>`. Nothing was run for it; at the tip of a branch mend it with `git commit --amend`.'],
  },
  'message-invalid': {
    causes: [
      'A message was put together by hand or by a program where no `commit-msg` hook is installed.',
      'Text that quotes our trailers ended up in the last paragraph.',
    ],
    next: ['See it with `git show <commit>`. Nothing was run for it; at the tip of a branch mend it with `git commit --amend`.'],
  },
  'lease-malformed': {
    causes: ['Somebody wrote a `working` commit by hand, or changed one.', 'It was made by a version that knew fewer trailers.'],
    next: [
      'Ask who made it: `git show --format=fuller <commit>`.',
      'Have the server refuse such a push: `aynig init --bare <repository>`.',
    ],
  },
  'lease-parents': {
    causes: ['Somebody wrote a `working` commit by hand, or merged with the message of one.'],
    next: ['Ask who made it: `git show --format=fuller <commit>`.'],
  },
  'lease-changes-files': {
    causes: ['Somebody amended a lease, or wrote it by hand.'],
    next: ['See what was changed with `git show <commit>`: no command has made it.'],
  },
  'lease-copied': {
    causes: ['The branch was rebased, or commits of it were cherry-picked.'],
    next: ['Nothing, if that was meant: the runs stay as they were on the branch that they were copied from.'],
  },
  'lease-not-on-request': {
    causes: ['Somebody wrote a `working` commit by hand, or a commit below it was taken out by a rebase.'],
    next: ['Ask who made it: `git show --format=fuller <commit>`.'],
  },
  'lease-buried': {
    causes: [
      'Somebody committed on a leased branch without hooks, or with `AYNIG=0`.',
      'The branch was made from a lease of another branch, which has ended there.',
    ],
    next: [
      'See whether the run has kept its work: `git for-each-ref refs/aynig/kept/`.',
      'Ask for a state again: `aynig set-state <state>`.',
    ],
  },
  'runs-overlap': {
    causes: [
      'A runner that does not keep the rules, or a lease written by hand.',
      'A branch was forced to a commit of a run that had lost it.',
    ],
    next: ['See both runs with `aynig events --history`.', 'Have the server refuse such a push: `aynig init --bare <repository>`.'],
  },
  'run-id-reused': {
    causes: ['A lease was copied by hand, or amended.', 'A runner was restored from a backup while it ran.'],
    next: ['See both leases with `aynig events --all --history`.'],
  },
  'not-by-holder': {
    causes: [
      'A run that had lost its lease rebased what it had made onto what was there, and pushed.',
      'Somebody copied or amended a commit of a run and left its `aynig-run-id` in.',
    ],
    next: ['See what it brought with `git show <commit>`.', 'Have the server refuse such a push: `aynig init --bare <repository>`.'],
  },
  'run-went-on': {
    causes: [
      'A run that had been taken over or cancelled went on and pushed.',
      'Somebody copied what a stalled run had made and left its `aynig-run-id` in; `aynig land` takes it out.',
    ],
    next: ['See what it brought with `git show <commit>`.', 'Have the server refuse such a push: `aynig init --bare <repository>`.'],
  },
  'stall-of-another-run': {
    causes: ['The lease was taken out of the history, or the commit was copied from another branch.'],
    next: ['See it with `git show <commit>`.'],
  },
  'stall-changes-files': {
    causes: ['Somebody amended the commit of a runner, or wrote it by hand.'],
    next: ['See what was changed with `git show <commit>`: no command has made it.'],
  },
  'takeover-malformed': {
    causes: ['Somebody wrote a `stalled` commit by hand, on top of work of the run or of its end.'],
    next: ['Ask who made it: `git show --format=fuller <commit>`.', 'End a run by its own verb: `aynig cancel <branch>`.'],
  },
  'takeover-early': {
    causes: ['The clock of the machine that took over was ahead.', 'Somebody wrote a `stalled` commit by hand.'],
    next: ['Set the clocks right (`timedatectl`).', 'See whether the run had made something: `git for-each-ref refs/aynig/kept/`.'],
  },
  'takeover-within-skew': {
    causes: ['The machine that took over has a smaller `aynig.skewSeconds` than this clone.'],
    next: ['Set the same everywhere: `git config aynig.skewSeconds 30`.'],
  },
  'unsigned-request': {
    causes: [
      'The request was made before signatures were asked for, or a person ran it by `aynig run`, which asks for none.',
      'The key of its author is not among your allowed signers.',
    ],
    next: ['See what git says of it: `git log -1 --show-signature <commit>`.', 'Leave out what is older: `aynig verify --since <date>`.'],
  },
  'unsigned-of-run': {
    causes: ['A run asked another branch, as a fan-out does; which run made a commit cannot be proved by a trailer.'],
    next: ['See that run with `aynig graph`.'],
  },
  'dates-backwards': {
    causes: ['The clocks of two machines differ by more than `aynig.skewSeconds`.', 'A commit was made with a date of its own.'],
    next: ['Set the clocks right (`timedatectl`).'],
  },
  'attempts-exceeded': {
    causes: ['A person or a command asked once more than the request allows.'],
    next: ['See the attempts with `aynig graph`.'],
  },
} as const satisfies Record<AuditId, Advice>;
