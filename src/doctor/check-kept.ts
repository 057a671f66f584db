import type { Facts } from './facts.js';
import { ageOf, type Finding } from './finding.js';

/** Refs that one command line deletes; the others are in the next report. */
const maxAtOnce = 20;

/**
 * Work of runs that no branch has, and refs of what a branch has by now. That of runs which go on or wait for their checkout is
 * looked after elsewhere.
 */
export function checkKept({ kept, runs, now }: Facts): Finding[] {
  const led = new Set(runs.journals.map(({ runId }) => runId));
  const ended = kept.filter(({ runId }) => !led.has(runId));
  const waiting = ended.filter(({ contained }) => !contained);
  const over = ended.filter(({ contained }) => contained);
  const findings: Finding[] = [];
  const [oldest] = waiting;
  if (oldest !== undefined) {
    const count = waiting.length === 1 ? '1 kept ref waits' : `${waiting.length} kept refs wait`;
    findings.push({
      id: 'kept-refs',
      sentence: `${count}, the oldest for ${ageOf(now / 1000 - oldest.committedAt)}; look at it with: git log -p ${oldest.ref}; bring it in with: aynig land ${oldest.ref.slice('refs/aynig/kept/'.length)}; or delete`,
      fix: deletionOf(waiting),
    });
  }
  if (over.length > 0)
    findings.push({
      id: 'kept-refs',
      sentence: `${over.length === 1 ? '1 kept ref is' : `${over.length} kept refs are`} in a branch already; delete`,
      fix: deletionOf(over),
    });
  return findings;
}

const deletionOf = (refs: Facts['kept']): string =>
  `printf 'delete %s\\n' ${refs
    .slice(0, maxAtOnce)
    .map(({ ref }) => ref)
    .join(' ')} | git update-ref --stdin`;
