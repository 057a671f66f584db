import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { shortOid } from '../git/names.js';
import { Draft } from '../packs/draft.js';
import { lockFileName } from '../packs/lock-file.js';
import type { Change } from '../packs/plan.js';
import { type PreparedPack, tablePath } from '../packs/prepare.js';
import { treeWith, withObjectsApart } from '../packs/write.js';
import { printable } from '../printable.js';
import type { PackCheckout } from './pack-checkout.js';

/** What a pack is, where it comes from, and what it does to each file: everything that a yes is said to. */
export function packLines(pack: PreparedPack): string[] {
  const { name, locked, previous, description, address } = pack;
  const version = locked.version === null ? '' : ` ${locked.version}`;
  const from = previous === undefined || previous.commit === locked.commit ? '' : ` (now ${shortOid(previous.commit)})`;
  return [
    `${name}${version}${description === undefined ? '' : `: ${description}`}`,
    `  from ${address.shown}, ${locked.subfolder}`,
    `  at ${locked.ref ?? 'HEAD'}, commit ${shortOid(locked.commit)}${from}`,
    ...(pack.for === undefined ? [] : [`  needed by ${pack.for}`]),
    '',
    ...changeLines(pack.changes),
    ...pack.leftOut.map(({ path, why }) => `  .                ${path}: ${why}`),
    ...pack.programs.map(programLine),
    ...(pack.changes.length > 0 ? [] : ['  note: it brings no file: commands lie in a folder command/ below the folder that is named']),
    ...pack.notes.map((note) => `  note: ${note}`),
  ].map((line) => printable(line));
}

const signs: Readonly<Record<Change['kind'], string>> = {
  add: '+',
  update: '~',
  merge: '~',
  replace: '~',
  return: '~',
  mode: '~',
  delete: '-',
  same: '=',
  yours: '=',
  back: '+',
  left: '!',
  gone: '!',
};
const words: Readonly<Record<Change['kind'], string>> = {
  add: '',
  update: 'updated',
  merge: 'merged with your changes',
  replace: 'yours is replaced',
  return: 'is that of the other pack again',
  mode: 'only its mode changes',
  delete: 'removed',
  same: 'is here already',
  yours: 'stays as you have it',
  back: 'as it is committed',
  left: 'yours stays',
  gone: 'stays away',
};

function wordFor(change: Change): string {
  if (!('owner' in change) || change.owner === undefined) return words[change.kind];
  return change.kind === 'return' ? `is that of the pack ${change.owner} again` : `replaces the file of the pack ${change.owner}`;
}

export function changeLines(changes: readonly Change[]): string[] {
  return changes.map((change) => {
    const mode = 'mode' in change ? change.mode : '      ';
    const theirs = change.kind === 'left' && change.theirs !== undefined ? '; see the pack’s with --diff --force --dry-run' : '';
    const why = 'why' in change ? `: ${change.why}${theirs}` : '';
    const what = wordFor(change);
    const word = what === '' ? '' : `  ${what}${why}`;
    return printable(`  ${signs[change.kind]} ${mode} .aynig/${change.path}${word}`);
  });
}

const programLine = (program: PreparedPack['programs'][number]): string => {
  const found = isOnPath(program.name) ? '' : program.optional ? ', which is not here (it can do without)' : ', which is not here';
  return `  needs ${program.name}: ${program.for}${found}`;
};

/** Looks for a program without starting it. */
function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      // Not there, or not for us to start: either way it is not found.
      return false;
    }
  });
}

/** The files of our own that change with the packs, and the states that then have a command. */
export function closingLines({ draft, here }: Pick<PackCheckout, 'draft' | 'here'>): string[] {
  const own = draft.edits().filter(({ path }) => path === tablePath || path === lockFileName);
  const before = Draft.statesIn(here.files);
  const states = [...draft.states().keys()].map((state) => (before.has(state) ? state : `${state} (new)`));
  return [
    ...own.map(({ path, mode }) => {
      const sign = mode === undefined ? '-' : here.files.has(path) ? '~' : '+';
      return `  ${sign} ${mode ?? '      '} .aynig/${path}  ${path === tablePath ? 'the list of states' : 'what is installed'}`;
    }),
    '',
    `States with a command then: ${states.length === 0 ? 'none' : states.join(', ')}`,
  ].map((line) => printable(line));
}

/** Every line that changes, as git shows it; nothing is written for it. */
export function diffText({ here, draft }: PackCheckout): Promise<string> {
  return withObjectsApart(here, async (apart) => {
    const after = await treeWith(here, draft.edits(), apart);
    const shown = ['diff', '--no-ext-diff', '--no-textconv', '--no-color', '--no-renames', '--text', here.tree, after, '--', '.aynig'];
    return printable((await here.git(shown, { env: apart })).stdout.toString('utf8').replace(/\n$/, ''), { lines: true });
  });
}
