import { failureOrThrow } from '../git/causes.js';
import { type Objects, openObjects } from '../git/objects.js';
import { openRepository } from '../git/repository.js';
import { type HereFile, readCommitted } from '../packs/here.js';
import { readStates } from '../packs/states-table.js';
import { readState } from '../state-name.js';
import type { Entry } from './entry.js';
import { kernelStates } from './words.js';

/** What the checkout at a directory says of its states, as it is committed. */
export interface StatesHere {
  readonly entries: readonly Entry[];
  /** Why nothing is known of them: half a sentence. Undefined outside of a repository, where there are none. */
  readonly problem?: string;
}

/** The states that have a command at HEAD or a row in its COMMANDS.md, sorted by name; `working` and `stalled` are always there. Never throws a {@link Failure}. */
export async function statesHere(cwd: string): Promise<StatesHere> {
  try {
    const repository = await openRepository(cwd);
    const { files } = await readCommitted(repository);
    const objects = openObjects(repository.commonDir);
    try {
      const { rows, problem } = await rowsOf(objects, files.get('COMMANDS.md'));
      return { entries: entriesOf(pathsOf(files), rows), ...(problem === undefined ? {} : { problem }) };
    } finally {
      await objects.close();
    }
  } catch (error) {
    const { code, message } = failureOrThrow(error);
    return { entries: entriesOf(new Map(), new Map()), ...(code === 'not-a-repository' ? {} : { problem: message }) };
  }
}

type Rows = ReadonlyMap<string, Entry['row']>;
type Paths = ReadonlyMap<string, readonly string[]>;

function pathsOf(files: ReadonlyMap<string, HereFile>): Paths {
  const paths = new Map<string, string[]>();
  for (const [path, { mode }] of files) {
    const state = /^(?:roles\/[^/]+\/)?command\/(.+)$/.exec(path)?.[1];
    if (mode !== '100755' || state === undefined || readState(state) !== state) continue;
    paths.set(state, [...(paths.get(state) ?? []), `.aynig/${path}`]);
  }
  return paths;
}

async function rowsOf(objects: Objects, file: HereFile | undefined): Promise<{ rows: Rows; problem?: string }> {
  const found = file === undefined ? undefined : await objects.read(file.blob);
  if (found?.kind !== 'found') return { rows: new Map() };
  try {
    const table = readStates(found.bytes.toString('utf8'));
    const rows = [...(table?.rows ?? [])].map(([state, cells]): [string, Entry['row']] => [
      state,
      cells.flatMap((text, index) => {
        const column = table?.header[index] ?? '';
        return index === 0 || text === '' || column === '' ? [] : [{ column, text }];
      }),
    ]);
    return { rows: new Map(rows) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { rows: new Map(), problem: '.aynig/COMMANDS.md is too long to be read' };
  }
}

function entriesOf(paths: Paths, rows: Rows): Entry[] {
  const known: Readonly<Record<string, (typeof kernelStates)[keyof typeof kernelStates]>> = kernelStates;
  const words = new Set([...Object.keys(kernelStates), ...paths.keys(), ...[...rows.keys()].filter((word) => readState(word) === word)]);
  return [...words].sort().map((word): Entry => {
    const [its, row] = [paths.get(word) ?? [], rows.get(word) ?? []];
    const advice = Object.hasOwn(known, word) ? known[word] : undefined;
    const common = { word, kind: 'state', severity: null, paths: its, row } as const;
    if (advice !== undefined) return { ...common, ...advice };
    return its.length > 0
      ? {
          ...common,
          meaning: 'A state of this repository that has a command.',
          causes: [`A commit whose message ends in \`aynig-state: ${word}\` asks for it.`],
          next: [`Ask for it: \`aynig set-state ${word}\`.`],
        }
      : {
          ...common,
          meaning: "A state of this repository without a command: a person's turn, or the end.",
          causes: [`A commit whose message ends in \`aynig-state: ${word}\` stands at the tip.`],
          next: ['Read what is asked: `git log -1`.', 'Go on with another state: `aynig set-state <state>`.'],
        };
  });
}
