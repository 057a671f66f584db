import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './rendered.js';
import { type Step, writing } from './steps.js';

/** Below the shared git directory. */
export const linkedFolder = 'aynig/linked';
const included = 'aynig/linked-worktrees';
const section = 'includeIf.gitdir:./worktrees/';

/** Every hook that husky 9 has a file for: what git may look for in its folder. */
export const huskyHooks = [
  'pre-commit',
  'pre-merge-commit',
  'prepare-commit-msg',
  'commit-msg',
  'post-commit',
  'applypatch-msg',
  'pre-applypatch',
  'post-applypatch',
  'pre-rebase',
  'post-rewrite',
  'post-checkout',
  'post-merge',
  'pre-push',
  'pre-auto-gc',
] as const;

/**
 * husky's `core.hooksPath` is relative and its folder is not committed: in a linked working tree git finds no hooks there and
 * says nothing. An include for linked working trees alone leads git to files of ours, which run ours and then exactly what
 * git would have run without them.
 */
export function linkedSteps(commonDir: string, huskyFolder: string): Step[] {
  const folder = join(commonDir, linkedFolder);
  const text = readFileSync(join(packageRoot(), 'hooks/linked-worktree'), 'utf8');
  return [
    ...huskyHooks.map((name) => writing(join(folder, name), text, 0o755)),
    writing(join(commonDir, included), includedText(folder, huskyFolder), 0o644),
    { kind: 'set', section, values: [['path', included]] },
  ];
}

/** The reverse of {@link linkedSteps}. */
export const unlinkedSteps = (commonDir: string): Step[] => [
  { kind: 'unset', section },
  { kind: 'delete', path: join(commonDir, included) },
  ...huskyHooks.map((name): Step => ({ kind: 'delete', path: join(commonDir, linkedFolder, name) })),
];

/** Where husky's hooks were when we installed beside them, below the root of a working tree; undefined where we did not. */
export const huskyFolderIn = (text: string): string | undefined => /^# husky: (.+)$/m.exec(text)?.[1];
export const includedPath = (commonDir: string): string => join(commonDir, included);

const includedText = (folder: string, huskyFolder: string): string =>
  [
    '# Read in linked working trees only; written by aynig init, removed by aynig uninstall.',
    `# husky: ${huskyFolder}`,
    '[core]',
    `\thooksPath = "${folder.replace(/["\\]/g, '\\$&')}"`,
    '',
  ].join('\n');
