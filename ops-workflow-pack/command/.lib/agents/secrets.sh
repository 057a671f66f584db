# New files that look like secrets (.env and the like). What lies in the worktree when the command ends is committed: by
# the command, else by the runner to a kept ref, which is pushed where a remote decides. So these have to leave it.
# shellcheck shell=sh

# agent_secrets_in <git command>...: calls it with the pathspecs that say what such files are called. A folder of that name
# counts with all in it; examples do not.
agent_secrets_in() {
  set -- "$@" -- ':(top,glob)**/.env' ':(top,glob)**/.env.*' ':(top,glob)**/.env/**' ':(top,glob)**/.env.*/**'
  for agent_example in example sample template dist; do
    set -- "$@" ":(top,exclude,glob)**/.env.$agent_example" ":(top,exclude,glob)**/.env.$agent_example/**"
  done
  "$@"
}

# agent_know_worktree: notes where the worktree and its record are, before an agent can damage them.
agent_know_worktree() {
  agent_top=$(git rev-parse --show-toplevel)
  agent_record=$(git rev-parse --absolute-git-dir)
  agent_held=$(git rev-parse --path-format=absolute --git-common-dir)/aynig/held
}

# As the runner does it, also where the agent has removed the .git of the worktree.
agent_git() { git --git-dir="$agent_record" --work-tree="$agent_top" "$@"; }

# agent_unstage: takes such files that HEAD does not have out of the index: what is staged is committed, ignored or not.
agent_unstage() {
  agent_on=$(agent_git rev-parse --verify --quiet 'HEAD^{commit}') || agent_on=$lease
  agent_secrets_in agent_git reset --quiet "$agent_on" 2>/dev/null && return 0
  # Of an agent that was ended in the middle of it.
  rm -f -- "$agent_record/index.lock"
  agent_secrets_in agent_git reset --quiet "$agent_on"
}

# agent_held_folder: makes a folder that nobody had before, so that no link can lie in it, and prints it.
agent_held_folder() {
  [ -d "$agent_held" ] || mkdir -m 700 -- "$agent_held" || return 1
  [ ! -L "$agent_held" ] || return 1
  for agent_folder in "$agent_held/$AYNIG_RUN_ID" "$agent_held/$AYNIG_RUN_ID.2" "$agent_held/$AYNIG_RUN_ID.3"; do
    if mkdir -m 700 -- "$agent_folder"; then
      printf '%s\n' "$agent_folder"
      return 0
    fi
  done 2>/dev/null
  return 1
}

# In a shell of its own, for names with newlines in them; the files of the pack may be the agent's by now. The first argument is
# the folder, or nothing where there is none. Prints what became of each, with its name on the same line.
# shellcheck disable=SC2016
agent_put_aside='
  umask 077
  held=$1
  shift
  gone() { [ ! -e "./$1" ] && [ ! -L "./$1" ]; }
  put() { [ -n "$held" ] && to=$held/$1 && mkdir -p -- "${to%/*}" && mv -f -- "./$1" "$held/$1" && gone "$1"; }
  for path do
    # A repository of its own: git would not commit what is in it.
    case $path in */) continue ;; esac
    ! gone "$path" || continue
    case $path in */*) [ -w "./${path%/*}" ] || chmod u+wx "./${path%/*}" ;; esac
    if put "$path"; then
      [ -L "$held/$path" ] || chmod 600 "$held/$path"
      became=held
    elif rm -f -- "./$path" && gone "$path"; then
      # A part of it, where there was no room for more.
      [ -z "$held" ] || rm -f -- "$held/$path"
      became=removed
    else
      became=left
    fi
    printf "%s %s" "$became" "$path" | tr "\n" " "
    echo
  done 2>/dev/null'

# agent_hold_back: moves such files, where they are new and not ignored, to where git never looks; removes them where
# that cannot be. Fails where one is still there.
agent_hold_back() {
  # A link in its place leads to files that are no business of this run.
  [ ! -L "$agent_top" ] && cd -- "$agent_top" 2>/dev/null || return 0
  agent_unstage || :
  agent_secrets_in agent_git ls-files -z --others --exclude-standard >"$agent_dir/secrets" || return 1
  [ -s "$agent_dir/secrets" ] || return 0
  agent_folder=$(agent_held_folder) || agent_folder=''
  xargs -0 sh -c "$agent_put_aside" sh "$agent_folder" <"$agent_dir/secrets" >"$agent_dir/aside" || :
  while IFS= read -r agent_file; do
    agent_name=$(ops_line "${agent_file#* }")
    case $agent_file in
      held\ *) ops_say "agent: $agent_name is not committed: such files hold secrets; it is at $agent_folder/$agent_name" ;;
      removed\ *) ops_say "agent: $agent_name is not committed: such files hold secrets; it could not be put into $agent_held, and is removed" ;;
      *) ops_say "agent: $agent_name holds secrets by its name, and could be neither put into $agent_held nor removed" ;;
    esac
  done <"$agent_dir/aside"
  ! grep -q '^left ' "$agent_dir/aside"
}
