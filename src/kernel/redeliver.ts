import { keptRef } from '../git/names.js';
import { deleteRef } from '../git/refs.js';
import type { Context } from './context.js';
import { repairDelivery } from './deliver.js';
import { moveTo } from './move-to.js';
import type { TickOutcome } from './outcome.js';

/** Tries again to bring a finished run into the user's checkout. */
export async function redeliver(context: Context, runId: string): Promise<TickOutcome> {
  const { journals, objects, repository } = context;
  const journal = journals.read(runId);
  if (journal?.lease === undefined || journal.result === undefined) return { kind: 'lost-race' };
  if (journal.delivery !== undefined) await repairDelivery(repository, objects, journal.ref, journal.delivery);
  const { lease, result, branch } = journal;
  const move = await moveTo(
    context,
    { ...journal, lease, result },
    { reason: `aynig: deliver (run ${runId})`, onDelivery: (delivery) => journals.write({ ...journal, delivery }) },
  );
  if (move.kind === 'refused' || move.kind === 'unknown') {
    const { delivery: _refused, ...undelivered } = journal;
    journals.write(undelivered);
    context.report({ kind: 'undelivered', branch, runId, why: move.why });
    return { kind: 'undelivered' };
  }
  if (move.kind === 'beaten' && move.tip !== result) {
    await context.arbiterOf(journal.remote).abandon(runId, [{ ref: keptRef(runId), oid: result }]);
    context.report({ kind: 'lost-branch', branch, runId });
    context.report({ kind: 'kept', branch, ref: keptRef(runId), what: 'the result of the run' });
    journals.remove(runId);
    return { kind: 'lost-branch' };
  }
  await deleteRef(repository.git, keptRef(runId), result);
  journals.remove(runId);
  context.report({ kind: 'delivered', branch, commit: result });
  return { kind: 'delivered', commit: result };
}
