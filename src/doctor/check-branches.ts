import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

/** Branches whose names cannot be written down. */
export const checkBranches = ({ unnameable }: Facts): Finding[] =>
  unnameable.map(
    (name): Finding => ({
      id: 'branch-name',
      sentence: `The name of the branch ${name.toString('utf8')} is not valid UTF-8, so nothing is ever run on it.`,
      fix: `git branch -m "$(printf '${octal(name)}')" ${quoted(newName(name))}`,
    }),
  );

/** As a format of printf(1): each byte that is not plain by its number. */
const octal = (name: Buffer): string =>
  [...name]
    .map((byte) => (/[\w./-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`))
    .join('');

/** As in Latin-1, which most such names were typed in. */
const newName = (name: Buffer): string => name.toString('latin1').replace(/[\x80-\x9f]/g, '_');
