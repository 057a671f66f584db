# What an agent is told: our instructions, the states that exist, and the request. All of it goes into files: text of a
# commit is never part of a command line, where its length is limited and a dash at its beginning would count.
# shellcheck shell=sh

# agent_states: what .aynig/COMMANDS.md says, else the names of the commands; at most 16 KiB.
agent_states() {
  if git cat-file -e "$lease:.aynig/COMMANDS.md" 2>/dev/null; then
    git cat-file blob "$lease:.aynig/COMMANDS.md"
  else
    git ls-tree -r --name-only "$lease" -- .aynig/command | sed -n 's,^\.aynig/command/\([^.].*\),- \1,p'
  fi | LC_ALL=C tr -d '\000' | LC_ALL=C awk '{ size += length($0) + 1 } size > 16384 { print "(cut here)"; exit } { print }'
}

# agent_write_prompt: instructions (agent_told), the request (agent_request), and both in one file (agent_prompt).
agent_write_prompt() {
  agent_told=$agent_dir/told agent_request=$agent_dir/request agent_prompt=$agent_dir/prompt
  {
    AGENT_OUT=$agent_out awk '
      {
        while ((at = index($0, "@OUT@")) > 0) $0 = substr($0, 1, at - 1) ENVIRON["AGENT_OUT"] substr($0, at + 5)
        print
      }' "$here/agents/instructions.md"
    agent_states
  } >"$agent_told"
  # A heading comes first: some agents take a prompt that begins with a slash or an exclamation mark for a command.
  {
    printf '# The request\n\n%s\n\n' "$(ops_part title "$AYNIG_COMMIT_HASH")"
    LC_ALL=C tr -d '\000' <"$AYNIG_BODY_FILE"
    printf '\n'
  } >"$agent_request"
  cat "$agent_told" >"$agent_prompt"
  printf '\n' >>"$agent_prompt"
  cat "$agent_request" >>"$agent_prompt"
}
