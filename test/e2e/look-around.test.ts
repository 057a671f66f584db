import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { farm } from '../support/farm.js';
import { completing, hooked, type Workspace, waitFor, workspace } from '../support/workspace.js';

/** Shell text that puts a request on a branch by plumbing, as no hook of git's sees. */
const ask = (branch: string, state: string, on = '$AYNIG_COMMIT_HASH'): string =>
  `asked=$(printf 'ask\\n\\naynig-state: ${state}\\n' | git commit-tree -p ${on} "$AYNIG_COMMIT_HASH^{tree}")
git update-ref --create-reflog -m 'aynig: asked by a command' refs/heads/${branch} "$asked"`;

/** Waits for a branch that need not be there yet. */
async function untilBranch(made: Workspace, branch: string, state: string): Promise<void> {
  const tip = ['log', '-1', '--format=%(trailers:key=aynig-state,valueonly,only)', branch, '--'];
  await made.until(`${branch} is ${state}`, () => made.gitAnswer(tip).stdout.trim() === state);
}

const runReport = (made: Workspace, args: readonly string[] = ['--current-branch', 'include']) => {
  const answer = made.aynig(['run', '--json', ...args], { expected: 'any' });
  const report = JSON.parse(answer.stdout) as { branches: { branch: string; outcomes: { kind: string }[]; failure: unknown }[] };
  return { ...answer, branches: report.branches };
};

/** How often git lists all branches in a run, and how many git processes it starts. */
function gitCalls(made: Workspace): { looks: number; all: number } {
  const trace = join(made.root, `trace-${Math.random()}`);
  made.aynig(['run', '--current-branch', 'include'], { env: { GIT_TRACE2_EVENT: trace } });
  const calls = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { event: string; sid: string; argv?: string[] })
    .filter(({ event, sid }) => event === 'start' && !sid.includes('/'));
  return { looks: calls.filter(({ argv }) => argv?.includes('for-each-ref') && argv.at(-1) === 'refs/heads/').length, all: calls.length };
}

describe('a request that a command puts on another branch', () => {
  test('is run by the same aynig run, as is one that is put on a branch which was there', () => {
    const made = workspace();
    made.command('spread', completing('done', `${ask('new', 'build')}\n${ask('old', 'build', 'old')}`));
    made.command('build', completing('review'));
    made.git('branch', 'old');
    made.request('spread');
    const { branches } = runReport(made);
    expect(branches.map(({ branch }) => branch).sort()).toEqual(['main', 'new', 'old']);
    expect(made.state('new')).toBe('review');
    expect(made.state('old')).toBe('review');
  });

  test('is run by what a hook started, and by a chain of such branches too', async () => {
    const made = hooked(completing('review'));
    made.command('two', completing('done', ask('third', 'build')));
    made.command('one', completing('done', ask('second', 'two')));
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: one');
    await untilBranch(made, 'third', 'review');
    await made.untilQuiet();
    expect(made.ran().map(({ branch }) => branch)).toEqual(['main', 'second', 'third']);
  });

  test('is run while another branch is still at work', async () => {
    const made = workspace();
    made.command('hold', completing('done', waitFor()));
    made.command('spread', completing('done', ask('new', 'build')));
    made.command('build', completing('review'));
    made.git('branch', 'held');
    made.request('spread');
    made.git('switch', '--quiet', 'held');
    made.request('hold');
    const run = made.start(['run', '--current-branch', 'include']);
    // Listened for before it can have happened.
    const ended = new Promise((resolve) => run.once('close', resolve));
    await untilBranch(made, 'new', 'review');
    expect(made.state('held')).toBe('working');
    made.release();
    await made.untilState('done', 'held');
    await ended;
  });

  test('is left alone by a run that is for other branches', () => {
    for (const [args, ran] of [
      [['--branch', 'main'], ['main']],
      [['--current-branch', 'only'], ['main']],
      [['--current-branch', 'skip'], []],
    ] as const) {
      const made = workspace();
      made.command('spread', completing('done', ask('new', 'build')));
      made.command('build', completing('review'));
      made.request('spread');
      made.aynig(['run', ...args]);
      expect(made.ran().map(({ branch }) => branch)).toEqual(ran);
    }
  });

  test('that the current branch gets is left alone by a run that skips it', () => {
    const made = workspace();
    made.command('spread', completing('done', ask('main', 'build', 'main')));
    made.command('build', completing('review'));
    made.git('switch', '--quiet', '--create', 'other');
    made.request('spread');
    made.git('switch', '--quiet', 'main');
    made.aynig(['run']);
    expect(made.ran().map(({ branch }) => branch)).toEqual(['other']);
    expect(made.state('main')).toBe('build');
  });

  test('is found at a remote by the run that put it there', async () => {
    const spread = `${ask('new', 'build')}\ngit push --quiet origin "$asked:refs/heads/new"`;
    const { remote, clones, ask: request, run } = farm({ command: completing('done', `[ "$AYNIG_BRANCH" = new ] || { ${spread}\n}`) });
    const [clone] = clones as [Workspace];
    request('main');
    expect(await run(clone)).toMatchObject({ exitCode: 0 });
    expect(remote.state('new')).toBe('done');
    expect(clone.ran().map(({ branch }) => branch)).toEqual(['main', 'new']);
  });
});

describe('looking once more', () => {
  test('costs one listing of the branches for a run that started a command, and nothing for others', () => {
    const made = workspace();
    made.command('build', completing('review'));
    for (let at = 0; at < 20; at++) made.git('branch', `idle${at}`);
    expect(gitCalls(made)).toMatchObject({ looks: 1 });
    made.request('build');
    const first = gitCalls(made);
    expect(first.looks).toBe(2);
    expect(gitCalls(made)).toMatchObject({ looks: 1 });
    process.stdout.write(`look around: ${first.looks} listings, ${first.all} git calls in a run of one command beside 20 idle branches\n`);
  });

  test('says once what is wrong with a branch, however many commands run after it', () => {
    const made = workspace();
    made.command('build', completing('review'));
    made.command('chain', completing('done', `n=\${AYNIG_BRANCH#c}; [ "$n" = 6 ] || { ${ask('c$((n + 1))', 'chain')}\n}`));
    made.write('.aynig/command/broken', 'no program', 0o644);
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message', 'a command that is none');
    made.git('switch', '--quiet', '--create', 'bad');
    made.request('broken');
    made.git('switch', '--quiet', '--create', 'c1', 'main');
    made.request('chain');
    const { stderr, branches } = runReport(made);
    expect(made.ran().map(({ branch }) => branch)).toEqual(['c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
    expect(stderr.match(/update-index --chmod/g)).toHaveLength(1);
    expect(branches.map(({ branch }) => branch).sort()).toEqual(['bad', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
  });

  test('says once what a hook may not start', async () => {
    const made = hooked();
    made.command('chain', completing('done', `n=\${AYNIG_BRANCH#c}; [ "$n" = 4 ] || { ${ask('c$((n + 1))', 'chain')}\n}`));
    made.git('branch', 'brought');
    made.git('switch', '--quiet', 'brought');
    made.request('build');
    made.git('switch', '--quiet', '--create', 'c1', 'main');
    // Nothing in this clone says how it came here.
    made.git('branch', 'copied', 'brought');
    made.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: chain');
    await untilBranch(made, 'c4', 'done');
    await made.untilQuiet();
    expect(
      made
        .hookLog()
        .split('\n')
        .filter((line) => line.includes('copied')),
    ).toHaveLength(1);
  });

  test('does not retry a claim that the remote refused, nor list it twice', async () => {
    const spread = `n=\${AYNIG_BRANCH#c}; [ "$n" = 3 ] || { ${ask('c$((n + 1))', 'build')}\ngit push --quiet origin "$asked:refs/heads/c$((n + 1))"\n}`;
    const { remote, clones, ask: request, run } = farm({ command: completing('done', spread) });
    const [clone] = clones as [Workspace];
    request('closed');
    request('c1');
    writeFileSync(
      join(remote.path, 'hooks/update'),
      '#!/bin/sh\n[ "$1" != refs/heads/closed ] || { echo tried >>"$HOME/tried"; exit 1; }\n',
      { mode: 0o755 },
    );
    const answer = await run(clone, ['--json']);
    const { branches } = JSON.parse(answer.stdout) as { branches: { branch: string }[] };
    expect(branches.map(({ branch }) => branch).sort()).toEqual(['c1', 'c2', 'c3', 'closed']);
    expect(answer.stderr.match(/push-refused/g)).toHaveLength(1);
  });

  test('ends with branches that ask each other again and again, each after its ticks', () => {
    const made = workspace();
    made.git('config', 'aynig.maxTicks', '4');
    const other = 'other=a; [ "$AYNIG_BRANCH" = b ] || other=b';
    made.command(
      'ping',
      completing(
        'done',
        `${other}\n[ "$(git log -1 --format=%B $other | tail -n 1)" = "aynig-state: ping" ] || { ${ask('$other', 'ping', '$other')}\n}`,
      ),
    );
    made.git('branch', 'b');
    made.git('switch', '--quiet', '--create', 'a');
    made.request('ping');
    made.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
    const ran = made.ran().map(({ branch }) => branch);
    expect(ran).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
  });

  test('does not give a branch that used up its ticks some more', () => {
    const made = workspace();
    made.git('config', 'aynig.maxTicks', '3');
    made.command('again', completing('again'));
    made.command('chain', completing('done', `n=\${AYNIG_BRANCH#c}; [ "$n" = 4 ] || { ${ask('c$((n + 1))', 'chain')}\n}`));
    made.git('branch', 'loop');
    made.git('switch', '--quiet', 'loop');
    made.request('again');
    made.git('switch', '--quiet', '--create', 'c1', 'main');
    made.request('chain');
    const { stderr, branches } = runReport(made);
    expect(made.ran().filter(({ branch }) => branch === 'loop')).toHaveLength(3);
    expect(stderr.match(/aynig.maxTicks/g)).toHaveLength(1);
    expect(branches.filter(({ branch }) => branch === 'loop')).toHaveLength(1);
  });

  test('lists a result that a checkout refuses once', () => {
    const made = workspace();
    made.command('build', completing('review', 'echo theirs >README; git add README'));
    made.command('chain', completing('done', `n=\${AYNIG_BRANCH#c}; [ "$n" = 4 ] || { ${ask('c$((n + 1))', 'chain')}\n}`));
    made.git('branch', 'c1');
    made.git('worktree', 'add', '--quiet', join(made.root, 'elsewhere'), 'c1');
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: chain'], {
      cwd: join(made.root, 'elsewhere'),
      expected: 0,
    });
    made.request('build');
    made.write('README', 'mine\n');
    const { branches } = runReport(made);
    expect(branches.filter(({ branch }) => branch === 'main').map(({ outcomes }) => outcomes.map(({ kind }) => kind))).toEqual([
      ['undelivered'],
    ]);
    expect(made.state('c4')).toBe('done');
  });
});
