import { checkBranches } from './check-branches.js';
import { checkCommands } from './check-commands.js';
import { checkEnvironment } from './check-environment.js';
import { checkHookFiles } from './check-hook-files.js';
import { checkHooks } from './check-hooks.js';
import { checkKept } from './check-kept.js';
import { checkLfs } from './check-lfs.js';
import { checkLocks } from './check-locks.js';
import { checkManagers } from './check-managers.js';
import { checkNode } from './check-node.js';
import { checkPackages } from './check-packages.js';
import { checkRefs } from './check-refs.js';
import { checkRuns } from './check-runs.js';
import { checkServer } from './check-server.js';
import { checkSettings } from './check-settings.js';
import { checkTrust } from './check-trust.js';
import { checkWorktrees } from './check-worktrees.js';
import type { Facts } from './facts.js';
import { type Finding, findingKinds, groups } from './finding.js';

/** Each a function of the facts alone. */
const checks: readonly ((facts: Facts) => Finding[])[] = [
  checkEnvironment,
  checkHooks,
  checkHookFiles,
  checkPackages,
  checkManagers,
  checkLfs,
  checkNode,
  checkSettings,
  checkCommands,
  checkTrust,
  checkBranches,
  checkRuns,
  checkWorktrees,
  checkKept,
  checkLocks,
  checkRefs,
  checkServer,
];

const severities = ['error', 'warning', 'info'];

/** All findings: by group, the gravest first. */
export const diagnose = (facts: Facts): Finding[] =>
  checks
    .flatMap((check) => check(facts))
    .map((finding, index) => ({ finding, index, kind: findingKinds[finding.id] }))
    .sort(
      (a, b) =>
        groups.indexOf(a.kind.group) - groups.indexOf(b.kind.group) ||
        severities.indexOf(a.kind.severity) - severities.indexOf(b.kind.severity) ||
        a.index - b.index,
    )
    .map(({ finding }) => finding);
