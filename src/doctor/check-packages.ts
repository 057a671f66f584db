import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ourFiles, rewrite } from './check-hook-files.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

/** Two installations at once: hooks that call different packages, and hooks that are reached twice. */
export function checkPackages(facts: Facts): Finding[] {
  return [...checkRoots(facts), ...checkTwice(facts)];
}

function checkRoots(facts: Facts): Finding[] {
  const { source } = facts;
  const files = ourFiles(facts);
  // One that is gone is a finding of its own.
  const recorded = files.flatMap((file) =>
    file.recorded !== undefined && existsSync(join(file.recorded.root, 'hooks/launch')) ? [file] : [],
  );
  const roots = [...new Set(recorded.map((file) => file.recorded?.root ?? ''))];
  const [only] = roots;
  if (roots.length > 1)
    return recorded
      .filter((file) => file.recorded?.root !== source.root)
      .map(
        (file): Finding => ({
          id: 'two-packages',
          sentence: `${file.path} calls AYNIG at ${file.recorded?.root}; other hooks call another installation.`,
          fix: 'aynig init',
          ...rewrite(facts, file),
        }),
      );
  if (only === undefined || only === source.root) return [];
  return [
    {
      id: 'hook-other-package',
      sentence: `The hooks call AYNIG at ${only}; this is the one at ${source.root}.`,
      fix: 'aynig init',
    },
  ];
}

const checkTwice = ({ hookFolders }: Facts): Finding[] =>
  hookFolders.flatMap(({ path, ways }) =>
    [...ways]
      .filter(([, found]) => found.length > 1)
      .map(
        ([name, found]): Finding => ({
          id: 'hook-twice',
          sentence: `Our ${name} is reached ${found.length} times from ${path}, so it runs as often.`,
          fix: 'aynig uninstall && aynig init',
        }),
      ),
  );
