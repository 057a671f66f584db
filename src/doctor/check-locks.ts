import type { Facts } from './facts.js';
import { ageOf, type Finding, quoted } from './finding.js';
import { staleAfterMs } from './git-locks.js';

/** Lock files that stop git, and ours that a dead process left. */
export function checkLocks({ gitLocks, runs, now }: Facts): Finding[] {
  const age = (changedAt: number): string => ageOf((now - changedAt) / 1000);
  return [
    ...runs.deadLocks.map(
      ({ path, changedAt }): Finding => ({
        id: 'own-lock-dead',
        sentence: `${path} was taken ${age(changedAt)} ago by a process that is gone; it is taken over when it is wanted.`,
        fix: `rm ${quoted(path)}`,
        mend: { kind: 'drop-own-lock', path },
      }),
    ),
    ...gitLocks.map(({ path, isRef, changedAt, holder }): Finding => {
      const fix = `rm ${quoted(path)}`;
      const stale = holder === 'none' && now - changedAt > staleAfterMs;
      if (stale && isRef)
        return {
          id: 'ref-lock-stale',
          sentence: `${path} is ${age(changedAt)} old and no process of this machine holds it.`,
          fix,
          mend: { kind: 'drop-ref-lock', path, changedAt },
        };
      if (stale)
        return { id: 'git-lock-stale', sentence: `${path} is ${age(changedAt)} old and no process of this machine holds it.`, fix };
      const why = {
        none: 'it is too new to say that nobody holds it',
        possible: 'a git is at work here that could hold it',
        unknown: 'this process cannot tell who could hold it',
      }[holder];
      return { id: 'git-lock-held', sentence: `${path} is ${age(changedAt)} old; ${why}. If nothing is going on, remove it.`, fix };
    }),
  ];
}
