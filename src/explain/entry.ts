/** Why something may be so, and what to do about it: whole sentences, commands in backquotes. */
export interface Advice {
  readonly causes: readonly string[];
  readonly next: readonly string[];
}

/** Advice about a word whose meaning stands beside it. */
export interface Described extends Advice {
  readonly meaning: string;
}

/** What a word can be: a code of an error, what `status` says of a tip, its lease or its command, a state, a finding of `doctor` or `verify`, or a word of an event. */
export type WordKind = 'error' | 'reading' | 'lease' | 'command' | 'state' | 'doctor' | 'event' | 'severity' | 'verify';

/** One word that can be explained. */
export interface Entry extends Described {
  readonly word: string;
  readonly kind: WordKind;
  /** Of a finding. */
  readonly severity: 'error' | 'warning' | 'info' | null;
  /** Of a state that has commands here: where they are. */
  readonly paths: readonly string[];
  /** Of a state: what the COMMANDS.md of this repository says of it, by column. */
  readonly row: readonly { readonly column: string; readonly text: string }[];
}

/** How a list of all words is headed. */
export const headings: Readonly<Record<WordKind, string>> = {
  error: 'error codes',
  reading: 'readings of a branch',
  lease: 'leases in aynig status',
  command: 'commands in aynig status',
  state: 'states',
  event: 'kinds of events',
  severity: 'severities',
  doctor: 'findings of aynig doctor',
  verify: 'findings of aynig verify',
};
