# For the commands of this pack that make, join or remove branches. Read after ops.sh, with a folder for files in $ops_work.
# The place that decides the branch of a run decides the others too: the remote $AYNIG_REMOTE, else this repository.
# shellcheck shell=sh

# Every git call here: trailers as the kernel reads them, no foreign hook, no question to anybody.
br_git() {
  GIT_TERMINAL_PROMPT=0 GIT_EDITOR=: AYNIG=0 git -c trailer.separators=: -c log.showSignature=false -c core.hooksPath=/dev/null \
    -c advice.detachedHead=false -c gc.auto=0 -c maintenance.auto=false "$@"
}

# br_remote <file for the output> <git command>...: br_git for a command that talks to a remote, ended after a time limit. Not
# through a pipe: see ops_bounded.
br_remote() {
  br_output=$1
  shift
  ops_bounded "$(ops_number "$(ops_setting networkSeconds 300)" 300)" env GIT_TERMINAL_PROMPT=0 AYNIG=0 git -c core.hooksPath=/dev/null \
    -c gc.auto=0 -c maintenance.auto=false "$@" >"$br_output"
}

# br_work: a folder that goes when the command ends; its path is in $ops_work.
br_work() {
  ops_work=$(mktemp -d)
  trap 'rm -rf -- "$ops_work"' EXIT
  trap 'exit 143' TERM INT HUP
}

br_is_state() {
  case $1 in
  working | *..* | */ | /* | *//*) return 1 ;;
  esac
  [ "${#1}" -le 128 ] && printf '%s\n' "$1" | LC_ALL=C grep -Eqx '[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*'
}

br_pause() { sleep 0.2 2>/dev/null || sleep 1; }

# br_until <seconds>: the moment at which that time is up.
br_until() { echo $(($(date +%s) + $1)); }

# br_refs <file> <full ref>...: the value of each ref that is there, as lines "<object name> <ref>". At a remote what they
# name is here afterwards. Fails where the remote cannot be read.
br_refs() {
  br_to=$1
  shift
  : >"$br_to"
  [ $# -gt 0 ] || return 0
  printf '%s\n' "$@" >"$ops_work/wanted"
  if [ -z "${AYNIG_REMOTE-}" ]; then
    br_git for-each-ref --format='%(objectname) %(refname)' -- "$@" >"$ops_work/found" || return 1
    br_only_wanted
    return
  fi
  br_tries=0
  while :; do
    br_tries=$((br_tries + 1))
    if br_remote "$ops_work/listed" ls-remote --quiet "$AYNIG_REMOTE" "$@"; then
      tr '\t' ' ' <"$ops_work/listed" >"$ops_work/found"
      br_only_wanted
      # Without a ref of our own: whatever else fetches here has no lock to wait for.
      cut -d ' ' -f 1 "$br_to" | br_git cat-file --batch-check='%(objectname)' | sed -n 's/ missing$//p' >"$ops_work/missing"
      [ -s "$ops_work/missing" ] || return 0
      # shellcheck disable=SC2046 # no ref has a space in its name, nor a character that the shell would expand
      br_remote /dev/null fetch --quiet --no-tags --no-write-fetch-head --refmap= "$AYNIG_REMOTE" \
        $(awk 'NR == FNR { missing[$1] = 1; next } $1 in missing { print $2 }' "$ops_work/missing" "$br_to") && return 0
    fi
    [ "$br_tries" -lt 4 ] || return 1
    sleep "$br_tries"
  done
}

br_only_wanted() {
  awk 'NR == FNR { wanted[$1] = 1; next } $2 in wanted' "$ops_work/wanted" "$ops_work/found" >"$br_to"
}

# br_branches <file> <branch>...: br_refs for branches, as lines "<object name> <branch>".
br_branches() {
  br_listed=$1
  shift
  for br_name in "$@"; do
    set -- "$@" "refs/heads/$br_name"
    shift
  done
  br_refs "$ops_work/refs" "$@" || return 1
  sed 's# refs/heads/# #' "$ops_work/refs" >"$br_listed"
}

# br_states <file of br_branches>: lines "<branch> <object name> <state> <origin state>", with - for what is not there.
br_states() {
  [ -s "$1" ] || return 0
  cut -d ' ' -f 1 "$1" | br_git log --no-walk=unsorted --stdin \
    --format='%H %(trailers:key=aynig-state,valueonly,only,separator=%x2C)%x09%(trailers:key=aynig-origin-state,valueonly,only,separator=%x2C)' >"$ops_work/said"
  awk '
    function name(text) { text = tolower(text); return text ~ /^[^ \t]+$/ ? text : "-" }
    NR == FNR { at = index($0, " "); split(substr($0, at + 1), part, "\t"); state[$1] = name(part[1]) " " name(part[2]); next }
    { print $2, $1, $1 in state ? state[$1] : "- -" }' "$ops_work/said" "$1"
}

# br_move <file> <message for the reflog>: moves refs as the file says, in lines "<ref> <new> <expected>" with - for a ref that
# is not to be: all of them or none. 0 when all are as wanted afterwards, 1 when they are not, 2 when nobody knows.
br_move() {
  br_file=$1 br_reason=$2
  if [ -z "${AYNIG_REMOTE-}" ]; then
    awk '
      $2 == "-" { print "delete", $1, $3; next }
      $3 == "-" { print "create", $1, $2; next }
      { print "update", $1, $2, $3 }' "$br_file" | br_git update-ref --create-reflog -m "$br_reason" --stdin >&2 || :
  else
    # shellcheck disable=SC2046 # as above
    br_remote "$ops_work/pushed" push --quiet --atomic --no-verify --porcelain $(awk '
      { print "--force-with-lease=" $1 ":" ($3 == "-" ? "" : $3); target[NR] = ($2 == "-" ? "" : $2) ":" $1 }
      END { print ENVIRON["AYNIG_REMOTE"]; for (i = 1; i <= NR; i++) print target[i] }' "$br_file") || :
    # Which refs were refused, and why.
    cat "$ops_work/pushed" >&2
  fi
  # What became of it is read: an exit code cannot tell a race that was lost from an answer that was.
  # shellcheck disable=SC2046 # as above
  br_refs "$ops_work/after" $(cut -d ' ' -f 1 "$br_file") || return 2
  while read -r br_ref br_new _; do
    br_now=$(awk -v ref="$br_ref" '$2 == ref { print $1 }' "$ops_work/after")
    # A runner may have gone on from there already.
    [ "${br_now:--}" = "$br_new" ] || { [ -n "$br_now" ] && [ "$br_new" != - ] && br_git merge-base --is-ancestor "$br_new" "$br_now"; } || return 1
  done <"$br_file"
  # The runner's own view of the remote says by its reflog who made what is there, so that hooks may start it.
  [ -z "${AYNIG_REMOTE-}" ] || sed -n 's#^refs/heads/\([^ ]*\) \([0-9a-f][0-9a-f]*\) .*#\1 \2#p' "$br_file" |
    while read -r br_name br_new; do
      br_git update-ref --create-reflog -m "$br_reason" "refs/aynig/remotes/$AYNIG_REMOTE/heads/$br_name" "$br_new" ||
        ops_say "$br_name: this clone could not note that it made it; hooks here may not start it"
    done
}

# br_request <tree> <parent> <file with the message>: a commit that nobody else needs to see yet.
br_request() { br_git commit-tree "$1" -p "$2" -F "$3"; }

# br_escaped <file>: text for a message, in which no line outside of the last paragraph looks like a trailer of ours.
br_escaped() { LC_ALL=C sed 's/^\([Aa][Yy][Nn][Ii][Gg]-[A-Za-z0-9-]*[ 	]*:\)/ \1/' "$1"; }

# br_log <revision>: the commits of a branch from its tip downwards, one a line, with a tab between: object name, state,
# correlation, parent branch, what it joined, origin state, run, outcome.
br_log() {
  br_git log --first-parent --max-count=10000 --format="%H$(printf '%%x09%%(trailers:key=%s,valueonly,only,separator=%%x2C)' \
    aynig-state aynig-correlation-id aynig-parent-branch aynig-joined aynig-origin-state aynig-run-id aynig-outcome)" "$@" --
}

# br_jobs <count>: "1 job", "2 jobs".
br_jobs() { if [ "$1" -eq 1 ]; then echo '1 job'; else echo "$1 jobs"; fi; }

# br_children <parent branch> <commit>: the branches that an `ops-joining` commit lists.
br_children() {
  ops_part body "$2" | awk -v prefix="- $1." 'index($0, prefix) == 1 && NF == 2 { print $2 }'
}

# br_open <file of br_states>: the lines of the jobs that have neither ended nor begun their last step. One that is gone has ended.
br_open() {
  awk '$3 !~ /^(done|failed|cancelled)$/ && !($3 == "working" && $4 == "ops-fan-in")' "$1"
}

# br_outcome <commit that asks for ops-fan-in>: done or failed, by what brought the child there.
br_outcome() {
  for br_key in aynig-failed-state aynig-exit-code aynig-signal; do
    [ -z "$(ops_trailer "$1" "$br_key")" ] || { echo failed && return; }
  done
  if [ "$(ops_trailer "$1" aynig-outcome)" = failed ]; then echo failed; else echo 'done'; fi
}
