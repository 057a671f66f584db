# Which agent works, from git config alone: a commit must not choose the program that reads it.
# shellcheck shell=sh

# In the order in which they are looked for.
agent_names='claude codex opencode gemini aider'

# agent_refuse <sentence>: ends the run in state failed. Asking again would not help before a person has looked.
agent_refuse() {
  ops_say "agent: $1"
  printf '%s\n' "$1" >"$agent_dir/refused"
  agent_carry agent_refused_with
  exit 0
}
agent_refused_with() { ops_advance failed 'No agent was started' "$agent_dir/refused" "$@"; }

# A path that is not absolute would be looked for in the worktree, which holds what commits put there.
agent_is_here() {
  case $(command -v "$1" 2>/dev/null) in
    /*) return 0 ;;
    *) return 1 ;;
  esac
}

# agent_choose: sets agent, agent_model and agent_limit (seconds, 0 for none), and writes the arguments of a person's
# own, one a line, to the file args.
agent_choose() {
  agent=$(git config --get aynig.agent) || agent=''
  agent_model=$(git config --get aynig.agent.model) || agent_model=''
  agent_limit=$(git config --get aynig.agent.timeoutSeconds) || agent_limit=1800
  [ "$(ops_number "$agent_limit" none)" != none ] ||
    agent_refuse "aynig.agent.timeoutSeconds is \"$(ops_line "$agent_limit")\", and has to be a whole number of seconds."
  agent_limit=$(ops_number "$agent_limit" none)
  git config --get-all aynig.agent.args >"$agent_dir/args" || :
  [ "$(wc -l <"$agent_dir/args")" -eq "$(git config --null --get-all aynig.agent.args | LC_ALL=C tr -cd '\000' | wc -c)" ] ||
    agent_refuse 'A value of aynig.agent.args has more than one line. Each value is one argument.'
  case $agent in
    '')
      for agent in $agent_names; do
        ! agent_is_here "$agent" || return 0
      done
      agent_refuse "None of these is on PATH: $agent_names. Install one, or name one: git config aynig.agent claude"
      ;;
    claude | codex | opencode | gemini | aider)
      agent_is_here "$agent" || agent_refuse "aynig.agent is $agent, which is not on PATH."
      ;;
    *) agent_refuse "aynig.agent is \"$(ops_line "$agent")\", and has to be one of: $agent_names" ;;
  esac
}
