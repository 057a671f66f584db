import type { FindingId } from '../doctor/finding.js';
import type { Advice } from './entry.js';

/** Likely causes of every finding of `aynig doctor`, and what to do beside the command that it prints. */
export const findingAdvice = {
  'hooks-not-installed': { causes: ['`aynig init` was never run in this clone: hooks do not come with a clone.'], next: ['`aynig init`.'] },
  'hooks-path-elsewhere': {
    causes: ['`core.hooksPath` was set after `aynig init`, by you or by a hook manager.'],
    next: [
      'Follow the command: it depends on who set `core.hooksPath`. With git 2.54 or newer `aynig init` puts the hooks into the configuration, where they run beside any folder.',
    ],
  },
  'hook-missing': {
    causes: ['The file was deleted, or the hooks were installed by an older version that had fewer.'],
    next: ['`aynig init`: it adds ours, or says which lines to add.'],
  },
  'hook-config-broken': {
    causes: ['A line of `hook.aynig-….command` was taken out of the configuration by hand.'],
    next: ['Remove the section, then `aynig init`.'],
  },
  'hook-not-executable': {
    causes: ['The files were copied, or unpacked from an archive, without their modes.'],
    next: ['`chmod +x` the file.'],
  },
  'hook-line-endings': { causes: ['An editor or `core.autocrlf` changed the file.'], next: ['Take the carriage returns out.'] },
  'hook-outdated': { causes: ['AYNIG was updated, or somebody edited the file.'], next: ['`aynig init`.'] },
  'hook-package-gone': {
    causes: ['AYNIG was uninstalled or moved, for example with a version of Node.'],
    next: ['Install AYNIG, then `aynig init`.'],
  },
  'hook-other-package': {
    causes: ['There are two installations, such as a global one and one of the project.'],
    next: ['Nothing, if that is meant; else `aynig init`.'],
  },
  'two-packages': { causes: ['`aynig init` was run by two installations.'], next: ['`aynig init` with the one that you want.'] },
  'hook-twice': {
    causes: ['A line was added by hand beside what `aynig init` had added.'],
    next: ['`aynig uninstall && aynig init`; take out by hand what you added by hand.'],
  },
  'manager-removes-hooks': {
    causes: ['A hook manager writes its files anew when it installs its own, and does not know of ours.'],
    next: ['Tell the manager about ours; `aynig init` does it or says how.'],
  },
  'lfs-hook-missing': {
    causes: ['The hooks of LFS were never installed in this clone, or another manager has replaced them.'],
    next: ['Install the hooks of LFS first, ours afterwards: `aynig init` adds ours to them.'],
  },
  'worktrees-not-looked-at': {
    causes: ['The repository has very many linked worktrees.'],
    next: ['The one you stand in is always looked at: run `aynig doctor` there.'],
  },
  'hooks-off': {
    causes: ['`AYNIG=0` was exported for a while, or stands in a file that your shell reads.'],
    next: ['`unset AYNIG`, also in the files that your shell reads.'],
  },
  'hook-node-gone': { causes: ['Node was updated or removed by a version manager.'], next: ['`aynig init` with the Node that you want.'] },
  'node-unreachable': {
    causes: ['Node comes from a version manager that only your shell sets up.'],
    next: ['`aynig init` with a Node that stays.'],
  },
  'setting-unknown': {
    causes: ['A typing error, or a setting of another version.'],
    next: ['Give it the name that the finding proposes, or unset it.'],
  },
  'setting-bad': {
    causes: ['A value that is no number, or is out of bounds.'],
    next: ['Set it right in the file that the finding names, or unset it.'],
  },
  'setting-twice': {
    causes: ['It is set for you and for the repository, or was added with `git config --add`.'],
    next: ['Nothing, if that is meant; else unset it in the other place.'],
  },
  'tick-off': { causes: ['Somebody turned it off for a while.'], next: ['Nothing, if that is meant; else unset it.'] },
  'server-setting': {
    causes: ['The repository was set up by hand, or a setting was changed since `aynig init --bare`.'],
    next: ['Set it: docs/operate/server.md says what each is for.'],
  },
  'no-identity': {
    causes: ['The user that the server runs as has no configuration of git.'],
    next: ['Set `user.name` and `user.email` in the repository, or have the commands set them.'],
  },
  'commands-dir-unusable': {
    causes: ['The folder was moved or never made, or lies inside of the repository.'],
    next: ['Make the folder, outside of the repository, or set `aynig.commandsDir` right.'],
  },
  'commands-dir-open': { causes: ['It was made with a group or others that may write.'], next: ['Take the permission away with `chmod`.'] },
  'command-not-executable': {
    causes: ['It was written on a system without the bit, or `chmod +x` was forgotten before the commit.'],
    next: ['Set the bit, in the commit too: `chmod +x`, then `git update-index --chmod=+x`.'],
  },
  'command-symlink': { causes: ['Commands were shared by links between folders.'], next: ['Commit the file itself.'] },
  'command-line-endings': {
    causes: ['It was written on Windows, or `core.autocrlf` changed it.'],
    next: ['Take the carriage returns out and commit; see `eol=lf` in gitattributes(5).'],
  },
  'command-no-shebang': { causes: ['The first line was forgotten.'], next: ['Begin it with `#!` and a program.'] },
  'trust-changed': {
    causes: ['You allowed something while a command was running; or the command, or an agent in it, wrote the record.'],
    next: ['Look at `aynig allow --list`. If it was you, `aynig allow` takes the note away; if not, take all back.'],
  },
  'trust-unreadable': {
    causes: ['A power cut, or an edit by hand.'],
    next: ['`aynig allow`: it puts the file aside and begins a new one.'],
  },
  'trust-open': { causes: ['The folder was copied or restored without its modes.'], next: ['Take the permissions away with `chmod`.'] },
  'commands-not-allowed': {
    causes: ['The commands came with a clone, a pull or a merge, or a run changed them.'],
    next: ['Look at them and allow them: `aynig allow`.'],
  },
  'branch-name': {
    causes: ['The branch was made by a program or a system with another encoding.'],
    next: ['The command renames it; choose another new name where that one does not fit.'],
  },
  'run-dead': {
    causes: ['The runner was killed, or the machine was switched off.'],
    next: ['`aynig run`: it saves the work and releases the branch. The next commit that asks for a state does so too.'],
  },
  'run-elsewhere': {
    causes: ['The repository is shared with another host or a container, which started the run.'],
    next: ['Look at that host; where the run is gone, `aynig cancel`.'],
  },
  'run-undelivered': {
    causes: ['Your uncommitted changes touch files that the run changed too.'],
    next: ['Put your own changes aside, then `aynig land`.'],
  },
  'run-failed': {
    causes: ['What the record says: a full disk, a remote that was not reached, a setting that cannot be used.'],
    next: ['Mend what it says; the next tick of the branch that goes well takes the note away.'],
  },
  'journal-broken': {
    causes: ['A power cut while it was written.'],
    next: ['`aynig run` puts it aside; the branch is released when its lease ends.'],
  },
  'journal-aside': {
    causes: ['A power cut while it was written.'],
    next: ['Delete it once its branch went on; `aynig cancel` releases a branch at once.'],
  },
  'worktree-stale': { causes: ['The runner was killed before it could remove it.'], next: ['Nothing is lost when it is removed.'] },
  'worktree-unsaved': {
    causes: ['The runner was killed, and the changes could not be saved.'],
    next: ['Look at it; the command stashes the changes before it removes the worktree.'],
  },
  'worktree-orphan': { causes: ['git pruned its record, or the folder was copied.'], next: ['Look what is in it before you delete it.'] },
  'lease-ref-orphan': {
    causes: ['The branch was deleted or forced while a run held it.'],
    next: ['Delete it with the command: without it the run is fenced.'],
  },
  'logs-large': { causes: ['Commands that print much, or years of runs.'], next: ['Delete what is old.'] },
  'kept-refs': {
    causes: ['Runs that stalled with work in their worktree, or that lost their branch.'],
    next: ['`git log -p` shows it, `aynig land <run>` brings it in, the command deletes it.'],
  },
  'own-lock-dead': { causes: ['The process was killed.'], next: ['Nothing: it is taken over when it is wanted.'] },
  'ref-lock-stale': { causes: ['A git was killed while it moved the ref.'], next: ['Delete the file.'] },
  'git-lock-stale': {
    causes: ['A git was killed, or the machine was switched off.'],
    next: ['Delete the file; never done by `--fix`, because a program may count on it in a way that cannot be seen.'],
  },
  'owner-mixed': {
    causes: ['Somebody pushed or ran a command as root.'],
    next: ["Give them to the owner of the repository, as root: git refuses what is not its user's, and the runner cannot write there."],
  },
  'ref-broken': {
    causes: ['A power cut while the ref or its commit was written.', 'An object was deleted, or a copy of the repository was not whole.'],
    next: [
      'Fetch what is missing from a clone that has it.',
      'The command puts the last value back that git has noted and can read, or deletes a branch that has none; a power cut leaves such files where `core.fsync` was not set.',
    ],
  },
  'git-lock-held': {
    causes: ['A git is at work, or a program that keeps the lock for long.'],
    next: ['Wait; when nothing of yours is going on, delete the file.'],
  },
} as const satisfies Record<FindingId, Advice>;
