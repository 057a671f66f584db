import { afterAll, describe, expect, it } from 'vitest';
import { oid } from '../../src/git/names.js';
import { isDotGit } from '../../src/packs/dot-git.js';
import { packLimits } from '../../src/packs/limits.js';
import type { Entry } from '../../src/packs/listing.js';
import { checkRef } from '../../src/packs/ref.js';
import { PackRefusal, refusalsOf } from '../../src/packs/refuse.js';
import { checkSubfolder } from '../../src/packs/subfolder.js';

let kinds = 0;
afterAll(() => {
  process.stdout.write(`\npacks: ${kinds} kinds of names and places refused, each with its own reason\n`);
});

const blob = oid('1'.repeat(40));
const entry = (path: string, mode = '100644', size = 1): Entry => {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1), mode, oid: blob, size };
};
const named = (name: string, folder = 'other'): Entry => ({ folder, name, mode: '100644', oid: blob, size: 1 });

describe('an entry is refused', () => {
  it.each<[string, Entry, RegExp]>([
    ['that is a symbolic link', entry('other/a', '120000'), /symbolic link/],
    ['that is a symbolic link at the top, where nothing is installed', entry('a', '120000'), /symbolic link/],
    ['that is a submodule', entry('other/a', '160000'), /submodule/],
    ['that is a device', entry('other/a', '060000'), /neither a file nor a folder/],
    ['that names submodules', entry('.gitmodules'), /names submodules/],
    ['that names submodules in capitals', entry('other/.GITMODULES'), /names submodules/],
    ['that names submodules by a short name', entry('other/GITMOD~1'), /names submodules/],
    ['that is .gitattributes in capitals', entry('other/.GitAttributes'), /in another spelling/],
    ['that leads out', named('..'), /leads out/],
    ['that stays where it is', named('.'), /leads out/],
    ['that leads out by a name with slashes', named('../../etc/passwd'), /leads out/],
    ['that is absolute', named('/etc/passwd'), /leads out/],
    ['without a name', named(''), /has no name/],
    ['with a backslash', named('..\\..\\a'), /backslash/],
    ['with a newline', named('a\nb'), /control/],
    ['with an escape', named('a\u001b[31m'), /control/],
    ['that is not UTF-8', named('a\uFFFD'), /not UTF-8/],
    ['with a writing direction', named('a\u202eb'), /invisible/],
    ['with an invisible space', named('a\u200bb'), /invisible/],
    ['that begins with a dash', named('-rf'), /dash/],
    ['of the name of a device', named('NUL'), /Windows device/],
    ['of the name of a device with an ending', named('com1.sh'), /Windows device/],
    ['of the name of a device with a space', named('aux .txt'), /Windows device/],
    ['with a character of Windows', named('a:b'), /Windows does not take/],
    ['with a wildcard', named('*'), /Windows does not take/],
    ['that ends with a dot', named('a.'), /ends with a dot/],
    ['that ends with a space', named('a '), /space/],
    ['that is deeper than allowed', entry(`${'a/'.repeat(17)}b`), /deeper than 16/],
    ['with a path that is too long', entry(`other/${'a'.repeat(235)}`), /240 bytes/],
    ['that is the command of working', entry('command/working'), /"working"/],
    ['that is the command of working, for a role', entry('roles/a/command/WORKING'), /"working"/],
    ['that is the command of no state', entry('command/Deploy'), /like no state/],
    ['that is the command of no state, with an underscore', entry('command/_build'), /like no state/],
    ['that is the command of no state in a folder', entry('command/a/b..c'), /like no state/],
    ['that is a command of no role', entry('roles/_x/command/a'), /role that no run can have/],
    ['that is too large', entry('other/a', '100644', packLimits.fileBytes + 1), /larger than 1024 KiB/],
    ['that is a manifest and too large', entry('pack.json', '100644', packLimits.manifestBytes + 1), /larger than 256 KiB/],
  ])('%s', (_, bad, why) => {
    const refusals = refusalsOf([entry('command/build'), bad]);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.why).toMatch(why);
    kinds++;
  });

  it.each([
    '.git',
    '.GIT',
    '.Git',
    '.git.',
    '.git ',
    '.git . .',
    '.git::$INDEX_ALLOCATION',
    '.git:stream',
    'git~1',
    'GIT~1',
    'git~2',
    '.g\u200cit',
    '\u202e.git',
    '.git\ufeff',
    '.\u206fG\u200dI\u200eT',
    'git~1.',
    '.GIT::$DATA',
  ])('that some file system takes for .git: %j', (name) => {
    expect(isDotGit(name)).toBe(true);
    expect(refusalsOf([named(name)])).toEqual([{ path: `other/${name}`, why: 'is .git in one of its spellings' }]);
    expect(refusalsOf([{ ...named(name), mode: '40000' }])[0]?.why).toBe('is .git in one of its spellings');
    kinds++;
  });

  it.each<[string, string, string]>([
    ['capitals', 'other/Build', 'other/build'],
    ['forms of Unicode', 'other/e\u0301', 'other/\u00e9'],
    ['both', 'other/E\u0301', 'other/\u00e9'],
    ['a letter that becomes two', 'other/stra\u00dfe', 'other/STRASSE'],
    ['the Kelvin sign', 'other/\u212a', 'other/k'],
    ['a folder and a file', 'other/a', 'other/A'],
  ])('that is the same as another where it is about %s', (_, one, two) => {
    const refusals = refusalsOf([entry(one, one.endsWith('/a') ? '40000' : '100644'), entry(two)]);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.why).toContain('is the same as');
    kinds++;
  });

  it('once, where two folders collide and all that is in them', () => {
    const entries = [entry('a', '40000'), entry('A', '40000'), entry('a/one'), entry('A/one'), entry('a/two'), entry('A/two')];
    expect(refusalsOf(entries).map(({ path }) => path)).toEqual(['A']);
  });

  it('that is there twice', () => {
    expect(refusalsOf([entry('other/a'), entry('other/a')])).toEqual([{ path: 'other/a', why: 'is there twice' }]);
  });
});

describe('a pack', () => {
  it('with more files than allowed, or larger ones together, is refused', () => {
    const many = Array.from({ length: packLimits.files + 1 }, (_, n) => entry(`other/${n}`));
    expect(refusalsOf(many).map(({ why }) => why)).toEqual(['it has 501 files, more than 500']);
    const large = Array.from({ length: 9 }, (_, n) => entry(`other/${n}`, '100644', packLimits.fileBytes));
    expect(refusalsOf(large).map(({ why }) => why)).toEqual(['its files together are larger than 8192 KiB']);
    expect(refusalsOf(many.slice(1))).toEqual([]);
    expect(refusalsOf(large.slice(1))).toEqual([]);
  });

  it('is refused for everything in it, of which the message shows twenty', () => {
    const refusals = refusalsOf(Array.from({ length: 30 }, (_, n) => entry(`other/l${String(n).padStart(2, '0')}`, '120000')));
    const failure = new PackRefusal(refusals);
    expect(failure.refusals).toHaveLength(30);
    expect(failure.message).toContain('other/l19 is a symbolic link; and 10 more.');
    expect(failure.message).not.toContain('l20');
    expect(new PackRefusal([{ path: 'a\u001b[2J', why: 'is bad' }]).message).not.toContain('\u001b');
  });

  it('of plain names is taken', () => {
    const paths = [
      'command/build',
      'command/ops/triage',
      'command/a.b_c-d',
      'command/.lib/Shared Code.sh',
      'command/x/.lib/Y',
      'roles/reviewer/command/review',
      'roles/README.md',
      'prompts/Übersicht.md',
      'other/日本語',
      'README.md',
      'logs/Old',
      'other/.gitkeep',
      'other/console',
      'other/git~x',
      'other/.github',
      'other/.gitx',
    ];
    const bad = paths.filter((path) => refusalsOf([entry(path)]).length > 0);
    expect(bad).toEqual([]);
    for (const mode of ['100644', '100755', '100664', '100600']) expect(refusalsOf([entry('other/a', mode)])).toEqual([]);
    for (const mode of ['40000', '040000']) expect(refusalsOf([entry('other/a', mode)])).toEqual([]);
  });
});

describe('a ref', () => {
  it.each([
    '',
    '-x',
    ' -x',
    '--upload-pack=x',
    'a b',
    'a\nb',
    'a\0',
    'a..b',
    'a:b',
    'a^',
    'a~1',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a@{1}',
    '@',
    '/a',
    'a/',
    'a//b',
    'a.',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a\u202e',
    'a\uFFFD',
    'x'.repeat(256),
  ])('is refused as %j', (text) => {
    expect(() => checkRef(text)).toThrow(expect.objectContaining({ code: 'pack-ref' }));
    kinds++;
  });

  it.each(['main', 'v1.2.3', 'feature/a-b', 'HEAD', '0123abc', 'ünïcode', 'a@b', 'x'.repeat(255)])('is taken as %j', (text) => {
    expect(checkRef(text)).toBe(text);
  });
});

describe('a folder', () => {
  it.each([
    '',
    ' ',
    '-x',
    'a/-x',
    '/a',
    '..',
    'a/../b',
    'a//b',
    'a/ /b',
    '.git',
    '.GIT/hooks',
    'a/.git',
    'git~1',
    '.g\u200cit',
    'a\\b',
    'a\nb',
    'a\0',
    'a/.. ',
    'x/'.repeat(17),
    'x'.repeat(241),
    '/',
  ])('is refused as %j', (text) => {
    expect(() => checkSubfolder(text)).toThrow(expect.objectContaining({ code: 'pack-subfolder' }));
    kinds++;
  });

  it.each([
    ['.aynig', '.aynig'],
    ['a/b/', 'a/b'],
    ['./a', 'a'],
    ['.', '.'],
    ['./', '.'],
    ['a/./b', 'a/b'],
    ['a b', 'a b'],
  ])('is read from %j', (text, folder) => {
    expect(checkSubfolder(text)).toBe(folder);
  });
});
