import { expect, test } from 'vitest';
import { Chain } from '../../src/observe/chain.js';
import { eventOf } from '../../src/observe/events.js';
import { type Run, runsOf } from '../../src/observe/runs.js';
import { commitOf, oidOf } from '../support/commits.js';
import { asks, leases, runOf, stalls } from '../support/made-history.js';

/** The runs of lines "branch: message", in the order of history, ten seconds apart. */
async function runs(...lines: readonly [branch: string, message: string][]): Promise<Run[]> {
  const chain = new Chain();
  const events = lines.map(([branch, message], index) => ({
    branch,
    event: eventOf(branch, commitOf(message, { committedAt: index * 10, oid: oidOf(`${index}`) })),
  }));
  for (const { branch, event } of events.reverse()) if (event !== undefined) chain.take(branch, event);
  chain.endAll();
  const found: Run[] = [];
  for await (const run of runsOf(chain.ready())) found.push(run);
  return found.reverse();
}

test('a run is what lies between its lease and its end, with the request that it answers', async () => {
  const [first, second] = await runs(
    ['main', asks('build', 'x', { 'correlation-id': 'c' })],
    ['main', leases('a', 'build')],
    ['main', leases('a', 'build', 'renewed')],
    ['main', asks('check', 'y', { attempt: 3 })],
    ['main', leases('b', 'check')],
    ['main', stalls('b', 'check')],
  );
  expect(first).toMatchObject({
    runId: runOf('a'),
    state: 'build',
    attempt: 1,
    outcome: 'completed',
    renewals: 1,
    waitedSeconds: 10,
    ranSeconds: 20,
  });
  expect(first).toMatchObject({ correlationId: 'c', request: { title: 'x' }, end: { title: 'y' } });
  expect(second).toMatchObject({
    runId: runOf('b'),
    state: 'check',
    attempt: 3,
    outcome: 'stalled',
    ranSeconds: 10,
    request: { title: 'y' },
  });
});

test('a run that holds its branch has no end yet', async () => {
  expect(await runs(['main', asks('build')], ['main', leases('a', 'build')])).toMatchObject([
    { outcome: 'running', end: null, ranSeconds: null },
  ]);
});

test('branches have runs of their own', async () => {
  const found = await runs(
    ['main', asks('build')],
    ['topic', asks('check')],
    ['topic', leases('t', 'check')],
    ['main', leases('m', 'build')],
    ['topic', asks('done')],
    ['main', asks('done')],
  );
  expect(found.map(({ branch, runId, ranSeconds }) => [branch, runId, ranSeconds])).toEqual([
    ['main', runOf('m'), 20],
    ['topic', runOf('t'), 20],
  ]);
});

test('a lease on top of another leaves the other without an end', async () => {
  const found = await runs(['main', asks('build')], ['main', leases('a', 'build')], ['main', leases('b', 'build')], ['main', asks('done')]);
  expect(found.map(({ runId, outcome }) => [runId, outcome])).toEqual([
    [runOf('a'), 'running'],
    [runOf('b'), 'completed'],
  ]);
});

test('a history that begins with a lease has a run without a request', async () => {
  expect(await runs(['main', leases('a', 'build')], ['main', asks('done')])).toMatchObject([{ request: null, waitedSeconds: null }]);
});
