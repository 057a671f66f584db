import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/failure.js';
import { openRepository } from '../../src/git/repository.js';
import { readSettings } from '../../src/kernel/settings.js';
import type { Settings } from '../../src/kernel/settings-schema.js';
import { type Scratch, scratch } from '../support/scratch.js';

const settingsOf = async (repo: Scratch, env: Record<string, string> = {}): Promise<Settings> =>
  readSettings((await openRepository(repo.path, { ...repo.env, ...env })).git);

async function failureOf(repo: Scratch, env: Record<string, string> = {}): Promise<Failure> {
  const outcome = await settingsOf(repo, env).catch((error: unknown) => error);
  if (!(outcome instanceof Failure)) throw new Error(`no failure: ${JSON.stringify(outcome)}`);
  return outcome;
}

describe('the settings of a repository', () => {
  it('have the documented defaults', async () => {
    const { runnerId, ...settings } = await settingsOf(scratch());
    expect(settings).toEqual({
      leaseSeconds: 600,
      timeoutSeconds: 0,
      maxParallel: availableParallelism(),
      maxTicks: 50,
      skewSeconds: 30,
      logLevel: 'info',
      tick: 'auto',
      whenNodeIsMissing: 'accept',
      endStates: 'done cancelled',
      trust: 'pinned',
      remotes: [],
    });
    expect(runnerId).toMatch(/^[\x21-\x7e]{1,128}$/);
  });

  it('are read in any capitals, and the last value wins', async () => {
    const repo = scratch();
    repo.git('config', 'AYNIG.LEASESECONDS', '60');
    repo.git('config', '--add', 'aynig.leaseSeconds', '90');
    repo.git('config', 'aynig.wrapper', 'bwrap --ro-bind / /');
    repo.git('config', 'aynig.logLevel', 'debug');
    expect(await settingsOf(repo)).toMatchObject({ leaseSeconds: 90, wrapper: 'bwrap --ro-bind / /', logLevel: 'debug' });
  });

  it('of the repository go before those of the user', async () => {
    const repo = scratch();
    repo.write('../user.config', '[aynig]\n\tmaxTicks = 3\n\tskewSeconds = 5\n');
    repo.git('config', 'aynig.maxTicks', '7');
    expect(await settingsOf(repo, { GIT_CONFIG_GLOBAL: `${repo.root}/user.config` })).toMatchObject({ maxTicks: 7, skewSeconds: 5 });
  });

  it('of other names in the section are left alone', async () => {
    const repo = scratch();
    repo.git('config', 'aynig.somethingElse', 'x');
    repo.git('config', 'aynig.sub.leaseSeconds', 'x');
    expect(await settingsOf(repo)).toMatchObject({ leaseSeconds: 600 });
  });

  it.each<[string, string, RegExp]>([
    ['leaseSeconds', '0', /is "0" and must be at least 1, in seconds/],
    ['leaseSeconds', '-5', /is "-5" and must be a whole number/],
    ['leaseSeconds', '10m', /is "10m" and must be a whole number/],
    ['leaseSeconds', '86401', /must be at most 86400/],
    ['leaseSeconds', '', /is "" and must be a whole number/],
    ['timeoutSeconds', '1e3', /must be a whole number/],
    ['maxParallel', '0', /must be at least 1/],
    ['maxTicks', '10001', /must be at most 10000/],
    ['skewSeconds', '86401', /must be at most 86400/],
    ['logLevel', 'loud', /must be one of debug, info, warn, error/],
    ['tick', 'no', /must be one of auto, off/],
    ['role', '../x', /must be a role name/],
    ['runnerId', 'two words', /must be 1 to 128 printable ASCII characters/],
    ['remote', '', /must not be empty/],
  ])('that are wrong are refused with their key and origin: %s=%j', async (name, value, what) => {
    const repo = scratch();
    repo.git('config', `aynig.${name}`, value);
    const failure = await failureOf(repo);
    expect(failure.code).toBe('bad-setting');
    expect(failure.message).toMatch(what);
    expect(failure.message).toContain(`aynig.${name} `);
    expect(failure.message).toMatch(/\(set in [^)]*config\)\.$/);
    expect(failure.hint).toContain(`git config --unset-all aynig.${name}`);
  });

  it('that are wrong are refused with the file of the user who set them', async () => {
    const repo = scratch();
    repo.write('../user.config', '[aynig]\n\tmaxTicks = many\n');
    const failure = await failureOf(repo, { GIT_CONFIG_GLOBAL: `${repo.root}/user.config` });
    expect(failure.message).toContain(`(set in ${repo.root}/user.config)`);
  });

  it('without a value are refused, not read as true', async () => {
    const repo = scratch();
    repo.write('../user.config', '[aynig]\n\ttick\n');
    expect((await failureOf(repo, { GIT_CONFIG_GLOBAL: `${repo.root}/user.config` })).message).toMatch(
      /^aynig\.tick has no value \(set in /,
    );
  });

  it('that are wrong in a weaker place do no harm when a stronger one is right', async () => {
    const repo = scratch();
    repo.write('../user.config', '[aynig]\n\tmaxTicks = many\n');
    repo.git('config', 'aynig.maxTicks', '7');
    expect(await settingsOf(repo, { GIT_CONFIG_GLOBAL: `${repo.root}/user.config` })).toMatchObject({ maxTicks: 7 });
  });
});
