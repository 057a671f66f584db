# Claude Code. Edits files below the worktree without asking; anything else that would ask is denied. Settings that lie
# in the tree are not read: they may hold hooks and permissions, and nobody has allowed them. Its events go to the log,
# one JSON object a line: printed as text it would say nothing before its end.
# shellcheck shell=sh

agent_exec() {
  [ -z "$agent_model" ] || set -- --model "$agent_model" "$@"
  set -- --print --output-format stream-json --verbose \
    --permission-mode acceptEdits --setting-sources user \
    --add-dir "$agent_out" --append-system-prompt "$(cat "$agent_told")" "$@"
  # Set where the request was committed by another session of it, which some versions take for their own.
  unset CLAUDECODE CLAUDE_CODE_ENTRYPOINT
  exec claude "$@" <"$agent_request"
}

# The text of the last event, {"type":"result",...,"result":"..."}.
agent_said() {
  LC_ALL=C awk '
    index($0, "\"type\":\"result\"") { last = $0 }
    END {
      if (!match(last, /"result":"/)) exit
      text = substr(last, RSTART + RLENGTH)
      for (at = 1; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (c == "\"") break
        if (c == "\\") {
          c = substr(text, ++at, 1)
          if (c == "n") c = "\n"
          else if (c == "t") c = "\t"
          else if (c == "u") { at += 4; c = " " }
          else if (c !~ /["\\\/]/) c = " "
        }
        printf "%s", c
      }
      print ""
    }' "$agent_tail"
}
