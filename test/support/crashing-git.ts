import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How a crash meets a git call: the runner dies before git starts; after git ended; while git goes on by itself; or while
 * git goes on so slowly that somebody heals the repository first.
 */
export type Crash = 'before' | 'after' | 'orphaned' | 'late';

/**
 * A `git` for the head of PATH. It counts the calls that a Node process makes (a command's own calls go straight through)
 * and, at the call that `$CRASH_AT` names, kills its caller with SIGKILL as `$CRASH_HOW` says.
 */
const shim = (git: string): string => `#!/bin/sh
read -r caller <"/proc/$PPID/comm" 2>/dev/null || caller=gone
[ "$caller" = node ] || exec ${git} "$@"
n=1
set -C
until { true >"$CRASH_DIR/$n"; } 2>/dev/null; do n=$((n + 1)); done
set +C
printf '%s\\n' "$*" >"$CRASH_DIR/$n"
[ "$n" = "$CRASH_AT" ] || exec ${git} "$@"
runner=$PPID
case "$CRASH_HOW $*" in
before*)
  kill -9 "$runner"
  exit 1
  ;;
late*)
  : >"$CRASH_DIR/late"
  kill -9 "$runner"
  until [ -e "$CRASH_DIR/go" ]; do sleep 0.05; done
  exec ${git} "$@"
  ;;
orphaned*)
  kill -9 "$runner"
  exec ${git} "$@"
  ;;
after*)
  ${git} "$@"
  kill -9 "$runner"
  ;;
esac
`;

/** Puts the crashing git into a directory and answers what a process needs to meet it. */
export class CrashingGit {
  readonly #directory: string;
  constructor(root: string) {
    this.#directory = join(root, 'crash');
    mkdirSync(join(this.#directory, 'bin'), { recursive: true });
    mkdirSync(join(this.#directory, 'calls'));
    const path = join(this.#directory, 'bin/git');
    writeFileSync(path, shim(realGit()));
    chmodSync(path, 0o755);
  }

  /** `at` 0: nothing crashes, calls are only counted. */
  environment(env: Record<string, string>, at: number, how: Crash): Record<string, string> {
    return {
      ...env,
      PATH: `${join(this.#directory, 'bin')}:${env['PATH'] ?? ''}`,
      CRASH_DIR: join(this.#directory, 'calls'),
      CRASH_AT: String(at),
      CRASH_HOW: how,
    };
  }

  /** Lets a git call that was held back go on. */
  letGo(): void {
    writeFileSync(join(this.#directory, 'calls/go'), '');
  }

  get heldBack(): boolean {
    return existsSync(join(this.#directory, 'calls/late'));
  }

  /** What each counted call was, without the settings that all have. */
  calls(): string[] {
    const folder = join(this.#directory, 'calls');
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .sort((a, b) => Number(a) - Number(b))
      .map((name) =>
        readFileSync(join(folder, name), 'utf8')
          .trim()
          .replace(/(?:^|(?<= ))(?:-c \S+|--git-dir=\S+) ?/g, ''),
      );
  }
}

let found: string | undefined;

function realGit(): string {
  found ??= execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  return found;
}
