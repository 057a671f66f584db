import { Failure } from '../failure.js';
import { lineOf } from '../git/gate.js';
import type { Repository } from '../git/repository.js';

/**
 * A date as `git log --since` takes it, in seconds since the epoch. Throws {@link Failure} usage where it says nothing of a date: `git log`
 * takes that for now, and an audit of nothing would find nothing. `today` is since midnight, which older git does not know.
 */
export async function sinceArgument({ git }: Repository, words: string): Promise<number> {
  const text = words.trim().toLowerCase() === 'today' ? 'midnight' : words;
  // Of the readers of dates that git has on a command line, only that of settings says whether it has understood one.
  const read = await git(['-c', `aynig.since=${text}`, 'config', '--type=expiry-date', '--get', 'aynig.since'], { ok: [0, 128] });
  if (read.exitCode !== 0 && /is not a valid timestamp/.test(read.stderr))
    throw new Failure('usage', `${JSON.stringify(text)} is no date that git knows.`, {
      hint: "Write it as for git log --since: '2 weeks ago', yesterday, midnight or 2026-01-31.",
    });
  return Number(lineOf(await git(['rev-parse', `--since=${text}`])).replace('--max-age=', ''));
}
