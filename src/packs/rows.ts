import { readState } from '../state-name.js';
import type { LockedPack } from './lock-file.js';
import type { PackManifest } from './manifest.js';
import { readStates, type StatesTable } from './states-table.js';

const columns = ['state', 'command', 'what it does', 'reads', 'writes', 'what comes next'] as const;

/** What a pack says of each of its states: in its own table, else in its manifest, else by its command alone. */
export function statesOf(
  table: string | undefined,
  manifest: PackManifest | undefined,
  files: readonly { readonly path: string; readonly mode: string }[],
): StatesTable {
  const own = table === undefined ? undefined : readStates(table);
  const header = own?.header ?? columns;
  const rows = new Map<string, readonly string[]>();
  for (const [state, row] of [...commandsAlone(files), ...described(manifest, files)])
    rows.set(
      state,
      header.map((column) => row.get(column.toLowerCase()) ?? ''),
    );
  for (const [state, cells] of own?.rows ?? []) if (readState(state) === state) rows.set(state, cells);
  return { header, rows: new Map([...rows].sort(([one], [other]) => (one < other ? -1 : 1))) };
}

/** As the lock file keeps it. */
export const lockedStates = ({ header, rows }: StatesTable): LockedPack['states'] => ({
  columns: [...header],
  rows: Object.fromEntries([...rows].map(([state, cells]) => [state, [...cells]])),
});
export const installedStates = ({ states: { columns: header, rows } }: LockedPack): StatesTable => ({
  header,
  rows: new Map(Object.entries(rows)),
});

type Rows = Map<string, ReadonlyMap<string, string>>;
const code = (text: string): string => `\`${text}\``;

function commandsAlone(files: readonly { readonly path: string; readonly mode: string }[]): Rows {
  const rows: Rows = new Map();
  for (const { path, mode } of files) {
    const name = /^(?:roles\/[^/]+\/)?command\/(.+)$/.exec(path)?.[1];
    if (mode !== '100755' || name === undefined || readState(name) !== name || rows.has(name)) continue;
    rows.set(
      name,
      new Map([
        ['state', code(name)],
        ['command', code(path)],
      ]),
    );
  }
  return rows;
}

function described(manifest: PackManifest | undefined, files: Parameters<typeof commandsAlone>[0]): Rows {
  const alone = commandsAlone(files);
  const list = (names: readonly string[] | undefined): string => (names ?? []).map(code).join(', ');
  return new Map(
    Object.entries(manifest?.states ?? {}).map(([state, { description, reads, writes, next }]) => [
      state,
      new Map([
        ['state', code(state)],
        ['command', alone.get(state)?.get('command') ?? "none: a person's turn"],
        ['what it does', description ?? ''],
        ['reads', list(reads)],
        ['writes', list(writes)],
        ['what comes next', list(next)],
      ]),
    ]),
  );
}
