import { beforeEach, describe, expect, test } from 'vitest';
import { hookBehaviour } from '../support/servers/hook-behaviour.js';
import { ask, cloneOf, seed } from '../support/servers/hosted.js';
import { absenceBehaviour, leftIn, refsOf, refusalBehaviour, runBehaviour } from '../support/servers/remote-behaviour.js';
import { noSshd, openSsh } from '../support/servers/sshd.js';
import { noTerminal, runInTerminal } from '../support/servers/terminal.js';
import { skipBecause, Workspace } from '../support/workspace.js';

beforeEach((context) => {
  const missing = noSshd() ?? noTerminal();
  if (missing !== undefined) skipBecause(missing, context);
});

describe('OpenSSH', () => {
  runBehaviour(openSsh);
  const stopped = /could not be read: ssh: connect to host 127\.0\.0\.1 .*Connection refused/;
  refusalBehaviour(openSsh, {
    readingOnly: /work: .*carol may only read here/,
    protectedBranch: /release: .*hook declined.*release is for the release team/,
    stopped,
  });
  // Takes half a minute of waiting between tries, which are the same for all kinds of servers.
  absenceBehaviour(openSsh, stopped);

  hookBehaviour(openSsh);

  const withCommand = (change: (command: string, stranger: string) => string) => async () => {
    const { bare, way, server } = await openSsh();
    ask(seed({ bare, way }), 'work');
    const before = refsOf(bare);
    const made = cloneOf(way);
    const stranger = server.key('dora').way(bare.path).env['GIT_SSH_COMMAND'] ?? '';
    const env = { ...made.env, GIT_SSH_COMMAND: change(way.env['GIT_SSH_COMMAND'] ?? '', stranger) };
    const clone = new Workspace(made.root, made.path, env);
    const answer = runInTerminal(clone);
    expect(answer.exitCode).toBe(1);
    expect(refsOf(bare)).toBe(before);
    expect([clone.ran(), leftIn(clone)]).toEqual([[], '']);
    return answer.stdout;
  };

  test('a key that the server does not know is reported', async () => {
    const said = await withCommand((_, stranger) => stranger)();
    expect(said).toMatch(/could not be read: .*Permission denied \(publickey\).*\[remote-unreachable\]/);
  });

  test('a host that nobody has seen before is reported, and no question is asked even in a terminal', async () => {
    const said = await withCommand((command) => command.replace(/UserKnownHostsFile=\S+/, 'UserKnownHostsFile=/dev/null'))();
    expect(said).toMatch(/could not be read: Host key verification failed.*\[remote-unreachable\]/);
    expect(said).not.toContain('continue connecting');
  });
});
