# Gemini CLI. Edits files without asking; shell commands, which would ask, are refused. It works in folders that a person
# has told it to trust, and in those below them.
# shellcheck shell=sh

agent_exec() {
  [ -z "$agent_model" ] || set -- --model "$agent_model" "$@"
  set -- --approval-mode auto_edit --output-format text --include-directories "$agent_out" "$@" --prompt 'Carry out the request above.'
  exec gemini "$@" <"$agent_prompt"
}
