import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import { readConfig } from '../git/config.js';
import { openObjects } from '../git/objects.js';
import { openRepository, type Repository } from '../git/repository.js';
import { commandsOnServer, problemOf } from '../kernel/server-commands.js';
import { readCommitted } from '../packs/here.js';
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

/**
 * The states that have a command or a row in COMMANDS.md, sorted by name: at HEAD, or in the folder that `aynig.commandsDir` names;
 * `working` and `stalled` are always there. Never throws a {@link Failure}.
 */
export async function statesHere(cwd: string): Promise<StatesHere> {
  try {
    const repository = await openRepository(cwd);
    // This one alone: explaining what is wrong with another setting has to work.
    const commandsDir = (await readConfig(repository.git, '^aynig\\.commandsdir$')).at(-1)?.value;
    const { commands, table } = commandsDir === undefined ? await committed(repository) : onServer(commandsDir, repository);
    const { rows, problem } = rowsOf(table);
    return { entries: entriesOf(pathsOf(commands), rows), ...(problem === undefined ? {} : { problem }) };
  } catch (error) {
    const { code, message } = failureOrThrow(error);
    return { entries: entriesOf(new Map(), new Map()), ...(code === 'not-a-repository' ? {} : { problem: message }) };
  }
}

type Rows = ReadonlyMap<string, Entry['row']>;
type Paths = ReadonlyMap<string, readonly string[]>;

/** Where commands are found. */
interface Source {
  /** By their path below the folder that has them: where each is. */
  readonly commands: ReadonlyMap<string, string>;
  /** Text of COMMANDS.md, and what it is called. */
  readonly table: { readonly name: string; readonly text: string } | undefined;
}

async function committed(repository: Repository): Promise<Source> {
  const { files } = await readCommitted(repository);
  const executable = [...files].filter(([, { mode }]) => mode === '100755');
  const commands = new Map(executable.map(([path]) => [path, `.aynig/${path}`]));
  const file = files.get('COMMANDS.md');
  if (file === undefined) return { commands, table: undefined };
  const objects = openObjects(repository.commonDir);
  try {
    const found = await objects.read(file.blob);
    const table = found.kind === 'found' ? { name: '.aynig/COMMANDS.md', text: found.bytes.toString('utf8') } : undefined;
    return { commands, table };
  } finally {
    await objects.close();
  }
}

function onServer(folder: string, repository: Repository): Source {
  const problem = isAbsolute(folder) ? problemOf(folder, repository) : 'must be an absolute path';
  if (problem !== undefined)
    throw new Failure('bad-setting', `aynig.commandsDir, ${folder}, ${problem}.`, {
      hint: 'Set aynig.commandsDir to a folder of the server.',
    });
  const name = join(folder, 'COMMANDS.md');
  return {
    commands: new Map(commandsOnServer(folder).map((path) => [path, join(folder, path)])),
    table: existsSync(name) ? { name, text: readFileSync(name, 'utf8') } : undefined,
  };
}

function pathsOf(commands: ReadonlyMap<string, string>): Paths {
  const paths = new Map<string, string[]>();
  for (const [path, place] of commands) {
    const state = /^(?:roles\/[^/]+\/)?command\/(.+)$/.exec(path)?.[1];
    if (state === undefined || readState(state) !== state) continue;
    paths.set(state, [...(paths.get(state) ?? []), place]);
  }
  return paths;
}

function rowsOf(source: Source['table']): { rows: Rows; problem?: string } {
  if (source === undefined) return { rows: new Map() };
  try {
    const table = readStates(source.text);
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
    return { rows: new Map(), problem: `${source.name} is too long to be read` };
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
