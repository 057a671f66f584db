import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultWorld, realGit } from './fault-world.js';

/**
 * How a push meets its end at the server: nobody answers; receive-pack dies when it has the objects and no ref has moved;
 * while it holds the locks of the refs, which stay; or when the refs have moved and nobody was told.
 */
export type Cut = 'unanswered' | 'received' | 'locked' | 'moved';

const counting = `n=1
set -C
until { true >"$HOME/$folder/$n"; } 2>/dev/null; do n=$((n + 1)); done
set +C`;

/** Cuts the push number `at` of a clone off. Its later pushes get through. */
export function cutPush(world: FaultWorld, at: number, cut: Cut): void {
  const { root, remote } = world;
  mkdirSync(join(root, 'pushes'));
  const receivePack = remote.script(
    'receive-pack',
    `folder=pushes
${counting}
[ "$n" = ${at} ] || exec git receive-pack "$@"
: >"$HOME/cut"
${cut === 'unanswered' ? 'exit 1' : `CUT=${cut} exec git receive-pack "$@"`}`,
  );
  for (const clone of world.clones) clone.git('config', 'remote.origin.receivepack', receivePack);
  const hook = (name: string, when: string): void =>
    writeFileSync(join(remote.path, 'hooks', name), `#!/bin/sh\ncase "$CUT $1" in\n${when}) kill -9 "$PPID" ;;\nesac\n`, { mode: 0o755 });
  hook('pre-receive', 'received*');
  // post-receive would be too late: the client has been told by then.
  hook('reference-transaction', "'locked prepared' | 'moved committed'");
}

/** Whether the push that was to be cut off came. */
export const wasCut = (world: FaultWorld): boolean => existsSync(join(world.root, 'cut'));

/** What an admin does after receive-pack was killed with locks in its hands; answers how many there were. */
export function removeLocks({ remote }: FaultWorld): number {
  const locks = readdirSync(remote.path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));
  for (const name of locks) rmSync(join(remote.path, name));
  return locks.length;
}

/**
 * An environment in which the runner's calls `from` to `to` that go to a remote fail, as they do without a network; and all of
 * them while {@link goAway} says so. The calls of commands get through.
 */
export function unreachable(world: FaultWorld, from: number, to: number): Record<string, string> {
  mkdirSync(join(world.root, 'reached'));
  world.remote.script(
    'gone/git',
    `read -r caller <"/proc/$PPID/comm" 2>/dev/null || caller=gone
case "$caller $* " in
"node "*" push "* | "node "*" fetch "* | "node "*" ls-remote "*)
  folder=reached
  ${counting}
  if [ -e "$HOME/away" ] || { [ "$n" -ge ${from} ] && [ "$n" -le ${to} ]; }; then
    : >"$HOME/missed"
    echo 'fatal: unable to access the remote: Could not resolve host' >&2
    exit 128
  fi
  ;;
esac
exec ${realGit()} "$@"`,
  );
  return { ...world.env, PATH: `${join(world.root, 'gone')}:${world.env['PATH']}` };
}

/** How many calls went to a remote so far. */
export const reached = ({ root }: FaultWorld): number => readdirSync(join(root, 'reached')).length;
export const wasMissed = ({ root }: FaultWorld): boolean => existsSync(join(root, 'missed'));
export const goAway = ({ root }: FaultWorld): void => writeFileSync(join(root, 'away'), '');
export const comeBack = ({ root }: FaultWorld): void => rmSync(join(root, 'away'));
