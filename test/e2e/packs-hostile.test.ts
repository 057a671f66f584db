import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/failure.js';
import { parseAddress } from '../../src/packs/address.js';
import { packLimits } from '../../src/packs/limits.js';
import { readManifest } from '../../src/packs/manifest.js';
import {
  addressOf,
  fetchAs,
  ownTemporaryFolder,
  type PackRepository,
  packRepository,
  type RawEntry,
  smallPack,
} from '../support/pack-repository.js';
import { untilNoneWithHome } from '../support/processes.js';
import { scratch } from '../support/scratch.js';
import { openGitDaemon } from '../support/servers/git-daemon.js';

interface Row {
  readonly what: string;
  refused: number;
  written: number;
  executed: number;
}

const rows: Row[] = [];
afterAll(() => {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell, column) => (column === 0 ? String(cell).padEnd(width) : String(cell).padStart(8))).join(' | ');
  const sum = (of: 'refused' | 'written' | 'executed'): number => rows.reduce((total, row) => total + row[of], 0);
  process.stdout.write(
    `\n${[
      line(['hostile pack', 'refused', 'written', 'executed']),
      ...rows.map((row) => line([row.what, row.refused, row.written, row.executed])),
      line([`${rows.length} kinds of hostile packs`, sum('refused'), sum('written'), sum('executed')]),
    ].join('\n')}\n`,
  );
});

/** Every file, folder and link below a folder with its kind, mode and content. */
function everything(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = join(below, name);
    const found = lstatSync(join(folder, path));
    const kind = `${path} ${found.mode.toString(8)}`;
    if (found.isDirectory()) return [kind, ...everything(folder, path)];
    return [`${kind} ${found.isSymbolicLink() ? readlinkSync(join(folder, path)) : readFileSync(join(folder, path)).toString('base64')}`];
  });
}

/** Made in the repository of the pack; answers what differs from the plain request for it. */
type Attack = (pack: PackRepository) => { readonly ref?: string; readonly subfolder?: string; readonly address?: string } | undefined;

/** A pack whose folder has one entry more, which is written into the tree as it is. */
const withEntry =
  (path: string, entry: (pack: PackRepository) => RawEntry): Attack =>
  (pack) =>
    void pack.commitTree(pack.within(`.aynig/${path}`.replace(/\/$/, ''), entry(pack)));

const file =
  (name: string | Buffer, mode = '100644') =>
  (pack: PackRepository): RawEntry => ({ mode, name, oid: pack.blob('x') });
const folder =
  (name: string | Buffer, inner = 'config') =>
  (pack: PackRepository): RawEntry => ({ mode: '40000', name, oid: pack.tree([file(inner)(pack)]) });

/** Two entries of one folder, in git's order if they are given so. */
const withTwo =
  (one: (pack: PackRepository) => RawEntry, two: (pack: PackRepository) => RawEntry): Attack =>
  (pack) =>
    void pack.commitTree(
      pack.within('.aynig/command', one(pack)) &&
        pack.tree([
          { mode: '40000', name: '.aynig', oid: pack.tree([{ mode: '40000', name: 'command', oid: pack.tree([one(pack), two(pack)]) }]) },
        ]),
    );

const withFiles =
  (files: Readonly<Record<string, string | Buffer>>): Attack =>
  (pack) =>
    void pack.commitFiles({ ...smallPack, ...files });

const attacks: readonly (readonly [string, Attack, string, RegExp])[] = [
  [
    'a symbolic link to a file outside',
    withEntry('command', (pack) => ({ mode: '120000', name: 'build', oid: pack.blob('/etc/passwd') })),
    'pack-refused',
    /command\/build is a symbolic link/,
  ],
  [
    'a symbolic link in place of a folder',
    withEntry('', (pack) => ({ mode: '120000', name: 'command', oid: pack.blob('../../..') })),
    'pack-refused',
    /command is a symbolic link/,
  ],
  [
    'a symbolic link at the top of the pack',
    withEntry('', (pack) => ({ mode: '120000', name: 'pack.json', oid: pack.blob('/etc/passwd') })),
    'pack-refused',
    /pack\.json is a symbolic link/,
  ],
  [
    'a folder of a pack that is a symbolic link',
    (pack) => void pack.commitTree(pack.tree([{ mode: '120000', name: '.aynig', oid: pack.blob('/') }])),
    'pack-refused',
    /\.aynig leads through a symbolic link/,
  ],
  [
    'a submodule',
    withEntry('command', () => ({ mode: '160000', name: 'sub', oid: '1'.repeat(40) })),
    'pack-refused',
    /command\/sub is a submodule/,
  ],
  [
    'a folder of a pack that is a submodule',
    (pack) => void pack.commitTree(pack.tree([{ mode: '160000', name: '.aynig', oid: '1'.repeat(40) }])),
    'pack-refused',
    /\.aynig leads into a submodule/,
  ],
  [
    '.gitmodules',
    withFiles({ '.aynig/command/.gitmodules': '[submodule "a"]\n\tpath = a\n\turl = https://example.com/a\n' }),
    'pack-refused',
    /\.gitmodules names submodules/,
  ],
  [
    '.gitmodules with a command as its URL',
    (pack) =>
      void pack.commitTree(
        pack.within('.aynig', {
          mode: '100644',
          name: '.gitmodules',
          oid: pack.blob('[submodule "a"]\n\tpath = a\n\turl = --upload-pack=x\n'),
        }),
      ),
    'pack-refused',
    /names submodules|gitmodules/i,
  ],
  ['a name that leads out', withEntry('command', file('../../outside')), 'pack-refused', /fullPathname|leads out/],
  ['an absolute name', withEntry('command', file('/tmp/outside')), 'pack-refused', /fullPathname|leads out/],
  ['a folder called ..', withEntry('command', folder('..', 'outside')), 'pack-refused', /hasDotdot|leads out/],
  ['a folder called .', withEntry('command', folder('.', 'inside')), 'pack-refused', /hasDot|leads out/],
  ['a name of no length', withEntry('command', file('')), 'pack-refused', /empty filename in tree entry/],
  ['a .git folder', withEntry('command', folder('.git')), 'pack-refused', /hasDotgit|\.git in one of its spellings/],
  ['.GIT', withEntry('command', folder('.GIT')), 'pack-refused', /hasDotgit|\.git in one/],
  ['.git with an invisible character', withEntry('command', folder('.g\u200cit')), 'pack-refused', /hasDotgit|\.git in one/],
  ['the short name of .git', withEntry('command', folder('git~1')), 'pack-refused', /hasDotgit|\.git in one/],
  ['another short name of .git', withEntry('command', folder('GIT~2')), 'pack-refused', /GIT~2 is \.git in one of its spellings/],
  ['.git with a dot and a space at its end', withEntry('command', folder('.git. ')), 'pack-refused', /hasDotgit|\.git in one/],
  ['.git by a stream of NTFS', withEntry('command', file('.git::$INDEX_ALLOCATION')), 'pack-refused', /hasDotgit|\.git in one/],
  ['a .git file', withEntry('command', file('.git')), 'pack-refused', /hasDotgit|\.git in one/],
  ['a backslash in a name', withEntry('command', file('..\\..\\outside')), 'pack-refused', /backslash/],
  ['a newline in a name', withEntry('command', file('a\nb')), 'pack-refused', /control characters/],
  ['an escape sequence in a name', withEntry('command', file('a\u001b]0;owned\u0007')), 'pack-refused', /control characters/],
  ['a name that is not UTF-8', withEntry('command', file(Buffer.from([0x61, 0xff, 0xfe]))), 'pack-refused', /not UTF-8/],
  ['a name with a writing direction', withEntry('command', file('a\u202egnp.sh')), 'pack-refused', /invisible/],
  ['a name that begins with a dash', withEntry('command', file('-rf')), 'pack-refused', /begins with a dash/],
  ['the name of a Windows device', withEntry('command', file('nul.sh')), 'pack-refused', /Windows device/],
  ['a name that Windows cuts', withEntry('command', file('build.')), 'pack-refused', /ends with a dot/],
  ['two names that differ in capitals', withTwo(file('Build'), file('build')), 'pack-refused', /is the same as command\/Build/],
  ['two names that differ in the form of Unicode', withTwo(file('e\u0301'), file('\u00e9')), 'pack-refused', /is the same as/],
  ['a file and a folder that differ in capitals', withTwo(folder('Build'), file('build')), 'pack-refused', /is the same as command\/Build/],
  ['one name twice', withTwo(file('build'), file('build', '100755')), 'pack-refused', /duplicateEntries|is there twice/],
  ['a tree out of order', withTwo(file('b'), file('a')), 'pack-refused', /treeNotSorted/],
  ['a mode that is none', withEntry('command', file('build', '60000')), 'pack-refused', /badFilemode|neither a file/],
  [
    'a file over the limit',
    withFiles({ '.aynig/prompts/large': Buffer.alloc(packLimits.fileBytes + 1) }),
    'pack-refused',
    /prompts\/large is larger than 1024 KiB/,
  ],
  [
    'files that together are over the limit',
    withFiles(
      Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`.aynig/prompts/${n}`, Buffer.alloc(packLimits.fileBytes, String(n))])),
    ),
    'pack-refused',
    /together are larger than 8192 KiB/,
  ],
  [
    'too many files',
    withFiles(Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`.aynig/prompts/${n}`, 'x']))),
    'pack-refused',
    /has 506 files, more than 500/,
  ],
  ['folders that are too deep', withFiles({ [`.aynig/${'a/'.repeat(18)}b`]: 'x' }), 'pack-refused', /deeper than 16 folders/],
  [
    'a path that is too long',
    withFiles({ [`.aynig/prompts/${'a'.repeat(120)}/${'b'.repeat(120)}`]: 'x' }),
    'pack-refused',
    /more than 240 bytes/,
  ],
  ['a tree that names itself ten times on each of ten levels', bomb, 'pack-refused', /more than 4000 files and folders/],
  [
    'a folder of a listing that is too large',
    withEntry('', (pack) => {
      const oid = pack.blob('');
      const names = Array.from({ length: 20_000 }, (_, n) => `f${String(n).padStart(6, '0')}`);
      return { mode: '40000', name: 'many', oid: pack.tree(names.map((name) => ({ mode: '100644', name, oid }))) };
    }),
    'pack-refused',
    /listing of more than 512 KiB/,
  ],
  [
    'a command for working',
    withFiles({ '.aynig/command/working': '#!/bin/sh\n' }),
    'pack-refused',
    /command\/working would be the command of "working"/,
  ],
  [
    'a command for working, for a role',
    withFiles({ '.aynig/roles/any/command/working': '#!/bin/sh\n' }),
    'pack-refused',
    /roles\/any\/command\/working would be/,
  ],
  [
    'a command that is named like no state',
    withFiles({ '.aynig/command/Make It': '#!/bin/sh\n' }),
    'pack-refused',
    /command\/Make It is named like no state/,
  ],
  ['a role that is none', withFiles({ '.aynig/roles/_x/command/a': '#!/bin/sh\n' }), 'pack-refused', /belongs to a role/],
  ['a pack.json that is not JSON', withFiles({ '.aynig/pack.json': '{ name: ' }), 'pack-refused', /pack\.json is not valid JSON/],
  [
    'a pack.json that is too large',
    withFiles({ '.aynig/pack.json': `"${'x'.repeat(packLimits.manifestBytes)}"` }),
    'pack-refused',
    /pack\.json is larger than 256 KiB/,
  ],
  [
    'a pack.json that is not UTF-8',
    withFiles({ '.aynig/pack.json': Buffer.from([0x22, 0xff, 0x22]) }),
    'pack-refused',
    /pack\.json is not UTF-8/,
  ],
  [
    'a COMMANDS.md that is not UTF-8',
    withFiles({ '.aynig/COMMANDS.md': Buffer.from([0xc3, 0x28]) }),
    'pack-refused',
    /COMMANDS\.md is not UTF-8/,
  ],
  ['a pack.json of wrong types', withFiles({ '.aynig/pack.json': '{ "states": [1] }' }), 'pack-manifest', / states must be/],
  [
    'a pack.json that builds on a command',
    withFiles({ '.aynig/pack.json': '{ "packs": [{ "source": "ext::sh -c x" }] }' }),
    'pack-manifest',
    /packs\.0\.source/,
  ],
  ['a commit whose tree is missing', missing, 'pack-unreachable', /could not be read/],
  ['an option as its ref', () => ({ ref: '--upload-pack=touch canary' }), 'pack-ref', /begins with a dash/],
  ['an option as its folder', () => ({ subfolder: '--output=canary' }), 'pack-subfolder', /begins with a dash/],
  ['a folder outside the repository', () => ({ subfolder: '.aynig/../../..' }), 'pack-subfolder', /leads out/],
  ['.git as its folder', () => ({ subfolder: '.Git/hooks' }), 'pack-subfolder', /\.git directory/],
  ['an option as its address', () => ({ address: '--upload-pack=touch canary' }), 'pack-address', /begins with a dash/],
  ['an option as its host', () => ({ address: 'ssh://-oProxyCommand=touch%20canary/a' }), 'pack-address', /begins with a dash/],
  ['a command as its address', () => ({ address: 'ext::sh -c "touch canary"' }), 'pack-address', /transport/],
  ['an address without encryption', () => ({ address: 'http://127.0.0.1/a' }), 'pack-address', /transport "http"/],
];

function bomb(pack: PackRepository): undefined {
  let oid = pack.tree([file('f')(pack)]);
  for (let level = 0; level < 10; level++) oid = pack.tree(Array.from({ length: 10 }, (_, n) => ({ mode: '40000', name: `d${n}`, oid })));
  pack.commitTree(pack.tree([{ mode: '40000', name: '.aynig', oid }]));
}

function missing(pack: PackRepository): undefined {
  const commit = pack.commitFiles(smallPack);
  const tree = pack.head(`${commit}:.aynig/command`);
  pack.program('rm', ['-f', join(pack.path, '.git/objects', tree.slice(0, 2), tree.slice(2))]);
}

/** A repository of somebody who installs, with its home beside it, and what is in both. */
function victim() {
  const user = scratch();
  user.write('.aynig/command/build', '#!/bin/sh\n', 0o755);
  user.git('add', '--all');
  user.git('commit', '--quiet', '--message', 'mine');
  const before = everything(user.root);
  return { user, changed: () => everything(user.root).filter((line) => !before.includes(line)) };
}

describe('a hostile pack', () => {
  test.each(attacks)('with %s is refused, and nothing is written anywhere', async (what, attack, code, why) => {
    const temporary = ownTemporaryFolder();
    const { user, changed } = victim();
    const pack = packRepository();
    const request = attack(pack) ?? {};
    const standing = { cwd: user.path, base: user.path };
    const before = everything(pack.root);
    const outcome = await (async () => {
      const { address = pack.path, ...rest } = request;
      const got = await fetchAs(user.env, { address: parseAddress(address, standing), ...rest });
      return readManifest(got.manifest ?? {}, standing);
    })().catch((error: unknown) => error);
    if (!(outcome instanceof Failure)) throw new Error(`it was taken, or failed without a name: ${String(outcome)}`);
    expect(outcome.code).toBe(code);
    expect(outcome.message).toMatch(why);
    // What a terminal shows of it is harmless.
    expect(`${outcome.message}${outcome.hint}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    // The other side of the transfer ends by itself, and removes its own temporary files, once it finds nobody there any more.
    await untilNoneWithHome(user.root);
    const written = [...changed(), ...everything(pack.root).filter((line) => !before.includes(line)), ...temporary.left()];
    const executed = written.filter((line) => line.includes('canary'));
    rows.push({ what, refused: 1, written: written.length, executed: executed.length });
    expect(written).toEqual([]);
    expect(executed).toEqual([]);
  });

  test('is refused over the network too, where the server checks nothing', async () => {
    const temporary = ownTemporaryFolder();
    const { user, changed } = victim();
    const server = await openGitDaemon();
    const pack = packRepository();
    withEntry('command', folder('.git', 'hooks'))(pack);
    pack.git('push', '--quiet', server.bare.path, 'main');
    const address = addressOf(server.way.url);
    await expect(fetchAs(user.env, { address })).rejects.toMatchObject({
      code: 'pack-refused',
      message: expect.stringMatching(/hasDotgit/),
    });
    expect([...changed(), ...temporary.left()]).toEqual([]);
  });

  test('is refused for all that is wrong with it, not only for the first', async () => {
    const pack = packRepository();
    pack.write('.aynig/command/Bad Name', 'x');
    pack.write('.aynig/command/working', 'x');
    pack.program('ln', ['-s', '/etc/passwd', '.aynig/command/link']);
    pack.git('add', '--all');
    pack.git('commit', '--quiet', '--message', 'three');
    await expect(fetchAs(pack.env, { address: pack.address })).rejects.toMatchObject({
      code: 'pack-refused',
      refusals: [
        { path: 'command/Bad Name', why: expect.stringContaining('no state') },
        { path: 'command/link', why: 'is a symbolic link' },
        { path: 'command/working', why: expect.stringContaining('working') },
      ],
    });
  });

  test('executes nothing while it is fetched and read, and what git would obey is left out', async () => {
    const temporary = ownTemporaryFolder();
    const { user, changed } = victim();
    const pack = packRepository();
    const canary = join(pack.root, 'canary');
    const trap = `#!/bin/sh\n: >'${canary}'\n`;
    // A bare repository in the pack, with settings that git would obey if it ever looked for one there.
    pack.commitFiles({
      ...smallPack,
      '.aynig/command/build': trap,
      '.aynig/command/.gitattributes': '* filter=evil diff=evil merge=evil\n',
      '.aynig/hooks/post-checkout': trap,
      '.aynig/hooks/reference-transaction': trap,
      '.aynig/embedded/HEAD': 'ref: refs/heads/main\n',
      '.aynig/embedded/config': `[core]\n\tbare = true\n\tfsmonitor = ${canary}-trap\n\thooksPath = hooks\n`,
      '.aynig/embedded/objects/x': '',
      '.aynig/embedded/refs/x': '',
      '.gitattributes': '* filter=evil export-subst\n',
      '.lfsconfig': '[lfs]\n\turl = ext::x\n',
    });
    // The server's own repository may be somebody else's: its hooks and settings start nothing either.
    mkdirSync(join(pack.path, '.git/hooks'), { recursive: true });
    for (const hook of ['post-checkout', 'reference-transaction', 'pre-auto-gc', 'post-update', 'update'])
      writeFileSync(join(pack.path, '.git/hooks', hook), trap, { mode: 0o755 });
    writeFileSync(`${canary}-trap`, trap, { mode: 0o755 });
    for (const [key, value] of [
      ['core.fsmonitor', `${canary}-trap`],
      ['uploadpack.packObjectsHook', `${canary}-trap`],
      ['core.alternateRefsCommand', `${canary}-trap`],
      ['filter.evil.smudge', `${canary}-trap`],
      ['filter.evil.clean', `${canary}-trap`],
      ['diff.evil.textconv', `${canary}-trap`],
    ] as const)
      pack.git('config', key, value);
    const before = everything(pack.root);
    for (const text of [pack.path, `file://${pack.path}`]) {
      const got = await fetchAs(user.env, { address: addressOf(text) });
      expect(got.files.find(({ path }) => path === 'command/build')?.bytes.toString()).toBe(trap);
      expect(got.leftOut.map(({ path }) => path)).toEqual(['README.md', 'command/.gitattributes']);
    }
    await untilNoneWithHome(user.root);
    expect(everything(pack.root)).toEqual(before);
    expect([...changed(), ...temporary.left()]).toEqual([]);
  });
});
