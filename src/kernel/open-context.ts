import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import type { ConfigValue } from '../git/config.js';
import { openGit } from '../git/gate.js';
import { openObjects } from '../git/objects.js';
import { type BranchTip, readBranchTips } from '../git/refs.js';
import { openRepository, type Repository } from '../git/repository.js';
import { openJournals } from '../runner/journal.js';
import { placesOf } from '../runner/places.js';
import type { Arbiter } from './arbiter.js';
import { type Context, loadCrypto, type RunEvent } from './context.js';
import { localArbiter } from './local-arbiter.js';
import { isRole } from './names.js';
import { remoteArbiter } from './remote-arbiter.js';
import { readSettings, settingsOf } from './settings.js';
import type { Settings } from './settings-schema.js';

export interface ContextOptions {
  readonly cwd: string;
  /** Where the caller has found it already. */
  readonly repository?: Repository;
  /** Read the tips of all branches meanwhile, for the first survey; or take these, which were read a moment ago. */
  readonly tipsAtOnce?: boolean | readonly BranchTip[];
  /** All values under `aynig.`, where they have been read already. */
  readonly config?: readonly ConfigValue[];
  readonly startedBy: Context['startedBy'];
  readonly role?: string;
  /** Empty or absent: the request's own trailer and the settings decide. */
  readonly logLevel?: string;
  readonly worktreeDir?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly stop?: AbortSignal;
  readonly report?: (event: RunEvent) => void;
}

/** Opens everything a verb or a hook needs. The caller closes `objects`. Throws {@link Failure}. */
export async function openContext(options: ContextOptions): Promise<Context> {
  const environment = options.environment ?? process.env;
  let touchedAt = configTouchedAt(options.repository);
  // Both are asked for at once: one git process after another is most of what a hook-started run takes to begin.
  const settingsRead =
    options.config === undefined
      ? readSettings(options.repository?.git ?? openGit({ cwd: options.cwd }, environment))
      : settingsOf(options.config);
  settingsRead.catch(() => undefined);
  const repository = options.repository ?? (await openRepository(options.cwd, environment));
  const objects = openObjects(repository.commonDir, environment);
  objects.start();
  const { tipsAtOnce = false } = options;
  const tips = tipsAtOnce === false ? undefined : tipsAtOnce === true ? readBranchTips(repository.git) : Promise.resolve(tipsAtOnce);
  tips?.catch(() => undefined);
  if (tips !== undefined) void loadCrypto();
  let settings = await settingsRead.catch(async (error: unknown) => {
    await objects.close();
    throw error;
  });
  const report = options.report ?? (() => undefined);
  const journals = openJournals(repository.commonDir, (path) => report(journalBroken(path)));
  const places = placesOf(repository, options.worktreeDir ?? settings.worktreeDir);
  const role = options.role ?? (environment['AYNIG_ROLE'] || undefined) ?? settings.role;
  if (role !== undefined && !isRole(role)) {
    await objects.close();
    throw new Failure('usage', `${JSON.stringify(role)} is not a role name.`, {
      hint: 'Use small letters, digits, ".", "_" and "-": it names a folder in .aynig/roles.',
    });
  }
  const identity = { name: 'aynig', email: `aynig@${settings.runnerId.replace(/[^A-Za-z0-9.-]/g, '-')}` };
  return {
    repository,
    objects,
    journals,
    places,
    get settings() {
      return settings;
    },
    async readSettingsAnew({ whereTouched = false } = {}) {
      const now = configTouchedAt(repository);
      if (whereTouched && now === touchedAt) return;
      settings = await readSettings(repository.git);
      touchedAt = now;
    },
    environment,
    arbiterOf: arbiters({ repository, objects, journals, places, settings: () => settings, identity, report }),
    identity,
    startedBy: options.startedBy,
    logLevel: options.logLevel ?? '',
    stop: options.stop ?? new AbortController().signal,
    now: () => Math.floor(Date.now() / 1000),
    report,
    ...(role === undefined ? {} : { role }),
    ...(tips === undefined ? {} : { tips }),
  };
}

/** When the repository's own settings were last written, in milliseconds since the epoch; 0 where that is not known. */
const configTouchedAt = (repository: Repository | undefined): number =>
  repository === undefined ? 0 : (statSync(join(repository.commonDir, 'config'), { throwIfNoEntry: false })?.mtimeMs ?? 0);

type ArbiterParts = Pick<Context, 'repository' | 'objects' | 'journals' | 'places' | 'identity' | 'report'> & {
  readonly settings: () => Settings;
};

/** One arbiter for each remote that is asked for, since it remembers what it holds there. */
function arbiters({ repository, objects, journals, places, settings, identity, report }: ArbiterParts): Context['arbiterOf'] {
  const local = localArbiter(repository, objects, journals, () => places.worktrees(), identity);
  const known = new Map<string, Arbiter>();
  return (remote) => {
    if (remote === undefined) return local;
    const found = known.get(remote);
    if (found !== undefined) return found;
    if (!settings().remotes.some(({ name }) => name === remote)) throw noSuchRemote(remote);
    const onNoHeartbeats = (why: string): void => report({ kind: 'no-heartbeats', remote, why });
    const made = remoteArbiter({ git: repository.git, objects, commonDir: repository.commonDir, remote, identity, onNoHeartbeats });
    known.set(remote, made);
    return made;
  };
}

/** What to say of a remote that is not configured here. */
export const noSuchRemote = (remote: string): Failure =>
  new Failure('no-such-remote', `There is no remote ${JSON.stringify(remote)} here.`, {
    hint: 'List the remotes with: git remote -v; add one with: git remote add <name> <url>',
  });

const journalBroken = (path: string): RunEvent => ({
  kind: 'failed',
  code: 'journal-broken',
  why: `The journal of a run could not be read and was put aside as ${path}.`,
  hint: 'Its branch is released when its lease ends; at once with: aynig cancel <branch>',
});
