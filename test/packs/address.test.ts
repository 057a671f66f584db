import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/failure.js';
import { parseAddress } from '../../src/packs/address.js';
import { defaultName, isPackName } from '../../src/packs/pack-name.js';
import { temporaryDirectory } from '../support/scratch.js';

const nowhere = { cwd: '/nowhere/at/all', base: '/nowhere' };

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('an address that is refused', () => {
  it.each<[string, string, RegExp]>([
    ['nothing', '', /is empty/],
    ['spaces', '   ', /is empty/],
    ['an option', '--upload-pack=touch canary', /begins with a dash/],
    ['an option behind a space', ' -u', /begins with a dash/],
    ['a newline at its end', 'https://example.com/a.git\n', /control/],
    ['a NUL', 'https://example.com/a\0.git', /control/],
    ['an override of the writing direction', 'https://example.com/\u202ea.git', /invisible/],
    ['more than it can be', `https://example.com/${'a'.repeat(2048)}`, /longer than 2048/],
    ['plain http', 'http://example.com/a.git', /transport "http"/],
    ['ftp', 'ftp://example.com/a.git', /transport "ftp"/],
    ['ssh under another name', 'git+ssh://git@example.com/a.git', /transport "git\+ssh"/],
    ['a command', 'ext::sh -c "touch canary"', /transport/],
    ['a file descriptor', 'fd::17', /transport/],
    ['a helper of its own', 'foo::bar', /transport/],
    ['a helper with an empty name', '::bar', /transport/],
    ['a helper around a URL', 'ext::https://example.com/a.git', /has|transport/],
    ['an option in place of a host', 'ssh://-oProxyCommand=touch%20canary/a', /begins with a dash/],
    ['an option in place of a user', 'ssh://-oProxyCommand=x@example.com/a', /begins with a dash/],
    ['an option in place of a host behind a user', 'ssh://git@-oProxyCommand=x/a', /begins with a dash/],
    ['an option as a host of git://', 'git://-x/a', /begins with a dash/],
    ['an option in place of a scp-like host', 'git@-oProxyCommand=touch:a', /begins with a dash/],
    ['an option as scp-like path', 'example.com:-x', /path that begins with a dash/],
    ['a shell in the host', 'ssh://`touch canary`/a', /no host/],
    ['a shell in the scp-like host', '$(touch canary):a', /user@host:path/],
    ['no host', 'https:///a.git', /no host/],
    ['no path', 'https://example.com', /no host or no path/],
    ['a path of slashes', 'https://example.com//', /names no repository/],
    ['a newline in the path, in its URL writing', 'git://example.com/a%0ahost=b', /control/],
    ['a host of a file URL', 'file://server/share/a.git', /host in a file URL/],
    ['a user of git://', 'git://ana@example.com/a.git', /names a user/],
    ['the home of somebody else', '~bob/a', /home of another user/],
    ['one word', 'ops', /no owner\/name/],
    ['three words', 'a/b/c', /no owner\/name/],
    ['an owner that GitHub does not have', 'a_b/c', /no owner\/name/],
    ['a repository called ..', 'a/..', /no owner\/name/],
  ])('%s', (_, text, why) => {
    const failure = failureOf(() => parseAddress(text, nowhere));
    expect(failure.code).toBe('pack-address');
    expect(failure.message).toMatch(why);
  });

  it.each([
    'https://ana:s3cret@example.com/a.git',
    'https://s3cret@example.com/a.git',
    'https://ana%3As3cret@example.com/a.git',
    'https://x:y@z:s3cret@example.com/a.git',
    'https://example.com/a.git?private_token=s3cret',
    'https://example.com/a.git#s3cret',
    'ssh://git:s3cret@example.com/a.git',
    'git:s3cret@example.com:a.git',
    'http://ana:s3cret@example.com/a.git',
  ])('and has a secret in it does not get that printed: %s', (text) => {
    const failure = failureOf(() => parseAddress(text, nowhere));
    expect(failure.code).toBe('pack-address');
    expect(`${failure.message}${failure.hint}`).not.toContain('s3cret');
  });
});

describe('an address', () => {
  it.each<[string, string, string]>([
    ['https://example.com/a/b.git', 'url', 'https://example.com/a/b.git'],
    ['HTTPS://example.com:8443/a', 'url', 'https://example.com:8443/a'],
    ['git://example.com/a', 'url', 'git://example.com/a'],
    ['git://[::1]:9418/a', 'url', 'git://[::1]:9418/a'],
    ['file:///srv/a b.git', 'url', 'file:///srv/a b.git'],
    ['ssh://git@example.com:2222/~/a.git', 'ssh', 'ssh://git@example.com:2222/~/a.git'],
    ['git@example.com:a/b.git', 'ssh', 'git@example.com:a/b.git'],
    ['example.com:a', 'ssh', 'example.com:a'],
    ['owner/name', 'url', 'https://github.com/owner/name.git'],
    ['owner/name.git', 'url', 'https://github.com/owner/name.git'],
    ['  owner/name ', 'url', 'https://github.com/owner/name.git'],
    ['/srv/packs/../a.git', 'path', '/srv/a.git'],
  ])('%s is taken as a %s', (text, kind, url) => {
    expect(parseAddress(text, nowhere)).toMatchObject({ kind, url, source: url });
  });

  it('that is a relative path is stored as seen from the base of the working tree, and leads to the same place from there', () => {
    const base = temporaryDirectory();
    const cwd = join(base, 'sub');
    for (const folder of ['sub/inner/pack', 'beside']) mkdirSync(join(base, folder), { recursive: true });
    const cases: [string, string, string][] = [
      ['./inner', join(cwd, 'inner'), './sub/inner'],
      ['../beside/', join(base, 'beside'), './beside'],
      ['../..', join(base, '..'), '../'],
      ['..', base, './'],
      ['../../other', join(base, '../other'), '../other'],
      ['inner/pack', join(cwd, 'inner/pack'), './sub/inner/pack'],
      ['inner', join(cwd, 'inner'), './sub/inner'],
    ];
    for (const [text, url, source] of cases) {
      expect(parseAddress(text, { cwd, base })).toMatchObject({ kind: 'path', url, source });
      expect(parseAddress(source, { cwd: base, base })).toMatchObject({ kind: 'path', url, source });
    }
  });

  it('of a folder wins over the same name at GitHub and over a host', () => {
    const base = temporaryDirectory();
    for (const folder of ['owner/name', 'host:path']) mkdirSync(join(base, folder), { recursive: true });
    expect(parseAddress('owner/name', { cwd: base, base }).source).toBe('./owner/name');
    expect(parseAddress('host:path', { cwd: base, base })).toMatchObject({ url: join(base, 'host:path'), source: './host:path' });
  });

  it('below the own home is stored without the name of the home', () => {
    expect(parseAddress('~/packs/a/', nowhere)).toMatchObject({ kind: 'path', url: join(homedir(), 'packs/a'), source: '~/packs/a' });
  });
});

describe('the name of a pack', () => {
  it.each<[string, string, string]>([
    ['https://example.com/Ana/My_Pack.git', '.aynig', 'my_pack'],
    ['git@example.com:packs.git', '.', 'packs'],
    ['owner/aynig', 'ops-workflow-pack', 'ops-workflow-pack'],
    ['owner/aynig', 'packs/Über Pack', 'u-ber-pack'],
    ['/srv/a/.git', '.dwp', 'a'],
    ['/srv/...', '.aynig', 'pack'],
    [`/srv/${'x'.repeat(100)}`, '.aynig', 'x'.repeat(64)],
  ])('of %s in %s is %s', (text, subfolder, name) => {
    expect(defaultName(parseAddress(text, nowhere), subfolder)).toBe(name);
    expect(isPackName(name)).toBe(true);
  });
});
