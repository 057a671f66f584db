import { join } from 'node:path';
import { branchOf, type RefName } from '../git/names.js';
import { anyBranch, failureFile } from '../runner/failure-record.js';
import type { Facts } from './facts.js';
import { ageOf, type Finding, quoted } from './finding.js';

/** Runs that nobody leads, results that wait, and ticks that failed where nobody saw it. */
export const checkRuns = (facts: Facts): Finding[] => [...checkJournals(facts), ...checkFailures(facts), ...checkFiles(facts)];

const since = (facts: Facts, seconds: number): string => ageOf(facts.now / 1000 - seconds);
const runOf = (facts: Facts, ref: RefName): string =>
  facts.branches.has(ref) ? `aynig run --branch=${quoted(branchOf(ref))}` : 'aynig run';

function checkJournals(facts: Facts): Finding[] {
  return facts.runs.journals.flatMap((journal): Finding[] => {
    const { runId, ref, state, startedAt, phase, runnerIs } = journal;
    const branch = branchOf(ref);
    const what = `run ${runId} of ${state} on ${branch}, started ${since(facts, startedAt)} ago`;
    if (phase === 'undelivered')
      return [
        {
          id: 'run-undelivered',
          sentence: `The result of ${what}, waits for its checkout.`,
          fix: facts.branches.has(ref) ? `aynig land -- ${quoted(branch)}` : 'aynig run',
        },
      ];
    if (runnerIs === 'dead') return [{ id: 'run-dead', sentence: `The runner of ${what}, is gone.`, fix: runOf(facts, ref) }];
    if (runnerIs === 'elsewhere')
      return [
        {
          id: 'run-elsewhere',
          sentence: `The runner of ${what}, is on another host or in another container; it cannot be seen from here.`,
          fix: `aynig cancel -- ${quoted(branch)}`,
        },
      ];
    return [];
  });
}

function checkFailures(facts: Facts): Finding[] {
  return [...facts.failures].map(([ref, { code, why, hint, at }]): Finding => {
    const path = failureFile(join(facts.repository.commonDir, 'aynig'), ref);
    const where = ref === anyBranch ? 'A runner that a hook started' : `A tick of ${branchOf(ref)}`;
    return {
      id: 'run-failed',
      sentence: `${where} failed ${since(facts, at)} ago: ${why} [${code}] ${hint}`,
      fix: ref !== anyBranch && facts.branches.has(ref) ? runOf(facts, ref) : `rm ${quoted(path)}`,
    };
  });
}

function checkFiles({ runs, now }: Facts): Finding[] {
  const age = (changedAt: number): string => ageOf((now - changedAt) / 1000);
  return [
    ...runs.broken.map(
      ({ path, changedAt }): Finding => ({
        id: 'journal-broken',
        sentence: `${path} cannot be read (written ${age(changedAt)} ago); the next tick puts it aside.`,
        fix: 'aynig run',
      }),
    ),
    ...runs.aside.map(
      ({ path, changedAt }): Finding => ({
        id: 'journal-aside',
        sentence: `${path} could not be read and was put aside (written ${age(changedAt)} ago). Its branch is released when its lease ends.`,
        fix: `rm ${quoted(path)}`,
      }),
    ),
  ];
}
