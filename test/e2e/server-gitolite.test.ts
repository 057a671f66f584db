import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Gitolite, noGitolite, openGitolite } from '../support/servers/gitolite.js';
import { hookBehaviour, sharedWorkBehaviour } from '../support/servers/hook-behaviour.js';
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

/** A hook of ours in a file of the admin's, as the verb for it prints it. */
function printHook({ bare, home }: Gitolite, name: 'pre-receive' | 'post-receive', file: string): void {
  const path = join(home, 'local/hooks', file);
  writeFileSync(path, bare.aynig(['init', '--print-hook', name], { cwd: home }).stdout, { mode: 0o755 });
}

describe('gitolite with our hooks in one repository, by init', () => {
  hookBehaviour(openGitolite);
  sharedWorkBehaviour(openGitolite);
});

describe('gitolite with our hooks in the folder for all repositories', () => {
  hookBehaviour(openGitolite, (hosted) => {
    for (const name of ['pre-receive', 'post-receive'] as const) printHook(hosted, name, `common/${name}`);
    hosted.gitolite('setup', '--hooks-only');
    expect(readlinkSync(join(hosted.bare.path, 'hooks/update'))).toBe(join(hosted.home, '.gitolite/hooks/common/update'));
  });
});

describe('gitolite with our hooks for one repository by its rules', () => {
  hookBehaviour(openGitolite, (hosted) => {
    for (const name of ['pre-receive', 'post-receive'] as const) printHook(hosted, name, `repo-specific/aynig-${name}`);
    hosted.addRules('option hook.pre-receive = aynig-pre-receive', 'option hook.post-receive = aynig-post-receive');
    expect(hosted.bare.exists('hooks/post-receive.h00-aynig-post-receive')).toBe(true);
  });
});
