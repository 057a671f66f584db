import type { Oid } from '../git/names.js';
import type { Reading } from './decide.js';

/** What became of one branch. Expected ends are values, also the unhappy ones. */
export type TickOutcome =
  | { readonly kind: 'nothing'; readonly reading: Reading['kind'] }
  | { readonly kind: 'advanced'; readonly state: string; readonly commit: Oid }
  | { readonly kind: 'stalled'; readonly commit: Oid }
  | { readonly kind: 'taken-over'; readonly commit: Oid }
  | { readonly kind: 'delivered'; readonly commit: Oid }
  | { readonly kind: 'undelivered' }
  | { readonly kind: 'busy'; readonly operation: string }
  | { readonly kind: 'lost-race' }
  | { readonly kind: 'lost-branch' };
