import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

/** Refs that git cannot read or moves for nobody, and branches whose commits it cannot read. */
export const checkRefs = (facts: Facts): Finding[] => [...emptied(facts), ...lost(facts)];

const emptied = ({ repository, brokenRefs }: Facts): Finding[] =>
  brokenRefs.map(({ ref, path, last }) => ({
    id: 'ref-broken',
    sentence: `The file of ${ref} names no object, so nobody can move it; ${last === undefined ? 'git has noted no value for it' : `its last known value is ${last}`}.`,
    fix: `rm ${quoted(path)}${last === undefined ? '' : ` && git --git-dir=${quoted(repository.commonDir)} update-ref ${quoted(ref)} ${last}`}`,
  }));

const lost = ({ repository, lostTips }: Facts): Finding[] =>
  lostTips.map(({ ref, oid, last }) => ({
    id: 'ref-broken',
    sentence: `${ref} is at ${oid}, which git cannot read; ${last === undefined ? 'git has noted no other commit for it that is here, so fetch it from a clone that has it, or give the branch up' : `the last commit of it that can be read is ${last}; fetch the newer one from a clone that has it, or go back to that`}.`,
    fix: `git --git-dir=${quoted(repository.commonDir)} update-ref ${last === undefined ? `-d ${quoted(ref)}` : `${quoted(ref)} ${last}`}`,
  }));
