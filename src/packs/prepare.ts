import { Failure } from '../failure.js';
import type { PackAddress } from './address.js';
import type { Draft } from './draft.js';
import { type LockedPack, packOf } from './lock-file.js';
import { maxTextLength } from './markdown-table.js';
import type { Obtained, PackRequest } from './obtain.js';
import { isPackName } from './pack-name.js';
import { type Change, type NewFile, type PlanOptions, planPack } from './plan.js';
import { installedStates, lockedStates, statesOf } from './rows.js';
import { mergeStates, type StatesTable } from './states-table.js';
import { defaultSubfolder } from './subfolder.js';
import { whyNotRun } from './will-run.js';

/** A pack as it is to be installed, and what that does. */
export interface PreparedPack {
  readonly name: string;
  readonly address: PackAddress;
  readonly locked: LockedPack;
  /** What was installed before. */
  readonly previous: LockedPack | undefined;
  readonly description: string | undefined;
  readonly programs: NonNullable<NonNullable<Obtained['manifest']>['programs']>;
  readonly changes: readonly Change[];
  readonly leftOut: Obtained['leftOut'];
  /** For people: what was passed over or could not be translated. */
  readonly notes: readonly string[];
  /** The pack that asked for it; undefined for one that a person asked for. */
  readonly for: string | undefined;
}

export interface Preparation {
  readonly draft: Draft;
  readonly options: PlanOptions;
  readonly obtain: (request: PackRequest) => Promise<Obtained>;
  /** Merges a file three ways; undefined where that does not work. */
  readonly merge: (mine: Buffer, base: Buffer, theirs: Buffer) => Promise<Buffer | undefined>;
  /** Told with every file of a pack that is planned. */
  readonly progress?: ((pack: string, planned: number, of: number) => void) | undefined;
}

/** More packs in one go, or packs that build on packs deeper than this, are a mistake or malice. */
const mostPacks = 16;

/**
 * Plans one pack after another into the draft, those that it builds on first. Throws {@link Failure} pack-name, pack-refused,
 * and what `obtain` throws.
 */
export async function preparePacks(preparation: Preparation, requests: readonly PackRequest[]): Promise<PreparedPack[]> {
  const prepared: PreparedPack[] = [];
  /** Names by where packs come from; undefined while one is being prepared, so that a circle ends. */
  const seen = new Map<string, string | undefined>();
  const prepare = async (request: PackRequest, by: string | undefined): Promise<string | undefined> => {
    const key = `${request.address.source}\n${request.subfolder}`;
    if (seen.has(key)) return seen.get(key);
    if (seen.size >= mostPacks)
      throw new Failure('pack-refused', `More than ${mostPacks} packs build on each other; nothing was written.`, {
        hint: 'Install them one by one, or tell the author of the pack.',
      });
    seen.set(key, undefined);
    const obtained = await preparation.obtain(request);
    const name = nameFor(preparation.draft, request, obtained);
    seen.set(key, name);
    const uses: string[] = [];
    for (const { address, ref, subfolder = defaultSubfolder } of obtained.needs) {
      const used =
        installedAs(preparation.draft, address.source, subfolder) ??
        (await prepare({ address, ref, subfolder, name: undefined, fromDwp: false }, name));
      if (used !== undefined && used !== name && !uses.includes(used)) uses.push(used);
    }
    prepared.push(await prepareOne(preparation, request, obtained, { name, uses: uses.sort(), for: by }));
    return name;
  };
  for (const request of requests) await prepare(request, undefined);
  return prepared;
}

/** The pack that was installed from there. */
export const installedAs = ({ lock }: Draft, source: string, subfolder: string): string | undefined =>
  Object.entries(lock.packs).find(([, pack]) => pack.source === source && pack.subfolder === subfolder)?.[0];

function nameFor(draft: Draft, request: PackRequest, { manifest, defaultName }: Obtained): string {
  const { source } = request.address;
  const known = installedAs(draft, source, request.subfolder);
  if (known !== undefined && (request.name === undefined || request.name === known)) return known;
  if (known !== undefined)
    throw new Failure('pack-name', `That pack is installed already, as ${known}.`, {
      hint: `Bring it up to date with: aynig update-pack ${known}`,
    });
  const name = request.name ?? manifest?.name ?? defaultName;
  if (!isPackName(name))
    throw new Failure('pack-name', `${JSON.stringify(name)} cannot be the name of a pack.`, {
      hint: 'Small letters, digits, ".", "_" and "-", 64 at most; give one with: --name <name>',
    });
  const other = packOf(draft.lock, name);
  if (other !== undefined)
    throw new Failure('pack-name', `Another pack is called ${name} here: the one from ${other.source}, ${other.subfolder}.`, {
      hint: 'Give this one another name: --name <name>',
    });
  return name;
}

async function prepareOne(
  { draft, options, merge, progress }: Preparation,
  request: PackRequest,
  obtained: Obtained,
  { name, uses, for: by }: { readonly name: string; readonly uses: readonly string[]; readonly for: string | undefined },
): Promise<PreparedPack> {
  const { manifest } = obtained;
  const previous = packOf(draft.lock, name);
  const files: NewFile[] = obtained.files.map((file) => ({ ...file, blob: draft.nameOf(file.bytes) }));
  const plan = await draft.reading(() =>
    planPack({
      name,
      files,
      here: draft.files,
      lock: draft.lock,
      options,
      nameOf: draft.nameOf,
      merge: async (mine, base, theirs) => {
        const [mineBytes, baseBytes] = [await draft.content(mine), await draft.content(base)];
        return mineBytes === undefined || baseBytes === undefined ? undefined : merge(mineBytes, baseBytes, theirs);
      },
      progress: (planned) => progress?.(name, planned, files.length),
    }),
  );
  draft.take(plan.changes);
  if ((obtained.table ?? '').length > maxTextLength)
    throw new Failure('pack-refused', `The ${tablePath} of the pack is longer than ${maxTextLength / 1024} KiB; nothing was written.`, {
      hint: 'Tell the author of the pack.',
    });
  const states = statesOf(obtained.table, manifest, files);
  const locked: LockedPack = {
    source: request.address.source,
    ref: request.ref ?? null,
    subfolder: request.subfolder,
    commit: obtained.commit as LockedPack['commit'],
    version: manifest?.version ?? null,
    fromDwp: request.fromDwp,
    files: plan.files,
    states: lockedStates(states),
    uses: [...uses],
  };
  draft.lock = { ...draft.lock, packs: { ...draft.lock.packs, [name]: locked } };
  const written = new Set(plan.changes.filter((change) => 'blob' in change).map(({ path }) => path));
  const commands = files.flatMap((file) => {
    const why = written.has(file.path) ? whyNotRun(file) : undefined;
    return why === undefined ? [] : [`.aynig/${file.path} ${why}`];
  });
  const notes = [...obtained.notes, ...commands, ...(await mergeTable(draft, states, previous))];
  const { description, programs = [] } = manifest ?? {};
  const { changes } = plan;
  return { name, address: request.address, locked, previous, description, programs, changes, leftOut: obtained.leftOut, notes, for: by };
}

export const tablePath = 'COMMANDS.md';

/** Puts the rows of a pack into the list of states, which then has every state with a command. Answers what a person should know. */
export async function mergeTable(draft: Draft, rows: StatesTable | undefined, previous: LockedPack | undefined): Promise<string[]> {
  const existing = [...draft.states()].map(([state, path]) => ({ state, path }));
  const base = previous === undefined ? undefined : installedStates(previous);
  const text = await draft.text(tablePath);
  if (text !== undefined && text.length > maxTextLength)
    throw new Failure(
      'pack-in-the-way',
      `.aynig/${tablePath} is longer than ${maxTextLength / 1024} KiB, so it is not changed; nothing was written.`,
      {
        hint: 'Make it shorter and commit it: what is not the table of states may stand in another file.',
      },
    );
  const merged = mergeStates({ text, rows, base, existing });
  draft.write(tablePath, merged.text);
  return [
    ...merged.kept.map((state) => `COMMANDS.md: the row of ${state} stays as you wrote it`),
    ...merged.duplicates.map((state) => `COMMANDS.md: ${state} stood in it more than once; the first row is left`),
  ];
}
