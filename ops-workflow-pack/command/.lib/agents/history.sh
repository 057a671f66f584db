# What an agent may have done to git, looked at before anything is built on it.
# shellcheck shell=sh

# agent_spoiled <sentence>: ends the run as failed. The runner keeps what was made.
agent_spoiled() {
  ops_say "agent: $1"
  exit 1
}

# agent_expect_history: goes on where HEAD is detached, stands on top of the lease, and nothing is half done.
agent_expect_history() {
  git rev-parse --verify --quiet HEAD >/dev/null || agent_spoiled 'the agent left no repository behind'
  ! agent_branch=$(git symbolic-ref --quiet HEAD) || agent_spoiled "the agent switched to ${agent_branch#refs/heads/}; its work has to stay detached"
  git merge-base --is-ancestor "$lease" HEAD || agent_spoiled 'the agent rewrote the commit that it found as HEAD'
  for agent_begun in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD rebase-merge rebase-apply; do
    [ ! -e "$(git rev-parse --git-path "$agent_begun")" ] || agent_spoiled "the agent left something half done ($agent_begun)"
  done
  [ -z "$(git ls-files --unmerged | head -n 1)" ] || agent_spoiled 'the agent left conflicts'
}

# agent_state <text>: the state in small letters; fails where it is no legal one for an agent to name.
agent_state() {
  agent_text=$(printf '%s' "$1" | tr 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' 'abcdefghijklmnopqrstuvwxyz')
  case $agent_text in
    '' | working | stalled | *..* | /* | */ | *//* | [._-]* | */[._-]*) return 1 ;;
    *[!abcdefghijklmnopqrstuvwxyz0123456789._/-]*) return 1 ;;
  esac
  [ "${#agent_text}" -le 128 ] || return 1
  printf '%s\n' "$agent_text"
}

# agent_may_name <state>: whether aynig.agent.states, where it is set, has it.
agent_may_name() {
  agent_allowed=$(git config --get aynig.agent.states) || return 0
  case " $(printf '%s' "$agent_allowed" | tr '\n\t,' '   ') " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
  esac
}

# agent_chosen <text> <where>: the state, where the agent may name it; says so and answers nothing where not.
agent_chosen() {
  if ! agent_choice=$(agent_state "$1"); then
    ops_say "agent: $2 names $(ops_line "$1"), which is no state to go on with"
  elif ! agent_may_name "$agent_choice"; then
    ops_say "agent: $2 names $agent_choice, which is not in aynig.agent.states"
  else
    printf '%s\n' "$agent_choice"
  fi
}

# agent_committed_state: the state that the newest commit of the agent names which names one.
agent_committed_state() {
  git rev-list --first-parent --max-count=200 "$lease..HEAD" | while read -r agent_commit; do
    agent_found=$(ops_trailer "$agent_commit" aynig-state)
    # A note of progress (aynig set-working) is no choice.
    case $agent_found in '' | working) continue ;; esac
    agent_chosen "$agent_found" "commit $agent_commit"
    break
  done
}

# agent_filed_state: the state in the file that the instructions name. A link could lead to any file.
agent_filed_state() {
  [ -f "$agent_out/next" ] && [ ! -L "$agent_out/next" ] || return 0
  agent_found=$(LC_ALL=C tr -d '\000\r' <"$agent_out/next" | LC_ALL=C awk 'NF { print substr($1, 1, 200); exit }')
  [ -z "$agent_found" ] || agent_chosen "$agent_found" 'the agent'
}

# agent_next: its own commits decide, then the file, then the request.
agent_next() {
  agent_answer=$(agent_committed_state)
  [ -n "$agent_answer" ] || agent_answer=$(agent_filed_state)
  [ -n "$agent_answer" ] || agent_answer=$(agent_state "$(ops_trailer "$AYNIG_COMMIT_HASH" aynig-next)") || agent_answer=''
  printf '%s\n' "${agent_answer:-review}"
}
