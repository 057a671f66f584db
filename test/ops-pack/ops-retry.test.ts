import { expect, test } from 'vitest';
import { withOpsPack } from '../support/ops-pack.js';
import type { Workspace } from '../support/workspace.js';

const started = 'echo "$AYNIG_RUN_ID $AYNIG_BRANCH $AYNIG_STATE $AYNIG_COMMIT_HASH" >>"$HOME/ran"; cp "$AYNIG_BODY_FILE" "$HOME/body"';
/** Fails until the test lets it go. */
const flaky = `${started}\n[ -e "$HOME/mended" ] || exit 5\ngit commit -q --allow-empty -m ok -m 'aynig-state: done'`;

async function ask(repo: Workspace, state: string, trailers: readonly string[] = [], body = ''): Promise<void> {
  const parts = [`Ask for ${state}`, ...(body === '' ? [] : [body]), [`aynig-state: ${state}`, ...trailers].join('\n')];
  repo.git('commit', '--quiet', '--allow-empty', ...parts.flatMap((part) => ['-m', part]));
  await repo.until('it has ended', () => !['working', 'stalled', state].includes(repo.state()));
  await repo.untilQuiet();
}

function failing(commands: Readonly<Record<string, string>> = {}): Workspace {
  const repo = withOpsPack({ build: flaky, ...commands });
  repo.git('config', 'aynig.ops.backoffSeconds', '0');
  return repo;
}

test('what failed is asked for again with its own words, as a first attempt', async () => {
  const repo = failing();
  await ask(repo, 'build', ['aynig-max-attempts: 2', 'aynig-correlation-id: c-1', 'aynig-next-on-failure: failed'], 'The prompt.');
  expect(repo.state()).toBe('failed');
  repo.release('mended');
  await ask(repo, 'ops-retry');
  expect(repo.state()).toBe('done');
  const again = repo.ran().at(-1)?.request ?? '';
  expect(repo.ran()).toHaveLength(3);
  expect(repo.note('body').trim()).toBe('The prompt.');
  expect(repo.git('log', '-1', '--format=%s', again)).toBe('Ask for build');
  expect(repo.trailer('aynig-attempt', again)).toBe('1');
  expect(repo.trailer('aynig-max-attempts', again)).toBe('2');
  expect(repo.trailer('aynig-correlation-id', again)).toBe('c-1');
});

test('what a person adds stands below the prompt, and nothing in it is a request', async () => {
  const repo = failing();
  await ask(repo, 'build', [], 'The prompt.');
  repo.release('mended');
  await ask(repo, 'ops-retry', [], 'Mind the gap.');
  expect(repo.note('body').trim()).toBe('The prompt.\n\nNote for this attempt:\nMind the gap.');
});

test('a run that named "failed" by itself is found too', async () => {
  const repo = failing({
    test: `${started}\n[ -e "$HOME/mended" ] || { git commit -q --allow-empty -m no -m 'aynig-state: failed'; exit 0; }\ngit commit -q --allow-empty -m ok -m 'aynig-state: done'`,
  });
  await ask(repo, 'test');
  expect(repo.state()).toBe('failed');
  repo.release('mended');
  await ask(repo, 'ops-retry');
  expect(repo.state()).toBe('done');
  expect(repo.ran().map(({ state }) => state)).toEqual(['test', 'test']);
});

test('a state may be chosen, and other failures are left alone', async () => {
  const repo = failing({ test: `${started}\nexit 1` });
  await ask(repo, 'build');
  await ask(repo, 'test');
  repo.release('mended');
  await ask(repo, 'ops-retry', ['aynig-retry-state: Build']);
  expect(repo.state()).toBe('done');
  expect(repo.ran().map(({ state }) => state)).toEqual(['build', 'test', 'build']);
});

test.each<[string, string[], RegExp]>([
  ['nothing has failed', [], /Nothing to retry: no failed run/],
  ['no such run is there', ['aynig-retry-state: deploy'], /Nothing to retry: no run of "deploy"/],
  ['the choice is no state', ['aynig-retry-state: ../x'], /"\.\.\/x", which is no state/],
  ['the choice is recovery itself', ['aynig-retry-state: stalled'], /"stalled", which is no state/],
  ['the choice is itself', ['aynig-retry-state: ops-retry'], /"ops-retry", which is no state/],
])('it ends in "failed" and says so where %s', async (_, trailers, note) => {
  const repo = failing();
  await ask(repo, 'ops-retry', ['aynig-correlation-id: c-1', ...trailers]);
  expect(repo.state()).toBe('failed');
  expect(repo.trailer('aynig-note')).toMatch(note);
  expect(repo.trailer('aynig-correlation-id')).toBe('c-1');
  expect(repo.ran()).toEqual([]);
});

test('what has run well since is not run again by accident', async () => {
  const repo = failing();
  await ask(repo, 'build');
  repo.release('mended');
  await ask(repo, 'ops-retry');
  expect(repo.state()).toBe('done');
  await ask(repo, 'ops-retry');
  expect(repo.state()).toBe('failed');
  expect(repo.trailer('aynig-note')).toContain('"build" has run again since it failed');
  await ask(repo, 'ops-retry', ['aynig-retry-state: build']);
  expect(repo.state()).toBe('done');
  expect(repo.ran()).toHaveLength(3);
});

test('recovery that asks for it does not go round for ever', async () => {
  const repo = failing();
  await ask(repo, 'build', ['aynig-next-on-failure: ops-retry']);
  await repo.untilState('failed');
  await repo.untilQuiet();
  expect(repo.ran()).toHaveLength(2);
});

/** Fans out two jobs, of which one fails until the test lets it go, and waits for the join. */
async function fannedOut(how: string, trailers: readonly string[]): Promise<Workspace> {
  const repo = failing({
    translate: `${started}
case $AYNIG_BODY in *fail*) [ -e "$HOME/mended" ] || { ${how}; exit 0; } ;; esac
echo "$AYNIG_BODY" >"$AYNIG_BRANCH.txt"; git add .
git commit -q -m ok -m "aynig-state: $AYNIG_TRAILER_AYNIG_NEXT"`,
  });
  const asked = ['aynig-state: ops-fan-out', 'aynig-fan-state: translate', ...trailers].join('\n');
  repo.git('commit', '--quiet', '--allow-empty', '-m', 'Fan out', '-m', 'de: make\nes: fail', '-m', asked);
  await repo.untilState('failed');
  await repo.untilQuiet();
  return repo;
}

test.each([
  ['gave up its attempts', 'exit 3', ['aynig-max-attempts: 2']],
  [
    'says itself that it failed',
    'git commit -q --allow-empty -m no -m "aynig-outcome: failed\naynig-state: $AYNIG_TRAILER_AYNIG_NEXT"',
    [],
  ],
])('a job of a fan-out that %s is what is reported and asked for again on its branch', async (_, how, trailers) => {
  const repo = await fannedOut(how, trailers);
  repo.git('switch', '--quiet', 'main.es');
  expect(repo.state()).toBe('failed');
  await ask(repo, 'ops-triage');
  expect(repo.git('log', '-1', '--format=%s')).toMatch(/^Triage: translate failed on main\.es/);
  expect(repo.trailer('aynig-failed-state')).toBe('translate');
  repo.release('mended');
  await ask(repo, 'ops-retry');
  await repo.untilState('done');
  await repo.untilQuiet();
  expect(repo.ran().at(-1)?.state).toBe('translate');
  expect(repo.note('body').trim()).toBe('fail');
  expect(repo.exists('main.es.txt')).toBe(true);
});

test('on the branch that joined them, failed jobs are said to be mended on their own', async () => {
  const repo = await fannedOut('exit 3', []);
  await ask(repo, 'ops-retry');
  expect(repo.state()).toBe('failed');
  expect(repo.trailer('aynig-note')).toContain('mend them on their branches, and ask for ops-fan-in');
});
