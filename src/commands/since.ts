import { lineOf } from '../git/gate.js';
import type { Repository } from '../git/repository.js';

/** A date as `git log --since` takes it, in seconds since the epoch. As there, text that is no date means now. */
export async function sinceArgument({ git }: Repository, text: string): Promise<number> {
  return Number(lineOf(await git(['rev-parse', `--since=${text}`])).replace('--max-age=', ''));
}
