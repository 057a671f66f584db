import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withOpsPack } from './ops-pack.js';
import { Workspace } from './workspace.js';

export const agents = ['claude', 'codex', 'opencode', 'gemini', 'aider'] as const;
export type Agent = (typeof agents)[number];

/** A flag and how many values it takes. */
type Flags = Readonly<Record<string, 0 | 1>>;

interface StandIn {
  readonly flags: Flags;
  /** What it says of a flag that it does not know, as the real one does, and what it exits with. */
  readonly unknown: string;
  readonly unknownExit: number;
  /** Shell that runs after the flags were read: refuses what the real one would not work with, and sets `out`. */
  readonly insists: string;
}

/** As the help of each says. Those that a person may add are here too. */
const standIns: Readonly<Record<Agent, StandIn>> = {
  claude: {
    flags: {
      '--print': 0,
      '--output-format': 1,
      '--verbose': 0,
      '--permission-mode': 1,
      '--setting-sources': 1,
      '--add-dir': 1,
      '--append-system-prompt': 1,
      '--model': 1,
      '--allowedTools': 1,
    },
    unknown: "error: unknown option '$1'",
    unknownExit: 1,
    insists: [
      '[ -n "$flag___print" ] || { echo "Error: no terminal" >&2; exit 1; }',
      '[ "$flag___output_format" != stream-json ] || [ -n "$flag___verbose" ] || { echo "Error: stream-json requires --verbose" >&2; exit 1; }',
      'case $flag___permission_mode in acceptEdits|auto|bypassPermissions|manual|dontAsk|plan) ;; *) exit 1 ;; esac',
      'out=$flag___add_dir',
    ].join('\n'),
  },
  codex: {
    flags: { '--sandbox': 1, '--color': 1, '--add-dir': 1, '--output-last-message': 1, '--model': 1, '--profile': 1 },
    unknown: "error: unexpected argument '$1' found",
    unknownExit: 2,
    insists: [
      '[ "$words" = " exec -" ] || { echo "no prompt" >&2; exit 1; }',
      'case $flag___sandbox in read-only|workspace-write|danger-full-access) ;; *) exit 2 ;; esac',
      'out=$flag___add_dir last=$flag___output_last_message',
    ].join('\n'),
  },
  opencode: {
    flags: { '--model': 1, '--auto': 0 },
    unknown: 'opencode run [message..]',
    unknownExit: 1,
    insists: [
      '[ "$words" = " run" ] || exit 1',
      'out=$(printf "%s" "$OPENCODE_PERMISSION" | sed \'s,.*"\\(/[^"]*\\)/\\*":"allow".*,\\1,\')',
    ].join('\n'),
  },
  gemini: {
    flags: { '--approval-mode': 1, '--output-format': 1, '--include-directories': 1, '--prompt': 1, '--model': 1 },
    unknown: 'Unknown argument: $1',
    unknownExit: 1,
    insists: [
      'case $flag___approval_mode in default|auto_edit|yolo|plan) ;; *) exit 1 ;; esac',
      '[ -n "$flag___prompt" ] || exit 42',
      'out=$flag___include_directories',
    ].join('\n'),
  },
  aider: {
    flags: {
      '--yes-always': 0,
      '--no-auto-commits': 0,
      '--no-dirty-commits': 0,
      '--no-gitignore': 0,
      '--no-suggest-shell-commands': 0,
      '--no-auto-lint': 0,
      '--no-auto-test': 0,
      '--no-detect-urls': 0,
      '--no-pretty': 0,
      '--no-fancy-input': 0,
      '--no-check-update': 0,
      '--no-show-release-notes': 0,
      '--no-analytics': 0,
      '--chat-history-file': 1,
      '--input-history-file': 1,
      '--message-file': 1,
      '--model': 1,
    },
    unknown: 'aider: error: unrecognized arguments: $1',
    unknownExit: 2,
    insists: [
      // A message that begins like this is a command to aider, and `!` even one to a shell.
      'case $(head -c 1 "$flag___message_file") in /|!) exit 3 ;; esac',
      'cp "$flag___message_file" "$HOME/said-to"',
      '[ -n "$flag___no_gitignore" ] || echo ".aider*" >>.gitignore',
      'mkdir .aider.tags.cache.v4; echo map >.aider.tags.cache.v4/cache.db',
      ': >"$flag___chat_history_file"; out=',
    ].join('\n'),
  },
};

/** The flags that a stand-in takes, and how many values with each: the real program's help has to define them so. */
export const flagsOf = (agent: Agent): Flags => standIns[agent].flags;

const script = (agent: Agent): string => {
  const { flags, unknown, unknownExit, insists } = standIns[agent];
  const variable = (flag: string): string => `flag_${flag.replaceAll('-', '_')}`;
  const cases = Object.entries(flags).map(([flag, values]) =>
    values === 0 ? `    ${flag}) ${variable(flag)}=1 ;;` : `    ${flag}) [ $# -ge 2 ] || exit 1; ${variable(flag)}=$2; shift ;;`,
  );
  return `#!/bin/sh
for one in "$@"; do printf '%s\\000' "$one"; done >"$HOME/arguments"
env -0 >"$HOME/environment" 2>/dev/null || env >"$HOME/environment"
[ ! -t 0 ] || exit 90
cat >"$HOME/said-to"
${Object.keys(flags)
  .map((flag) => `${variable(flag)}=`)
  .join(' ')}
words=
while [ $# -gt 0 ]; do
  case $1 in
${cases.join('\n')}
    --*) echo "${unknown}" >&2; exit ${unknownExit} ;;
    *) words="$words $1" ;;
  esac
  shift
done
${insists}
echo started >>"$HOME/started"
. "$HOME/behaviour"
`;
};

/** A repository with the ops pack, and stand-ins for all or some of the agents on PATH. */
export class AgentWorkspace extends Workspace {
  /** The shell that a stand-in runs once it has taken its arguments: `$out` is the folder for its answer. */
  behave(shell: string): void {
    writeFileSync(join(this.root, 'behaviour'), `${shell}\n`);
  }

  setting(name: string, value: string): void {
    this.git('config', '--add', name, value);
  }

  /** What the stand-in was called with; the folder of the run is written as TMP. */
  arguments(): string[] {
    return this.note('arguments')
      .split('\0')
      .slice(0, -1)
      .map((text) => text.replaceAll(/\/\S*aynig-agent\.[A-Za-z0-9]+/g, 'TMP'));
  }

  /** What was put before the stand-in: its standard input, or the file that it was named. */
  saidTo(): string {
    return this.note('said-to').replaceAll(/\/\S*aynig-agent\.[A-Za-z0-9]+/g, 'TMP');
  }

  /** What the command of a request printed. */
  log(request: string): string {
    const path = join(this.path, `.aynig/logs/${request}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Asks for an agent, runs it, and answers the request. */
  ask(options: Parameters<Workspace['request']>[1] = {}): string {
    const request = this.request('agent', options);
    this.aynig(['run', '--current-branch', 'only'], { expected: 'any' });
    return request;
  }

  message(rev = 'HEAD'): string {
    return this.git('log', '-1', '--format=%B', rev);
  }
}

export function withAgents(installed: readonly Agent[] = agents, behaviour = ':'): AgentWorkspace {
  const made = withOpsPack({}, { recovery: false });
  for (const agent of installed) made.script(`bin/${agent}`, script(agent));
  // Without the folders of a machine that has a real one.
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !agents.some((agent) => existsSync(join(folder, agent))));
  const workspace = new AgentWorkspace(made.root, made.path, { ...made.env, PATH: [join(made.root, 'bin'), ...path].join(delimiter) });
  workspace.behave(behaviour);
  return workspace;
}
