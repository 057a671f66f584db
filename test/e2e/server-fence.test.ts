import { describe, expect, test } from 'vitest';
import { type Client, leaseRefOf, newRun, type Server, server } from '../support/server.js';

const hour = 3600;
const now = (): number => Math.floor(Date.now() / 1000);

/** Pushes and expects the fence to say why it refuses; nothing of the push is taken. */
function refused(made: Server, rule: RegExp, ...args: readonly string[]): string {
  const before = made.bare.git('for-each-ref');
  const answer = made.clone.push(...args);
  expect(answer.stderr).toMatch(rule);
  expect(answer.stderr).toMatch(/pre-receive hook declined/);
  expect(answer.exitCode).toBe(1);
  expect(made.bare.git('for-each-ref')).toBe(before);
  return answer.stderr;
}

function accepted(made: Server, ...args: readonly string[]): void {
  const answer = made.clone.push(...args);
  expect(answer.stderr).not.toMatch(/aynig: refused/);
  expect(answer.exitCode, answer.stderr).toBe(0);
}

/** What a run's command commits: its result, with the trailer that the hooks of a run add. */
const result = (clone: Client, lease: string, run: string | undefined, state = 'review'): string =>
  clone.commit(`built\n\naynig-state: ${state}${run === undefined ? '' : `\naynig-run-id: ${run}`}`, {
    parents: [lease],
    tree: clone.treeWith('built'),
  });

describe('new commits', () => {
  test('that have nothing to do with AYNIG pass, however odd they are', () => {
    const made = server();
    const { clone } = made;
    const odd = clone.commit('no state\n\naynig-state in prose: aynig-\nnothing', { at: now() + 10 * hour });
    accepted(made, `${odd}:refs/heads/odd`, `${odd}:refs/tags/odd`);
  });

  test('name one well-formed state, or none', () => {
    const made = server();
    const { clone } = made;
    accepted(made, `${clone.ask('build')}:refs/heads/a`);
    const twice = clone.commit('two\n\naynig-state: build\naynig-state: review');
    const told = refused(made, /aynig-state stands more than once/, `${twice}:refs/heads/b`);
    expect(told).toContain(twice.slice(0, 12));
    expect(told).toMatch(/\(two\).*What to do: keep one of the lines/);
    expect(told).toMatch(/git pull --ff-only/);
    refused(made, /is not a state name/, `${clone.ask('../x')}:refs/heads/b`);
    refused(made, /aynig-state has no value/, `${clone.commit('none\n\naynig-state:\naynig-note: x')}:refs/heads/b`);
    refused(made, /folded/, `${clone.commit('folded\n\naynig-state: build\n  more')}:refs/heads/b`);
    refused(
      made,
      /aynig-attempt stands more than once/,
      `${clone.ask('build', 'HEAD', ['aynig-attempt: 1', 'aynig-attempt: 2'])}:refs/heads/b`,
    );
  });

  test('are judged wherever they are in a push, and one line is said for each', () => {
    const made = server();
    const { clone } = made;
    let tip = clone.head();
    const bad: string[] = [];
    for (let at = 0; at < 14; at++) {
      tip = clone.commit(`bad ${at}\n\naynig-state: build\naynig-state: build`, { parents: [tip] });
      bad.push(tip);
    }
    tip = clone.commit('good', { parents: [tip] });
    const told = refused(made, /and 4 more like these/, `${tip}:refs/heads/b`, 'main:refs/heads/innocent');
    expect(bad.filter((name) => told.includes(name.slice(0, 12)))).toHaveLength(10);
  });

  test('that the server has already are judged no second time', () => {
    const made = server();
    const { clone, bare } = made;
    const twice = clone.commit('two\n\naynig-state: build\naynig-state: review');
    bare.git('fetch', '--quiet', clone.path, `${clone.git('update-ref', 'refs/heads/old', twice)}refs/heads/old:refs/heads/old`);
    accepted(made, `${clone.commit('on top', { parents: [twice] })}:refs/heads/next`);
  });

  test('do not name a state from the future', () => {
    const made = server();
    const { clone, bare } = made;
    accepted(made, `${clone.ask('build', 'HEAD', [], { at: now() + 5 })}:refs/heads/a`);
    accepted(made, `${clone.ask('build', 'HEAD', [], { at: now() - 10 * 365 * 24 * hour })}:refs/heads/old`);
    refused(made, /seconds ahead of this server, which allows 30/, `${clone.ask('build', 'HEAD', [], { at: now() + hour })}:refs/heads/b`);
    bare.git('config', 'aynig.skewSeconds', '7200');
    accepted(made, `${clone.ask('build', 'HEAD', [], { at: now() + hour })}:refs/heads/b`);
  });
});

describe('a claim', () => {
  const claim = (lease: string, run: string, ...more: readonly string[]): readonly string[] => [
    '--atomic',
    `${lease}:refs/heads/work`,
    `${lease}:${leaseRefOf(run)}`,
    ...more,
  ];

  test('is taken with its lease ref, and refused without it', () => {
    const made = server();
    const { clone } = made;
    const request = made.requested();
    const run = newRun();
    const lease = clone.lease(request, run);
    refused(made, /a claim creates refs\/aynig\/lease\//, `${lease}:refs/heads/work`);
    refused(made, /a claim creates/, '--atomic', `${lease}:refs/heads/work`, `${request}:${leaseRefOf(run)}`);
    refused(made, /never held the branch here/, `${lease}:${leaseRefOf(run)}`);
    refused(made, /created by a push that claims a branch/, `${request}:${leaseRefOf(run)}`);
    accepted(made, ...claim(lease, run));
  });

  test.each<[string, Record<string, string | undefined>, RegExp]>([
    ['a run id', { 'aynig-run-id': undefined }, /no aynig-run-id that is a UUID/],
    ['a run id that is one', { 'aynig-run-id': 'run-1' }, /no aynig-run-id that is a UUID/],
    ['a runner', { 'aynig-runner-id': undefined }, /no aynig-runner-id/],
    ['a length', { 'aynig-lease-seconds': undefined }, /no aynig-lease-seconds/],
    ['a length that is a number', { 'aynig-lease-seconds': 'long' }, /no aynig-lease-seconds/],
    ['the state that was asked for', { 'aynig-origin-state': undefined }, /no aynig-origin-state/],
    ['a state that can be asked for', { 'aynig-origin-state': 'working' }, /no aynig-origin-state/],
    ['the commit under it', { 'aynig-parent': undefined }, /does not say by aynig-parent/],
    ['the state of its request', { 'aynig-origin-state': 'deploy' }, /does not stand on a request for "deploy"/],
  ])('has %s', (_, overrides, rule) => {
    const made = server();
    const run = newRun();
    refused(made, rule, ...claim(made.clone.lease(made.requested(), run, overrides), run));
  });

  test('stands on one commit that asks, and changes no file', () => {
    const made = server();
    const { clone } = made;
    const request = made.requested();
    const run = newRun();
    refused(made, /changes no file/, ...claim(clone.lease(request, run, {}, { tree: clone.treeWith('sly') }), run));
    const merge = clone.lease(request, run, {}, { parents: [request, clone.commit('other')] });
    refused(made, /exactly one parent/, ...claim(merge, run));
    const plain = clone.commit('plain', { parents: [request] });
    refused(made, /does not stand on a request/, ...claim(clone.lease(plain, run), run));
    const copy = clone.lease(plain, run, { 'aynig-parent': request });
    refused(made, /the lease is a copy/, ...claim(copy, run));
  });

  test('uses a run id that no other run has used', () => {
    const made = server();
    const { clone } = made;
    const { run, lease } = made.claimed();
    const done = result(clone, lease, run, 'build');
    accepted(made, '--atomic', `${done}:refs/heads/work`, `:${leaseRefOf(run)}`);
    refused(made, /does not hold the branch, so it cannot renew/, ...claim(clone.lease(done, run), run));
    refused(made, /has been on this branch before/, ...claim(clone.lease(clone.ask('build', done), run), run));
    const again = newRun();
    accepted(made, ...claim(clone.lease(done, again), again));
    // Another branch, the same run.
    const request = clone.ask('build');
    accepted(made, `${request}:refs/heads/second`);
    const lease2 = clone.lease(request, again);
    const told = refused(made, /aynig: refused/, '--atomic', `${lease2}:refs/heads/second`, `+${lease2}:${leaseRefOf(again)}`);
    expect(told).toMatch(/a claim creates/);
  });

  test('is not taken together with its end: nobody has seen it held', () => {
    const made = server();
    const { clone } = made;
    const run = newRun();
    const lease = clone.lease(made.requested(), run);
    refused(made, /never held the branch here/, `${result(clone, lease, run)}:refs/heads/work`);
  });

  test('of a lease that another push has brought is not one', () => {
    const made = server();
    const { lease } = made.claimed();
    refused(made, /is a lease that another push has brought/, `${lease}:refs/heads/copy`);
  });
});

describe('a leased branch', () => {
  test('is moved by its holder: renewals, progress, the end', () => {
    const made = server();
    const { clone, bare } = made;
    const { run, lease } = made.claimed();
    const alive = clone.alive(lease, run);
    accepted(made, `${alive}:${leaseRefOf(run)}`);
    const worked = clone.commit('half', { parents: [lease], tree: clone.treeWith('half') });
    const progress = clone.lease(worked, run);
    const again = clone.alive(alive, run);
    accepted(made, '--atomic', `${progress}:refs/heads/work`, `${again}:${leaseRefOf(run)}`);
    accepted(made, '--atomic', `${result(clone, progress, run)}:refs/heads/work`, `:${leaseRefOf(run)}`);
    expect(bare.state('refs/heads/work')).toBe('review');
    expect(bare.git('for-each-ref', 'refs/aynig/lease')).toBe('');
  });

  test('is moved by a holder whose commits carry no run id', () => {
    const made = server();
    const { run, lease } = made.claimed();
    accepted(made, '--atomic', `${result(made.clone, lease, undefined)}:refs/heads/work`, `:${leaseRefOf(run)}`);
  });

  test('takes nothing from anybody else while its holder is alive', () => {
    const made = server();
    const { clone } = made;
    const { run, request, lease } = made.claimed();
    const held = /run [0-9a-f-]{36} of elsewhere holds the branch/;
    refused(made, held, `${clone.commit('mine', { parents: [lease] })}:refs/heads/work`);
    refused(made, held, `${clone.ask('build', lease)}:refs/heads/work`);
    refused(made, held, `${result(clone, lease, run)}:refs/heads/work`);
    refused(made, held, `+${request}:refs/heads/work`);
    const told = refused(made, /is not deleted meanwhile/, ':refs/heads/work');
    expect(told).toContain('aynig cancel work --aynig-remote origin');
    const nested = newRun();
    const inner = clone.lease(lease, nested, { 'aynig-origin-state': 'working' });
    refused(made, /no aynig-origin-state/, '--atomic', `${inner}:refs/heads/work`, `${inner}:${leaseRefOf(nested)}`);
  });

  test('is not forced, deleted or left without a state by its holder either', () => {
    const made = server();
    const { clone } = made;
    const { run, request, lease } = made.claimed();
    const elsewhere = clone.ask('review', request);
    refused(made, /moves forward only/, '--atomic', `+${elsewhere}:refs/heads/work`, `:${leaseRefOf(run)}`);
    refused(made, /is not deleted meanwhile/, '--atomic', ':refs/heads/work', `:${leaseRefOf(run)}`);
    const plain = clone.commit('plain', { parents: [lease] });
    refused(made, /names no state/, '--atomic', `${plain}:refs/heads/work`, `:${leaseRefOf(run)}`);
    const other = newRun();
    const foreign = clone.lease(clone.ask('build', lease), other);
    refused(made, /cannot/, '--atomic', `${foreign}:refs/heads/work`, `${foreign}:${leaseRefOf(other)}`, `:${leaseRefOf(run)}`);
  });

  test('is cancelled at any time, and taken over only after its time', () => {
    const made = server();
    const { clone } = made;
    const { run, lease } = made.claimed();
    const over = clone.stall(lease, run);
    refused(made, /too early to take over/, '--atomic', `${over}:refs/heads/work`, `:${leaseRefOf(run)}`);
    refused(made, /deletes refs\/aynig\/lease/, `${over}:refs/heads/work`);
    const cancel = clone.stall(lease, run, { by: 'ana' });
    refused(made, /deletes refs\/aynig\/lease/, `${cancel}:refs/heads/work`);
    const sly = clone.stall(lease, run, { by: 'ana', tree: clone.treeWith('sly') });
    refused(made, /changes no file/, '--atomic', `${sly}:refs/heads/work`, `:${leaseRefOf(run)}`);
    accepted(made, '--atomic', `${cancel}:refs/heads/work`, `:${leaseRefOf(run)}`);
  });

  test('counts its time by when the server got the last sign of life, whatever dates say', () => {
    const made = server();
    const { clone } = made;
    const request = made.requested();
    const run = newRun();
    // A holder whose clock is years behind is alive all the same.
    const lease = clone.lease(request, run, {}, { at: now() - 3 * 365 * 24 * hour });
    accepted(made, '--atomic', `${lease}:refs/heads/work`, `${lease}:${leaseRefOf(run)}`);
    const over = clone.stall(lease, run);
    const takeOver = ['--atomic', `${over}:refs/heads/work`, `:${leaseRefOf(run)}`];
    refused(made, /too early/, ...takeOver);
    made.age(hour, ['refs/heads/work']);
    refused(made, /too early/, ...takeOver);
    made.age(hour, [leaseRefOf(run)]);
    const alive = clone.alive(lease, run);
    accepted(made, `${alive}:${leaseRefOf(run)}`);
    // The value that the other host has read is no longer there: the renewal came first.
    refused(made, /too early|as it is now/, ...takeOver);
    made.age(hour, [leaseRefOf(run)]);
    accepted(made, ...takeOver);
  });

  test('goes by the dates of commits where the server has kept no reflog', () => {
    const made = server();
    const { clone, bare } = made;
    bare.git('config', 'core.logAllRefUpdates', 'false');
    const request = made.requested();
    const run = newRun();
    const lease = clone.lease(request, run, {}, { at: now() - hour });
    accepted(made, '--atomic', `${lease}:refs/heads/work`, `${lease}:${leaseRefOf(run)}`);
    accepted(made, `${clone.alive(lease, run)}:${leaseRefOf(run)}`);
    const takeOver = ['--atomic', `${clone.stall(lease, run)}:refs/heads/work`, `:${leaseRefOf(run)}`];
    refused(made, /too early/, ...takeOver);
    bare.git('update-ref', leaseRefOf(run), lease);
    accepted(made, ...takeOver);
  });

  test('is free to be forced or deleted after its time, but not to be gone on with', () => {
    const made = server();
    const { clone } = made;
    const { run, request, lease } = made.claimed();
    made.age(hour, ['refs/heads/work', leaseRefOf(run)]);
    refused(made, /its lease has ended/, `${clone.ask('build', lease)}:refs/heads/work`);
    const late = result(clone, lease, run);
    const over = clone.stall(lease, run);
    refused(made, /deletes refs\/aynig\/lease/, `${over}:refs/heads/work`);
    accepted(made, `+${request}:refs/heads/work`);
    // The lease ref outlived its branch; the run is over all the same.
    refused(made, /fenced: run/, `${late}:refs/heads/late`);
    const second = made.claimed('second');
    made.age(hour, ['refs/heads/second', leaseRefOf(second.run)]);
    accepted(made, ':refs/heads/second');
  });

  test('can still be ended by a holder that is late, as long as nobody took over', () => {
    const made = server();
    const { run, lease } = made.claimed();
    made.age(hour, ['refs/heads/work', leaseRefOf(run)]);
    accepted(made, '--atomic', `${result(made.clone, lease, run)}:refs/heads/work`, `:${leaseRefOf(run)}`);
  });

  test('with a lease that has no end is moved by its holder and by a cancellation only', () => {
    const made = server({ hooks: [] });
    const { clone, bare } = made;
    const request = made.requested();
    const run = newRun();
    const lease = clone.lease(request, run, { 'aynig-lease-seconds': undefined }, { at: now() - 1000 * hour });
    accepted(made, `${lease}:refs/heads/work`);
    const fenced = server();
    bare.write('hooks/pre-receive', fenced.bare.read('hooks/pre-receive'), 0o755);
    refused(made, /holds the branch/, `+${request}:refs/heads/work`);
    refused(made, /too early/, `${clone.stall(lease, run)}:refs/heads/work`);
    accepted(made, `${clone.stall(lease, run, { by: 'ana' })}:refs/heads/work`);
  });
});

describe('a run that lost its lease', () => {
  /** A run that somebody cancelled, and what its command had made. */
  function zombie() {
    const made = server();
    const { run, lease } = made.claimed();
    const late = result(made.clone, lease, run);
    const cancel = made.clone.stall(lease, run, { by: 'ana' });
    accepted(made, '--atomic', `${cancel}:refs/heads/work`, `:${leaseRefOf(run)}`);
    return { made, run, lease, late, cancel };
  }

  test('is fenced whatever it is rebased onto', () => {
    const { made, run, late, cancel } = zombie();
    const { clone } = made;
    clone.git('switch', '--quiet', '--detach', late);
    clone.git('fetch', '--quiet', 'origin');
    clone.git('rebase', '--quiet', 'origin/work');
    expect(clone.git('rev-parse', 'HEAD~1')).toBe(cancel);
    const told = refused(made, /fenced: run/, 'HEAD:refs/heads/work');
    expect(told).toContain(run);
    refused(made, /fenced: run/, 'HEAD:refs/heads/other');
    refused(made, /fenced: run/, `+${late}:refs/heads/work`);
    refused(
      made,
      /fenced: run/,
      `${clone.commit(`merged\n\naynig-state: review\naynig-run-id: ${run}`, { parents: [cancel, late] })}:refs/heads/work`,
    );
  });

  test('is fenced also where the server keeps what it made', () => {
    const { made, run, late } = zombie();
    accepted(made, `${late}:refs/aynig/kept/${run}`);
    refused(made, /fenced: run/, `+${late}:refs/heads/work`);
    refused(made, /fenced: run/, `${late}:refs/heads/other`);
  });

  test('does not get its lease back', () => {
    const { made, run, lease, cancel } = zombie();
    const { clone } = made;
    refused(made, /created by a push that claims/, `${clone.alive(lease, run)}:${leaseRefOf(run)}`);
    const renewed = clone.lease(cancel, run);
    refused(made, /does not stand on a request/, '--atomic', `${renewed}:refs/heads/work`, `${renewed}:${leaseRefOf(run)}`);
    const asked = clone.ask('build', cancel);
    const claimed = clone.lease(asked, run);
    refused(made, /has been on this branch before/, '--atomic', `${claimed}:refs/heads/work`, `${claimed}:${leaseRefOf(run)}`);
    const copy = clone.lease(asked, run, { 'aynig-parent': clone.head(`${lease}^`) });
    const onCopy = result(clone, copy, run);
    refused(made, /is a copy/, `${onCopy}:refs/heads/work`);
  });

  test('may hand its work to a person, who commits it again', () => {
    const { made, cancel } = zombie();
    accepted(made, `${made.clone.commit('the work, looked at\n\naynig-state: review', { parents: [cancel] })}:refs/heads/work`);
  });
});

describe('runs of clones', () => {
  const local = { 'aynig-remote': undefined };

  test("that began and ended in somebody's clone are history like any other", () => {
    const made = server();
    const { clone } = made;
    const run = newRun();
    const request = clone.ask('build');
    const done = result(clone, clone.lease(request, run, local), run);
    accepted(made, `${done}:refs/heads/work`);
    accepted(made, `${clone.ask('build', done)}:refs/heads/work`);
  });

  test('may be rebased before they are pushed', () => {
    const made = server();
    const { clone } = made;
    const run = newRun();
    const request = clone.ask('build');
    const done = result(clone, clone.lease(request, run, local), run);
    const theirs = clone.commit('theirs', { tree: clone.treeWith('theirs') });
    clone.git('switch', '--quiet', '--detach', done);
    clone.git('rebase', '--quiet', '--onto', theirs, 'main');
    expect(clone.git('log', '-1', '--format=%s', 'HEAD~1')).toBe('aynig: working on build');
    accepted(made, 'HEAD:refs/heads/work');
  });

  test("that go on are not pushed: their lease is nobody's here", () => {
    const made = server();
    const { clone } = made;
    refused(made, /a claim creates/, `${clone.lease(clone.ask('build'), newRun(), local)}:refs/heads/work`);
  });

  test('of the server itself that lost the branch are fenced as well', () => {
    const made = server();
    const { clone, bare } = made;
    const request = made.requested();
    const run = newRun();
    const lease = clone.lease(request, run, local);
    // As a run of the server does it, without a push.
    bare.git('fetch', '--quiet', clone.path, `+${clone.git('update-ref', 'refs/heads/leased', lease)}refs/heads/leased:refs/heads/work`);
    bare.git('update-ref', 'refs/heads/work', request);
    const late = result(clone, lease, run);
    refused(made, /lost the branch/, `${late}:refs/heads/work`);
    const theirs = clone.commit('theirs', { parents: [request], tree: clone.treeWith('theirs') });
    clone.git('switch', '--quiet', '--detach', late);
    clone.git('rebase', '--quiet', '--onto', theirs, request);
    refused(made, /lost the branch/, 'HEAD:refs/heads/work');
  });

  test('of the server itself hold a branch by a lease ref that no push has brought', () => {
    const made = server();
    const { clone, bare } = made;
    const request = made.requested();
    const run = newRun();
    const lease = clone.lease(request, run, local);
    bare.git('fetch', '--quiet', clone.path, `${clone.git('update-ref', 'refs/heads/leased', lease)}refs/heads/leased:${leaseRefOf(run)}`);
    bare.git('update-ref', 'refs/heads/work', lease, request);
    refused(made, /holds the branch/, `${clone.commit('mine', { parents: [lease] })}:refs/heads/work`);
    refused(made, /too early/, '--atomic', `${clone.stall(lease, run)}:refs/heads/work`, `:${leaseRefOf(run)}`);
    made.age(hour, ['refs/heads/work', leaseRefOf(run)]);
    accepted(made, '--atomic', `${clone.stall(lease, run)}:refs/heads/work`, `:${leaseRefOf(run)}`);
  });

  test('may begin work on other branches while they are alive', () => {
    const made = server();
    const { clone } = made;
    const { run } = made.claimed();
    accepted(made, `${clone.ask('build', 'HEAD', [`aynig-run-id: ${run}`])}:refs/heads/child`);
    refused(made, /fenced/, `${clone.ask('build', 'HEAD', [`aynig-run-id: ${newRun()}`])}:refs/heads/child2`);
  });
});

describe('a lease ref', () => {
  test('goes forward only, and stays as long as its branch is held', () => {
    const made = server();
    const { clone } = made;
    const { run, lease } = made.claimed();
    const alive = clone.alive(lease, run);
    accepted(made, `${alive}:${leaseRefOf(run)}`);
    refused(made, /goes in the push that releases that branch/, `:${leaseRefOf(run)}`);
    refused(made, /moves forward only/, `+${lease}:${leaseRefOf(run)}`);
    refused(made, /moves forward only/, `+${clone.alive(clone.head(), run)}:${leaseRefOf(run)}`);
    refused(made, /moves forward only/, `${clone.alive(alive, newRun())}:${leaseRefOf(run)}`);
    const progress = clone.lease(lease, run);
    refused(made, /still leased by its run/, '--atomic', `${progress}:refs/heads/work`, `:${leaseRefOf(run)}`);
    refused(made, /is named after a run/, `${alive}:refs/aynig/lease/mine`);
  });

  test('that no branch needs any more may be deleted', () => {
    const made = server();
    const { run } = made.claimed();
    made.bare.git('update-ref', '-d', 'refs/heads/work');
    accepted(made, `:${leaseRefOf(run)}`);
  });

  test('and kept work may stand beside any other push', () => {
    const made = server();
    const { clone } = made;
    const { run, lease } = made.claimed();
    const work = clone.commit('kept', { parents: [lease], tree: clone.treeWith('kept') });
    accepted(made, `${work}:refs/aynig/kept/${run}`);
    const stalled = clone.commit(`stalled\n\naynig-state: stalled\naynig-stalled-run: ${run}\naynig-run-id: ${run}`, { parents: [work] });
    accepted(made, '--atomic', `${stalled}:refs/heads/work`, `:${leaseRefOf(run)}`);
  });
});
