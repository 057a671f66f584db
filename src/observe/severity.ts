import type { StateEvent } from './schemas.js';

/**
 * How much an event asks for somebody's eye. An error is what stopped a branch: a run that stalled, a message that cannot be
 * used, a state that says it failed. A warning is what is out of the ordinary and goes on.
 */
export function severityOf({
  kind,
  state,
  attempt,
  trailers,
}: Pick<StateEvent, 'kind' | 'state' | 'attempt' | 'trailers'>): StateEvent['severity'] {
  if (kind === 'invalid' || kind === 'stall' || state === 'failed') return 'error';
  if (state === 'cancelled' || (attempt ?? 1) > 1) return 'warning';
  return trailers.some(({ key }) => key.toLowerCase() === 'aynig-failed-state') ? 'warning' : 'info';
}
