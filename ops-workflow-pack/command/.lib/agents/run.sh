# Runs the agent to its end. What it prints goes to the log as it comes; the end of it is kept for the summary.
# shellcheck shell=sh

# The end of what the agent printed that is kept, in bytes.
agent_tail_bytes=65536
# Between TERM and KILL, in seconds: for a time limit, and, shorter than the ten of the runner, for the end of the run.
agent_grace=10
agent_short_grace=5

# agent_arguments: calls agent_exec of the adapter with the arguments of aynig.agent.args, each value one.
agent_arguments() {
  set --
  while IFS= read -r agent_value; do set -- "$@" "$agent_value"; done <"$agent_dir/args"
  agent_exec "$@"
}

# agent_run: sets agent_code to what the agent exited with, 124 after the time limit.
agent_run() {
  agent_last=$agent_dir/last agent_tail=$agent_dir/tail
  mkfifo -- "$agent_dir/said" "$agent_dir/copy"
  tail -c "$agent_tail_bytes" <"$agent_dir/copy" >"$agent_tail" &
  agent_keeper=$!
  tee -- "$agent_dir/copy" <"$agent_dir/said" &
  agent_teller=$!
  AYNIG_AGENT_NEXT=$agent_out/next AYNIG_AGENT_SUMMARY=$agent_out/summary
  export AYNIG_AGENT_NEXT AYNIG_AGENT_SUMMARY
  agent_arguments >"$agent_dir/said" &
  agent_pid=$!
  agent_watcher=''
  if [ "$agent_limit" -gt 0 ]; then
    agent_watch &
    agent_watcher=$!
  fi
  wait "$agent_pid" && agent_code=0 || agent_code=$?
  if [ -e "$agent_dir/late" ]; then
    agent_code=124
    wait "$agent_watcher" || :
  else
    # Also what the agent left behind: it would go on changing files while they are being committed.
    [ -z "$agent_watcher" ] || kill -s TERM "$agent_watcher" 2>/dev/null || :
    agent_end_others "$agent_short_grace" "$agent_teller" "$agent_keeper"
  fi
  # A process that moved into a session of its own may hold the pipe open for ever.
  { sleep 5; kill -s TERM "$agent_teller" "$agent_keeper"; } >/dev/null 2>&1 &
  agent_closer=$!
  wait "$agent_teller" "$agent_keeper" || :
  kill -s TERM "$agent_closer" 2>/dev/null || :
}

# In a process of its own: ends the agent when its time is over.
agent_watch() {
  sleep "$agent_limit" || exit 0
  : >"$agent_dir/late"
  ops_say "agent: $agent has not ended within $agent_limit s (aynig.agent.timeoutSeconds), and is ended"
  agent_end_others "$agent_grace" "$agent_teller" "$agent_keeper" "$(exec sh -c 'echo "$PPID"')"
}

# The runner ends the run, or a person this command: the agent ends at once.
agent_stop() {
  trap '' TERM INT HUP
  ops_say 'agent: told to end'
  agent_end_others "$agent_short_grace"
  exit 143
}

# However the command ends: nothing that is held back stays for the runner to keep.
agent_end() {
  agent_ended=$?
  trap '' TERM INT HUP
  set +e
  agent_hold_back
  rm -rf -- "$agent_dir"
  exit "$agent_ended"
}
