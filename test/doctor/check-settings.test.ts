import { expect, test } from 'vitest';
import { checkSettings } from '../../src/doctor/check-settings.js';
import type { Facts } from '../../src/doctor/facts.js';

const found = (key: string): string[] =>
  checkSettings({ settings: [{ key, value: 'x', file: '/r/.git/config', scope: 'local' }] } as unknown as Facts).map(({ id }) => id);

test.each(['aynig.ops.backoffseconds', 'aynig.agent.args', 'aynig.mine.a.b', 'aynig.agent'])(
  '%s is left to the commands that read it',
  (key) => {
    expect(found(key)).toEqual([]);
  },
);

test.each(['aynig.leasesecond', 'aynig.agents', 'aynig.ops'])('%s is said to be no setting', (key) => {
  expect(found(key)).toEqual(['setting-unknown']);
});
