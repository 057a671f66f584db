import type { Git } from './gate.js';
import { isOid, type Oid } from './names.js';
import type { Objects } from './objects.js';

/** Looking through every object of a large repository takes long; the wait is bounded all the same. */
const searchTimeoutMs = 10 * 60_000;

/**
 * The newest commit made on top of `base` that nothing refers to any more. Slow, as git-fsck(1) has to look at all there is:
 * for the one case that a command removed its own worktree, and with it git's record of what it committed.
 */
export async function lostDescendant(git: Git, objects: Objects, base: Oid): Promise<Oid | undefined> {
  // fsck exits with bits that say what else it found; what it lists is what counts.
  const found = await git(['fsck', '--unreachable', '--no-reflogs', '--no-progress', '--connectivity-only'], {
    ok: [0, 1, 2, 3, 4, 5, 6, 7, 8],
    timeoutMs: searchTimeoutMs,
  });
  const names = [...found.stdout.toString('utf8').matchAll(/^unreachable commit ([0-9a-f]+)$/gm)].flatMap(([, name = '']) =>
    isOid(name) ? [name] : [],
  );
  const commits = await Promise.all(names.map((name) => objects.commit(name)));
  let tip: Oid | undefined;
  for (let next: Oid | undefined = base; next !== undefined; ) {
    const children = commits
      .filter(({ parents }) => next !== undefined && parents.includes(next))
      .sort((a, b) => b.committedAt - a.committedAt);
    next = children[0]?.oid;
    tip = next ?? tip;
  }
  return tip;
}
