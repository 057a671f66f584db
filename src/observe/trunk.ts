import { lineOf } from '../git/gate.js';
import type { Context } from '../kernel/context.js';

/** The branch that others are made from, as far as the repository says: the default branch of its remote, or of itself when it is bare. */
export async function trunkOf({ repository, settings }: Context): Promise<string | undefined> {
  const prefix = repository.bare ? 'refs/heads/' : `refs/remotes/${settings.remote ?? 'origin'}/`;
  const head = await repository.git(
    [`--git-dir=${repository.gitDir}`, 'symbolic-ref', '--quiet', repository.bare ? 'HEAD' : `${prefix}HEAD`],
    {
      ok: [0, 1, 128],
    },
  );
  return head.exitCode === 0 && lineOf(head).startsWith(prefix) ? lineOf(head).slice(prefix.length) : undefined;
}
