import { expect, test } from 'vitest';
import { isBranchOf, remotesOf } from '../../src/trust/remotes.js';

const value = (key: string, text: string) => ({ key, value: text, origin: 'file:.git/config' });
const origin = [value('remote.origin.url', 'https://example.com/r'), value('remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*')];

test('remotes are read with all their addresses and refspecs', () => {
  expect(
    remotesOf([...origin, value('remote.origin.url', 'second'), value('remote.a.b.fetch', 'x:y'), value('aynig.tick', 'off')]),
  ).toEqual([
    { name: 'origin', url: 'https://example.com/r\nsecond', fetch: ['+refs/heads/*:refs/remotes/origin/*'] },
    { name: 'a.b', url: '', fetch: ['x:y'] },
  ]);
});

test.each([
  ['a branch of the remote', 'refs/remotes/origin/feature/x', [], true],
  ['a ref of another prefix', 'refs/remotes/other/x', [], false],
  ['a local branch', 'refs/heads/x', [], false],
  [
    'what strangers proposed',
    'refs/remotes/origin/pr/7',
    [value('remote.origin.fetch', '+refs/pull/*/head:refs/remotes/origin/pr/*')],
    false,
  ],
  [
    'a branch beside what strangers proposed',
    'refs/remotes/origin/x',
    [value('remote.origin.fetch', '+refs/pull/*/head:refs/remotes/origin/pr/*')],
    true,
  ],
  [
    'a branch of a remote whose name begins alike',
    'refs/remotes/origin/fork/x',
    [value('remote.origin/fork.fetch', '+refs/heads/*:refs/remotes/origin/fork/*')],
    false,
  ],
  ['a ref that two remotes write', 'refs/remotes/origin/x', [value('remote.evil.fetch', '+refs/heads/*:refs/remotes/origin/*')], false],
] as const)('%s', (_, ref, more, expected) => {
  expect(isBranchOf(remotesOf([...origin, ...more]), 'origin', ref)).toBe(expected);
});
