# aider. It edits files and says yes to itself; it runs no commands, reads no pages and commits nothing, and cannot write
# outside of the worktree: it leaves no summary and names no state.
# shellcheck shell=sh

agent_exec() {
  [ -z "$agent_model" ] || set -- --model "$agent_model" "$@"
  set -- --yes-always --no-auto-commits --no-dirty-commits --no-gitignore \
    --no-suggest-shell-commands --no-auto-lint --no-auto-test --no-detect-urls \
    --no-pretty --no-fancy-input --no-check-update --no-show-release-notes --no-analytics \
    --chat-history-file "$agent_dir/chat" --input-history-file "$agent_dir/input" \
    "$@" --message-file "$agent_prompt"
  exec aider "$@" </dev/null
}

# Its map of the repository, which it puts into the tree.
agent_tidy() { git clean --force -d --quiet -- ':(top,glob).aider.tags.cache*/**'; }
