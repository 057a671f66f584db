import { expect, test } from 'vitest';
import { checkPush } from '../../src/server/check-push.js';
import { leaseRefOf, server } from '../support/server.js';

/** As git hands it on when the refs have moved since its client was told of them. */
test('a push that takes a lease ref for what it no longer is cannot take over: the renewal came first', async () => {
  const made = server({ hooks: ['pre-receive'] });
  const { bare, clone } = made;
  const { run, lease } = made.claimed();
  made.age(3600, ['refs/heads/work', leaseRefOf(run)]);
  const over = clone.stall(lease, run);
  // There, and reachable from nothing.
  bare.git('fetch', '--quiet', clone.path, `${clone.git('update-ref', 'refs/heads/over', over)}refs/heads/over:refs/heads/over`);
  bare.git('update-ref', '-d', 'refs/heads/over');
  const none = '0'.repeat(40);
  const push = `${lease} ${over} refs/heads/work\n${lease} ${none} ${leaseRefOf(run)}\n`;
  expect(await checkPush(push, bare.path, bare.env)).toEqual([]);
  const alive = clone.alive(lease, run);
  expect(clone.push(`${alive}:${leaseRefOf(run)}`).exitCode).toBe(0);
  made.age(3600, [leaseRefOf(run)]);
  expect((await checkPush(push, bare.path, bare.env)).join('\n')).toMatch(/it was moved meanwhile/);
});
