import type { BranchStatus } from './schemas.js';

/** What waits for a person, then what is running, then the rest, and what asks for nothing last. */
export type Rank = 'person' | 'running' | 'other' | 'idle';
const ranks: readonly Rank[] = ['person', 'running', 'other', 'idle'];

export function rankOf({ needsPerson, reading }: BranchStatus): Rank {
  if (needsPerson) return 'person';
  if (reading === 'leased') return 'running';
  return reading === 'idle' ? 'idle' : 'other';
}

/** In the order of the table: by rank, then the newest first, since that is what somebody who looks has not seen yet. */
export function inOrder(statuses: readonly BranchStatus[]): BranchStatus[] {
  const keyed = statuses.map((status) => ({ status, rank: ranks.indexOf(rankOf(status)), at: status.at ?? Number.POSITIVE_INFINITY }));
  keyed.sort((a, b) => a.rank - b.rank || (a.at === b.at ? byName(a.status, b.status) : b.at - a.at));
  return keyed.map(({ status }) => status);
}

const byName = (a: BranchStatus, b: BranchStatus): number => (a.branch < b.branch ? -1 : a.branch > b.branch ? 1 : 0);

/** How many branches there are of each kind, in words. */
export function countsInWords(statuses: readonly BranchStatus[]): string {
  const count = (rank: Rank): number => statuses.filter((status) => rankOf(status) === rank).length;
  const person = count('person');
  return `${person} ${person === 1 ? 'needs' : 'need'} a person, ${count('running')} running, ${count('other')} other, ${count('idle')} without a state`;
}
