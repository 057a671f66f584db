import { type Environment, withoutHookVariables } from '../git/environment.js';

/** What a command is told about its run. */
export interface CommandFacts {
  readonly body: string;
  readonly bodyFile: string;
  readonly commit: string;
  readonly branch: string;
  readonly state: string;
  readonly runId: string;
  readonly remote: string;
  readonly role: string;
  readonly logLevel: string;
  readonly trailers: readonly { readonly key: string; readonly value: string }[];
  /** Resolved path of the folder above the worktree. */
  readonly ceiling: string;
}

/** Linux refuses to start a program with a longer `NAME=value` (MAX_ARG_STRLEN, execve(2)), its final NUL included. */
export const maxVariableBytes = 131_072;
/** For all trailers together; the system's own limit for environment and arguments is 2 MiB with common settings. */
export const maxTrailersBytes = 512 * 1024;

/** Names that one run's variables must not hand to a run started inside it. */
const ours = /^AYNIG_(?:BODY|BODY_FILE|COMMIT_HASH|LOG_LEVEL|BRANCH|STATE|RUN_ID|REMOTE|ROLE|TRAILER_.*|HOOK_CA_CERTS)$/;

/**
 * The whole environment of a command: the user's own, without git's hook variables, and the facts of its run. `AYNIG=0`
 * is not handed on: it silences hooks and would silence those of a command that commits.
 */
export function commandEnvironment(inherited: NodeJS.ProcessEnv, facts: CommandFacts): Environment {
  const base = Object.fromEntries(Object.entries(withoutHookVariables(inherited)).filter(([name]) => name !== 'AYNIG' && !ours.test(name)));
  const caCerts = inherited['AYNIG_HOOK_CA_CERTS'];
  if (caCerts !== undefined && caCerts !== '') base['NODE_EXTRA_CA_CERTS'] = caCerts;
  return {
    ...base,
    ...trailerVariables(facts.trailers),
    GIT_CEILING_DIRECTORIES: facts.ceiling,
    AYNIG_BODY: cutToFit('AYNIG_BODY', facts.body),
    AYNIG_BODY_FILE: facts.bodyFile,
    AYNIG_COMMIT_HASH: facts.commit,
    AYNIG_LOG_LEVEL: facts.logLevel,
    AYNIG_BRANCH: facts.branch,
    AYNIG_STATE: facts.state,
    AYNIG_RUN_ID: facts.runId,
    AYNIG_REMOTE: facts.remote,
    AYNIG_ROLE: facts.role,
  };
}

/**
 * Each trailer under its raw name (`AYNIG_TRAILER_AYNIG-STATE`) and a shell-friendly one (`AYNIG_TRAILER_AYNIG_STATE`),
 * repeats joined by newlines. Keys hold letters, digits and hyphens only, so no name can collide with another variable.
 */
export function trailerVariables(trailers: CommandFacts['trailers']): Environment {
  const joined = new Map<string, string[]>();
  for (const { key, value } of trailers) {
    const raw = `AYNIG_TRAILER_${key.toUpperCase()}`;
    joined.set(raw, [...(joined.get(raw) ?? []), value]);
  }
  const variables: Environment = {};
  let left = maxTrailersBytes;
  for (const [raw, values] of joined) {
    for (const name of new Set([raw, raw.replaceAll('-', '_')])) {
      const value = cutToFit(name, values.join('\n'));
      const size = Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
      if (size > left) continue;
      left -= size;
      variables[name] = value;
    }
  }
  return variables;
}

/** Cuts a value so that `NAME=value` fits into what execve takes, at the border of a character; NUL cannot be passed at all. */
function cutToFit(name: string, value: string): string {
  const room = maxVariableBytes - Buffer.byteLength(name) - 2;
  const bytes = Buffer.from(value.replaceAll('\0', ''), 'utf8');
  if (bytes.length <= room) return bytes.toString('utf8');
  let end = room;
  // A byte 10xxxxxx continues a character: go back to where it starts.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
