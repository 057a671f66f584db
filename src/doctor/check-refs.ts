import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

/** Refs that git cannot read; it moves none of them. */
export const checkRefs = ({ repository, brokenRefs }: Facts): Finding[] =>
  brokenRefs.map(({ ref, path, last }) => ({
    id: 'ref-broken',
    sentence: `The file of ${ref} names no object, so nobody can move it; ${last === undefined ? 'git has noted no value for it' : `its last known value is ${last}`}.`,
    fix: `rm ${quoted(path)}${last === undefined ? '' : ` && git --git-dir=${quoted(repository.commonDir)} update-ref ${quoted(ref)} ${last}`}`,
  }));
