import { Failure } from '../failure.js';
import { failureOf } from '../git/causes.js';
import { unreadableTips } from '../git/unreadable-tips.js';
import type { Context } from '../kernel/context.js';
import type { Walk } from './history.js';

/** So many branches are named. */
const most = 5;

/** For what reads many branches at once and failed: the same error, or one that says at which branches where git cannot read their tips. */
export async function namingBranches({ objects }: Context, tips: Walk['tips'], error: unknown): Promise<unknown> {
  if (failureOf(error)?.code !== 'corrupt-object') return error;
  const broken = await unreadableTips(objects, tips, most + 1);
  if (broken.length === 0) return error;
  const names = broken.slice(0, most).map(({ lane, oid }) => `${lane} (${oid})`);
  const more = broken.length > most ? ' and others' : '';
  return new Failure('corrupt-object', `git cannot read the commit at the tip of ${names.join(', ')}${more}.`, {
    hint: 'See what can be done with: aynig doctor; see what else is damaged with: git fsck --full',
    cause: error,
  });
}
