import { findingKinds } from '../doctor/finding.js';
import { failureCodes } from '../failure.js';
import { auditKinds } from '../observe/audit/finding.js';
import { auditAdvice } from './audit.js';
import type { Described, Entry, WordKind } from './entry.js';
import { failureAdvice } from './failures.js';
import { findingAdvice } from './findings.js';
import { commandWords, eventKinds, kernelStates, leaseWords, readings, severities } from './words.js';

const plain = { severity: null, paths: [], row: [] } as const;

const entriesOf = (kind: WordKind, words: Readonly<Record<string, Described>>): Entry[] =>
  Object.entries(words).map(([word, described]) => ({ word, kind, ...plain, ...described }));

/** Every word that means the same in all repositories. A word may be there more than once, as one kind and as another. */
export function catalogue(): Entry[] {
  return [
    ...keysOf(failureCodes).map((word): Entry => ({ word, kind: 'error', meaning: failureCodes[word], ...plain, ...failureAdvice[word] })),
    ...entriesOf('reading', readings),
    ...entriesOf('lease', leaseWords),
    ...entriesOf('command', commandWords),
    ...entriesOf('state', kernelStates),
    ...entriesOf('event', eventKinds),
    ...entriesOf('severity', severities),
    ...keysOf(findingKinds).map((word): Entry => {
      const { meaning, severity } = findingKinds[word];
      return { word, kind: 'doctor', meaning, ...plain, severity, ...findingAdvice[word] };
    }),
    ...keysOf(auditKinds).map((word): Entry => {
      const { meaning, severity } = auditKinds[word];
      return { word, kind: 'verify', meaning, ...plain, severity, ...auditAdvice[word] };
    }),
  ];
}

const keysOf = <T extends object>(of: T): (keyof T & string)[] => Object.keys(of) as (keyof T & string)[];
