import { failureOrThrow } from '../git/causes.js';
import type { Oid } from '../git/names.js';
import { contentOf, hasCommands, sameContent } from '../trust/content.js';
import { changeRecord, isAllowed, isDistrusted } from '../trust/record.js';
import type { Context } from './context.js';
import type { LeasedJournal } from './leased-journal.js';

/** An agent cannot rewrite its own orders: commands that a run changed are started by no hook before a person has looked. */
export async function distrustChangedCommands(context: Context, journal: LeasedJournal & { readonly result: Oid }): Promise<void> {
  const { objects, repository, environment, now } = context;
  const { runId, branch, lease, result } = journal;
  const [before, after] = await Promise.all([contentOf(objects, lease), contentOf(objects, result)]);
  if (sameContent(before, after) || !hasCommands(after)) return;
  try {
    await changeRecord(repository.commonDir, environment, (record) =>
      isAllowed(record, after) || isDistrusted(record, after)
        ? record
        : { ...record, distrusted: [...record.distrusted, { ...after, at: now(), runId }] },
    );
  } catch (error) {
    // The work of the run is published all the same; without a record nothing is allowed by it either.
    const { code, message, hint } = failureOrThrow(error);
    context.report({ kind: 'failed', branch, code, why: message, hint });
  }
}
