import { ourFiles, rewrite } from './check-hook-files.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { canExecute } from './hook-files.js';

/** Whether each hook finds a Node, also where its client was not started from a shell. */
export function checkNode(facts: Facts): Finding[] {
  return ourFiles(facts).flatMap((file): Finding[] => {
    const { recorded, path } = file;
    if (recorded === undefined || canExecute(recorded.node)) return [];
    const gone = `${path} was installed with ${recorded.node}, which is gone`;
    const other = facts.node.onBarePath;
    return [
      other === undefined
        ? {
            id: 'node-unreachable',
            sentence: `${gone}, and a client that is started without your shell finds no other Node.`,
            fix: 'aynig init',
            ...rewrite(facts, file),
          }
        : { id: 'hook-node-gone', sentence: `${gone}; ${other} or the one on PATH is used.`, fix: 'aynig init', ...rewrite(facts, file) },
    ];
  });
}
