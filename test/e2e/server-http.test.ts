import { beforeEach, describe, expect, test } from 'vitest';
import { hookBehaviour, sharedWorkBehaviour } from '../support/servers/hook-behaviour.js';
import { ask, cloneOf, seed } from '../support/servers/hosted.js';
import { noLighttpd, openHttp } from '../support/servers/http.js';
import { leftIn, raceBehaviour, refsOf, refusalBehaviour, runBehaviour, runThere, statesOf } from '../support/servers/remote-behaviour.js';
import { noTerminal, runInTerminal } from '../support/servers/terminal.js';
import { skipBecause } from '../support/workspace.js';

beforeEach((context) => {
  const missing = noLighttpd() ?? noTerminal();
  if (missing !== undefined) skipBecause(missing, context);
});

describe('smart HTTP for everybody', () => {
  runBehaviour(() => openHttp());
  raceBehaviour(() => openHttp());
  refusalBehaviour(() => openHttp(), {
    readingOnly: /work: .*error: 403/,
    protectedBranch: /release: .*hook declined.*release is for the release team/,
    stopped: /could not be read: fatal: unable to access 'http:.*connect/,
  });
});

describe('smart HTTP with passwords', () => {
  const opened = async () => {
    const hosted = await openHttp({ auth: true });
    ask(seed(hosted), 'work');
    return { hosted, clone: cloneOf(hosted.way), before: refsOf(hosted.bare) };
  };

  runBehaviour(() => openHttp({ auth: true, format: 'sha256' }));
  hookBehaviour(() => openHttp({ auth: true }));
  sharedWorkBehaviour(() => openHttp({ auth: true }));

  test('somebody who may only read is told so: nothing is started and nothing is left', async () => {
    const { hosted, before } = await opened();
    const reader = cloneOf(hosted.forReading());
    const answer = runThere(reader);
    expect(answer.stderr).toMatch(/work: .*Authentication failed for 'http:.*\[push-refused\]/);
    expect(answer.exitCode).toBe(1);
    expect(refsOf(hosted.bare)).toBe(before);
    expect([reader.ran(), leftIn(reader)]).toEqual([[], '']);
  });

  test.for<[string, string | undefined, RegExp]>([
    ['a wrong password', 'ana:plum', /Authentication failed for 'http:/],
    ['no password', undefined, /could not read Username for 'http:.*terminal prompts disabled/],
  ])('%s is an error, and no question is asked even in a terminal', async ([, credentials, words]) => {
    const { hosted, clone, before } = await opened();
    clone.git('remote', 'set-url', 'origin', hosted.wayOf(credentials).url);
    const answer = runInTerminal(clone);
    expect(answer.stdout).toMatch(words);
    expect(answer.stdout).toContain('[remote-unreachable]');
    expect(answer.stdout).not.toMatch(/^(?:Username|Password) for /m);
    expect(answer.exitCode).toBe(1);
    expect(refsOf(hosted.bare)).toBe(before);
    expect([clone.ran(), leftIn(clone)]).toEqual([[], '']);
  });

  test('the password comes from a credential helper of git', async () => {
    const { hosted, clone } = await opened();
    const { url } = hosted.wayOf();
    clone.git('remote', 'set-url', 'origin', url);
    clone.git('config', 'credential.helper', clone.script('helper', 'printf "username=ana\\npassword=orange\\n"'));
    expect(runInTerminal(clone)).toMatchObject({ exitCode: 0 });
    expect(statesOf(hosted.bare, 'work')).toEqual(['build', 'working', 'review']);
  });

  test('a password in the address is not shown where the server is down', async () => {
    const { hosted, clone } = await opened();
    await hosted.stop();
    const answer = runThere(clone);
    expect(answer.stderr).toContain('[remote-unreachable]');
    expect(answer.stderr).not.toContain('orange');
  });
});
