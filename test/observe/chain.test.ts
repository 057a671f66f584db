import { describe, expect, test } from 'vitest';
import { Chain } from '../../src/observe/chain.js';
import { eventOf } from '../../src/observe/events.js';
import type { StateEvent } from '../../src/observe/schemas.js';
import { commitOf, oidOf } from '../support/commits.js';
import { asks, leases, runOf, stalls } from '../support/made-history.js';

/** The event of a message; `at` stands for its place in the history too. */
function event(message: string, at: number): StateEvent {
  const made = eventOf('main', commitOf(message, { committedAt: at, oid: oidOf(`${message} ${at}`) }));
  if (made === undefined) throw new Error(`no event: ${message}`);
  return made;
}

/** Takes messages in the order of history, as lines of one branch, and answers the events in that order. */
function chained(...messages: string[]): StateEvent[] {
  const chain = new Chain();
  const events = messages.map((message, index) => event(message, 100 + index * 10));
  for (const one of events.reverse()) chain.take('main', one);
  chain.endAll();
  return [...chain.ready()].reverse();
}

describe('a chain of events', () => {
  test('knows of a completed run who held it, from where and for how long', () => {
    const [, lease, renewal, end] = chained(
      asks('build', 'x', { attempt: 2, 'correlation-id': 'c', 'parent-run': 'p' }),
      leases('a', 'build'),
      leases('a', 'build', 'still'),
      asks('review'),
    );
    const ties = { correlationId: 'c', parentRun: 'p' };
    expect(lease).toMatchObject({ kind: 'lease', previousState: 'build', attempt: 2, severity: 'warning', ...ties });
    expect(renewal).toMatchObject({ kind: 'renewal', previousState: 'working', ...ties });
    expect(end).toMatchObject({ kind: 'completion', previousState: 'working', runId: runOf('a'), runnerId: 'host', originState: 'build' });
    expect(end).toMatchObject({ runSeconds: 20, attempt: null, severity: 'info', ...ties });
  });

  test('knows what a person asked for between two runs from what a run asked for', () => {
    const events = chained(
      asks('build'),
      leases('a', 'build'),
      asks('review'),
      asks('build', 'again'),
      leases('b', 'build'),
      stalls('b', 'build'),
    );
    expect(events.map(({ kind, runSeconds }) => [kind, runSeconds])).toEqual([
      ['request', null],
      ['lease', null],
      ['completion', 10],
      ['request', null],
      ['lease', null],
      ['stall', 10],
    ]);
    expect(events.map(({ previousState }) => previousState)).toEqual([null, 'build', 'working', 'review', 'build', 'working']);
    expect(events.at(-1)).toMatchObject({ severity: 'error' });
  });

  test('takes a lease on top of the lease of another run for the begin of its own', () => {
    const events = chained(asks('build'), leases('a', 'build'), leases('b', 'build'), asks('done'));
    expect(events.map(({ kind }) => kind)).toEqual(['request', 'lease', 'lease', 'completion']);
    expect(events.at(-1)).toMatchObject({ runId: runOf('b'), runSeconds: 10 });
  });

  test('ends no run before it began, whatever the clocks say', () => {
    const chain = new Chain();
    chain.take('main', event(asks('done'), 50));
    chain.take('main', event(leases('a', 'build'), 60));
    chain.endAll();
    expect([...chain.ready()][0]).toMatchObject({ kind: 'completion', runSeconds: 0 });
  });

  test('keeps lines apart and gives events in the order in which they came', () => {
    const chain = new Chain();
    chain.take('main', event(asks('done'), 90));
    chain.take('topic', event(asks('review'), 80));
    chain.take('topic', event(asks('build'), 70));
    expect([...chain.ready()]).toEqual([]);
    chain.take('main', event(leases('a', 'x'), 60));
    chain.take('main', event(asks('x'), 50));
    expect([...chain.ready()].map(({ at, previousState }) => [at, previousState])).toEqual([
      [90, 'working'],
      [80, 'build'],
    ]);
    chain.end('topic');
    expect([...chain.ready()].map(({ at }) => at)).toEqual([70, 60]);
    chain.end('main');
    expect([...chain.ready()].map(({ at, previousState }) => [at, previousState])).toEqual([[50, null]]);
  });

  test('lets an event go that too many wait for, and says that it is not whole', () => {
    const chain = new Chain(3);
    chain.take('slow', event(asks('done'), 99));
    for (let at = 90; at > 86; at--) chain.take('busy', event(asks('x'), at));
    const [first] = [...chain.ready()];
    expect(first).toMatchObject({ at: 99, partial: true, previousState: null });
    expect(chain.waiting).toBeLessThanOrEqual(3);
  });

  test('says what is not whole when older commits are not looked at', () => {
    const chain = new Chain();
    chain.take('main', event(asks('done'), 99));
    chain.giveUp();
    chain.endAll();
    expect([...chain.ready()]).toMatchObject([{ partial: true }]);
  });
});
