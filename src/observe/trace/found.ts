import type { Commit } from '../../git/commit.js';
import type { Oid } from '../../git/names.js';
import type { Context } from '../../kernel/context.js';
import { readTip } from '../../kernel/tip.js';
import type { StateEvent } from '../schemas.js';
import { standingAlone } from '../standing-alone.js';

/** An event with what else the page needs of its commit. */
export interface Found {
  readonly event: StateEvent;
  readonly tree: Oid;
  readonly parent: Oid | undefined;
  /** What stands below the title, perhaps cut. */
  readonly body: string;
}

/** In characters. */
const bodyLimits = { each: 16 * 1024, total: 8 * 1024 * 1024 };
/** How many commits are asked for at once. */
const batchSize = 256;

/** The newest events, newest first, with their texts. `more`: there are older ones. */
export async function newestEvents(
  context: Context,
  events: AsyncIterable<StateEvent>,
  limit: number,
): Promise<{ readonly found: Found[]; readonly more: boolean }> {
  const found: Found[] = [];
  let room = bodyLimits.total;
  let batch: StateEvent[] = [];
  let more = false;
  const flush = async (): Promise<void> => {
    const commits = await Promise.all(batch.map(({ commit }) => context.objects.commit(commit as Oid)));
    for (const [index, event] of batch.entries()) {
      const commit = commits[index] as Commit;
      const body = standingAlone(cutText(bodyOf(commit), Math.min(bodyLimits.each, room)));
      room -= body.length;
      found.push({ event: { ...event, at: possible(event.at) }, tree: commit.tree, parent: commit.parents[0], body });
    }
    batch = [];
  };
  for await (const event of events) {
    if (found.length + batch.length >= limit) {
      more = true;
      break;
    }
    batch.push(event);
    if (batch.length >= batchSize) await flush();
  }
  await flush();
  return { found, more };
}

/** A commit may claim any time; none that a Date cannot be is drawn (ECMA-262, time values). */
const possible = (seconds: number): number => Math.max(-lastSecond, Math.min(lastSecond, seconds));
const lastSecond = 8.64e12;

function bodyOf(commit: Commit): string {
  const tip = readTip(commit);
  // Of a message that cannot be used everything is shown.
  return tip.kind === 'invalid' ? Buffer.from(commit.message).toString('utf8') : (tip.message?.body ?? '');
}

const cutText = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most))}\n… ${text.length - most} more characters`;
