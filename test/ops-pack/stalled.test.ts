import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { farm } from '../support/farm.js';
import { addOpsPack, withOpsPack } from '../support/ops-pack.js';
import { cliPath } from '../support/scratch.js';
import { completing, type Workspace, waitFor } from '../support/workspace.js';

/** Asks by a commit that the hooks see, as a person does, and waits for a state where nobody runs. */
async function ended(repo: Workspace, trailers: readonly string[], { body = 'The prompt.\n\nIts second part.', end = 'failed' } = {}) {
  repo.git('commit', '--quiet', '--allow-empty', '-m', 'Please build', '-m', body, '-m', ['aynig-state: build', ...trailers].join('\n'));
  await repo.untilState(end);
  await repo.untilQuiet();
}

function quick(commands: Readonly<Record<string, string>>): Workspace {
  const repo = withOpsPack(commands);
  repo.git('config', 'aynig.ops.backoffSeconds', '0');
  return repo;
}

const message = (repo: Workspace, rev = 'HEAD'): string => repo.git('log', '-1', '--format=%B', rev);
const attempts = (repo: Workspace): number => repo.ran().length;
const started = 'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"';

describe('a run that stalled', () => {
  test('is asked for again with the same words until it succeeds', async () => {
    const repo = quick({
      build: `${started}\necho "$AYNIG_BODY" >>"$HOME/bodies"\n[ "$AYNIG_TRAILER_AYNIG_ATTEMPT" = 3 ] || exit 7\n${completing('done').split('\n').slice(2).join('\n')}`,
    });
    await ended(repo, ['aynig-attempt: 1', 'aynig-max-attempts: 3', 'aynig-correlation-id: c-1', 'X-Of-Mine: kept as it is'], {
      end: 'done',
    });
    expect(attempts(repo)).toBe(3);
    expect(repo.states().filter((state) => state === 'stalled')).toHaveLength(2);
    expect(repo.note('bodies')).toBe('The prompt.\n\nIts second part.\n'.repeat(3));
    const [, , third = ''] = repo.git('log', '--first-parent', '--reverse', '--format=%H', '--grep=^aynig-state: build').split('\n');
    expect(message(repo, third)).toMatch(
      /^Please build\n\nThe prompt\.\n\nIts second part\.\n\naynig-max-attempts: 3\naynig-correlation-id: c-1\nX-Of-Mine: kept as it is\naynig-attempt: 3\naynig-state: build\naynig-run-id: /,
    );
  });

  test('ends in "failed" when its attempts are used up, with all that a person needs', async () => {
    const repo = quick({ build: `${started}\necho "attempt $AYNIG_TRAILER_AYNIG_ATTEMPT fails"\nexit 9` });
    await ended(repo, ['aynig-max-attempts: 2', 'aynig-correlation-id: c-1', 'aynig-parent-run: p-1']);
    expect(attempts(repo)).toBe(2);
    const { runId = '', request = '' } = repo.ran()[1] ?? {};
    const text = message(repo);
    expect(text).toContain('build failed: ended with exit code 9 in attempt 2 of 2');
    for (const part of ['State: build', `Run: ${runId}, ended with exit code 9`, 'Attempts: 2 of 2', `.aynig/logs/${request}.log`])
      expect(text).toContain(part);
    expect(repo.trailer('aynig-failed-state')).toBe('build');
    expect(repo.trailer('aynig-attempt')).toBe('2');
    expect(repo.trailer('aynig-correlation-id')).toBe('c-1');
    expect(repo.trailer('aynig-parent-run')).toBe('p-1');
    expect(repo.trailer('aynig-note')).toBe('ended with exit code 9 in attempt 2 of 2');
    expect(repo.exists(`.aynig/logs/${request}.log`)).toBe(true);
    // The newest log of the branch is that of recovery by now.
    const [, hint = ''] = /^Log: .* \(aynig (.*)\)$/m.exec(text) ?? [];
    expect(repo.aynig(hint.split(' ')).stdout).toContain('attempt 2 fails');
  });

  test('is not tried again where nobody asked for more than one attempt', async () => {
    const repo = quick({ build: `${started}\nexit 1` });
    await ended(repo, []);
    expect(attempts(repo)).toBe(1);
    expect(repo.trailer('aynig-note')).toContain('no aynig-max-attempts');
  });

  test('goes to the state of aynig-next-on-failure, which has no such way out of its own', async () => {
    const repo = quick({ build: `${started}\nexit 1`, mend: `${started}\ncp "$AYNIG_BODY_FILE" "$HOME/body"\nexit 2` });
    await ended(repo, ['aynig-max-attempts: 1', 'aynig-next-on-failure: Mend']);
    expect(repo.ran().map(({ state }) => state)).toEqual(['build', 'mend']);
    expect(repo.note('body')).toContain('State: build');
    expect(repo.trailer('aynig-failed-state')).toBe('mend');
  });

  test('by the command that was killed is told apart by its signal', async () => {
    const repo = quick({ build: `${started}\nkill -KILL $$` });
    await ended(repo, ['aynig-max-attempts: 2']);
    expect(attempts(repo)).toBe(2);
    expect(message(repo)).toContain('ended by signal SIGKILL in attempt 2 of 2');
  });

  test('is never tried again after a person cancelled it', async () => {
    const repo = quick({ build: `${started}\n${waitFor()}` });
    repo.git(
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'x',
      '-m',
      'aynig-state: build\naynig-max-attempts: 5\naynig-next-on-failure: build',
    );
    await repo.until('it runs', () => attempts(repo) === 1);
    repo.aynig(['cancel']);
    await repo.untilState('failed');
    await repo.untilQuiet();
    expect(attempts(repo)).toBe(1);
    expect(repo.trailer('aynig-note')).toContain('a person cancelled the run');
  });

  test('by a lease that expired elsewhere is tried again by what its request says', async () => {
    const repo = quick({ build: completing('done') });
    const run = '11111111-2222-3333-4444-555555555555';
    const request = repo.request('build', { body: 'the prompt', trailers: ['aynig-max-attempts: 2', 'aynig-correlation-id: c-1'] });
    repo.request('working', {
      trailers: ['aynig-origin-state: build', `aynig-run-id: ${run}`, 'aynig-runner-id: elsewhere', `aynig-parent: ${request}`],
    });
    repo.request('stalled', { trailers: [`aynig-stalled-run: ${run}`, 'aynig-origin-state: build'] });
    repo.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
    expect(repo.state()).toBe('done');
    const again = repo.ran()[0]?.request ?? '';
    expect(message(repo, again)).toContain('the prompt');
    expect(repo.trailer('aynig-attempt', again)).toBe('2');
    expect(repo.trailer('aynig-correlation-id', again)).toBe('c-1');
  });
});

describe('trailers that are of no use', () => {
  test.each<[string, string[], RegExp]>([
    ['attempts in words', ['aynig-attempt: two', 'aynig-max-attempts: 3'], /aynig-attempt is "two"/],
    ['attempts below nothing', ['aynig-attempt: -1', 'aynig-max-attempts: 3'], /aynig-attempt is "-1"/],
    ['attempts that overflow', ['aynig-attempt: 99999999999999999999', 'aynig-max-attempts: 3'], /aynig-attempt is "9+"/],
    ['a limit in words', ['aynig-max-attempts: many'], /aynig-max-attempts is "many"/],
    ['a limit that overflows', ['aynig-max-attempts: 9223372036854775808'], /aynig-max-attempts is "9223372036854775808"/],
    ['a limit with a fraction', ['aynig-max-attempts: 1.5', 'aynig-next-on-failure: mend'], /aynig-max-attempts is "1.5"/],
    ['a next state that is none', ['aynig-max-attempts: 2', 'aynig-next-on-failure: ../x y'], /aynig-next-on-failure is "\.\.\/x y"/],
    ['recovery as what comes next', ['aynig-next-on-failure: stalled'], /aynig-next-on-failure names "stalled"/],
    ['a lease as what comes next', ['aynig-next-on-failure: Working'], /aynig-next-on-failure names "working"/],
    ['text that a shell would run', ['aynig-attempt: 1$(touch ../pwned)', 'aynig-max-attempts: `id`'], /aynig-attempt is/],
  ])('end in "failed" and say why: %s', async (_, trailers, note) => {
    const repo = quick({ build: `${started}\nexit 1` });
    await ended(repo, trailers);
    expect(attempts(repo)).toBe(1);
    expect(repo.trailer('aynig-note')).toMatch(note);
    expect(repo.states().filter((state) => state === 'stalled')).toHaveLength(1);
  });

  test.each<[string, string[], RegExp]>([
    ['no state', ['aynig-max-attempts: 3'], /nothing legal says which state/],
    ['a state that nobody knows', ['aynig-origin-state: unknown', 'aynig-max-attempts: 3'], /nothing legal says which state/],
    ['a state that is no name', ['aynig-origin-state: a b', 'aynig-max-attempts: 3'], /nothing legal says which state/],
    ['a lease', ['aynig-origin-state: working', 'aynig-max-attempts: 3'], /"working" is never asked for/],
    ['no run', ['aynig-origin-state: build', 'aynig-max-attempts: 3'], /not in the history/],
    ['a run that is no id', ['aynig-origin-state: build', 'aynig-stalled-run: ; id', 'aynig-max-attempts: 3'], /not in the history/],
  ])('of a stalled commit by hand end in "failed": %s', (_, trailers, note) => {
    const repo = quick({ build: started });
    repo.request('stalled', { trailers });
    repo.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
    expect(repo.state()).toBe('failed');
    expect(repo.trailer('aynig-note')).toMatch(note);
    expect(attempts(repo)).toBe(0);
  });

  test('recovery that stalled itself waits for a person', () => {
    const repo = quick({ build: started });
    repo.request('stalled', { trailers: ['aynig-origin-state: stalled', 'aynig-max-attempts: 3'] });
    repo.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
    expect(repo.state()).toBe('stalled');
  });
});

describe('work that an attempt kept', () => {
  const build = `${started}
if [ "$AYNIG_TRAILER_AYNIG_ATTEMPT" = 2 ]; then cat half.txt shared.txt >"$HOME/found" 2>&1 || :
  cp "$AYNIG_BODY_FILE" "$HOME/body"; git commit -q --allow-empty -m ok -m 'aynig-state: done'; exit 0; fi
echo 'committed' >shared.txt; git add shared.txt; git commit -q -m 'half of it'
echo 'half done' >half.txt; echo 'changed' >>shared.txt; exit 3`;

  test('is there again where the request asks for it', async () => {
    const repo = quick({ build });
    await ended(repo, ['aynig-max-attempts: 2', 'aynig-continue: kept'], { end: 'done' });
    expect(repo.note('found')).toBe('half done\ncommitted\nchanged\n');
    expect(repo.git('log', '--format=%s', '--grep=Bring back')).toBe('Bring back what the last attempt kept');
    expect(repo.note('body').trim()).toBe('The prompt.\n\nIts second part.');
  });

  test('is known to be in the branch once it is back, so that clean removes it and land has nothing to do', async () => {
    const repo = quick({ build });
    await ended(repo, ['aynig-max-attempts: 2', 'aynig-continue: kept'], { end: 'done' });
    const { runId = '' } = repo.ran()[0] ?? {};
    const ref = `refs/aynig/kept/${runId}-uncommitted`;
    const back = repo.git('log', '--first-parent', '--format=%H', '--grep=^Bring back');
    expect(repo.head(`${back}^2`)).toBe(repo.head(ref));
    expect(repo.git('merge-base', ref, 'main')).toBe(repo.head(ref));
    repo.aynig(['verify', '--all']);
    const kept = repo.head(ref);
    repo.git('update-ref', '-d', `refs/aynig/kept/${runId}`);
    repo.request('clean');
    repo.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
    expect(repo.state()).toBe('done');
    expect(message(repo)).toContain(`| ${ref} | ${kept} |`);
    expect(repo.git('for-each-ref', 'refs/aynig/kept/')).toBe('');
    repo.git('update-ref', ref, kept);
    repo.aynig(['land', `${runId}-uncommitted`]);
    expect(repo.git('for-each-ref', 'refs/aynig/kept/')).toBe('');
  });

  test('with states in it comes back without them', async () => {
    const repo = quick({
      build: `${started}
if [ "$AYNIG_TRAILER_AYNIG_ATTEMPT" = 2 ]; then cat half.txt >"$HOME/found"; git commit -q --allow-empty -m ok -m 'aynig-state: done'; exit 0; fi
git reset -q --hard HEAD~1; git commit -q --allow-empty -m x -m 'aynig-state: mine'; echo half >half.txt; exit 3`,
    });
    await ended(repo, ['aynig-max-attempts: 2', 'aynig-continue: kept'], { end: 'done' });
    expect(repo.note('found')).toBe('half\n');
    expect(repo.git('rev-list', '--merges', 'main')).toBe('');
    expect(repo.git('log', '--format=%H', '--grep=^aynig-state: mine', 'main')).toBe('');
  });

  test('stays aside where it does not', async () => {
    const repo = quick({ build });
    await ended(repo, ['aynig-max-attempts: 2'], { end: 'done' });
    expect(repo.note('found')).toContain('committed\n');
    expect(repo.note('found')).not.toContain('half done');
    const { runId = '' } = repo.ran()[0] ?? {};
    expect(repo.git('show', `refs/aynig/kept/${runId}-uncommitted:half.txt`)).toBe('half done');
  });

  test('that conflicts is named in the prompt, and the attempt begins without it', async () => {
    // History was rewritten, so that what the run made does not stand on the branch.
    const repo = quick({
      build: `${started}
if [ "$AYNIG_TRAILER_AYNIG_ATTEMPT" = 2 ]; then cat README >"$HOME/found"; git status --porcelain >>"$HOME/found"
  cp "$AYNIG_BODY_FILE" "$HOME/body"; git commit -q --allow-empty -m ok -m 'aynig-state: done'; exit 0; fi
git checkout -q --orphan other; echo theirs >README; git add --all; git commit -q -m other; exit 3`,
    });
    await ended(repo, ['aynig-max-attempts: 2', 'aynig-continue: kept'], { end: 'done' });
    const { runId = '' } = repo.ran()[0] ?? {};
    expect(repo.note('found')).toBe('scratch\n');
    expect(repo.note('body')).toContain(`begins without it: refs/aynig/kept/${runId}`);
    expect(repo.git('show', `refs/aynig/kept/${runId}:README`)).toBe('theirs');
  });

  test('is never what a trailer of another hand names', async () => {
    const repo = quick({ build: completing('done', 'ls >"$HOME/found"') });
    repo.git('checkout', '--quiet', '-b', 'other');
    repo.write('secret.txt', 'x');
    repo.git('add', '--all');
    repo.git('commit', '--quiet', '-m', 'other');
    repo.git('checkout', '--quiet', 'main');
    const run = '11111111-2222-3333-4444-555555555555';
    const request = repo.request('build', { trailers: ['aynig-max-attempts: 2', 'aynig-continue: kept'] });
    repo.request('working', { trailers: ['aynig-origin-state: build', `aynig-run-id: ${run}`, `aynig-parent: ${request}`] });
    repo.request('stalled', {
      trailers: [`aynig-stalled-run: ${run}`, 'aynig-origin-state: build', 'aynig-kept: refs/heads/other'],
    });
    repo.aynig(['run', '--current-branch', 'include'], { expected: 'any' });
    expect(repo.state()).toBe('done');
    expect(repo.note('found')).not.toContain('secret.txt');
  });
});

/** A folder for PATH in which a sleep of three seconds or more does `instead`: a wait then takes no time, and keeps its length. */
function withoutLongSleeps(repo: Workspace, instead: string): string {
  const real = repo.program('sh', ['-c', 'command -v sleep']).stdout.trim();
  return dirname(
    repo.script('no-long-sleeps/sleep', `case $1 in [3-9] | [0-9][0-9] | [0-9][0-9][0-9]) ${instead} ;; *) exec ${real} "$@" ;; esac`),
  );
}

describe('the wait before another attempt', () => {
  test('is cut to what the time limit leaves', async () => {
    const repo = quick({ build: `${started}\nexit 1` });
    repo.git('config', 'aynig.ops.backoffSeconds', '200');
    repo.git('config', 'aynig.timeoutSeconds', '100');
    repo.env['PATH'] = `${withoutLongSleeps(repo, 'echo "$1" >>"$HOME/slept"')}:${repo.env['PATH']}`;
    await ended(repo, ['aynig-max-attempts: 2']);
    expect(attempts(repo)).toBe(2);
    expect(repo.program('sh', ['-c', 'cat .aynig/logs/*.log']).stdout).toContain('the next one begins in 85 s');
    expect(repo.note('slept')).toBe('85\n');
  });

  test('ends at once when the run is cancelled, and a person decides', async () => {
    const repo = quick({ build: `${started}\nexit 1` });
    repo.git('config', 'aynig.ops.backoffSeconds', '200');
    repo.git('commit', '--quiet', '--allow-empty', '-m', 'x', '-m', 'aynig-state: build\naynig-max-attempts: 2');
    await repo.until('it waits', () =>
      repo.program('sh', ['-c', 'cat .aynig/logs/*.log'], { expected: 'any' }).stdout.includes('begins in'),
    );
    repo.aynig(['cancel']);
    expect(repo.state()).toBe('stalled');
    // Who goes on after TERM is killed some seconds later.
    expect(repo.trailer('aynig-signal')).not.toBe('SIGKILL');
    expect(repo.trailer('aynig-origin-state')).toBe('stalled');
  });
});

describe('recovery that was cancelled', () => {
  /** Asks for a build whose first attempt fails, and cancels the wait before the second. */
  async function cancelled(build: string, trailers: readonly string[]): Promise<Workspace> {
    const repo = quick({ build });
    repo.git('config', 'aynig.ops.backoffSeconds', '200');
    repo.git('commit', '--quiet', '--allow-empty', '-m', 'Please build', '-m', ['aynig-state: build', ...trailers].join('\n'));
    await cancelTheWait(repo);
    return repo;
  }

  async function cancelTheWait(repo: Workspace, times = 1): Promise<void> {
    const logs = (): string => repo.program('sh', ['-c', 'cat .aynig/logs/*.log'], { expected: 'any' }).stdout;
    await repo.until('it waits', () => logs().split('the next one begins in').length === times + 1);
    repo.aynig(['cancel']);
    expect(repo.state()).toBe('stalled');
    expect(repo.trailer('aynig-origin-state')).toBe('stalled');
  }

  test('goes on from the run that it was for when it is asked for again, however often', async () => {
    const repo = await cancelled(
      `${started}\n[ "$AYNIG_TRAILER_AYNIG_ATTEMPT" = 2 ] || exit 1\ngit commit -q --allow-empty -m ok -m 'aynig-state: done'`,
      ['aynig-max-attempts: 2', 'aynig-correlation-id: c-1'],
    );
    repo.aynig(['set-state', 'stalled']);
    await cancelTheWait(repo, 2);
    repo.git('config', 'aynig.ops.backoffSeconds', '0');
    repo.aynig(['set-state', 'stalled']);
    await repo.untilState('done');
    await repo.untilQuiet();
    const again = repo.ran()[1]?.request ?? '';
    expect(repo.git('log', '-1', '--format=%s', again)).toBe('Please build');
    expect(repo.trailer('aynig-attempt', again)).toBe('2');
    expect(repo.trailer('aynig-correlation-id', again)).toBe('c-1');
  });

  test('names what failed when it gives up, and takes another limit from who asks again', async () => {
    const repo = await cancelled(`${started}\nexit 9`, ['aynig-max-attempts: 2']);
    repo.git('config', 'aynig.ops.backoffSeconds', '0');
    repo.aynig(['set-state', 'stalled', '--trailer', 'aynig-max-attempts:1']);
    await repo.untilState('failed');
    await repo.untilQuiet();
    expect(message(repo)).toContain('build failed: ended with exit code 9 in attempt 1 of 1');
    expect(repo.trailer('aynig-failed-state')).toBe('build');
    expect(attempts(repo)).toBe(1);
  });

  test('that a person asks for where nothing stalled has nothing to go on from', async () => {
    const repo = quick({ build: completing('done') });
    await ended(repo, [], { end: 'done' });
    repo.aynig(['set-state', 'stalled']);
    await repo.untilState('failed');
    await repo.untilQuiet();
    expect(repo.trailer('aynig-note')).toMatch(/nothing legal says which state/);
  });
});

// Each looks around at its remote now and then, and that alone may take some of the time that other tests have.
describe('at a remote', { timeout: 120_000 }, () => {
  const build =
    'if [ "$AYNIG_TRAILER_AYNIG_ATTEMPT" = 2 ]; then cat half.txt >"$HOME/found"; git commit -q --allow-empty -m ok -m "aynig-state: done"; exit 0; fi\necho half >half.txt; exit 3';

  function withPack(leaseSeconds: number) {
    const made = farm({ clones: 2, leaseSeconds, command: build });
    const [one, two] = made.clones as [Workspace, Workspace];
    addOpsPack(one);
    one.git('push', '--quiet', 'origin', 'HEAD:main');
    for (const clone of [one, two]) clone.git('config', 'aynig.ops.backoffSeconds', '0');
    return { ...made, one, two };
  }

  function ask(clone: Workspace): void {
    clone.git('checkout', '--quiet', '-b', 'topic');
    clone.request('build', { trailers: ['aynig-max-attempts: 2', 'aynig-continue: kept'] });
    clone.git('push', '--quiet', 'origin', 'topic');
    clone.git('checkout', '--quiet', 'main');
  }

  test('what another machine kept is brought from there', async () => {
    const { remote, one, two, run } = withPack(600);
    ask(one);
    // The first machine stops behind the failure.
    one.git('config', 'aynig.maxTicks', '1');
    expect(await run(one)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('topic') });
    expect(remote.state('topic')).toBe('stalled');
    expect(remote.git('for-each-ref', '--format=%(refname)', 'refs/aynig/kept/')).toContain('-uncommitted');
    await run(two);
    expect(remote.state('topic')).toBe('done');
    expect(two.note('found')).toBe('half\n');
  });

  test.each(['by git alone', 'by aynig where it is on PATH'])(
    'a wait that is longer than the lease is renewed in the branch, %s',
    async (how) => {
      const { root, remote, one, run } = withPack(60);
      ask(one);
      // Of which at least half is waited for.
      one.git('config', 'aynig.ops.backoffSeconds', '130');
      // What was renewed is at the remote before the wait is over; how long it takes to get there makes no difference.
      const newest = `git --git-dir="${remote.path}" log -1 --format=%b topic | grep -q '^before attempt 2 of build'`;
      const sleeps = withoutLongSleeps(one, `[ ! -e "$HOME/slept" ] || until ${newest}; do sleep 0.1; done; : >"$HOME/slept"`);
      if (how.includes('PATH')) {
        mkdirSync(join(root, 'bin'));
        symlinkSync(cliPath, join(root, 'bin/aynig'));
        spawnSync('chmod', ['+x', cliPath]);
      }
      await run(one, [], { PATH: `${sleeps}:${root}/bin:${process.env['PATH']}` });
      expect(remote.state('topic')).toBe('done');
      const renewals = remote.git('log', '--format=%H', '--grep=^before attempt 2 of build: [0-9]* s left', 'topic').split('\n');
      expect(renewals.length).toBeGreaterThanOrEqual(1);
      for (const renewal of renewals) {
        expect(remote.git('log', '-1', '--format=%s', renewal)).toBe('aynig: working on stalled');
        for (const key of ['state', 'origin-state', 'lease-seconds', 'remote'])
          expect(remote.trailer(`aynig-${key}`, renewal)).toBe(
            { state: 'working', 'origin-state': 'stalled', 'lease-seconds': '60', remote: 'origin' }[key],
          );
        expect(remote.trailer('aynig-parent', renewal)).toBe(remote.head(`${renewal}^`));
        expect(remote.trailer('aynig-runner-id', renewal)).toBe('clone1');
        expect(remote.trailer('aynig-run-id', renewal)).toBe(remote.trailer('aynig-run-id', `${renewal}^`));
      }
      const logs = one.program('sh', ['-c', 'cat .aynig/logs/*.log']).stdout;
      expect(logs.includes('renewed run')).toBe(how.includes('PATH'));
    },
  );
});
