import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Judgement, judgeHistory } from './history-checker.js';
import { type Answer, bareEnvironment, cliPath, identify } from './scratch.js';
import { dispose, launch, Workspace } from './workspace.js';

/** How a bare remote is prepared before anybody uses it: nothing at all, or hooks of a server. */
export interface RemoteKind {
  readonly name: string;
  readonly prepare: (remote: Workspace) => void;
}

export const plainRemote: RemoteKind = { name: 'a plain bare remote', prepare: () => undefined };

/** A server that refuses what breaks the rules, and itself runs what is pushed to it. */
export const server: RemoteKind = {
  name: 'a server that runs what is pushed',
  prepare: (remote) => void remote.aynig(['init', '--bare', remote.path]),
};

/** A server that refuses what breaks the rules, and leaves the running to others. */
export const fence: RemoteKind = {
  name: 'a server with the fence alone',
  prepare(remote) {
    server.prepare(remote);
    remote.git('config', 'aynig.tick', 'off');
  },
};

/** What a template is made of. */
export interface Plan {
  /** Script of each state's command; see {@link logged}. */
  readonly commands: Readonly<Record<string, string>>;
  /** State that each branch asks for. */
  readonly branches: Readonly<Record<string, string>>;
  readonly clones: number;
  /** Settings of every clone. */
  readonly config?: Readonly<Record<string, string>>;
  readonly remote?: RemoteKind;
}

/** Text of a command that writes its start and its commits into the execution log, and names the next state. */
export const logged = (next: string, options: { before?: string; after?: string } = {}): string =>
  [
    'set -eu',
    'echo "start $AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/log"',
    'made() { echo "made $AYNIG_RUN_ID $(git rev-parse HEAD)" >>"$HOME/log"; }',
    ...(options.before === undefined ? [] : [options.before]),
    'echo "$AYNIG_RUN_ID" >"$AYNIG_STATE.txt"; git add "$AYNIG_STATE.txt"',
    `git commit --quiet --message 'to ${next}' --message 'aynig-state: ${next}'`,
    'made',
    ...(options.after === undefined ? [] : [options.after]),
  ].join('\n');

/** Text of a command that commits something, and fails. */
export const failing = ['echo half >half.txt; git add half.txt; git commit --quiet --message half', 'made', 'exit 3'].join('\n');

/** One bare remote with clones of it, in a directory of its own that is also `$HOME`. */
export class FaultWorld {
  readonly root: string;
  readonly env: Record<string, string>;
  readonly remote: Workspace;
  clones: readonly Workspace[];
  readonly #plan: Plan;
  readonly #madeByPersons: string[];

  constructor(root: string, plan: Plan, madeByPersons: readonly string[]) {
    this.root = root;
    this.env = bareEnvironment(root);
    this.#plan = plan;
    this.#madeByPersons = [...madeByPersons];
    this.remote = new Workspace(root, join(root, 'origin.git'), this.env);
    this.clones = Array.from({ length: plan.clones }, (_, index) => new Workspace(root, join(root, `clone-${index}`), this.env));
  }

  clone(index = 0): Workspace {
    const clone = this.clones[index];
    if (clone === undefined) throw new Error(`there is no clone ${index}`);
    return clone;
  }

  /**
   * `aynig run` for the remote's branches in a clone. `ahead`: that clone's clock runs ahead by so many seconds. `later`: it looks
   * so much later than everybody else, and what it writes has the date that it really is.
   */
  run(
    clone = this.clone(),
    options: { args?: readonly string[]; env?: Record<string, string>; ahead?: number; later?: number; timeoutMs?: number } = {},
  ): Promise<Answer & { readonly signal: NodeJS.Signals | null }> {
    const { args = [], ahead = 0, later = ahead, timeoutMs = 120_000 } = options;
    const node = later === 0 ? [] : ['--require', this.#otherClock(later)];
    const env = ahead === 0 ? this.env : withOtherClock(this.env, this.root, ahead);
    return launch(process.execPath, [...node, cliPath, 'run', '--aynig-remote', 'origin', ...args], {
      cwd: clone.path,
      env: { ...env, ...options.env },
      timeoutMs,
    });
  }

  /** Runs in a clone until no branch of the remote is ready any more; answers everything that was said. */
  async runUntilQuiet(clone = this.clone()): Promise<string> {
    const said: string[] = [];
    for (let round = 0; round < 10; round++) {
      const answer = await this.run(clone);
      said.push(answer.stderr);
      if (answer.stderr.includes('nothing to run')) break;
    }
    return said.join('');
  }

  /** Moves the first clone to another file system. */
  onDisk(path: string): Workspace {
    const from = this.clone().path;
    const to = join(path, 'clone');
    cpSync(from, to, { recursive: true, preserveTimestamps: true });
    rmSync(from, { recursive: true });
    const moved = new Workspace(this.root, to, this.env);
    this.clones = [moved, ...this.clones.slice(1)];
    return moved;
  }

  /** Makes a request of a person's on top of `parent`, without a hook and without a checkout; answers its commit. */
  request(clone: Workspace, title: string, { state = 'build', parent = 'main' } = {}): string {
    const message = ['-m', title, '-m', `aynig-state: ${state}`];
    return this.person(clone.git('commit-tree', '-p', parent, ...message, `${parent}^{tree}`));
  }

  /** Notes a commit that a person made, for the checker to look for. */
  person(oid: string): string {
    this.#madeByPersons.push(oid);
    return oid;
  }

  log(): string {
    const path = join(this.root, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  started(): number {
    return this.log()
      .split('\n')
      .filter((line) => line.startsWith('start ')).length;
  }

  /** Why a branch of the remote is as it is: its states from the first commit on. */
  states(branch: string): string {
    return this.remote
      .states(branch)
      .filter((state) => state !== '-')
      .join(',');
  }

  judge(): Judgement {
    return judgeHistory({
      remote: this.remote.path,
      clones: this.clones.map(({ path }) => path),
      log: this.log(),
      madeByPersons: this.#madeByPersons,
      runnable: new Set(Object.keys(this.#plan.commands)),
      env: this.env,
    });
  }

  dispose(): void {
    dispose(this.root);
  }

  #otherClock(ahead: number): string {
    const path = join(this.root, `clock-${ahead}.cjs`);
    if (!existsSync(path)) writeFileSync(path, clockModule(ahead));
    return path;
  }
}

/** Shifts what Node takes for the time of day. */
const clockModule = (ahead: number): string => `
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...args) { if (args.length === 0) super(Real.now() + ${ahead} * 1000); else super(...args); }
  static now() { return Real.now() + ${ahead} * 1000; }
};
`;

/** An environment whose git takes another time of day for now: the runner's calls and those of its commands. */
function withOtherClock(env: Record<string, string>, root: string, ahead: number): Record<string, string> {
  const folder = join(root, `clock-${ahead}`);
  if (!existsSync(folder)) {
    mkdirSync(folder);
    const date = `GIT_COMMITTER_DATE="@$(($(date +%s) + ${ahead})) +0000" GIT_AUTHOR_DATE="@$(($(date +%s) + ${ahead})) +0000"`;
    writeFileSync(join(folder, 'git'), `#!/bin/sh\n${date} exec ${realGit()} "$@"\n`, { mode: 0o755 });
  }
  return { ...env, PATH: `${folder}:${env['PATH']}` };
}

let git: string | undefined;

/** The git of this machine, whatever is put before it on PATH. */
export function realGit(): string {
  git ??= (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, 'git'))
    .find((path) => existsSync(path));
  if (git === undefined) throw new Error('there is no git on PATH');
  return git;
}

const templates: string[] = [];

afterAll(() => {
  for (const path of templates) rmSync(path, { recursive: true, force: true });
});

/**
 * Makes a remote with its clones once, and answers how to get a copy of it: making one takes ten times as long. Whoever
 * asks for a copy disposes of it.
 */
export function faultWorlds(plan: Plan): () => FaultWorld {
  let made: { path: string; madeByPersons: string[] } | undefined;
  return () => {
    made ??= makeTemplate(plan);
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'aynig-faults-')));
    cpSync(made.path, root, { recursive: true, preserveTimestamps: true });
    const world = new FaultWorld(root, plan, made.madeByPersons);
    for (const { path } of world.clones) {
      const config = join(path, '.git/config');
      writeFileSync(config, readFileSync(config, 'utf8').replaceAll(made.path, root));
    }
    // Hooks of a server may know their repository by its place.
    (plan.remote ?? plainRemote).prepare(world.remote);
    return world;
  };
}

function makeTemplate(plan: Plan): { path: string; madeByPersons: string[] } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'aynig-faults-template-')));
  templates.push(root);
  const env = bareEnvironment(root);
  const seed = new Workspace(root, join(root, 'seed'), env);
  mkdirSync(seed.path);
  seed.git('init', '--quiet', '--initial-branch=main', '--template=');
  identify((...args) => seed.git(...args));
  seed.write('README', 'scratch\n');
  for (const [state, script] of Object.entries(plan.commands))
    seed.write(`.aynig/command/${state}`, script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`, 0o755);
  seed.git('add', '--all');
  seed.git('commit', '--quiet', '--message', 'first');
  const tree = seed.git('rev-parse', 'HEAD^{tree}');
  for (const [branch, state] of Object.entries(plan.branches)) {
    const request = seed.git('commit-tree', '-p', 'main', '-m', `ask on ${branch}`, '-m', `aynig-state: ${state}`, tree);
    seed.git('update-ref', `refs/heads/${branch}`, request);
  }
  const remote = new Workspace(root, join(root, 'origin.git'), env);
  seed.program('git', ['clone', '--quiet', '--bare', '--template=', seed.path, remote.path]);
  remote.git('config', 'core.logAllRefUpdates', 'always');
  // The runs of a server commit as somebody.
  identify((...args) => remote.git(...args));
  mkdirSync(join(remote.path, 'hooks'), { recursive: true });
  for (let index = 0; index < plan.clones; index++) {
    const clone = new Workspace(root, join(root, `clone-${index}`), env);
    seed.program('git', ['clone', '--quiet', '--template=', remote.path, clone.path]);
    identify((...args) => clone.git(...args));
    for (const [key, value] of Object.entries({ 'aynig.runnerId': `clone-${index}`, ...plan.config })) clone.git('config', key, value);
  }
  const madeByPersons = seed.git('rev-list', '--all').split('\n');
  rmSync(seed.path, { recursive: true, force: true });
  return { path: root, madeByPersons };
}

/** Does the jobs, a few at a time. */
export async function each<T>(jobs: readonly T[], atOnce: number, work: (job: T) => Promise<void>): Promise<void> {
  const queue = [...jobs];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await work(job);
    }),
  );
}
