import { describe, expect, it } from 'vitest';
import { checkHooks } from '../../src/doctor/check-hooks.js';
import type { Facts } from '../../src/doctor/facts.js';
import { configuredHooks } from '../../src/doctor/hook-reach.js';

const value = (key: string, text: string) => ({ key, value: text, origin: 'file:config', file: '/r/.git/config', scope: 'local' });
const withConfig = (...values: ReturnType<typeof value>[]): Facts =>
  ({ hookFolders: [], notLookedAt: [], configuredHooks: configuredHooks(values) }) as unknown as Facts;

describe('hooks in the configuration of git 2.54', () => {
  it('are found broken when ours has an event and no command', () => {
    const [finding] = checkHooks(withConfig(value('hook.aynig-post-commit.event', 'post-commit')));
    expect(finding?.id).toBe('hook-config-broken');
    expect(finding?.fix).toBe('git config --file /r/.git/config --remove-section hook.aynig-post-commit && aynig init');
  });

  it('are let be when they are whole, or not ours', () => {
    const whole = [value('hook.aynig-post-commit.command', 'x'), value('hook.aynig-post-commit.event', 'post-commit')];
    expect(checkHooks(withConfig(...whole))).toEqual([]);
    expect(checkHooks(withConfig(value('hook.other.event', 'post-commit')))).toEqual([]);
  });

  it('are read as git reads them: an empty event takes back those before it', () => {
    const values = [
      value('hook.x.command', 'a'),
      value('hook.x.event', 'post-commit'),
      value('hook.x.event', ''),
      value('hook.x.event', 'post-merge'),
      value('hook.x.enabled', 'off'),
    ];
    expect(configuredHooks(values)).toEqual([{ name: 'x', file: '/r/.git/config', events: ['post-merge'], command: 'a', enabled: false }]);
  });
});
