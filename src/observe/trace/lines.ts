import { parseCommit } from '../../git/commit.js';
import { oid } from '../../git/names.js';
import type { BranchTip } from '../../git/refs.js';
import type { Context } from '../../kernel/context.js';
import { surveyTips } from '../../kernel/survey.js';
import type { LaneName } from '../lanes.js';
import { endStatesOf } from '../needs-person.js';
import { detailOf } from '../status.js';
import type { LineEnd } from './bars.js';

/** How a line ends, with what `aynig status` says of its tip. */
export interface Line extends LineEnd {
  readonly detail: string | null;
}

/** What is known of the ends of branches, by their names. */
export async function endsOf(context: Context, tips: readonly BranchTip[]): Promise<Map<LaneName, Line>> {
  const ends = new Map<LaneName, Line>();
  const now = context.now();
  const surroundings = { ends: endStatesOf(context.settings.endStates) };
  for await (const found of surveyTips(context, tips)) {
    const line: Line =
      'failure' in found
        ? { at: now, open: true, reading: 'unreadable', detail: found.failure.message }
        : found.reading.kind === 'idle'
          ? { at: found.tip.commit.committedAt, open: false, reading: 'idle', detail: 'the branch went on without asking for a state' }
          : { at: now, open: true, reading: found.reading.kind, detail: detailOf(found.reading, found.at, surroundings) };
    ends.set(found.at.branch, line);
  }
  return ends;
}

/** The end of a line that has no branch any more: where it was merged. `last`: of its last event, in seconds since the epoch. */
export async function endOfMerged(context: Context, name: LaneName, last: number): Promise<Line> {
  const merge = /^([0-9a-f]{12})\^\d+$/.exec(name)?.[1];
  const found = merge === undefined ? undefined : await context.objects.read(merge);
  if (found?.kind !== 'found' || found.type !== 'commit') return { at: last, open: false, reading: null, detail: null };
  const { committedAt } = parseCommit(oid(found.oid), found.bytes);
  return { at: Math.max(last, committedAt), open: false, reading: null, detail: `merged by ${merge}` };
}
