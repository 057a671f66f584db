import type { FailureCode } from '../failure.js';
import type { Advice } from './entry.js';

/** Likely causes of every failure code, and what to do. Loaded by `explain` and by the pages only: hooks know the codes alone. */
export const failureAdvice = {
  usage: {
    causes: ['A typing error in a verb, an option or a value.', 'An option of a newer version: `aynig version`.'],
    next: ['Read `aynig --help`, or `aynig <verb> --help`.'],
  },
  'git-missing': {
    causes: ['git is not installed, or a service, cron or CI job has a shorter PATH than your shell.'],
    next: ['Install git 2.31 or newer and put it on PATH.'],
  },
  'git-too-old': {
    causes: ['The system has an old git, or an older one comes first on PATH: `command -v git`.'],
    next: ['Install git 2.31 or newer; older ones cannot resolve paths from a linked worktree.'],
  },
  'not-a-repository': {
    causes: ['The command was started outside of a repository, or `GIT_DIR` names something else.'],
    next: ['Change into a repository, or make one with `git init`.'],
  },
  'dubious-ownership': {
    causes: ['The repository was made by root or by another user, or lies on a mounted disk or in a container.'],
    next: ['Follow the hint: it is the line that git itself prints. See `safe.directory` in git-config(1).'],
  },
  'unborn-branch': {
    causes: ['The repository is new, or the branch was made with `git switch --orphan`.'],
    next: ['Make a first commit.'],
  },
  'detached-head': {
    causes: ['A commit or a tag was checked out, or a rebase or bisect is under way.'],
    next: ['Switch to a branch, or name one.'],
  },
  'bare-repository': { causes: ['You stand in the repository of a server.'], next: ['Run the verb in a clone or in a worktree.'] },
  'not-bare': {
    causes: ['`--bare` names a clone and not the repository that people push to.'],
    next: ['Name the bare repository that people push to, or leave `--bare` away.'],
  },
  'no-such-branch': {
    causes: [
      'A typing error, or the branch is only at a remote: `git branch --all`.',
      'The branch was deleted, for example once it was merged.',
    ],
    next: ['List the branches with `git branch`.'],
  },
  'branch-name': {
    causes: ['The branch was made by a program or a system with another encoding.'],
    next: ['Rename it: `git branch -m <new-name>`; `aynig doctor` prints the whole command. Nothing is run on it until then.'],
  },
  'corrupt-object': {
    causes: ['A power cut, a full disk or a copy that was not whole.', 'A partial or shallow clone whose remote is not reached.'],
    next: [
      'See what is damaged with `git fsck --full`; fetch it again from a clone that has it. Other branches go on.',
      'Where it is the tip of a branch, `aynig doctor` says how to put an older commit back, or to give the branch up.',
    ],
  },
  'read-only': {
    causes: ['A command was run as root and left files that belong to root.', 'The file system is mounted read-only.'],
    next: ['Check owner, permissions and mount of the `.git` directory.'],
  },
  'temporary-folder': {
    causes: ['`TMPDIR` names a folder that is gone, or that belongs to another user.', 'The folder has no room left.'],
    next: ['Set `TMPDIR` to a folder that is there and yours.'],
  },
  'disk-full': {
    causes: ['The disk, the quota or the inodes are used up: `df -h`, `df -i`.'],
    next: ['Free some space and run `aynig run`: nothing was lost, and the next tick goes on.'],
  },
  'bad-setting': {
    causes: ['A value that is no number, or is out of bounds.', 'A key that was set without a value.'],
    next: ['Set the key right in the file that the message names, or unset it.'],
  },
  'bad-message': {
    causes: [
      'A trailer stands twice, is folded, or has characters that cannot be printed.',
      'A line such as `aynig-state: build` stands above the last paragraph.',
    ],
    next: ['Mend the line that the message names; CONTRACT.md has the grammar.'],
  },
  'bad-state': {
    causes: ['Capitals beyond A to Z, spaces or `..` in the name, or the name `working`.'],
    next: ["Use small letters, digits, `.`, `_`, `-`, with `/` between segments. `working` is the runner's."],
  },
  'bad-trailer': {
    causes: ['`--trailer` was given a value without a colon, or a trailer that the verb writes itself.'],
    next: ['Write `key:value`; `aynig-state` is written by the verb.'],
  },
  'hooks-present': {
    causes: ['`core.hooksPath` is set for all repositories, by you or by a tool.'],
    next: ['See where `core.hooksPath` is set and follow the hint, or run commands without hooks by `aynig run`.'],
  },
  'hooks-by-hand': {
    causes: ['lefthook, pre-commit or simple-git-hooks writes the hook files here, and would write over ours.'],
    next: ['Add the printed lines to the file that is named, run what the hint says, and `aynig init` again. See docs/hook-managers.md.'],
  },
  'husky-not-set-up': {
    causes: ['There is no package.json here, or husky is not among its packages.'],
    next: ['Follow the hint: install husky, or leave `--husky` away.'],
  },
  'not-in-a-run': {
    causes: ['The verb was typed in a terminal, or a command started it in another repository.', 'The run has ended meanwhile.'],
    next: ['Call it from inside a command that the runner started.'],
  },
  'nothing-to-cancel': {
    causes: ['The run has ended by itself, or the lease is at a remote and has not been fetched.'],
    next: ['Look at `aynig status`: no run holds the branch.'],
  },
  'nothing-to-land': {
    causes: ['The result was brought in already, or the branch has gone another way and the result is only kept.'],
    next: ['Look at `aynig status`; kept work is listed by `git for-each-ref refs/aynig/kept/`.'],
  },
  'land-refused': {
    causes: ['Your own uncommitted changes touch files that the run changed too.', 'Another git has the checkout locked.'],
    next: ['Put your own changes aside (`git stash --include-untracked`) and land again.'],
  },
  'land-conflict': {
    causes: ['The branch has gone on since the run began, in the same lines.'],
    next: ['Resolve the conflicts and `git commit`, or `git merge --abort`.'],
  },
  'branch-leased': {
    causes: ['A command is at work on the branch: a commit in between would cut it off.'],
    next: ['Wait for the run (`aynig status`), or end it with `aynig cancel`.'],
  },
  'cancel-timeout': {
    causes: ['A process of the command does not end on TERM or KILL, such as one that waits for a disk.'],
    next: ['End the process group that the hint names by hand; the next tick cleans up.'],
  },
  'lock-timeout': {
    causes: [
      'Another runner is at work for long, or was stopped (Ctrl-Z, a laptop asleep) while it held the lock.',
      'The git that brings a result into a checkout is still at work though its runner was killed: many or large files, a slow filter.',
    ],
    next: [
      'See which run is busy with `aynig status --all`.',
      'Let that git end, then `aynig run --current-branch include`; its hooks do it by themselves.',
    ],
  },
  'no-such-remote': {
    causes: ['A typing error, or the request was made in a clone that calls the remote by another name.'],
    next: ['List them with `git remote -v`; `aynig.remote`, `--aynig-remote` or the trailer `aynig-remote` names one that is not there.'],
  },
  'remote-unreachable': {
    causes: [
      'No network, no right to read, or a wrong address: `git remote -v`.',
      'A credential helper or an ssh agent is missing where the runner was started.',
    ],
    next: [
      'See whether git reaches it: `git ls-remote <remote>`. Nothing was started on the strength of a guess; what a run had made is kept, and the next `aynig run` goes on.',
    ],
  },
  'push-refused': {
    causes: [
      'No right to push, a protected branch, or a hook of the server.',
      'A run that lost its lease: the fence of the server refuses what it made.',
    ],
    next: [
      "The message has the remote's own words: a missing right, a protected branch, a hook. A claim was withdrawn; a result is kept at `refs/aynig/kept/<run>`.",
    ],
  },
  'lost-race': {
    causes: ['Another runner, or a person, moved the branch in the same moment: this is how one of many wins.'],
    next: ['Look at the branch and, if it is still wanted, try again.'],
  },
  'no-log': {
    causes: ['The command ran in another clone, or its log was deleted.', 'Nothing has run on the branch yet.'],
    next: ['Logs stay in the clone that ran the command; see `aynig events --history`.'],
  },
  'too-many-runs': { causes: ['A long history on many branches.'], next: ['Choose fewer with `--since`.'] },
  'output-exists': {
    causes: ['A page was made there before, or the place is taken by a file that is no ordinary one.'],
    next: ['Name another file with `-o`, print it with `-o -`, or replace an ordinary file with `--force`.'],
  },
  'output-folder': {
    causes: ['A typing error in the path, or a folder of another user.'],
    next: ['Make the folder, or name a file in another one with `-o`.'],
  },
  'output-stream': {
    causes: ['Standard output is a file, and its disk, quota or size limit is reached.', 'The terminal is gone.'],
    next: ['See where it goes, and whether there is room: `df -h`. What is there is not the whole answer.'],
  },
  'unknown-word': {
    causes: [
      'A typing error, or a word of another version.',
      "A state that has no command here and no row in `.aynig/COMMANDS.md`: such a state is a person's turn, or the end.",
    ],
    next: ['See all words with `aynig explain`.'],
  },
  'metrics-file': {
    causes: ['The folder of the textfile collector is not there, or belongs to another user.', 'The disk is full.'],
    next: ['Name a file in a folder that you may write to: `aynig metrics --textfile <path>.prom`.'],
  },
  'commit-refused': {
    causes: ['A hook refused it, there is no name and address to commit with, or signing failed.'],
    next: ['Mend what git or a hook says, and run the same command again.'],
  },
  'command-altered': {
    causes: ['A filter, `text` or `ident` attribute of .gitattributes changes the file on checkout.'],
    next: ['Take the attribute or filter off the files under `.aynig`: `git check-attr --all -- <path>` shows it.'],
  },
  'inside-a-run': {
    causes: ['A command, or an agent in it, called the verb.'],
    next: ['Run it in a terminal of your own, outside of any command.'],
  },
  'not-allowed': {
    causes: ['The question was answered with no, or there is no terminal to ask on.'],
    next: ['Look at what `aynig allow` shows, then answer `y`, or give `--yes` in a script.'],
  },
  'trust-record': {
    causes: ['`~/.local/state` is not writable, or belongs to another user.'],
    next: ['Make the folder that the message names writable, or set `XDG_STATE_HOME`. Until then hooks start nothing new.'],
  },
  'journal-broken': {
    causes: ['A power cut while it was written.'],
    next: ['Nothing, if the branch moved on; else `aynig cancel` releases it at once.'],
  },
  'pack-address': {
    causes: ['A typing error, or a password or token in the URL.'],
    next: [
      'Give an https, ssh, git or file URL, `user@host:path`, a local path, or `owner/name` for GitHub. Secrets belong into a credential helper (gitcredentials(7)).',
    ],
  },
  'pack-ref': {
    causes: ['The name begins with a dash, or has characters that git does not allow in a name.'],
    next: ['Name a branch, a tag or a commit; git-check-ref-format(1) has the rules.'],
  },
  'pack-subfolder': {
    causes: ['The path is absolute, leads out of the repository with `..`, or into `.git`.'],
    next: ['Give a path inside the repository, such as `.aynig`; `.` means its top.'],
  },
  'pack-unreachable': {
    causes: ['No network, no right to read, or a wrong address.'],
    next: ['See whether git reaches it: `git ls-remote <repo>`. Nothing was written.'],
  },
  'no-such-ref': {
    causes: ['A typing error, or the branch or tag was deleted there.'],
    next: ['Choose one that the message lists, or see all: `git ls-remote <repo>`.'],
  },
  'no-such-folder': {
    causes: ['The pack is not in `.aynig` of its repository.'],
    next: ['Name the folder that holds `command/` as the third argument.'],
  },
  'pack-refused': {
    causes: ['A symbolic link, a submodule, a path that leads elsewhere, or files that are too large or too many.'],
    next: ['Tell its author what the message lists. Nothing of such a pack is installed, not even the rest of it.'],
  },
  'pack-manifest': {
    causes: ['The author of the pack made an error in pack.json.'],
    next: ['The message names the key; `aynig schema pack` prints what is right.'],
  },
  'pack-uncommitted': {
    causes: ['You changed a command and have not committed it, or a merge is in progress.'],
    next: ['Commit them, or put them aside with `git stash -u -- :/.aynig`, and try again.'],
  },
  'pack-in-the-way': {
    causes: ['A file or folder of yours has the name of one of the pack, or `.aynig` is a link.'],
    next: ['Commit, move or rename what the message names.'],
  },
  'pack-lock': {
    causes: ['A merge conflict in the file, or an edit by hand.'],
    next: ['Bring back the last good `.aynig/packs.lock.json` from history, or resolve its merge conflict.'],
  },
  'pack-mismatch': {
    causes: ['The history of the source was rewritten, or the lock file was edited.'],
    next: [
      'Somebody changed the history of its source, or the lock file. Look before you update: `aynig update-pack <name> --dry-run --diff`.',
    ],
  },
  'pack-name': {
    causes: ['Two packs call themselves the same, or the same pack is installed already.'],
    next: ['Give another one: `aynig install <repo> --name <name>`.'],
  },
  'pack-missing': {
    causes: ['A typing error, or the pack was removed on this branch.'],
    next: ['See what is installed with `aynig packs`.'],
  },
  'pack-needed': { causes: ['A pack that is installed names this one in `uses`.'], next: ['Remove that one first, or both in turn.'] },
  'pack-changed': { causes: ['Somebody committed or switched the branch while you looked.'], next: ['Run it again and look at it again.'] },
  'pack-not-confirmed': {
    causes: ['The question was answered with no, or there is no terminal to ask on.'],
    next: ['Look at what is shown, then say yes on a terminal or with `--yes`.'],
  },
  'pack-undone': {
    causes: ['git could not write a file: a full disk, a missing right, a lock of another git.'],
    next: ['See what git says, mend that, and try again.'],
  },
  internal: {
    causes: ['A fault in the program, or something in the system that it does not know.'],
    next: ['Report it with what `.git/aynig/hook.log` says; `aynig run` does the work without hooks.'],
  },
  'git-failed': {
    causes: ['A damaged repository, a missing right, or a configuration that git does not accept.'],
    next: ['Run it again with `--log-level debug` to see the whole git call.'],
  },
  'git-timeout': {
    causes: ['A slow or hanging disk or network, or another git that holds a lock.'],
    next: ['Look for a process that holds the repository or a file system that does not answer.'],
  },
} as const satisfies Record<FailureCode, Advice>;
