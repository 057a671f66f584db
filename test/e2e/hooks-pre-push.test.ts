import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderedFolder } from '../../src/install/call.js';
import { type Answer, projectRoot } from '../support/scratch.js';
import { changesFile, completing, hooked, skipBecause, snapshot, Workspace, waitFor, withGit, withOlderGit } from '../support/workspace.js';

const runId = '11111111-2222-4333-8444-555555555555';
const leaseTrailers = ['aynig-state: working', 'aynig-origin-state: build', `aynig-run-id: ${runId}`, 'aynig-runner-id: somewhere'];

/** With our hooks, and a bare remote named origin that has nothing yet. */
function withRemote(made = withOlderGit(), ...bareArguments: string[]): Workspace {
  made.git('init', '--quiet', '--bare', ...bareArguments, join(made.root, 'origin.git'));
  made.git('remote', 'add', 'origin', join(made.root, 'origin.git'));
  made.init();
  return made;
}

/** A commit on top of HEAD with these bytes for its message, which no branch names. */
const commitWith = (made: Workspace, message: string): string =>
  made.gitAnswer(['commit-tree', '-p', 'HEAD', '-F', '-', 'HEAD^{tree}'], { input: message, expected: 0 }).stdout.trim();

const push = (made: Workspace, refspecs: readonly string[], env: Record<string, string> = {}): Answer =>
  made.gitAnswer(['push', '--quiet', 'origin', ...refspecs], { env });

const branchesAt = (made: Workspace): string[] =>
  made
    .git('ls-remote', '--heads', 'origin')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^.*refs\/heads\//, ''));

/** A run of build on main that goes on until the test lets it. */
async function running(): Promise<Workspace> {
  const made = hooked(completing('review', `: >"$HOME/started"\n${waitFor()}\n${changesFile}`));
  made.git('init', '--quiet', '--bare', join(made.root, 'origin.git'));
  made.git('remote', 'add', 'origin', join(made.root, 'origin.git'));
  made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
  await made.until('the command has started', () => made.noted('started'));
  return made;
}

describe('a push of a branch that a run of this clone holds', () => {
  test('is refused with who holds it and what to do, and goes through once the run has ended', async () => {
    const made = await running();
    const run = made.trailer('aynig-run-id');
    const answer = push(made, ['main']);
    expect(answer.exitCode).not.toBe(0);
    expect(answer.stderr).toContain('aynig: main was not pushed: a run of this clone is at work on it');
    expect(answer.stderr).toContain(`(runner ${made.trailer('aynig-runner-id')}, run ${run})`);
    expect(answer.stderr).toContain(
      'wait until it has ended (aynig status main), or end it: aynig cancel main; to push it all the same: AYNIG=0 git push',
    );
    expect(branchesAt(made)).toEqual([]);
    made.release();
    await made.untilState('review');
    await made.untilStill();
    expect(push(made, ['main'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(branchesAt(made)).toEqual(['main']);
  });

  test('is refused under any other name, and from a linked working tree', async () => {
    const made = await running();
    const linked = made.linked('side', 'HEAD~1');
    for (const [at, refspec] of [
      [made, 'HEAD:refs/heads/other'],
      [made, 'main^{/working}:refs/heads/other'],
      [linked, 'main'],
    ] as const) {
      const answer = push(at, [refspec]);
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stderr).toContain('a run of this clone is at work on it');
    }
    expect(push(linked, ['side'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(branchesAt(made)).toEqual(['side']);
    made.release();
    await made.untilStill();
  });

  test('goes through with AYNIG=0', async () => {
    const made = await running();
    expect(push(made, ['main'], { AYNIG: '0' })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(branchesAt(made)).toEqual(['main']);
    made.release();
    await made.untilStill();
  });

  test('says how to bring in a result that waits', async () => {
    const made = await running();
    made.write('built.txt', 'unsaved work\n');
    made.release();
    await made.until('the result waits', () => made.statusOf('main').reading === 'undelivered');
    await made.untilStill();
    const answer = push(made, ['main']);
    expect(answer.exitCode).not.toBe(0);
    expect(answer.stderr).toMatch(/a finished run of this clone waits to be brought into it .*\naynig: bring it in: aynig land main;/);
    rmSync(join(made.path, 'built.txt'));
    made.aynig(['land']);
    expect(push(made, ['main']).exitCode).toBe(0);
  });
});

describe('what counts as a lease at a push', () => {
  const refused: readonly [string, string][] = [
    ['a lease', `t\n\n${leaseTrailers.join('\n')}\n`],
    ['a lease without more than its state', 't\n\naynig-state: working\n'],
    ['a lease in capitals and with wide spaces', 't\n\nAynig-State:   WORKING  \n'],
    ['a lease behind a body', 't\n\nbody\nmore\n\n aynig-remote: origin\n\naynig-state: working\n'],
    ['a lease with the lines of others, folded', 't\n\nSigned-off-by: a\n b\naynig-state: working\nChange-Id: I1\n'],
    ['a lease that was picked', 't\n\naynig-state: working\n(cherry picked from commit 1234)\n'],
    ['a lease with Windows line ends', 't\r\n\r\naynig-state: working\r\n'],
    ['a lease with white space behind it', 't\n\naynig-state: working\n \t\n\n'],
    ['a lease without a last newline', 't\n\naynig-state: working'],
  ];

  test.each(refused)('%s', (_, message) => {
    const made = withRemote();
    const answer = push(made, [`${commitWith(made, message)}:refs/heads/main`]);
    expect(answer.exitCode).not.toBe(0);
    expect(answer.stderr).toContain('its tip is the lease of a run that no remote decides');
    expect(branchesAt(made)).toEqual([]);
  });

  const taken: readonly [string, string][] = [
    ['a lease that a remote decides', 't\n\naynig-state: working\naynig-remote: origin\n'],
    ['an indented mention', 't\n\n    aynig-state: working\n'],
    ['a mention in the body', 't\n\naynig-state: working\n\nSo it said.\n'],
    ['a mention in the middle of a last paragraph of prose', 't\n\nIt said\naynig-state: working\n'],
    ['a mention in the title', 'aynig-state: working\n'],
    ['a mention behind empty lines at the start', '\n\naynig-state: working\n'],
    ['another state that has it in its value', 't\n\naynig-state: working/on-it\naynig-note: working\n'],
    ['another key', 't\n\nx-aynig-state: working\n'],
    ['a message that names two states, which no reader takes for a lease', 't\n\naynig-state: working\naynig-state: working\n'],
    ['a state with white space before its colon, which is invalid', 't\n\naynig-state : working\n'],
    ['a folded state, which is invalid', 't\n\naynig-state: working\n  more\n'],
    ['a request', 't\n\nworking on it\n\naynig-state: build\n'],
  ];

  test.each(taken)('not %s', (_, message) => {
    const made = withRemote();
    expect(push(made, [`${commitWith(made, message)}:refs/heads/main`])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(branchesAt(made)).toEqual(['main']);
  });

  test('not what is pushed elsewhere than to a branch, or deleted', () => {
    const made = withRemote();
    const lease = commitWith(made, 't\n\naynig-state: working\n');
    expect(push(made, [`${lease}:refs/heads/main`], { AYNIG: '0' }).exitCode).toBe(0);
    expect(push(made, [`${lease}:refs/tags/lease`, `${lease}:refs/aynig/lease/x`])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(push(made, [':refs/heads/main'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(branchesAt(made)).toEqual([]);
  });

  test('each branch of a push by its own tip, and none of them goes when one is refused', () => {
    const made = withRemote();
    made.git('branch', 'plain', commitWith(made, 'working on aynig-state, in prose\n'));
    made.git('branch', 'held', commitWith(made, 't\n\naynig-state: working\n'));
    made.git('branch', 'asks', commitWith(made, 't\n\naynig-state: build\n'));
    const answer = push(made, ['plain', 'held', 'asks']);
    expect(answer.exitCode).not.toBe(0);
    expect(answer.stderr.match(/aynig: \S+ was not pushed/g)).toEqual(['aynig: held was not pushed']);
    expect(branchesAt(made)).toEqual([]);
    expect(push(made, ['plain', 'asks']).exitCode).toBe(0);
    // Up to date: git starts the hook without a line.
    expect(push(made, ['plain', 'asks'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('also with SHA-256', () => {
    const made = withOlderGit();
    rmSync(join(made.path, '.git'), { recursive: true });
    made.git('init', '--quiet', '--initial-branch=main', '--object-format=sha256', '--template=');
    made.git('config', 'user.name', 'Ana');
    made.git('config', 'user.email', 'ana@example.com');
    made.git('commit', '--quiet', '--allow-empty', '--message', 'first');
    withRemote(made, '--object-format=sha256');
    expect(push(made, ['main']).exitCode).toBe(0);
    const lease = commitWith(made, 't\n\naynig-state: working\n');
    expect(lease).toHaveLength(64);
    expect(push(made, [`${lease}:refs/heads/other`]).stderr).toContain('aynig: ');
    expect(push(made, [':refs/heads/main']).exitCode).toBe(0);
    expect(branchesAt(made)).toEqual([]);
  });

  test('by what is pushed and not by what replaces it here', () => {
    const made = withRemote();
    const lease = commitWith(made, 't\n\naynig-state: working\n');
    made.git('replace', lease, made.head());
    expect(push(made, [`${lease}:refs/heads/main`]).exitCode).not.toBe(0);
  });

  test('and nothing of the message reaches the terminal unchecked', () => {
    const made = withRemote();
    const lease = commitWith(made, 't\n\naynig-state: working\naynig-runner-id: \x1b]0;owned\x07 x\naynig-run-id: ../../../x\n');
    const { stderr } = push(made, [`${lease}:refs/heads/main`]);
    expect(stderr).toContain('(runner ?]0;owned??x, run ../../../x)');
  });
});

describe('a push inside a run that a remote decides', () => {
  const inside = { AYNIG_RUN_ID: runId, AYNIG_REMOTE: 'origin', AYNIG_BRANCH: 'main' };

  test('is refused for the branch of the run, and says who publishes it', () => {
    const made = withRemote();
    for (const refspec of ['HEAD:refs/heads/main', ':refs/heads/main']) {
      made.gitAnswer(['push', '--quiet', 'origin', 'HEAD:refs/heads/main'], { env: { AYNIG: '0' } });
      made.git('commit', '--quiet', '--allow-empty', '--message', 'more');
      const before = made.git('ls-remote', 'origin');
      const answer = push(made, [refspec, 'HEAD:refs/heads/other'], inside);
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stderr).toContain('the runner publishes what it commits to main');
      expect(answer.stderr).toContain('commit, and exit with 0; other branches may be pushed');
      expect(made.git('ls-remote', 'origin')).toBe(before);
    }
  });

  test('goes through for other branches and for other refs', () => {
    const made = withRemote();
    expect(push(made, ['HEAD:refs/heads/main-2', 'HEAD:refs/tags/main'], inside)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test.each(['AYNIG_RUN_ID', 'AYNIG_REMOTE'])('is none without %s', (name) => {
    const made = withRemote();
    expect(push(made, ['HEAD:refs/heads/main'], { ...inside, [name]: '' })).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('what pre-push costs', () => {
  /** Programs that one push starts, by name, as strace sees them. */
  const started = (made: Workspace, args: readonly string[]): string[] => {
    const trace = join(made.root, 'trace');
    made.program('strace', ['-f', '-qq', '-e', 'trace=execve', '-e', 'signal=none', '-o', trace, 'git', ...args], { expected: 'any' });
    const text = made.note('trace');
    rmSync(trace);
    // What is tried in a folder of PATH and is not there fails.
    return text
      .split('\n')
      .filter((line) => !/ = -1 /.test(line))
      .flatMap((line) => {
        const [, file = '', first = ''] = /execve\("(?:[^"]*\/)?([^"/]+)", \["[^"]*"(?:, "([^"]*)")?/.exec(line) ?? [];
        return file === '' ? [] : [`${file} ${first}`];
      });
  };

  test('is one git for all branches without trailers, and no Node', (context) => {
    const made = withRemote();
    if (made.program('sh', ['-c', 'command -v strace'], { expected: 'any' }).exitCode !== 0)
      return skipBecause('counting what a push starts, which needs strace', context);
    const plain = new Workspace(made.root, made.path, { ...made.env, PATH: process.env['PATH'] ?? '' });
    plain.git('branch', 'one', commitWith(plain, 'one\n'));
    plain.git('branch', 'two', commitWith(plain, 'two\n'));
    const hook = (args: readonly string[]): string[] => {
      const without = started(plain, [...args, '--no-verify', '--dry-run']);
      const all = started(plain, [...args, '--dry-run']);
      for (const each of without) all.splice(all.indexOf(each), 1);
      return all;
    };
    expect(hook(['push', '--quiet', 'origin', 'one', 'two', 'main'])).toEqual(['pre-push origin', 'git --no-replace-objects']);
    expect(hook(['push', '--quiet', 'origin', 'main:refs/tags/x'])).toEqual(['pre-push origin']);
    plain.git('push', '--quiet', 'origin', 'main');
    expect(hook(['push', '--quiet', 'origin', ':main'])).toEqual(['pre-push origin']);
  });
});

describe('pre-push beside the hooks of others', () => {
  test.for(['git-lfs first', 'ours first'])('lets git-lfs upload what is pushed, %s', (order, context) => {
    const made = withOlderGit();
    if (made.program('sh', ['-c', 'command -v git-lfs'], { expected: 'any' }).exitCode !== 0)
      return skipBecause('pushing with git-lfs, which is not here', context);
    made.git('init', '--quiet', '--bare', join(made.root, 'origin.git'));
    made.git('remote', 'add', 'origin', join(made.root, 'origin.git'));
    if (order === 'ours first') made.init();
    made.git('lfs', 'install', '--local', ...(order === 'ours first' ? ['--force'] : []));
    made.init();
    made.write('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    made.write('large.bin', 'large\n');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'large');
    made.git('push', '--quiet', 'origin', 'main');
    expect(branchesAt(made)).toEqual(['main']);
    expect(readdirSync(join(made.root, 'origin.git/lfs/objects'))).toHaveLength(1);
    expect(push(made, [`${commitWith(made, 't\n\naynig-state: working\n')}:refs/heads/x`]).stderr).toContain('aynig: ');
  });

  test.for(['sh', 'dash', 'bash', 'busybox sh'])('hands every byte of a long list on to a hook for %s', (shell, context) => {
    const made = withOlderGit();
    const [program = ''] = shell.split(' ');
    if (made.program('sh', ['-c', `command -v ${program}`], { expected: 'any' }).exitCode !== 0)
      return skipBecause(`a hook for ${program}, which is not here`, context);
    made.write('.git/hooks/pre-push', '#!/bin/sh -eu\ncase ${BASH_VERSION-} in ?*) set -o pipefail ;; esac\ncat >"$HOME/pushed"\n', 0o755);
    made.init();
    const head = made.head();
    const list = Array.from({ length: 2_000 }, (_, at) => `refs/heads/a${at} ${head} refs/heads/a${at} ${'0'.repeat(40)}\n`).join('');
    const run = (input: string, env = {}): void =>
      void made.program(program, [...shell.split(' ').slice(1), '-eu', '.git/hooks/pre-push', 'origin', 'url'], { input, env });
    for (const env of [{}, { AYNIG: '0' }]) {
      for (const input of [list, '']) {
        run(input, env);
        expect(made.note('pushed')).toBe(input);
      }
    }
  });

  test('comes to a clone whose hooks are of before it, by aynig init', () => {
    const files = withOlderGit();
    const block = withOlderGit();
    block.write('.git/hooks/pre-push', '#!/bin/sh\ncat >"$HOME/pushed"\n', 0o755);
    const theirs = block.read('.git/hooks/pre-push');
    const husky = withOlderGit();
    husky.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n');
    husky.write('.husky/pre-commit', 'true\n');
    husky.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js')]);
    const config = withGit('2.54.0');
    for (const [made, undo] of [
      [files, () => rmSync(join(files.path, '.git/hooks/pre-push'))],
      [block, () => block.write('.git/hooks/pre-push', theirs, 0o755)],
      [husky, () => rmSync(join(husky.path, '.husky/pre-push'))],
      [config, () => config.git('config', '--remove-section', 'hook.aynig-pre-push')],
    ] as const) {
      made.init();
      const fresh = snapshot(made.path);
      undo();
      rmSync(join(made.path, '.git', renderedFolder, 'pre-push'), { force: true });
      const found = JSON.parse(made.aynig(['doctor', '--json'], { expected: 'any' }).stdout) as {
        findings: { id: string; sentence: string }[];
      };
      // The git that is here may be too old to run what the configuration names.
      if (made !== config) expect(found.findings.map(({ id }) => id)).toContain('hook-missing');
      expect(made.aynig(['init']).stdout).toMatch(/(?:create|update) .*(?:pre-push|aynig\/hooks)/);
      expect(snapshot(made.path)).toEqual(fresh);
    }
  });

  test('is asked for alone where a manager has the lines for the others already', () => {
    const made = withOlderGit();
    made.write('lefthook.yml', 'pre-commit:\n  jobs:\n    - run: "true"\n');
    const lines = made.aynig(['init'], { expected: 1 }).stdout.split('\n').slice(2);
    made.write('lefthook.yml', `${lines.slice(0, lines.indexOf('pre-push:')).join('\n')}\n`);
    const printed = made.aynig(['init'], { expected: 1 }).stdout;
    expect(printed).toMatch(/\n\npre-push:\n {2}commands:\n {4}aynig:\n {6}run: .*\n {6}use_stdin: true\n/);
    expect(printed).not.toContain('post-commit');
    expect(existsSync(join(made.path, '.git/hooks/pre-push'))).toBe(false);
  });
});
