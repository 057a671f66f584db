# opencode. It has no flag for less than it may do by itself; what it may do comes by the environment, and what would
# ask is refused. Configuration in the tree is not read: it may hold plugins, which run at once. A person's own values
# of these variables win.
# shellcheck shell=sh

agent_exec() {
  [ -z "$agent_model" ] || set -- --model "$agent_model" "$@"
  set -- run "$@"
  : "${OPENCODE_DISABLE_PROJECT_CONFIG=1}"
  [ -n "${OPENCODE_PERMISSION+set}" ] || OPENCODE_PERMISSION=$(printf '{"bash":"ask","webfetch":"ask","external_directory":{"*":"ask","%s/*":"allow"}}' \
    "$(printf '%s' "$agent_out" | sed 's/[\\"]/\\&/g')")
  export OPENCODE_DISABLE_PROJECT_CONFIG OPENCODE_PERMISSION
  exec opencode "$@" <"$agent_prompt"
}
