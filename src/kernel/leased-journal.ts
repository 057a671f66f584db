import type { Oid } from '../git/names.js';
import type { Journal } from '../runner/journal.js';

/** A journal of a run whose lease is on the branch. */
export type LeasedJournal = Journal & { readonly lease: Oid };
