import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Facts } from './facts.js';
import { type Finding, type Mend, quoted } from './finding.js';
import { canExecute, type HookFile, isInOurPlace, type Recorded, recordedIn } from './hook-files.js';

/** Whether each hook file of ours can run, and says what this version would write. */
export function checkHookFiles(facts: Facts): Finding[] {
  return ourFiles(facts).flatMap((file) => [...checkMode(facts, file), ...checkText(facts, file)]);
}

/** Every file that is ours or calls ours, and that git or such a file starts. */
export const ourFiles = ({ hookFolders, rendered }: Facts): HookFile[] =>
  [...hookFolders.flatMap(({ files }) => [...files.values()]), ...rendered.values()].filter(
    ({ kind }) => kind === 'own' || kind === 'calls-ours',
  );

function checkMode({ repository }: Facts, file: HookFile): Finding[] {
  const { path, executable } = file;
  if (executable) return [];
  const mend: Mend = { kind: 'make-executable', path };
  return [
    {
      id: 'hook-not-executable',
      sentence: `${path} is not executable, so git passes over it.`,
      fix: `chmod +x ${quoted(path)}`,
      ...(isInOurPlace(repository.commonDir, file) ? { mend } : {}),
    },
  ];
}

function checkText(facts: Facts, file: HookFile): Finding[] {
  const { name, path, text, kind, recorded } = file;
  // The first line is what the system reads of another one's hook.
  if ((kind === 'own' ? text : (text.split('\n', 1)[0] ?? '')).includes('\r'))
    return [
      {
        id: 'hook-line-endings',
        sentence: `${path} has Windows line endings.`,
        fix: `sed -i 's/\\r$//' ${quoted(path)}`,
        ...rewrite(facts, file),
      },
    ];
  if (kind !== 'own') return [];
  if (recorded !== undefined && !existsSync(join(recorded.root, 'hooks/launch')))
    return [
      {
        id: 'hook-package-gone',
        sentence: `${path} calls AYNIG at ${recorded.root}, which is gone.`,
        fix: 'aynig init',
        ...rewrite(facts, file),
      },
    ];
  // Another installation that is still there writes its hooks in its own way.
  if (recorded !== undefined ? recorded.root !== facts.source.root : isOfAnotherPackage(facts, file)) return [];
  if (text === facts.source.textOf(name, recorded?.root ?? facts.source.root, recorded?.node ?? facts.node.here)) return [];
  return [{ id: 'hook-outdated', sentence: `${path} is not as this version writes it.`, fix: 'aynig init', ...rewrite(facts, file) }];
}

/** A hook that needs neither Node nor this package does not say whose it is; those beside it do. */
function isOfAnotherPackage(facts: Facts, { name, path }: HookFile): boolean {
  const { source, node } = facts;
  if (recordedIn(source.textOf(name, source.root, node.here)) !== undefined) return false;
  const beside = ourFiles(facts).filter((file) => dirname(file.path) === dirname(path));
  return beside.some(({ recorded }) => recorded !== undefined && recorded.root !== source.root);
}

/** The file as it should be: with the Node it was installed with, as long as that one is there. */
export function rewrite({ source, node, repository }: Facts, file: HookFile): { mend: Mend } | undefined {
  if (!isInOurPlace(repository.commonDir, file)) return undefined;
  const { name, path, text, recorded } = file;
  return { mend: { kind: 'write-hook', path, was: text, text: source.textOf(name, source.root, nodeFor(recorded, node.here)) } };
}

const nodeFor = (recorded: Recorded | undefined, here: string): string =>
  recorded !== undefined && canExecute(recorded.node) ? recorded.node : here;
