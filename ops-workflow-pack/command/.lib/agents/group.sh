# The processes of this run. The agent stays in the process group that the runner made for the command, so that whatever
# happens to this shell, the runner ends the agent too; a group of its own would outlive us.
# shellcheck shell=sh

# agent_processes: id, parent and group of each process that is not a zombie. Without /proc and ps: nothing.
agent_processes() {
  if [ -r "/proc/$$/stat" ]; then
    # The name in parentheses may hold blanks and parentheses.
    cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\([0-9]*\) (.*) [^Z] \([0-9]*\) \([0-9]*\) .*/\1 \2 \3/p'
  else
    ps -A -o pid= -o ppid= -o pgid= -o stat= 2>/dev/null | awk '$4 !~ /^Z/ { print $1, $2, $3 }'
  fi
}

# agent_others [id]...: the processes of our group but ourselves, those that started us (a wrapper), and the ids named.
agent_others() {
  agent_processes | awk -v self="$$" -v agent="${agent_pid:-}" -v spared="$*" '
    { parent[$1] = $2; group[$1] = $3 }
    END {
      if (!(self in group) && agent != "") print agent
      split(spared, ids, " ")
      for (i in ids) kept[ids[i]] = 1
      for (id = self; (id in parent) && !(id in kept); id = parent[id]) kept[id] = 1
      for (id in group) if (group[id] == group[self] && !(id in kept)) print id
    }'
}

# agent_end_others <seconds> [id]...: TERM to all of them, KILL to what is left after so many seconds.
agent_end_others() {
  agent_patience=$1
  shift
  # Words are wanted: they are numbers.
  # shellcheck disable=SC2046
  kill -s TERM $(agent_others "$@") 2>/dev/null || :
  agent_until=$(($(date +%s) + agent_patience))
  while agent_any_left "$@"; do
    if [ "$(date +%s)" -ge "$agent_until" ]; then
      # shellcheck disable=SC2046
      kill -s KILL $(agent_others "$@") 2>/dev/null || :
      return 0
    fi
    sleep 0.1 2>/dev/null || sleep 1
  done
}

agent_any_left() {
  # What lists them is in the list too, and is gone by now.
  for agent_other in $(agent_others "$@"); do
    ! kill -0 "$agent_other" 2>/dev/null || return 0
  done
  return 1
}
