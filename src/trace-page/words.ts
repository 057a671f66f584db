import type { Outcome, Phase, TraceEvent } from './data.js';

/** What each phase is called, in the legend and in sentences. */
export const phaseWords: Readonly<Record<Phase, string>> = {
  queued: 'waiting for a runner',
  live: 'running now',
  finished: 'run that completed',
  broken: 'run that stalled or was lost',
  person: 'waiting for a person',
  resting: 'a person’s turn, or the end',
  stalled: 'stalled',
  invalid: 'invalid',
};

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  completed: 'completed',
  stalled: 'stalled',
  running: 'still running',
  lost: 'lost',
};

export const kindWords: Readonly<Record<TraceEvent['kind'], string>> = {
  request: 'request',
  lease: 'lease',
  renewal: 'renewal of a lease',
  completion: 'completion of a run',
  stall: 'stall of a run',
  invalid: 'invalid message',
};

/** What an event is called in one or two words: its state, and for a lease what it was asked for. */
export function nameOf({ state, originState, kind }: Pick<TraceEvent, 'state' | 'originState' | 'kind'>): string {
  if (kind === 'invalid' || state === null) return 'invalid';
  return (state === 'working' || state === 'stalled') && originState !== null ? `${state} (${originState})` : state;
}

/** Branches of one workflow often differ at their ends. */
export function middleCut(text: string, room: number): string {
  if (text.length <= room) return text;
  const tail = Math.floor((room - 1) / 2);
  return `${text.slice(0, Math.max(1, room - 1 - tail))}…${tail > 0 ? text.slice(-tail) : ''}`;
}
