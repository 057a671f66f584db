/** Environment variables by name; `undefined` never appears in one that is handed to a process. */
export type Environment = Record<string, string>;

/**
 * Variables of git's that say how to reach the world, not which repository or commit is meant. Everything else that
 * starts with `GIT_` is left behind: a hook's `GIT_DIR` or `GIT_INDEX_FILE` makes a process work on the wrong
 * repository, and its author variables make commits in the user's name (githooks(5); `git rev-parse --local-env-vars`).
 */
const kept = new Set([
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_ASKPASS',
  'GIT_SSL_NO_VERIFY',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'GIT_PROXY_COMMAND',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_EXEC_PATH',
  'GIT_TEMPLATE_DIR',
  'GIT_ALLOW_PROTOCOL',
  'GIT_PROTOCOL_FROM_USER',
  'GIT_COMMITTER_NAME',
  'GIT_COMMITTER_EMAIL',
  'GIT_TERMINAL_PROMPT',
  'GIT_TRACE',
  'GIT_TRACE2_EVENT',
]);

/** The inherited environment without what git's hooks leak. */
export function withoutHookVariables(inherited: NodeJS.ProcessEnv): Environment {
  const clean: Environment = {};
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && (!name.startsWith('GIT_') || kept.has(name))) clean[name] = value;
  }
  return clean;
}

/** For the runner's own git calls. `ceiling` stops git from finding the user's repository above a damaged worktree. */
export const gitEnvironment = (inherited: NodeJS.ProcessEnv, ceiling?: string): Environment => ({
  ...withoutHookVariables(inherited),
  ...(ceiling === undefined ? {} : { GIT_CEILING_DIRECTORIES: ceiling }),
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  // ssh would open a window for a passphrase (ssh(1)); an agent or a key without one is asked as ever.
  SSH_ASKPASS_REQUIRE: 'never',
  // A replacement object must not change what a commit means.
  GIT_NO_REPLACE_OBJECTS: '1',
  // Nor a file of this clone what came before it (gitrepository-layout(5), info/grafts).
  GIT_GRAFT_FILE: '/dev/null',
  GIT_EDITOR: ':',
  LC_ALL: 'C',
  LANGUAGE: 'C',
  // Our own hooks, wherever they are configured, stay silent for our own calls.
  AYNIG: '0',
});

/** Settings of every git call of the runner: no foreign hook, no background gc, nothing lost at a power cut. */
export const gitSettings: readonly string[] = [
  'core.hooksPath=/dev/null',
  // git >= 2.54 runs hooks named in the configuration whatever core.hooksPath says.
  'hook.post-checkout.enabled=false',
  'hook.pre-push.enabled=false',
  'hook.post-merge.enabled=false',
  'hook.reference-transaction.enabled=false',
  'hook.post-index-change.enabled=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'core.fsync=committed,reference',
  'core.fsmonitor=false',
  'advice.detachedHead=false',
  'commit.gpgSign=false',
].flatMap((setting) => ['-c', setting]);
