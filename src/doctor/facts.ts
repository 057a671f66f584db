import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { readScopedConfig, type ScopedValue } from '../git/config.js';
import { type Git, openGit } from '../git/gate.js';
import { isNameable, type RefName } from '../git/names.js';
import { openObjects } from '../git/objects.js';
import { readBranchTips } from '../git/refs.js';
import { gitVersion, type Repository } from '../git/repository.js';
import type { HookName } from '../install/call.js';
import { hasConfigHooks } from '../install/config-hooks.js';
import { type FailureRecord, readFailures } from '../runner/failure-record.js';
import { worktreesPath } from '../runner/places.js';
import { type BrokenRef, type LostTip, readBrokenRefs, readLostTips } from './broken-refs.js';
import { type CommandFile, readCommands } from './commands.js';
import { type GitLock, readGitLocks } from './git-locks.js';
import { canExecute, type HookFile, type HookSource, readHookFile, readRendered } from './hook-files.js';
import { type ConfiguredHook, configuredHooks, type HookFolder, readHookFolders, worktreesToAsk } from './hook-reach.js';
import { type Runs, readRuns } from './runs.js';
import { readServer, type ServerFacts } from './server.js';
import { readTrust, type Trust } from './trust.js';
import { type Leftover, readLeftovers, readWorktrees, type Worktree } from './worktrees.js';

/** All that the checks look at, read once and without writing anything. */
export interface Facts {
  readonly repository: Repository;
  readonly source: HookSource;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly gitVersion: string;
  /** Whether hooks are switched off in the environment. */
  readonly hooksOff: boolean;
  /** The Node that runs this, and the one that a client without your shell finds. */
  readonly node: { readonly here: string; readonly onBarePath: string | undefined };
  /** Values under `aynig.`, lowest priority first. */
  readonly settings: readonly ScopedValue[];
  readonly worktrees: readonly Worktree[];
  readonly hookFolders: readonly HookFolder[];
  /** Working trees for which {@link hookFolders} does not say anything, because there are so many. */
  readonly notLookedAt: readonly Worktree[];
  readonly rendered: ReadonlyMap<HookName, HookFile>;
  /** Whether our hooks are in this repository at all, reached or not. */
  readonly installed: boolean;
  readonly configuredHooks: readonly ConfiguredHook[];
  readonly usesLfs: boolean;
  readonly commands: readonly CommandFile[];
  readonly trust: Trust;
  readonly runs: Runs;
  readonly leftovers: readonly Leftover[];
  readonly failures: ReadonlyMap<RefName, FailureRecord>;
  readonly kept: readonly KeptRef[];
  readonly gitLocks: readonly GitLock[];
  /** Names of branches that are not valid UTF-8. */
  readonly unnameable: readonly Buffer[];
  readonly brokenRefs: readonly BrokenRef[];
  readonly lostTips: readonly LostTip[];
  /** Undefined where the repository is no server. */
  readonly server: ServerFacts | undefined;
  /** Branches among those that journals and failures name. */
  readonly branches: ReadonlySet<string>;
}

/** A ref that keeps work of a run which no branch has. */
export interface KeptRef {
  readonly ref: string;
  readonly runId: string;
  /** Seconds since the epoch. */
  readonly committedAt: number;
  /** Whether a branch contains it, here or as a remote has it. */
  readonly contained: boolean;
}

/** Where programs are looked for by a client that was not started from a shell. */
export const barePath: readonly string[] = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
/** More kept refs are counted and not told one by one. */
const maxKept = 10_000;

/** Looks at everything. A repository's size matters little: git is asked a fixed number of times, and once for each working tree. */
export async function readFacts(
  repository: Repository,
  source: HookSource,
  {
    environment = process.env,
    path = barePath,
    asServer = false,
  }: { environment?: NodeJS.ProcessEnv; path?: readonly string[]; asServer?: boolean } = {},
): Promise<Facts> {
  const { git, commonDir } = repository;
  const now = Date.now();
  const own = join(commonDir, 'aynig');
  const here = repository.toplevel ?? commonDir;
  // Settings as this directory sees them: a linked working tree may have its own.
  const settingsGit = openGit({ cwd: here, gitDir: repository.gitDir }, environment);
  const worktrees = readWorktrees(repository);
  const objects = openObjects(commonDir, environment);
  try {
    const [version, config, commands, kept, trust, tips] = await Promise.all([
      gitVersion(git),
      readScopedConfig(settingsGit, '^(aynig|hook|lfs)\\.', here),
      readCommands(repository, objects),
      readKept(repository),
      readTrust(repository, objects, environment),
      readBranchTips(repository.git),
    ]);
    const configured = hasConfigHooks(version) ? configuredHooks(config) : [];
    const { asked, notAsked } = worktreesToAsk(worktrees, repository.toplevel);
    const hookFolders = repository.bare ? [] : await readHookFolders(repository, asked, configured);
    const rendered = readRendered(commonDir);
    const settings = config.filter(({ key }) => key.startsWith('aynig.'));
    // Journals after worktrees: a run writes its journal first, so each worktree that was seen has its journal by now.
    const runs = readRuns(own);
    const failures = readFailures(own);
    const led = new Set(runs.journals.map(({ worktree }) => worktree));
    const folder = worktreesPath(repository, own, settings.findLast(({ key }) => key === 'aynig.worktreedir')?.value);
    const leftovers = await readLeftovers(repository, worktrees, led, existsSync(folder) ? realpathSync(folder) : folder);
    const named = [...new Set([...runs.journals.map(({ ref }) => ref), ...failures.keys()])];
    return {
      repository,
      source,
      now,
      gitVersion: version,
      hooksOff: environment['AYNIG'] === '0',
      node: { here: process.execPath, onBarePath: path.map((folder) => join(folder, 'node')).find(canExecute) },
      settings,
      worktrees,
      hookFolders,
      notLookedAt: repository.bare ? [] : notAsked,
      rendered,
      installed: source.names.some(
        (name) => rendered.get(name)?.kind === 'own' || readHookFile(join(commonDir, 'hooks'), name).kind === 'own',
      ),
      configuredHooks: configured,
      usesLfs: usesLfs(repository, config),
      commands,
      trust,
      runs,
      leftovers,
      failures,
      kept,
      unnameable: tips.every(({ branch }) => isNameable(branch)) ? [] : await readUnnameable(repository),
      gitLocks: readGitLocks(commonDir, worktrees, now),
      brokenRefs: await readBrokenRefs(repository),
      lostTips: await readLostTips(repository, objects, tips),
      server: await readServer(
        repository,
        objects,
        settings.findLast(({ key }) => key === 'aynig.commandsdir')?.value,
        asServer,
        environment,
      ),
      branches: await existing(repository, named),
    };
  } finally {
    await objects.close();
  }
}

async function readKept({ git }: Repository): Promise<KeptRef[]> {
  const format = '--format=%(refname)%00%(committerdate:unix)%00%(objectname)';
  const listed = await git(['for-each-ref', format, '--sort=committerdate', `--count=${maxKept}`, 'refs/aynig/kept/']);
  const refs = listed.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [ref = '', date = '', value = ''] = line.split('\0');
      return { ref, runId: ref.slice('refs/aynig/kept/'.length).replace(/-uncommitted$/, ''), committedAt: Number(date), value };
    });
  const lone = await inNoBranch(
    git,
    refs.map(({ value }) => value),
  );
  return refs.map(({ value, ...kept }) => ({ ...kept, contained: lone !== undefined && !lone.has(value) }));
}

/** Commits that stand beside all branches are few; of more than this nothing is said. */
const maxBeside = 10_000;

/** The commits at or below these that no branch contains; undefined where that cannot be told. */
async function inNoBranch(git: Git, values: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  if (values.length === 0) return new Set();
  const branches = ['--branches', '--remotes', '--glob=refs/aynig/remotes/*'];
  const listed = await git(['rev-list', `--max-count=${maxBeside}`, '--stdin', '--not', ...branches], {
    input: `${values.join('\n')}\n`,
    ok: [0, 128],
  });
  const found = listed.stdout.toString('latin1').split('\n');
  return listed.exitCode === 0 && found.length <= maxBeside ? new Set(found) : undefined;
}

async function readUnnameable({ git }: Repository): Promise<Buffer[]> {
  const { stdout } = await git(['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads/']);
  if (isUtf8(stdout)) return [];
  // A character for each byte, so that lines can be told apart.
  return stdout
    .toString('latin1')
    .split('\n')
    .map((line) => Buffer.from(line, 'latin1'))
    .filter((name) => !isUtf8(name));
}

async function existing({ git }: Repository, refs: readonly string[]): Promise<ReadonlySet<string>> {
  if (refs.length === 0) return new Set();
  // By standard input nothing of the kind exists, and a command line has its limits.
  const listed = await git(['for-each-ref', '--format=%(refname)', '--', ...refs.slice(0, 500)]);
  return new Set(listed.stdout.toString('utf8').split('\n'));
}

/** A filter in the attributes, settings of its own in this repository, or objects that it stored here. */
function usesLfs({ commonDir, mainRoot, toplevel }: Repository, config: readonly ScopedValue[]): boolean {
  if (config.some(({ key, scope }) => key.startsWith('lfs.') && scope === 'local') || existsSync(join(commonDir, 'lfs'))) return true;
  const root = toplevel ?? mainRoot;
  const files = [...(root === undefined ? [] : [join(root, '.gitattributes')]), join(commonDir, 'info/attributes')];
  return files.some((file) => existsSync(file) && /^[^#\n]*\sfilter=lfs\b/m.test(readFileSync(file, 'utf8')));
}
