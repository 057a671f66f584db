import { Failure } from '../failure.js';
import type { Oid } from '../git/names.js';
import type { Draft } from './draft.js';
import { type LockedPack, packOf } from './lock-file.js';
import { type Change, dropFile, ownerBeside, type PlanOptions } from './plan.js';
import { tablePath } from './prepare.js';
import { installedStates } from './rows.js';
import { removeStates } from './states-table.js';

/** What taking a pack out does. */
export interface Removal {
  readonly pack: LockedPack;
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

/** The pack of that name. Throws {@link Failure} pack-missing. */
export function installedPack({ lock }: Draft, name: string): LockedPack {
  const pack = packOf(lock, name);
  if (pack !== undefined) return pack;
  const names = Object.keys(lock.packs);
  throw new Failure('pack-missing', `No pack is called ${JSON.stringify(name)} here.`, {
    hint: names.length === 0 ? 'Install one with: aynig install <repo>' : `Installed are: ${names.sort().join(', ')}`,
  });
}

/**
 * Plans the removal of a pack into the draft: files that a person changed stay, and of files that another pack has too, that pack's
 * are brought back. Throws {@link Failure}
 * pack-missing, and pack-needed unless it is forced.
 */
export async function removePack(draft: Draft, name: string, differing: PlanOptions['differing']): Promise<Removal> {
  const pack = installedPack(draft, name);
  const needing = Object.entries(draft.lock.packs)
    .filter(([, { uses }]) => uses.includes(name))
    .map(([other]) => other)
    .sort();
  if (needing.length > 0 && differing !== 'force')
    throw new Failure('pack-needed', `${needing.join(', ')} ${needing.length === 1 ? 'builds' : 'build'} on ${name}.`, {
      hint: `Remove that first: aynig remove ${needing[0]}; or: aynig remove ${name} --force`,
    });
  const { changes: returned, notes } = await draft.reading(() => giveBack(draft, name, pack));
  const changes = Object.entries(pack.files).flatMap(([path, entry]) => {
    if (ownerBeside(draft.lock, name, path) !== undefined) return [];
    const change = dropFile(draft.files.get(path), path, entry, { differing });
    if (change === undefined) return [];
    return [change.kind === 'left' ? { ...change, why: 'you changed it: it is yours now' } : change];
  });
  draft.take([...changes, ...returned]);
  const { [name]: _, ...packs } = draft.lock.packs;
  draft.lock = { ...draft.lock, packs };
  const all = [...changes, ...returned].sort((one, other) => (one.path < other.path ? -1 : 1));
  return { pack, changes: all, notes: [...notes, ...(await forgetStates(draft, pack)), ...noLongerUsed(draft, pack)] };
}

/** What the pack took the place of by force is the other pack's again, where it is as the pack brought it and the repository has the other's. */
async function giveBack(draft: Draft, name: string, pack: LockedPack): Promise<Pick<Removal, 'changes' | 'notes'>> {
  const changes: Change[] = [];
  const notes: string[] = [];
  for (const [path, { blob: brought }] of Object.entries(pack.files)) {
    const owner = ownerBeside(draft.lock, name, path);
    const theirs = owner === undefined ? undefined : packOf(draft.lock, owner)?.files[path];
    const mine = draft.files.get(path);
    if (owner === undefined || theirs === undefined || mine === undefined || mine.blob === theirs.blob) continue;
    // What was never merged into a file of a person's own was not here before either.
    const bytes = mine.blob === brought && theirs.mergedWith === undefined ? await draft.content(theirs.blob) : undefined;
    if (bytes !== undefined) changes.push({ kind: 'return', path, mode: theirs.mode, blob: theirs.blob as Oid, bytes, owner });
    else if (mine.blob === brought)
      notes.push(`.aynig/${path} stays as ${name} brought it; the file of ${owner} comes with: aynig update-pack ${owner} --force`);
    else notes.push(`.aynig/${path} stays as you have it: the pack ${owner} has it too`);
  }
  return { changes, notes };
}

/** Takes out the rows of states that the pack brought, unless a person edited them or another command has the state. */
async function forgetStates(draft: Draft, pack: LockedPack): Promise<string[]> {
  const text = await draft.text(tablePath);
  if (text === undefined) return [];
  const elsewhere = new Set([
    ...draft.states().keys(),
    ...Object.values(draft.lock.packs).flatMap(({ states }) => Object.keys(states.rows)),
  ]);
  const states = Object.keys(pack.states.rows).filter((state) => !elsewhere.has(state));
  const removed = removeStates({ text, states, base: installedStates(pack) });
  draft.write(tablePath, removed.text);
  return removed.kept.map((state) => `COMMANDS.md: the row of ${state} stays, since you wrote it`);
}

const noLongerUsed = ({ lock }: Draft, { uses }: LockedPack): string[] =>
  uses
    .filter((used) => packOf(lock, used) !== undefined && !Object.values(lock.packs).some((pack) => pack.uses.includes(used)))
    .map((used) => `${used} stays installed, and nothing builds on it any more: aynig remove ${used}`);
