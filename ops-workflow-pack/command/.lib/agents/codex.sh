# Codex. Commands that it runs are in its own sandbox: they write into the worktree and the folder for its answer, and
# have no network; what would need more fails and is not asked for. It cannot commit: .git is read-only to it.
# shellcheck shell=sh

agent_exec() {
  [ -z "$agent_model" ] || set -- --model "$agent_model" "$@"
  set -- exec --sandbox workspace-write --color never --add-dir "$agent_out" --output-last-message "$agent_last" "$@" -
  exec codex "$@" <"$agent_prompt"
}
