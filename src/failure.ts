/**
 * Every code a person or a script can meet, with the sentence that `docs/errors.md` shows. Codes are stable: they are never
 * renamed. Likely causes and what to do are in `explain/failures.ts`.
 */
export const failureCodes = {
  usage: 'The command line could not be understood.',
  'git-missing': 'The git program was not found on PATH.',
  'git-too-old': 'The git on PATH is older than 2.31, the oldest that AYNIG works with.',
  'not-a-repository': 'The current directory is not inside a git repository.',
  'dubious-ownership': 'git refuses the repository because another user owns it.',
  'unborn-branch': 'The current branch has no commit yet.',
  'detached-head': 'HEAD is detached, so there is no current branch.',
  'bare-repository': 'The verb needs a working tree and the repository is bare.',
  'not-bare': 'The verb was told that the repository is bare, and it has a working tree.',
  'no-such-branch': 'No branch of that name exists here.',
  'branch-name': 'The name of the branch is not valid UTF-8.',
  'corrupt-object': 'git could not read an object that a branch needs.',
  'read-only': 'The repository cannot be written to.',
  'disk-full': 'The disk or the quota is full.',
  'bad-setting': 'A git config value in section aynig is not usable.',
  'bad-message': 'The commit message breaks the message grammar.',
  'bad-state': 'The state name is not legal here.',
  'bad-trailer': 'A trailer given on the command line is not legal.',
  'hooks-present': 'git takes its hooks from elsewhere; nothing was changed.',
  'hooks-by-hand': 'Another hook manager has to be told about our hooks by a person.',
  'husky-not-set-up': '`aynig init --husky` could not set husky up; nothing was changed.',
  'not-in-a-run': 'The verb works only inside a running command.',
  'nothing-to-cancel': 'The branch is not leased.',
  'nothing-to-land': 'No result waits for delivery.',
  'land-refused': 'The checkout could not take the result; nothing was changed.',
  'land-conflict': 'Landing made a merge conflict that a person has to resolve.',
  'branch-leased': 'Another run holds the branch.',
  'cancel-timeout': 'The run did not end within the time allowed.',
  'lock-timeout': 'Another process held a lock for too long.',
  'no-such-remote': 'The repository has no remote of that name.',
  'remote-unreachable': 'A remote could not be read.',
  'push-refused': 'A remote refused a push for a reason other than a lost race; nothing was lost.',
  'lost-race': 'Another process moved the branch first; nothing was lost.',
  'no-log': 'No log was found.',
  'too-many-runs': 'There are more runs than can be put together at once.',
  'output-exists': 'What is at the place of the output file is not replaced; nothing was written.',
  'output-folder': 'The folder of the output file is not there, or cannot be written to.',
  'output-stream': 'What the verb printed could not be written to where it was directed.',
  'unknown-word': 'Nothing that can be explained has that name.',
  'metrics-file': 'The file of metrics could not be written; it is as it was.',
  'commit-refused': 'git refused to make the commit.',
  'command-altered': 'The command in the worktree is not the one that was committed.',
  'inside-a-run': 'The verb is for people; a running command may not use it.',
  'not-allowed': 'Nothing was allowed: nobody said yes.',
  'trust-record': 'The record of what you allowed could not be written.',
  'journal-broken': 'The journal of a run could not be read and was put aside.',
  'pack-address': 'The address of the pack cannot be used.',
  'pack-ref': 'The branch, tag or commit of the pack cannot have that name.',
  'pack-subfolder': 'The folder of the pack cannot have that name.',
  'pack-unreachable': 'The repository of the pack could not be read.',
  'no-such-ref': 'The repository of the pack has no such branch, tag or commit.',
  'no-such-folder': 'The repository of the pack has no such folder.',
  'pack-refused': 'The pack holds something that is never installed; nothing was written.',
  'pack-manifest': 'The pack.json of the pack does not say what it should.',
  'pack-uncommitted': '`.aynig/` has changes that are not committed; nothing was written.',
  'pack-in-the-way': 'Something stands where a file of a pack would go; nothing was written.',
  'pack-lock': 'The lock file of the installed packs cannot be read.',
  'pack-mismatch': 'A pack is not what the lock file says; nothing was written.',
  'pack-name': 'The name of a pack is not usable, or another pack has it.',
  'pack-missing': 'No pack of that name is installed.',
  'pack-needed': 'Another installed pack builds on this one.',
  'pack-changed': 'What was looked at is not what is there now; nothing was written.',
  'pack-not-confirmed': 'Nothing was installed: nobody said yes.',
  'pack-undone': 'Installing ended in the middle, and everything was put back as it was.',
  'temporary-folder': 'The folder for temporary files is not there or cannot be written to.',
  internal: 'A fault of AYNIG itself.',
  'git-failed': 'A git command failed in a way that AYNIG has no better name for.',
  'git-timeout': 'A git command took longer than its time limit.',
} as const;

export type FailureCode = keyof typeof failureCodes;

/** Something a person or their repository must change. Has a stable code, one sentence, and a hint with the next step. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly hint: string;
  constructor(code: FailureCode, sentence: string, options: { hint: string; cause?: unknown }) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
