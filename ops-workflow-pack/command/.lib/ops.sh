# Shared by the commands of this pack, which read it with: . "$(dirname -- "$0")/.lib/ops.sh"
# POSIX sh and git alone. A folder whose name begins with a dot can never be a state, and it is covered by what a
# person allows, as every file below .aynig/command is.
# shellcheck shell=sh

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

# ops_part title|body|trailers <commit>: a part of a commit's message, by the grammar of CONTRACT.md.
ops_part() {
  git log -1 --no-show-signature --encoding=UTF-8 --format=%B "$2" -- | awk -v part="$1" '
    { sub(/\r$/, ""); line[NR] = $0 }
    END {
      last = NR
      while (last > 0 && line[last] ~ /^[ \t]*$/) last--
      first = last
      block = last > 0
      while (first > 0 && line[first] !~ /^[ \t]*$/) {
        if (line[first] !~ /^[A-Za-z0-9-]+[ \t]*:/ && line[first] !~ /^[ \t]/ && line[first] !~ /^\(cherry picked from /) block = 0
        first--
      }
      if (first == 0) block = 0
      if (part == "trailers") {
        if (block) for (i = first + 1; i <= last; i++) print line[i]
      } else if (part == "title") {
        if (NR > 0) print line[1]
      } else {
        from = 2
        while (from <= last && line[from] ~ /^[ \t]*$/) from++
        to = block ? first : last
        while (to >= from && line[to] ~ /^[ \t]*$/) to--
        for (i = from; i <= to; i++) print line[i]
      }
    }'
}

# ops_trailer <commit> <key>: the value of a trailer of a commit; nothing where it has none.
ops_trailer() {
  ops_part trailers "$1" | awk -v key="$2" '
    { colon = index($0, ":") }
    colon > 0 && tolower(substr($0, 1, colon - 1)) ~ ("^" tolower(key) "[ \t]*$") {
      value = substr($0, colon + 1)
      gsub(/^[ \t]+|[ \t]+$/, "", value)
      print value
      exit
    }'
}

# ops_carried <commit> [key]...: the trailers that a new request takes over from another one: all but those that the
# kernel writes, the state, the attempt, and the keys that are named.
ops_carried() {
  ops_carried_from=$1
  shift
  ops_part trailers "$ops_carried_from" | awk -v more="$*" '
    BEGIN {
      split("aynig-state aynig-origin-state aynig-run-id aynig-runner-id aynig-parent aynig-stalled-run aynig-exit-code aynig-signal aynig-kept aynig-cancelled-by aynig-attempt " more, names, " ")
      for (i in names) dropped[tolower(names[i])] = 1
    }
    /^[A-Za-z0-9-]+[ \t]*:/ { key = tolower($0); sub(/[ \t]*:.*/, "", key); if (!(key in dropped)) print }'
}

# ops_request_of <run>: the commit that a run of this branch was asked by; nothing where its lease is not in the history.
ops_request_of() {
  git log --no-show-signature --first-parent --max-count=10000 --fixed-strings --grep="aynig-run-id: $1" --format=%H HEAD -- |
    while read -r ops_found; do
      [ "$(ops_trailer "$ops_found" aynig-state)" = working ] || continue
      [ "$(ops_trailer "$ops_found" aynig-run-id)" = "$1" ] || continue
      # The lease itself is the oldest: the command may have renewed it.
      git rev-parse --verify --quiet "$ops_found^1"
    done | tail -n 1
}

# ops_line <text>: one printable line of at most 900 bytes, as trailers and titles have to be.
ops_line() {
  printf '%s' "$1" | tr '\n\r\t' '   ' | LC_ALL=C tr -d '\000-\037\177' | LC_ALL=C cut -b 1-900 | sed 's/^ *//; s/ *$//'
}

# ops_advance <state> <title> <file with the body> [trailer line]...: the commit that names the next state.
ops_advance() {
  ops_state=$1 ops_title=$(ops_line "$2") ops_body_file=$3
  shift 3
  {
    printf '%s\n\n' "${ops_title:-$ops_state}"
    # A line that looks like a request belongs to the last paragraph alone.
    LC_ALL=C sed 's/^\([Aa][Yy][Nn][Ii][Gg]-[A-Za-z0-9-]*[ 	]*:\)/ \1/' "$ops_body_file" | awk '{ print; full = 1 } END { if (full) print "" }'
    for ops_trailer_line in "$@"; do
      [ -z "$ops_trailer_line" ] || printf '%s\n' "$ops_trailer_line"
    done
    printf 'aynig-state: %s\n' "$ops_state"
  } | git commit --quiet --allow-empty --cleanup=verbatim --file=-
}
