import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openGit } from '../git/gate.js';
import type { Objects } from '../git/objects.js';
import { readBranchTips } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import { type ServerHookName, serverHookNames, serverRenderedFolder } from '../install/server-hooks.js';
import { missingSettings, readFound } from '../install/server-settings.js';
import { problemOf } from '../kernel/server-commands.js';
import { readTip } from '../kernel/tip.js';
import { canExecute, type Recorded, recordedIn } from './hook-files.js';

/** One file of ours among the hooks of a server. */
export interface ServerHookFile {
  readonly name: ServerHookName;
  readonly path: string;
  readonly text: string;
  readonly executable: boolean;
  readonly recorded: Recorded | undefined;
}

/** What there is to know of a bare repository that people push to. */
export interface ServerFacts {
  /** Whether somebody says that it is a server, by what is installed or by the question. */
  readonly expected: boolean;
  readonly files: readonly ServerHookFile[];
  /** Hooks that git reaches. */
  readonly reached: readonly ServerHookName[];
  /** Settings of git that are not as `init --bare` sets them. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  /** Whether a command knows under which name it commits. */
  readonly identity: boolean;
  /** Lease refs whose run holds no branch. */
  readonly orphans: readonly { readonly ref: string; readonly oid: string }[];
  readonly commandsDir: { readonly path: string; readonly problem: string | undefined; readonly open: boolean } | undefined;
  /** Files and folders that belong to another user than the repository does. */
  readonly foreign: readonly string[];
  /** Bytes of the logs of commands. */
  readonly logs: { readonly path: string; readonly bytes: number };
}

/** Reads what a server is about; undefined where the repository is none, or nobody has ever made one of it. */
export async function readServer(
  repository: Repository,
  objects: Objects,
  commandsDir: string | undefined,
  asked: boolean,
  environment: NodeJS.ProcessEnv,
): Promise<ServerFacts | undefined> {
  if (!repository.bare) return undefined;
  const { commonDir } = repository;
  const files = serverHookNames.flatMap((name) => filesOf(commonDir, name));
  const expected = asked || files.length > 0 || readFound(commonDir) !== undefined;
  if (!expected) return undefined;
  const logs = join(commonDir, 'aynig/logs');
  const identity = await openGit({ cwd: commonDir, gitDir: commonDir }, environment)(['var', 'GIT_COMMITTER_IDENT'], {
    ok: [0, 1, 128, 129],
  });
  return {
    expected,
    files,
    reached: serverHookNames.filter((name) => isReached(commonDir, name, files)),
    settings: await missingSettings(repository),
    identity: identity.exitCode === 0,
    orphans: await readOrphans(repository, objects),
    commandsDir:
      commandsDir === undefined
        ? undefined
        : {
            path: commandsDir,
            problem: problemOf(commandsDir, repository),
            open: ((statSync(commandsDir, { throwIfNoEntry: false })?.mode ?? 0) & 0o022) !== 0,
          },
    foreign: foreignIn(commonDir),
    logs: { path: logs, bytes: sizeOf(logs) },
  };
}

/** What an admin leaves who sets a server up as another user: a look at the places that count, not at every object. */
function foreignIn(commonDir: string): string[] {
  const owner = statSync(commonDir).uid;
  const places = [
    'HEAD',
    'config',
    'packed-refs',
    'objects',
    'refs',
    'refs/heads',
    'hooks',
    'aynig',
    'aynig/hooks',
    'aynig/pushed',
    'aynig/hook.log',
  ];
  return [...places, ...serverHookNames.map((name) => `hooks/${name}`)]
    .map((name) => join(commonDir, name))
    .filter((path) => (lstatSync(path, { throwIfNoEntry: false })?.uid ?? owner) !== owner);
}

function filesOf(commonDir: string, name: ServerHookName): ServerHookFile[] {
  return [
    join(commonDir, 'hooks', name),
    ...['hooks', 'custom_hooks'].map((folder) => join(commonDir, folder, `${name}.d`, 'aynig')),
    join(commonDir, serverRenderedFolder, name),
  ].flatMap((path) => {
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return [];
    const text = readFileSync(path, 'utf8');
    if (!new RegExp(`^#!/bin/sh\\r?\\n# aynig hook ${name}, version `).test(text)) return [];
    return [{ name, path, text, executable: canExecute(path), recorded: recordedIn(text) }];
  });
}

/** By a file of ours, or by another one's that calls it. */
function isReached(commonDir: string, name: ServerHookName, files: readonly ServerHookFile[]): boolean {
  const own = files.filter((file) => file.name === name);
  if (own.some(({ path }) => !path.startsWith(join(commonDir, serverRenderedFolder)))) return true;
  const hook = join(commonDir, 'hooks', name);
  return (
    own.length > 0 && existsSync(hook) && statSync(hook).isFile() && readFileSync(hook, 'utf8').includes(`${serverRenderedFolder}/${name}"`)
  );
}

async function readOrphans({ git }: Repository, objects: Objects): Promise<{ ref: string; oid: string }[]> {
  const listed = await git(['for-each-ref', '--format=%(refname) %(objectname)', 'refs/aynig/lease/']);
  const leases = listed.stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [ref, oid] = line.split(' ');
      return ref === undefined || oid === undefined ? [] : [{ ref, oid }];
    });
  if (leases.length === 0) return [];
  const held = new Set<string>();
  for (const { oid } of await readBranchTips(git)) {
    const found = await objects.commit(oid).catch(() => undefined);
    const tip = found === undefined ? undefined : readTip(found);
    if (tip?.kind === 'lease') held.add(`refs/aynig/lease/${tip.lease.runId}`);
  }
  return leases.filter(({ ref }) => !held.has(ref));
}

function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((bytes, name) => bytes + (lstatSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
