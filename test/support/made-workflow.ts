import { asks, leases, type Made, runOf, stalls } from './made-history.js';

/** How large a history is wanted. */
export interface Size {
  readonly branches: number;
  /** Events of each branch, about. */
  readonly events: number;
  /** Seconds since the epoch: when it begins. */
  readonly start: number;
}

/** Numbers from 0 to 1 that look random and are the same every time. */
function numbers(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at * 1_103_515_245 + 12_345) % 2_147_483_648;
    return at / 2_147_483_648;
  };
}

const states = ['build', 'check', 'publish', 'triage'] as const;

/** A busy day of many branches: requests, leases, renewals, stalls, takeovers, further attempts and results, in the order of time. */
export function busyDay({ branches, events, start }: Size): Made[] {
  const next = numbers(7);
  const made: Made[] = [];
  for (let number = 0; number < branches; number++) {
    const branch = number === 0 ? 'main' : number % 4 === 0 ? `feature/a-long-name-of-a-branch-${number}` : `job.${number}`;
    let at = start + 1 + Math.floor(next() * 9_000);
    let count = 0;
    let attempt = 1;
    const add = (after: number, message: string, files: Made['files'] = {}): void => {
      at += Math.max(1, Math.floor(after));
      made.push({ branch, at, message, files, ...(count++ === 0 && number > 0 ? { from: 'begin' } : {}) });
    };
    for (let round = 0; count < events; round++) {
      const word = `${branch} ${round}`;
      const state = states[Math.floor(next() * states.length)] ?? 'build';
      const more = { ...(attempt > 1 ? { attempt } : {}), 'correlation-id': `c-${number % 5}` };
      const request = asks(state, `ask for ${state} ${round} of ${branch}`, more);
      add(20 + next() * 600, request.replace('\n\n', '\n\nPlease do what is asked for here.\nIt is said in two lines.\n\n'));
      add(1 + next() * 20, leases(word, state));
      if (next() < 0.15) add(100, leases(word, state, 'half way'));
      if (next() < 0.15) {
        const own = next() < 0.5 ? { 'run-id': runOf(word) } : {};
        const kept = next() < 0.4 ? { kept: `refs/aynig/kept/${runOf(word)}` } : {};
        add(20 + next() * 200, stalls(word, state, { 'exit-code': 3, ...own, ...kept }));
        attempt++;
      } else {
        const files = { [`f${round % 9}.txt`]: `line ${round}\nline b\n`, 'a.txt': `x ${round}\n` };
        add(20 + next() * 400, asks(next() < 0.5 ? 'review' : 'approval', `result ${round} of ${branch}`), files);
        attempt = 1;
      }
    }
  }
  made.sort((a, b) => a.at - b.at);
  return [{ branch: 'main', at: start, message: 'begin\n', files: { 'a.txt': 'a\n' } }, ...made];
}
