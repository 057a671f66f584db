# Turns the work of an agent into the commit that names the next state.
# shellcheck shell=sh

# agent_carry <function>: calls it with the trailers of the request that go on, each line one argument. What steered
# this one request (where it goes, how often, for how long) does not.
agent_carry() {
  agent_then=$1
  ops_carried "$AYNIG_COMMIT_HASH" aynig-next aynig-next-on-failure aynig-max-attempts aynig-lease-seconds aynig-continue aynig-note >"$agent_dir/carried"
  set --
  while IFS= read -r agent_line; do set -- "$@" "$agent_line"; done <"$agent_dir/carried"
  "$agent_then" "$@"
}

# agent_stage: all that was changed, but for ignored files and what is held back.
agent_stage() {
  agent_hold_back || agent_spoiled 'files that look like secrets are still there, so nothing is committed'
  git add --all -- ':(top)'
}

# agent_clean: text that anybody may read in a terminal, at most 200 lines and 8 KiB, cut between characters.
agent_clean() {
  LC_ALL=C tr -d '\000' | LC_ALL=C awk '
    {
      gsub(/\033\[[0-9;?]*[A-Za-z]/, "")
      gsub(/\t/, "  ")
      gsub(/[\001-\037\177]/, "")
      if (length($0) > 500) { $0 = substr($0, 1, 500); sub(/[\200-\377]+$/, ""); $0 = $0 " ..." }
      sub(/[ ]+$/, "")
      if ($0 == "" && (blank || !lines)) next
      blank = ($0 == "")
      size += length($0) + 1
      if (++lines > 200 || size > 8192) { print "(cut here)"; exit }
      print
    }'
}

# agent_tidy: what an adapter clears away that its agent leaves in the tree. Most leave nothing.
agent_tidy() { :; }

# agent_said: the end of what the agent printed. An adapter whose agent prints something else has its own.
agent_said() { tail -n 40 -- "$agent_tail"; }

# agent_summary: what the agent wrote for people: its file, else its last message, else the end of what it printed.
agent_summary() {
  if [ -f "$agent_out/summary" ] && [ ! -L "$agent_out/summary" ] && [ -s "$agent_out/summary" ]; then
    head -c 65536 <"$agent_out/summary"
  elif [ -s "$agent_last" ]; then
    head -c 65536 <"$agent_last"
  else
    agent_said
  fi
}

# agent_finish: commits what was changed and names the next state. A commit of the agent that did both is left alone.
agent_finish() {
  agent_stage
  agent_goes_on=$(agent_next)
  if git diff --cached --quiet HEAD --; then
    if [ "$(git rev-parse HEAD)" != "$lease" ]; then
      [ "$(ops_trailer HEAD aynig-state)" != "$agent_goes_on" ] || return 0
    else
      printf 'The agent changed nothing.\n\n' >"$agent_dir/body"
    fi
  fi
  agent_summary | agent_clean >>"$agent_dir/body"
  agent_carry agent_committed_with
}
agent_committed_with() { ops_advance "$agent_goes_on" "$(ops_part title "$AYNIG_COMMIT_HASH")" "$agent_dir/body" "$@"; }
