import { beforeEach, describe, expect, test } from 'vitest';
import { noGitolite, openGitolite } from '../support/servers/gitolite.js';
import { ask, cloneOf, seed } from '../support/servers/hosted.js';
import { leftIn, refusalBehaviour, runBehaviour, runThere, statesOf } from '../support/servers/remote-behaviour.js';
import { skipBecause } from '../support/workspace.js';

beforeEach((context) => {
  const missing = noGitolite();
  if (missing !== undefined) skipBecause(missing, context);
});

describe('gitolite', () => {
  runBehaviour(openGitolite);
  refusalBehaviour(openGitolite, {
    readingOnly: /work: .*FATAL: W any work carol DENIED by fallthru/,
    protectedBranch: /release: .*hook declined.*FATAL: W refs\/heads\/release work ana DENIED by refs\/heads\/release/,
    stopped: /could not be read: ssh: connect to host 127\.0\.0\.1 .*Connection refused/,
  });

  test('where only branches may be written, runs do without heartbeats, which is said once', async () => {
    const hosted = await openGitolite({ writable: 'refs/heads/' });
    const author = seed(hosted);
    for (const name of ['b0', 'b1', 'b2']) ask(author, name);
    const clone = cloneOf(hosted.way);
    const answer = runThere(clone);
    expect(answer.stderr.match(/takes no refs beside its branches/g)).toHaveLength(1);
    expect(answer.stderr).toMatch(/takes no refs beside its branches.*FATAL: W refs\/aynig\/lease\/\S+ work ana DENIED by fallthru/);
    expect(answer.exitCode).toBe(0);
    expect(clone.ran()).toHaveLength(3);
    for (const name of ['b0', 'b1', 'b2']) expect(statesOf(hosted.bare, name)).toEqual(['build', 'working', 'review']);
    expect(hosted.bare.git('for-each-ref', 'refs/aynig')).toBe('');
    expect(leftIn(clone)).toBe('');
  });
});
