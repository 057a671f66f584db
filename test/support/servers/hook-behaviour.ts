import { expect, test } from 'vitest';
import { runnersWithHome } from '../processes.js';
import { completing, launch, Workspace, waitFor } from '../workspace.js';
import { ask, cloneOf, type Hosted, seed } from './hosted.js';
import { claimsAndPublishes, holding, leftIn, startRun, statesOf } from './remote-behaviour.js';

/** A command that runs on the server, which knows nobody: it says who it is. */
const onServer = (work = ''): string =>
  completing(
    'review',
    `git config user.name Server; git config user.email server@example.com\n${work}\necho built >built.txt; git add built.txt`,
  );

/** Installs the hooks as an admin does, by the verb for it. */
const byInit = ({ bare }: Hosted): void => void bare.aynig(['init', '--bare', bare.path], { cwd: bare.root });

const isReviewed = (bare: Workspace, branch: string): boolean =>
  bare.gitAnswer(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]).exitCode === 0 &&
  bare.state(`refs/heads/${branch}`) === 'review';

/** Pushes a new branch that asks for `build`; what the pusher sees of it. */
function pushed(author: Workspace, branch: string): string {
  author.git('switch', '--quiet', '--create', branch, 'main');
  author.request('build');
  const answer = author.gitAnswer(['push', '--set-upstream', 'origin', branch]);
  author.git('switch', '--quiet', 'main');
  expect(answer.exitCode, answer.stderr).toBe(0);
  return answer.stderr;
}

/** What our hooks do at a kind of server. `open` makes a server with an empty repository, `install` puts the hooks into it. */
export function hookBehaviour<H extends Hosted>(open: () => Promise<H>, install: (hosted: H) => void = byInit): void {
  test('a push returns while its command is still at work, and the branch then moves by itself', async () => {
    const hosted = await open();
    const { bare } = hosted;
    const author = seed(hosted, onServer(waitFor()));
    install(hosted);
    // The command ends only after the push has returned.
    expect(pushed(author, 'work')).toMatch(/remote: aynig: a pushed commit asks for "build".*git pull --ff-only/);
    await bare.until('the command runs', () => bare.ran().length === 1);
    expect(bare.state('work')).toBe('working');
    bare.release();
    await bare.untilState('review', 'work');
    await bare.untilQuiet();
    expect(statesOf(bare, 'work')).toEqual(['build', 'working', 'review']);
    expect(bare.git('for-each-ref', 'refs/aynig')).toBe('');
    author.git('switch', '--quiet', 'work');
    author.git('pull', '--quiet', '--ff-only');
    expect(author.read('built.txt')).toBe('built\n');
  });

  test('a push that breaks the rules is refused as a whole, and the pusher reads why', async () => {
    const hosted = await open();
    const author = seed(hosted);
    install(hosted);
    author.git('switch', '--quiet', '--create', 'bad');
    author.gitAnswer(['commit', '--quiet', '--allow-empty', '-m', 'two', '-m', 'aynig-state: build\naynig-state: review'], { expected: 0 });
    const answer = author.gitAnswer(['push', 'origin', 'bad', 'main:good']);
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toMatch(new RegExp(`remote: aynig: refused commit ${author.head().slice(0, 12)}`));
    expect(hosted.bare.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
  });
}

/** What the server and its clients do together, with the hooks put there by init. */
export function sharedWorkBehaviour(open: () => Promise<Hosted>): void {
  test('pushes that come while the server is at work wait for its one runner', async () => {
    const hosted = await open();
    const { bare } = hosted;
    const author = seed(hosted, onServer(waitFor()));
    byInit(hosted);
    bare.git('config', 'aynig.maxParallel', '1');
    pushed(author, 'b0');
    await bare.until('the command runs', () => bare.ran().length === 1);
    const runner = bare.runnerPid();
    for (const name of ['b1', 'b2', 'b3', 'b4', 'b5']) pushed(author, name);
    await bare.until('the runners of those pushes have gone', () => runnersWithHome(bare.root).every((pid) => pid === runner));
    expect([bare.runnerPid(), bare.ran().length]).toEqual([runner, 1]);
    bare.release();
    for (const name of ['b0', 'b1', 'b2', 'b3', 'b4', 'b5']) await bare.untilState('review', name);
    await bare.untilQuiet();
    expect(
      bare
        .ran()
        .map(({ branch }) => branch)
        .sort(),
    ).toEqual(['b0', 'b1', 'b2', 'b3', 'b4', 'b5']);
  });

  test('a run of a client claims, shows that it is alive, and publishes through the fence', async () => {
    const hosted = await open();
    const author = seed(hosted, holding());
    byInit(hosted);
    // Its commands are for the clients.
    hosted.bare.git('config', 'aynig.tick', 'off');
    await claimsAndPublishes(hosted, ask(author, 'work'));
  });

  test('where the server and two clients go after six branches, each branch is run once', async () => {
    const hosted = await open();
    const { bare } = hosted;
    const author = seed(hosted, onServer());
    byInit(hosted);
    // One at a time, so that the clients get their share.
    bare.git('config', 'aynig.maxParallel', '1');
    const names = Array.from({ length: 6 }, (_, at) => `b${at}`);
    for (const name of names) {
      author.git('branch', '--quiet', name, 'main');
      author.git('symbolic-ref', 'HEAD', `refs/heads/${name}`);
      author.request('build');
    }
    const clones = [cloneOf(hosted.way), cloneOf(hosted.way)];
    const races = clones.map(async (clone) => {
      const said: string[] = [];
      const deadline = Date.now() + Workspace.patienceMs;
      while (!names.every((name) => isReviewed(bare, name))) {
        const { exitCode, stderr } = await startRun(clone, ['--current-branch', 'include']);
        if (exitCode !== 0) said.push(stderr);
        if (Date.now() > deadline) return [...said, `waited in vain\n${stderr}\n${bare.describe()}\n${bare.hookLog()}`];
      }
      return said;
    });
    expect(await launch('git', ['push', '--quiet', 'origin', ...names], { cwd: author.path, env: author.env })).toMatchObject({
      exitCode: 0,
    });
    expect(await Promise.all(races)).toEqual([[], []]);
    await bare.untilQuiet();
    const ran = [bare, ...clones].flatMap((place) => place.ran());
    process.stdout.write(
      `the server ran ${bare.ran().length} of 6, its clients ${clones.map((clone) => clone.ran().length).join(' and ')}\n`,
    );
    expect(ran.map(({ branch }) => branch).sort()).toEqual(names);
    for (const name of names) expect(statesOf(bare, name)).toEqual(['build', 'working', 'review']);
    expect(bare.git('for-each-ref', 'refs/aynig')).toBe('');
    expect(clones.map(leftIn)).toEqual(['', '']);
  });
}
