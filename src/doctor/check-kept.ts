import type { Facts } from './facts.js';
import { ageOf, type Finding } from './finding.js';

/** Refs that one command line deletes; the others are in the next report. */
const maxAtOnce = 20;

/** Work of runs that no branch has. That of runs which go on or wait for their checkout is looked after elsewhere. */
export function checkKept({ kept, runs, now }: Facts): Finding[] {
  const led = new Set(runs.journals.map(({ runId }) => runId));
  const waiting = kept.filter(({ runId }) => !led.has(runId));
  const [oldest] = waiting;
  if (oldest === undefined) return [];
  const refs = waiting.slice(0, maxAtOnce).map(({ ref }) => ref);
  const count = waiting.length === 1 ? '1 kept ref waits' : `${waiting.length} kept refs wait`;
  return [
    {
      id: 'kept-refs',
      sentence: `${count}, the oldest for ${ageOf(now / 1000 - oldest.committedAt)}; look at it with: git log -p ${oldest.ref}; bring it in with: aynig land ${oldest.ref.slice('refs/aynig/kept/'.length)}; or delete`,
      fix: `printf 'delete %s\\n' ${refs.join(' ')} | git update-ref --stdin`,
    },
  ];
}
