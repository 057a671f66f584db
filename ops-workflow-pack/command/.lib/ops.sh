# Shared by the commands of this pack, which read it with: . "$(dirname -- "$0")/.lib/ops.sh"
# POSIX sh and git alone. A folder whose name begins with a dot can never be a state, and it is covered by what a
# person allows, as every file below .aynig/command is.
# shellcheck shell=sh disable=SC2034

# The folder of this file; a test that reads it from elsewhere says where.
ops_lib=${ops_lib:-$(dirname -- "$0")/.lib}

ops_say() { printf '%s\n' "$*" >&2; }

# ops_setting <name> <default>: git config aynig.ops.<name>.
ops_setting() {
  git config --get "aynig.ops.$1" || printf '%s\n' "$2"
}

# ops_number <text> <default>: a whole number of up to nine digits without leading zeros, else the default.
ops_number() {
  case $1 in
    '' | *[!0-9]* | ??????????*) printf '%s\n' "$2" ;;
    *) printf '%s\n' "$1" | sed 's/^0*\(.\)/\1/' ;;
  esac
}

# ops_state_name <text>: a state in small letters; fails, and says nothing, where the text is no legal name.
ops_state_name() {
  ops_name=$(printf '%s' "$1" | LC_ALL=C tr 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' 'abcdefghijklmnopqrstuvwxyz')
  [ "${#ops_name}" -le 128 ] || return 1
  case $ops_name in
    '' | *..* | [!abcdefghijklmnopqrstuvwxyz0123456789]* | */ | *//* | */[._-]*) return 1 ;;
    *[!abcdefghijklmnopqrstuvwxyz0123456789._/-]*) return 1 ;;
  esac
  printf '%s\n' "$ops_name"
}

# ops_is_run <text>: whether it is the id of a run.
ops_is_run() {
  [ "${#1}" -eq 36 ] || return 1
  case $1 in
    ????????-????-????-????-????????????) ;;
    *) return 1 ;;
  esac
  case $1 in *[!0123456789abcdef-]*) return 1 ;; esac
}

# ops_scratch <name>: a file of this run, outside the worktree's files; it goes with the worktree.
ops_scratch() { printf '%s\n' "$(git rev-parse --absolute-git-dir)/aynig-ops-$1"; }

# ops_part title|body|trailers <commit>: a part of a commit's message, by the grammar of CONTRACT.md. Trailers are
# unfolded, one on a line. The object itself is read: no configuration of git's log changes the answer.
ops_part() {
  git --no-replace-objects cat-file commit "$2" | LC_ALL=C awk -v part="$1" '
    function trimmed(text) { gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", text); return text }
    !message { if ($0 == "") message = 1; next }
    { sub(/\r$/, ""); line[++lines] = $0 }
    END {
      blank = "^[ \t\r]*$"
      last = lines
      while (last > 0 && line[last] ~ blank) last--
      from = 1
      while (from <= last && line[from] ~ blank) from++
      above = last
      while (above > 0 && line[above] !~ blank) above--
      block = above >= from
      found = 0
      for (i = above + 1; block && i <= last; i++) {
        if (line[i] ~ /^[ \t]/) {
          if (found == 0) block = 0
          else value[found] = value[found] "\n" line[i]
        } else if (substr(line[i], 1, 27) != "(cherry picked from commit ") {
          if (line[i] !~ /^[A-Za-z0-9-]+[ \t]*:/) block = 0
          else {
            colon = index(line[i], ":")
            key[++found] = trimmed(substr(line[i], 1, colon - 1))
            value[found] = substr(line[i], colon + 1)
          }
        }
      }
      if (part == "trailers") {
        for (i = 1; block && i <= found; i++) {
          gsub(/\n[ \t\r\n]*/, " ", value[i])
          print key[i] ": " trimmed(value[i])
        }
        exit
      }
      title = ""
      for (to = from; to <= last && line[to] !~ blank; to++) title = title (to > from ? " " : "") line[to]
      if (part == "title") {
        gsub(/^[ \t\r\v\f]+|[ \t\r\v\f]+$/, "", title)
        if (title != "") print title
        exit
      }
      if (block) last = above
      while (to <= last && line[to] ~ blank) to++
      while (last >= to && line[last] ~ blank) last--
      for (i = to; i <= last; i++) print line[i]
    }'
}

# ops_trailer <commit> <key>: the value of a trailer of a commit; nothing where it has none.
ops_trailer() {
  ops_part trailers "$1" | LC_ALL=C awk -v key="$2" '
    tolower(substr($0, 1, index($0, ":") - 1)) == tolower(key) { print substr($0, index($0, ":") + 2); exit }'
}

# ops_carried <commit> [key]...: the trailers that a new request takes over from another one: all but those that the
# kernel writes, the state, the attempt, and the keys that are named.
ops_carried() {
  ops_carried_from=$1
  shift
  ops_part trailers "$ops_carried_from" | LC_ALL=C awk -v more="$*" '
    BEGIN {
      count = split("aynig-state aynig-origin-state aynig-run-id aynig-runner-id aynig-parent aynig-stalled-run aynig-exit-code aynig-signal aynig-kept aynig-cancelled-by aynig-attempt " more, names, " ")
      for (i = 1; i <= count; i++) dropped[tolower(names[i])] = 1
    }
    !(tolower(substr($0, 1, index($0, ":") - 1)) in dropped)'
}

# ops_copied <commit> <key>...: the trailers of these names, as they stand in a commit.
ops_copied() {
  ops_copied_from=$1
  shift
  ops_part trailers "$ops_copied_from" | LC_ALL=C awk -v keys="$*" '
    BEGIN { count = split(keys, names, " "); for (i = 1; i <= count; i++) wanted[tolower(names[i])] = 1 }
    tolower(substr($0, 1, index($0, ":") - 1)) in wanted'
}

# ops_walk <commit> <pattern>: commits from this one along first parents, newest first, whose message has a line that
# matches, an extended regular expression that ignores case. Looks at 10,000 commits and no further.
ops_walk() {
  git rev-list --first-parent --max-count=10000 "$1" -- |
    git --no-replace-objects log --stdin --no-walk=unsorted --no-show-signature --regexp-ignore-case --extended-regexp --grep="$2" --format=%H
}

# ops_request_of <run> [commit]: the commit that a run of this branch was asked by; nothing where its lease is not in the
# history of HEAD, or of the commit.
ops_request_of() {
  ops_is_run "$1" || return 0
  ops_walk "${2:-HEAD}" "^aynig-run-id:[[:blank:]]*$1" | while read -r ops_found; do
    [ "$(ops_trailer "$ops_found" aynig-run-id)" = "$1" ] || continue
    [ "$(ops_trailer "$ops_found" aynig-state)" = working ] || continue
    ops_below=$(git rev-parse --verify --quiet "$ops_found^1") || continue
    # Without this it is a copy, as a rebase makes one.
    [ "$(ops_trailer "$ops_found" aynig-parent)" = "$ops_below" ] || continue
    printf '%s\n' "$ops_below"
    # The lease itself is the oldest: the command may have renewed it.
  done | tail -n 1
}

# ops_failure <commit> [state]: what failed last, at or below a commit; with a state, the newest run of that state. Sets
# ops_failed_state, ops_failed_run, ops_failed_request and ops_failed_end, the commit that ended the run. Fails where there is nothing.
ops_failure() {
  ops_wanted=${2:-}
  ops_failed_state='' ops_failed_run='' ops_failed_request='' ops_failed_end=''
  ops_seen=0 ops_failed_above=''
  for ops_at in $(ops_walk "$1" '^aynig-state:[[:blank:]]*(stalled|failed|working)|^aynig-failed-state:'); do
    ops_seen=$((ops_seen + 1))
    [ "$ops_seen" -le 300 ] || break
    case $(ops_trailer "$ops_at" aynig-state) in
      [Ss][Tt][Aa][Ll][Ll][Ee][Dd])
        [ -z "$ops_wanted" ] || continue
        ops_failed_run=$(ops_trailer "$ops_at" aynig-stalled-run)
        ops_failed_end=$ops_at
        ;;
      [Ww][Oo][Rr][Kk][Ii][Nn][Gg])
        # The run that ended with a state "failed" of its own, or the run that is asked for.
        [ -n "$ops_wanted$ops_failed_above" ] || continue
        [ -z "$ops_wanted" ] || [ "$(ops_trailer "$ops_at" aynig-origin-state)" = "$ops_wanted" ] || continue
        ops_failed_run=$(ops_trailer "$ops_at" aynig-run-id)
        ops_failed_end=${ops_failed_above:-$ops_at}
        ops_failed_above=''
        ;;
      *)
        ops_failed_above=$ops_at
        continue
        ;;
    esac
    ops_failed_request=$(ops_request_of "$ops_failed_run" "$ops_at")
    [ -n "$ops_failed_request" ] || continue
    ops_failed_state=$(ops_state_name "$(ops_trailer "$ops_failed_request" aynig-state)") || continue
    case $ops_failed_state in stalled | working | ops-retry | ops-triage | ops-notify) continue ;; esac
    [ -z "$ops_wanted" ] || [ "$ops_wanted" = "$ops_failed_state" ] || continue
    return 0
  done
  ops_failed_state='' ops_failed_run='' ops_failed_request='' ops_failed_end=''
  return 1
}

# ops_cause <commit that asks> [no]: the failure that it is asked for: that of the newest run that ended at or below it, or what a person's
# own commit gives up or turns down. What runs pass on (stalled, ops-retry, ops-triage, ops-notify, the last step of a job) is
# looked for below them. Sets what ops_failure sets, without a run where a person ended it, and ops_failed_question, the question
# that was turned down. Fails where that run did not fail: what failed before it is mended, or is another matter. With "no" a run
# does not say that it failed by asking for this state alone.
ops_cause() {
  ops_failed_question=''
  ops_judged='' ops_judged_state='' ops_asking=${2:-yes}
  for ops_below in $(ops_walk "$1" '^aynig-state:' | head -n 300) end; do
    ops_below_state=end
    [ "$ops_below" = end ] || ops_below_state=$(ops_state_name "$(ops_trailer "$ops_below" aynig-state)") || continue
    if [ -n "$ops_judged" ]; then
      ops_failed_state='' ops_failed_run='' ops_failed_request='' ops_failed_end=$ops_judged
      ops_judge || case $? in 1) return 0 ;; 2) break ;; esac
    fi
    ops_judged=$ops_below ops_judged_state=$ops_below_state
  done
  ops_failed_state='' ops_failed_run='' ops_failed_request='' ops_failed_end='' ops_failed_question=''
  return 1
}

# ops_judge: what $ops_judged, the commit above $ops_below, says of the run that made it: 0 nothing, 1 that it failed, 2 that it did not.
ops_judge() {
  case $ops_judged_state in
    working) return 0 ;;
    stalled)
      ops_failed_run=$(ops_trailer "$ops_judged" aynig-stalled-run)
      [ -n "$ops_failed_run" ] || ops_asking=no
      ops_failed_state=$(ops_state_name "$(ops_trailer "$ops_judged" aynig-origin-state)") || return 0
      ops_failed_request=$(ops_request_of "$ops_failed_run" "$ops_judged")
      case $ops_failed_state in stalled | working | unknown | ops-retry | ops-triage | ops-notify) return 0 ;; esac
      return 1
      ;;
  esac
  ops_failed_run=$(ops_trailer "$ops_judged" aynig-run-id)
  # Where no hook wrote it. While a run holds a branch nobody else moves it.
  [ -n "$ops_failed_run" ] || [ "$ops_below_state" != working ] || ops_failed_run=$(ops_trailer "$ops_below" aynig-run-id)
  ops_outcome=$(ops_trailer "$ops_judged" aynig-outcome)
  if [ -z "$ops_failed_run" ]; then
    if [ "$ops_below_state" = ops-approval ] && ops_is_no "$ops_below"; then
      ops_failed_question=$(ops_part title "$ops_below")
      return 1
    fi
    [ "$ops_judged_state" != failed ] && [ "$ops_outcome" != failed ] || return 1
    ops_asking=no
    return 0
  fi
  ops_failed_request=$(ops_request_of "$ops_failed_run" "$ops_judged")
  if [ -n "$ops_failed_request" ]; then
    ops_failed_state=$(ops_state_name "$(ops_trailer "$ops_failed_request" aynig-state)") || ops_failed_state=''
  fi
  case $ops_failed_state in
    stalled | ops-retry | ops-triage | ops-notify) return 0 ;;
    ops-fan-in)
      if [ -z "$(ops_trailer "$ops_judged" aynig-joined)" ] && [ -n "$(ops_trailer "$ops_judged" aynig-parent-branch)" ]; then
        [ "$ops_outcome" = failed ] || return 2
        return 0
      fi
      ;;
  esac
  [ "$ops_judged_state" != failed ] || return 1
  # One that was there before is of an earlier failure, and only taken along.
  if [ "$ops_outcome" = failed ]; then
    [ -n "$ops_failed_request" ] && [ "$(ops_trailer "$ops_failed_request" aynig-outcome)" = failed ] || return 1
  fi
  [ "$ops_asking" = yes ] || return 2
  # A command that asks for this by itself says what is wrong; one that was told to go on here, or has joined all, does not.
  case $ops_failed_state in '' | ops-fan-in) return 2 ;; esac
  [ "$(ops_trailer "$ops_failed_request" aynig-next)" != "$ops_judged_state" ] ||
    [ "$(ops_trailer "$ops_failed_request" aynig-next-on-failure)" = "$ops_judged_state" ] || return 2
  return 1
}

# ops_is_no <question>: whether the state of $ops_judged is what a question names for a no, and not for a yes.
ops_is_no() {
  [ "$(ops_state_name "$(ops_trailer "$1" aynig-next-on-failure)")" = "$ops_judged_state" ] &&
    [ "$(ops_state_name "$(ops_trailer "$1" aynig-next)")" != "$ops_judged_state" ]
}

# ops_main_log <commit that asked>: the file with the output of a run; nothing where there is none here.
ops_main_log() {
  ops_common=$(git rev-parse --git-common-dir)
  ops_common=$(cd "$ops_common" && pwd)
  ops_main=$(git worktree list --porcelain | sed -n '1s/^worktree //p')
  for ops_log in "$ops_main/.aynig/logs/$1.log" "$ops_common/aynig/logs/$1.log"; do
    [ ! -f "$ops_log" ] || [ -L "$ops_log" ] || {
      printf '%s\n' "$ops_log"
      return 0
    }
  done
}

# ops_line <text>: one printable line of at most 900 bytes, as trailers and titles have to be. What is no UTF-8, and what
# only steers the text around it, goes; no character is cut in two.
ops_line() {
  printf '%s' "$1" | LC_ALL=C tr '\n\r\t' '   ' | LC_ALL=C tr -d '\000-\037\177' | LC_ALL=C cut -b 1-4000 |
    LC_ALL=C awk -v mode=line -f "$ops_lib/text.awk"
}

# ops_next <commit> <default>: the state that a commit wants next (aynig-next); fails where it names none that may follow.
ops_next() {
  ops_wanted_next=$(ops_trailer "$1" aynig-next)
  ops_state_name "${ops_wanted_next:-$2}" | grep -vxE 'working|stalled'
}

# ops_advance <state> <title> <file with the body> [trailer line]...: the commit that names the next state.
ops_advance() {
  ops_state=$1 ops_title=$(ops_line "$2") ops_body_file=$3
  shift 3
  {
    printf '%s\n\n' "${ops_title:-$ops_state}"
    # A line that looks like a request belongs to the last paragraph alone, and below scissors git reads nothing. A message
    # may have one MiB, and a NUL ends it.
    LC_ALL=C tr -d '\000' <"$ops_body_file" | head -c 1000000 |
      LC_ALL=C sed -e 's/^\([Aa][Yy][Nn][Ii][Gg]-[A-Za-z0-9-]*[ 	]*:\)/ \1/' -e 's/^# -\{24\} >8 -\{24\}/ &/' |
      LC_ALL=C awk '{ print } /[^ \t\r]/ { full = 1 } END { if (full) print "" }'
    for ops_trailer_line in "$@"; do
      [ -z "$ops_trailer_line" ] || printf '%s\n' "$ops_trailer_line"
    done
    printf 'aynig-state: %s\n' "$ops_state"
  } | git commit --quiet --allow-empty --cleanup=verbatim --file=-
}

# ops_give_up <one sentence> [trailer line]...: the state "failed", with the sentence as title, body and aynig-note.
ops_give_up() {
  ops_why=$(ops_line "$1")
  shift
  ops_say "$ops_why"
  ops_why_file=$(ops_scratch why)
  printf '%s\n' "$ops_why" >"$ops_why_file"
  ops_advance failed "$ops_why" "$ops_why_file" "$@" "aynig-note: $ops_why"
}

# ops_bounded <seconds> <command>...: runs a command that must not hang; 124 where it was ended. What it prints must not be
# read through a pipe: a process that it leaves behind would hold that open.
ops_bounded() {
  ops_seconds=$1
  shift
  # A background command would else read from nowhere.
  { "$@" <&3 & } 3<&0
  ops_child=$!
  (
    ops_left=$ops_seconds
    while [ "$ops_left" -gt 0 ]; do
      sleep 1
      kill -0 "$ops_child" 2>/dev/null || exit 0
      ops_left=$((ops_left - 1))
    done
    kill -TERM "$ops_child" 2>/dev/null || exit 0
    sleep 2
    kill -KILL "$ops_child" 2>/dev/null || exit 0
  ) >/dev/null 2>&1 </dev/null &
  ops_watch=$!
  ops_code=0
  wait "$ops_child" 2>/dev/null || ops_code=$?
  kill "$ops_watch" 2>/dev/null || :
  wait "$ops_watch" 2>/dev/null || :
  [ "$ops_code" -le 128 ] || ops_code=124
  return "$ops_code"
}

# ops_backoff <attempt> <base> <most> <seed>: how many seconds to wait after an attempt: the base, doubled with every
# attempt, at most <most>, of which a part between half and all is taken, as the seed says. A run id is as good as chance.
ops_backoff() {
  ops_ceiling=$2 ops_count=1
  while [ "$ops_count" -lt "$1" ] && [ "$ops_ceiling" -gt 0 ] && [ "$ops_ceiling" -lt "$3" ]; do
    ops_ceiling=$((ops_ceiling * 2))
    ops_count=$((ops_count + 1))
  done
  [ "$ops_ceiling" -le "$3" ] || ops_ceiling=$3
  ops_half=$(((ops_ceiling + 1) / 2))
  ops_chance=$(printf '%s' "$4" | cksum | cut -d ' ' -f 1)
  printf '%s\n' $((ops_half + ops_chance % (ops_ceiling - ops_half + 1)))
}

# ops_time_left <seconds since the start>: how long this run may wait and still have time to end by itself; 999999999 without a limit.
ops_time_left() {
  ops_limit=$(git config --get aynig.timeoutSeconds || echo 0)
  ops_limit=$(ops_number "$ops_limit" 0)
  if [ "$ops_limit" -eq 0 ]; then
    echo 999999999
    return 0
  fi
  # A tenth, and five seconds, for the commit at the end.
  ops_limit=$((ops_limit - ops_limit / 10 - 5 - $1))
  [ "$ops_limit" -gt 0 ] || ops_limit=0
  printf '%s\n' "$ops_limit"
}

# ops_lease: the commit that began this run.
ops_lease() { git rev-list --first-parent --max-count=10000 HEAD "^$AYNIG_COMMIT_HASH" -- | tail -n 1; }

# ops_renew <why>: renews the lease of this run at its remote, by a `working` commit with the same files, as `aynig set-working`
# makes one. A run of this repository needs none.
ops_renew() {
  [ -n "${AYNIG_REMOTE:-}" ] || return 0
  if command -v aynig >/dev/null && ops_bounded 30 aynig set-working --prompt "$1" >&2; then return 0; fi
  ops_head=$(git rev-parse --verify HEAD)
  ops_renewed=$(
    {
      printf 'aynig: working on %s\n\n%s\n\naynig-state: working\n' "$AYNIG_STATE" "$(ops_line "$1")"
      ops_copied "$(ops_lease)" aynig-origin-state aynig-run-id aynig-runner-id aynig-lease-seconds aynig-remote
      printf 'aynig-parent: %s\n' "$ops_head"
    } | git commit-tree -p "$ops_head" -F - "$ops_head^{tree}"
  )
  git update-ref -m "aynig: renew (run $AYNIG_RUN_ID)" HEAD "$ops_renewed" "$ops_head"
}

# ops_wait <seconds> <why>: waits, and renews the lease whenever a third of it has gone by. TERM ends it at once: nothing here
# holds the signal back.
ops_wait() {
  ops_waiting=$1
  ops_third=$(ops_number "$(ops_trailer "$(ops_lease)" aynig-lease-seconds)" 600)
  ops_third=$((ops_third / 3))
  [ "$ops_third" -gt 0 ] || ops_third=1
  while [ "$ops_waiting" -gt "$ops_third" ]; do
    sleep "$ops_third"
    ops_waiting=$((ops_waiting - ops_third))
    ops_renew "$2: $ops_waiting s left"
  done
  [ "$ops_waiting" -le 0 ] || sleep "$ops_waiting"
}
