import type { Facts } from './facts.js';
import { type Finding, quoted } from './finding.js';

/** What hooks may start, and whether anything but a person had a hand in it. */
export function checkTrust({ trust, installed, settings }: Facts): Finding[] {
  const [first] = trust.changes;
  const findings: Finding[] = [];
  if (first !== undefined)
    findings.push({
      id: 'trust-changed',
      sentence: `what you allowed was changed while run ${first.runId.slice(0, 8)} of ${first.state} on ${first.branch} was running${trust.changes.length > 1 ? `, and ${trust.changes.length - 1} times more` : ''}; if that was not you, take all back`,
      fix: 'aynig allow --revoke',
    });
  if (trust.broken)
    findings.push({ id: 'trust-unreadable', sentence: `${trust.path} cannot be read, so hooks start nothing`, fix: 'aynig allow' });
  // Group and others: nobody else has a say in what runs here.
  for (const { path, mode, wanted } of trust.modes)
    if ((mode & 0o077) !== 0)
      findings.push({
        id: 'trust-open',
        sentence: `${path} can be read or changed by other users (mode ${mode.toString(8)})`,
        fix: `chmod ${wanted.toString(8)} ${quoted(path)}`,
      });
  const pinned = (settings.findLast(({ key }) => key === 'aynig.trust')?.value ?? 'pinned') === 'pinned';
  const trustedRef = settings.some(({ key }) => key === 'aynig.trustedref');
  if (installed && pinned && !trustedRef && trust.head === 'not-allowed')
    findings.push({
      id: 'commands-not-allowed',
      sentence: 'hooks do not start the commands of the current branch, because nobody has allowed them',
      fix: 'aynig allow',
    });
  return findings;
}
