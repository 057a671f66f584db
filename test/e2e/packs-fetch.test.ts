import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Failure } from '../../src/failure.js';
import { type FetchedPack, type FetchRequest, newestCommit } from '../../src/packs/fetch.js';
import type { Progress } from '../../src/packs/transfer.js';
import { endOf } from '../support/endings.js';
import { addressOf, fetchAs, ownTemporaryFolder, type PackRepository, packRepository, smallPack } from '../support/pack-repository.js';
import { kill, processesWithHome, untilNoneWithHome } from '../support/processes.js';
import { bareEnvironment, projectRoot, temporaryDirectory } from '../support/scratch.js';
import { openGitDaemon } from '../support/servers/git-daemon.js';
import { noOpenssl, openHttps } from '../support/servers/https.js';
import { programOf } from '../support/servers/listening.js';
import { noSshd, openSsh } from '../support/servers/sshd.js';
import { skipBecause } from '../support/workspace.js';

/** What this file counts: ways and kinds of refs that a pack came by, and ways in which none came. */
const counts = { fetched: 0, failed: 0 };
afterAll(() => {
  process.stdout.write(`\npacks: ${counts.fetched} fetched, ${counts.failed} not, each with its own reason and nothing left behind\n`);
});

async function fetched(env: NodeJS.ProcessEnv, request: FetchRequest): Promise<FetchedPack> {
  const temporary = ownTemporaryFolder();
  const pack = await fetchAs(env, request);
  expect(temporary.left()).toEqual([]);
  counts.fetched++;
  return pack;
}

async function failureOf(env: NodeJS.ProcessEnv, request: FetchRequest): Promise<Failure> {
  const temporary = ownTemporaryFolder();
  const outcome = await fetchAs(env, request).then(
    () => undefined,
    (error: unknown) => error as Failure,
  );
  expect(outcome).toBeDefined();
  expect(temporary.left()).toEqual([]);
  // The other side of a transfer that fails here ends by itself, once it finds nobody there any more.
  await untilNoneWithHome(env['HOME'] ?? '');
  counts.failed++;
  return outcome as Failure;
}

/** A server on a port of the loopback address that does with its clients what it is told. */
async function serving(talk: (client: Socket) => void): Promise<number> {
  const server: Server = createServer((client) => {
    client.on('error', () => client.destroy());
    onTestFinished(() => void client.destroy());
    talk(client);
  });
  onTestFinished(() => new Promise<void>((next) => void server.close(() => next())));
  await new Promise<void>((next) => server.listen(0, '127.0.0.1', next));
  return (server.address() as AddressInfo).port;
}

const hanging = (): Promise<number> => serving(() => undefined);

/** The pack, and what is asked of it here. */
function expectSmallPack(pack: FetchedPack): void {
  expect(pack.files.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
    '100755 command/.lib/shared.sh',
    '100755 command/build',
    '100755 roles/reviewer/command/review',
  ]);
  expect(pack.files[1]?.bytes.toString()).toBe(smallPack['.aynig/command/build']);
  expect(pack.manifest).toEqual({ name: 'small', version: '1.0.0' });
  expect(pack.map).toBe('# Commands\n');
  expect(pack.leftOut).toEqual([{ path: 'README.md', why: 'lies at the top of the pack' }]);
}

describe('a pack comes', () => {
  it('from a working tree, by its path and by a file URL, and what is not committed does not come along', async () => {
    const pack = packRepository();
    const commit = pack.commitFiles(smallPack);
    pack.write('.aynig/command/not-committed', 'x');
    for (const text of [pack.path, `${pack.path}/.git`, `file://${pack.path}`]) {
      const got = await fetched(pack.env, { address: addressOf(text) });
      expectSmallPack(got);
      expect(got).toMatchObject({ commit, ref: 'HEAD', refKind: 'head', subfolder: '.aynig', tree: pack.head('HEAD:.aynig') });
    }
  });

  it('from a bare repository, and tells how far it is', async () => {
    const pack = packRepository();
    pack.commitFiles(smallPack);
    const bare = join(pack.root, 'bare.git');
    pack.git('clone', '--quiet', '--bare', '--template=', pack.path, bare);
    const told: Progress[] = [];
    expectSmallPack(await fetched(pack.env, { address: addressOf(bare), progress: (each) => told.push(each) }));
    expect(told.length).toBeGreaterThan(0);
    for (const { stage, percent } of told)
      expect([['preparing', 'receiving', 'resolving'].includes(stage), percent >= 0 && percent <= 100]).toEqual([true, true]);
  });

  it('over git daemon', async () => {
    const server = await openGitDaemon();
    const pack = packRepository();
    const commit = pack.commitFiles(smallPack);
    pack.git('push', '--quiet', server.bare.path, 'main');
    const got = await fetched(pack.env, { address: addressOf(server.way.url) });
    expectSmallPack(got);
    expect(got.commit).toBe(commit);
  });

  it('over ssh', async (context) => {
    const why = noSshd();
    if (why !== undefined) return skipBecause(why, context);
    const server = await openSsh();
    const pack = packRepository();
    pack.commitFiles(smallPack);
    pack.git('push', '--quiet', server.bare.path, 'main');
    expectSmallPack(await fetched({ ...pack.env, ...server.way.env }, { address: addressOf(server.way.url) }));
  });

  it('over https, from a server whose certificate the person trusts', async (context) => {
    const why = noOpenssl();
    if (why !== undefined) return skipBecause(why, context);
    const server = await openHttps();
    const pack = packRepository();
    const commit = pack.commitFiles(smallPack);
    pack.git('push', '--quiet', server.bare.path, 'main');
    for (const ref of [undefined, 'main', commit.slice(0, 12)])
      expectSmallPack(await fetched({ ...pack.env, GIT_SSL_CAINFO: server.certificate }, { address: addressOf(server.url), ref }));
    const { code, message } = await failureOf(pack.env, { address: addressOf(server.url) });
    expect(code).toBe('pack-unreachable');
    expect(message).toMatch(/certificate/);
  });

  it('from a repository with names of SHA-256', async () => {
    const pack = packRepository('sha256');
    const commit = pack.commitFiles(smallPack);
    for (const ref of [undefined, 'main', commit, commit.slice(0, 12)]) {
      const got = await fetched(pack.env, { address: pack.address, ref });
      expectSmallPack(got);
      expect(got.commit).toBe(commit);
    }
  });

  it('from a clone that is shallow itself', async () => {
    const pack = packRepository();
    pack.commitFiles({ before: '1' });
    const commit = pack.commitFiles(smallPack);
    const shallow = join(pack.root, 'shallow');
    pack.git('clone', '--quiet', '--template=', '--depth=1', `file://${pack.path}`, shallow);
    for (const ref of ['main', commit, commit.slice(0, 10)])
      expect((await fetched(pack.env, { address: addressOf(shallow), ref })).commit).toBe(commit);
  });

  it('from any folder of it, also from its top', async () => {
    const pack = packRepository();
    pack.commitFiles({ 'packs/a/command/build': 'a', 'command/build': 'top' });
    expect((await fetched(pack.env, { address: pack.address, subfolder: 'packs/a/' })).files[0]?.bytes.toString()).toBe('a');
    const top = await fetched(pack.env, { address: pack.address, subfolder: '.' });
    expect(top.files.map(({ path }) => path)).toEqual(['command/build', 'packs/a/command/build']);
  });
});

/** Two versions, the first of which no branch stands at. */
function withHistory(): { pack: PackRepository; first: string; second: string } {
  const pack = packRepository();
  const first = pack.commitFiles({ ...smallPack, '.aynig/command/build': 'first' });
  const second = pack.commitFiles({ '.aynig/command/build': 'second' });
  return { pack, first, second };
}

const buildOf = (pack: FetchedPack): string | undefined => pack.files.find(({ path }) => path === 'command/build')?.bytes.toString();

describe('a ref', () => {
  it.each<[string, (made: { pack: PackRepository; first: string; second: string }) => string, string, string]>([
    [
      'a branch',
      ({ pack, first }) => {
        pack.git('branch', 'old/one', first);
        return 'old/one';
      },
      'branch',
      'first',
    ],
    [
      'a branch by its full name',
      ({ pack, first }) => {
        pack.git('branch', 'old', first);
        return 'refs/heads/old';
      },
      'branch',
      'first',
    ],
    [
      'a tag',
      ({ pack, first }) => {
        pack.git('tag', 'v1', first);
        return 'v1';
      },
      'tag',
      'first',
    ],
    [
      'an annotated tag',
      ({ pack, first }) => {
        pack.git('tag', '-a', '-m', 'one', 'v1', first);
        return 'v1';
      },
      'tag',
      'first',
    ],
    ['the tip by its commit', ({ second }) => second, 'commit', 'second'],
    ['a commit that no branch stands at', ({ first }) => first, 'commit', 'first'],
    ['seven digits of a commit', ({ first }) => first.slice(0, 7), 'commit', 'first'],
    ['digits in capitals', ({ first }) => first.slice(0, 12).toUpperCase(), 'commit', 'first'],
    ['HEAD', () => 'HEAD', 'head', 'second'],
    [
      'a branch of the name of a tag',
      ({ pack, first, second }) => {
        pack.git('branch', 'both', first);
        pack.git('tag', 'both', second);
        return 'both';
      },
      'branch',
      'first',
    ],
    [
      'a tag of the name of a branch, by its full name',
      ({ pack, first, second }) => {
        pack.git('branch', 'both', second);
        pack.git('tag', 'both', first);
        return 'refs/tags/both';
      },
      'tag',
      'first',
    ],
    [
      'a commit, though a branch has taken its name',
      ({ pack, first, second }) => {
        pack.git('update-ref', `refs/heads/${first}`, second);
        return first;
      },
      'commit',
      'first',
    ],
    [
      'a branch that looks like digits of a commit',
      ({ pack, first, second }) => {
        pack.git('branch', second.slice(0, 8), first);
        return second.slice(0, 8);
      },
      'branch',
      'first',
    ],
  ])('that is %s is found', async (_, prepare, refKind, build) => {
    const made = withHistory();
    const ref = prepare(made);
    const got = await fetched(made.pack.env, { address: made.pack.address, ref });
    expect(got).toMatchObject({ ref, refKind, commit: build === 'first' ? made.first : made.second });
    expect(buildOf(got)).toBe(build);
  });

  it('that is a commit is found where the server hands out branches and tags only', async () => {
    const server = await openGitDaemon();
    const { pack, first } = withHistory();
    pack.git('push', '--quiet', server.bare.path, 'main');
    // The old protocol, in which a server refuses all but what it advertises.
    const env = { ...pack.env, GIT_CONFIG_GLOBAL: join(pack.root, 'config') };
    writeFileSync(env.GIT_CONFIG_GLOBAL, '[protocol]\n\tversion = 0\n');
    expect((await fetched(env, { address: addressOf(server.way.url), ref: first })).commit).toBe(first);
  });

  it('that is not there fails with those that are', async () => {
    const { pack } = withHistory();
    pack.git('branch', 'other');
    pack.git('tag', '-a', '-m', 'x', 'v1');
    for (const ref of ['nowhere', 'deadbeef', 'refs/heads/v1']) {
      const failure = await failureOf(pack.env, { address: pack.address, ref });
      expect(failure.code).toBe('no-such-ref');
      expect(failure.message).toContain(ref);
    }
    expect((await failureOf(pack.env, { address: pack.address, ref: 'nowhere' })).message).toMatch(/It has: main, other, tag v1\.$/);
    const unknown = await failureOf(pack.env, { address: pack.address, ref: '1'.repeat(40) });
    expect(['no-such-ref', 'pack-unreachable']).toContain(unknown.code);
  });

  it('that is the beginning of two commits fails with both', async () => {
    const pack = packRepository();
    const tree = pack.head(`${pack.commitFiles(smallPack)}^{tree}`);
    const seen = new Map<string, string>();
    let pair: readonly [string, string] | undefined;
    for (let n = 0; pair === undefined; n++) {
      const text = `tree ${tree}\nauthor A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n\n${n}\n`;
      const digits = createHash('sha1').update(`commit ${text.length}\0${text}`).digest('hex').slice(0, 7);
      const other = seen.get(digits);
      if (other !== undefined) pair = [other, text];
      seen.set(digits, text);
    }
    const [one = '', two = ''] = pair.map((input) =>
      pack.program('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], { input }).stdout.trim(),
    );
    pack.git('update-ref', 'refs/heads/one', one);
    pack.git('update-ref', 'refs/heads/two', two);
    const failure = await failureOf(pack.env, { address: pack.address, ref: one.slice(0, 7) });
    expect(failure.code).toBe('no-such-ref');
    expect(failure.message).toMatch(/^2 commits of /);
    for (const commit of [one, two]) expect(failure.message).toContain(commit.slice(0, 12));
    expect((await fetched(pack.env, { address: pack.address, ref: two.slice(0, 20) })).commit).toBe(two);
  });

  it('that is a tag of a file fails', async () => {
    const { pack } = withHistory();
    pack.git('tag', 'file', pack.blob('x'));
    const failure = await failureOf(pack.env, { address: pack.address, ref: 'file' });
    expect(failure.code).toBe('no-such-ref');
    expect(failure.message).toContain('is no commit');
  });
});

describe('a newer commit', () => {
  it('is asked for without a transfer: by branch, by tag, and not at all by commit', async () => {
    const { pack, first, second } = withHistory();
    pack.git('tag', '-a', '-m', 'one', 'v1', first);
    const temporary = ownTemporaryFolder();
    const ask = (ref?: string) => newestCommit({ address: pack.address, ref, inherited: pack.env });
    expect(await ask()).toBe(second);
    expect(await ask('main')).toBe(second);
    expect(await ask('v1')).toBe(first);
    expect(await ask('nowhere')).toBeUndefined();
    expect(await ask(first)).toBeUndefined();
    expect(temporary.left()).toEqual([]);
  });
});

describe('a repository', () => {
  it('that is none fails in git’s words, and says how a folder inside one is named', async () => {
    const { pack } = withHistory();
    for (const path of [join(pack.root, 'nothing'), pack.root, join(pack.path, '.aynig')]) {
      const failure = await failureOf(pack.env, { address: addressOf(path) });
      expect(failure.code).toBe('pack-unreachable');
      expect(failure.message).toMatch(/does not appear to be a git repository/);
      expect(failure.hint).toContain(existsSync(path) ? 'third argument' : `Nothing is at ${path}.`);
    }
  });

  it('without a commit fails', async () => {
    const pack = packRepository();
    for (const ref of [undefined, 'main']) {
      const failure = await failureOf(pack.env, { address: pack.address, ref });
      expect(failure.code).toBe('no-such-ref');
      expect(failure.message).toContain('it is empty');
    }
  });

  it('whose HEAD names no branch fails with the branches that there are', async () => {
    const { pack } = withHistory();
    pack.git('symbolic-ref', 'HEAD', 'refs/heads/gone');
    const failure = await failureOf(pack.env, { address: pack.address });
    expect(failure.code).toBe('no-such-ref');
    expect(failure.message).toContain('It has: main.');
  });

  it('without the folder fails with those that look like packs', async () => {
    const pack = packRepository();
    pack.commitFiles({ 'packs/a/command/build': 'a', 'one/two/three/command/x': 'too deep', file: '' });
    const failure = await failureOf(pack.env, { address: pack.address });
    expect(failure.code).toBe('no-such-folder');
    expect(failure.message).toMatch(/has no folder "\.aynig"\. A folder command\/ is in: packs\/a\.$/);
    expect(failure.hint).toContain(`aynig install ${pack.path} HEAD packs/a`);
    expect((await failureOf(pack.env, { address: pack.address, subfolder: 'file' })).message).toContain('is no folder');
    expect((await failureOf(pack.env, { address: pack.address, subfolder: 'packs/a/command/build' })).code).toBe('no-such-folder');
  });

  it('of the earlier naming fails with the option that reads it', async () => {
    const pack = packRepository();
    pack.commitFiles({ '.dwp/command/build': 'a' });
    const failure = await failureOf(pack.env, { address: pack.address });
    expect(failure.code).toBe('no-such-folder');
    expect(failure.hint).toBe(`It has a pack of the earlier naming: aynig install ${pack.path} HEAD .dwp --from-dwp`);
  });

  it('that is larger than is allowed is not taken to its end', async () => {
    const pack = packRepository();
    const noise = Buffer.concat(Array.from({ length: 400_000 }, (_, n) => createHash('sha256').update(String(n)).digest()));
    pack.commitFiles({ ...smallPack, large: noise });
    const failure = await failureOf(pack.env, { address: pack.address, limits: { diskBytes: 1024 * 1024 } });
    expect(failure.code).toBe('pack-unreachable');
    expect(failure.message).toContain('larger than 1 MiB');
  });
});

describe('a server', () => {
  it.each<[string, (port: number) => string]>([
    ['git', (port) => `git://127.0.0.1:${port}/a.git`],
    ['https', (port) => `https://127.0.0.1:${port}/a.git`],
    ['ssh', (port) => `ssh://ana@127.0.0.1:${port}/a.git`],
  ])('that never answers over %s is given up, and no process stays', async (transport, url) => {
    if (transport === 'ssh' && programOf('ssh') === undefined) return void process.stdout.write('skipped: ssh is not here\n');
    const root = temporaryDirectory();
    const request = { address: addressOf(url(await hanging())) };
    const idle = await failureOf(bareEnvironment(root), { ...request, limits: { idleMs: 400 } });
    expect(idle.code).toBe('pack-unreachable');
    expect(idle.message).toContain('nothing was heard for 1 seconds');
    const whole = await failureOf(bareEnvironment(root), { ...request, limits: { timeMs: 400 } });
    expect(whole.message).toContain('it took longer than 1 seconds');
    await expect(newestCommit({ ...request, inherited: bareEnvironment(root), limits: { timeMs: 400 } })).rejects.toThrow('took longer');
  });

  it('that dies in the middle fails, and nothing stays', async () => {
    const server = await openGitDaemon();
    const pack = packRepository();
    const noise = Buffer.concat(Array.from({ length: 60_000 }, (_, n) => createHash('sha256').update(String(n)).digest()));
    pack.commitFiles({ ...smallPack, large: noise });
    pack.git('push', '--quiet', server.bare.path, 'main');
    const { port } = new URL(server.way.url);
    const cut = await serving((client) => {
      const behind = connect({ host: '127.0.0.1', port: Number(port) });
      onTestFinished(() => void behind.destroy());
      let passed = 0;
      behind.on('error', () => client.destroy());
      client.on('data', (chunk) => behind.write(chunk));
      client.on('close', () => behind.destroy());
      behind.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (passed > 500_000) client.destroy();
        else client.write(chunk);
      });
      behind.on('end', () => client.end());
    });
    const failure = await failureOf(pack.env, { address: addressOf(`git://127.0.0.1:${cut}/work.git`) });
    expect(failure.code).toBe('pack-unreachable');
    expect(failure.message).toMatch(/early EOF|hung up|disconnect/);
  });

  it('that talks nonsense fails, and its words are harmless for a terminal', async () => {
    const port = await serving((client) => void client.end('001eERR \u001b[31mno\u0007 such thing'));
    const failure = await failureOf(bareEnvironment(temporaryDirectory()), { address: addressOf(`git://127.0.0.1:${port}/a`) });
    expect(failure.code).toBe('pack-unreachable');
    expect(failure.message).not.toMatch(/[\u0000-\u001f]/);
  });

  it('that is not there fails', async () => {
    const failure = await failureOf(bareEnvironment(temporaryDirectory()), { address: addressOf('git://127.0.0.1:1/a') });
    expect(failure.code).toBe('pack-unreachable');
    expect(failure.message).toMatch(/refused/i);
  });
});

/** Waits until git of a transfer is at work. */
async function untilAtWork(home: string): Promise<void> {
  while (!processesWithHome(home).some((each) => each.arguments.includes('ls-remote'))) await new Promise((next) => setTimeout(next, 20));
}

describe('being ended', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s leaves nothing and ends the process as the signal does', async (signal) => {
    const root = temporaryDirectory();
    const temporary = join(root, 'tmp');
    mkdirSync(temporary);
    const pack = packRepository('sha1', root);
    const port = await hanging();
    const script = [join(projectRoot, 'scripts/typescript.mjs'), join(projectRoot, 'test/support/fetch-one-pack.ts')];
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [...script, `https://127.0.0.1:${port}/a.git`], {
      cwd: projectRoot,
      env: { ...pack.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = endOf(child);
    await pack.until(
      'git is at work',
      () =>
        processesWithHome(root).some((each) => each.arguments.includes('ls-remote')) &&
        readdirSync(temporary).some((name) => name.startsWith('aynig-pack-')),
    );
    // To aynig alone, as from another terminal.
    kill(child.pid ?? 0, signal);
    const ending = await ended;
    expect(ending).toMatchObject({ signal, stdout: '' });
    expect(readdirSync(temporary)).toEqual([]);
    await untilNoneWithHome(root);
  });

  it('by its caller throws the reason of the caller', async () => {
    const root = temporaryDirectory();
    const temporary = ownTemporaryFolder();
    const stop = new AbortController();
    const request = fetchAs(bareEnvironment(root), { address: addressOf(`git://127.0.0.1:${await hanging()}/a`), signal: stop.signal });
    const reason = new Error('enough');
    const ended = expect(request).rejects.toBe(reason);
    await untilAtWork(root);
    stop.abort(reason);
    await ended;
    expect(temporary.left()).toEqual([]);
    await untilNoneWithHome(root);
    await expect(fetchAs(bareEnvironment(root), { address: addressOf('git://127.0.0.1:1/a'), signal: stop.signal })).rejects.toBe(reason);
  });
});

describe('a person’s own configuration', () => {
  /** Everything that git could be told to start, each of which leaves a file behind. */
  function armed(pack: PackRepository): { env: Record<string, string>; canaries: () => string[] } {
    const traps = join(pack.root, 'traps');
    const canaries = join(pack.root, 'canaries');
    mkdirSync(join(traps, 'template/hooks'), { recursive: true });
    mkdirSync(canaries);
    const trap = (name: string): string => {
      const path = join(traps, name);
      writeFileSync(path, `#!/bin/sh\n: >'${canaries}/${name.replaceAll('/', '-')}'\n`, { mode: 0o755 });
      return path;
    };
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-auto-gc', 'post-merge', 'fsmonitor-watchman'])
      cpSync(trap(hook), join(traps, 'template/hooks', hook));
    const config = join(pack.root, 'gitconfig');
    writeFileSync(
      config,
      [
        '[core]',
        `hooksPath = ${join(traps, 'template/hooks')}`,
        `fsmonitor = ${trap('fsmonitor')}`,
        `pager = ${trap('pager')}`,
        `editor = ${trap('editor')}`,
        `alternateRefsCommand = ${trap('alternates')}`,
        '[init]',
        `templateDir = ${join(traps, 'template')}`,
        '[fetch]',
        'recurseSubmodules = yes',
        '[submodule]',
        'recurse = true',
        '[gc]',
        'auto = 1',
        'autoDetach = false',
        `recentObjectsHook = ${trap('recent')}`,
        '[protocol "ext"]',
        'allow = always',
        '[protocol]',
        'allow = always',
        '[filter "evil"]',
        `clean = ${trap('clean')}`,
        `smudge = ${trap('smudge')}`,
        `process = ${trap('process')}`,
        'required = true',
        '[diff]',
        `external = ${trap('diff')}`,
        '[hook "post-checkout"]',
        'event = post-checkout',
        `command = ${trap('config-hook')}`,
        '[alias]',
        `fetch = !${trap('alias')}`,
        `ls-remote = !${trap('alias-ls')}`,
        `[url "ext::${trap('ext')} "]`,
        'insteadOf = git://ext.example/',
        '[url "http://127.0.0.1:1/"]',
        'insteadOf = https://plain.example/',
        '',
      ].join('\n'),
    );
    const env = {
      ...pack.env,
      GIT_CONFIG_GLOBAL: config,
      GIT_TEMPLATE_DIR: join(traps, 'template'),
      GIT_PAGER: trap('git-pager'),
      PAGER: trap('env-pager'),
      EDITOR: trap('env-editor'),
      VISUAL: trap('env-visual'),
      PREFIX: '/usr',
      GIT_EXTERNAL_DIFF: trap('env-diff'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.hooksPath',
      GIT_CONFIG_VALUE_0: join(traps, 'template/hooks'),
      GIT_ALLOW_PROTOCOL: 'ext:http:file:git:https',
      GIT_DIR: join(pack.root, 'elsewhere'),
      GIT_INDEX_FILE: join(pack.root, 'elsewhere/index'),
      GIT_OBJECT_DIRECTORY: join(pack.root, 'elsewhere/objects'),
    };
    return { env, canaries: () => readdirSync(canaries) };
  }

  it('runs nothing, whatever it says of hooks, templates, filters and submodules', async () => {
    const pack = packRepository();
    pack.commitFiles({ ...smallPack, '.aynig/command/.gitattributes': '* filter=evil diff=evil\n' });
    pack.git('tag', '-a', '-m', 'one', 'v1');
    const { env, canaries } = armed(pack);
    for (const ref of [undefined, 'main', 'v1', pack.head(), pack.head().slice(0, 8)]) {
      const got = await fetched(env, { address: pack.address, ref });
      expect(got.leftOut).toContainEqual({ path: 'command/.gitattributes', why: "is one of git's own files" });
    }
    expect(canaries()).toEqual([]);
    expect(existsSync(join(pack.root, 'elsewhere'))).toBe(false);
  });

  it('cannot send a pack over a transport that is not allowed', async () => {
    const pack = packRepository();
    const { env, canaries } = armed(pack);
    for (const url of ['git://ext.example/a', 'https://plain.example/a', 'ssh://127.0.0.1/a']) {
      const failure = await failureOf(env, { address: addressOf(url) });
      expect(failure.code).toBe('pack-unreachable');
      expect(failure.message).toMatch(/transport '\w+' not allowed/);
    }
    expect(canaries()).toEqual([]);
  });

  it('may send a pack elsewhere, as it does for every clone', async () => {
    const pack = packRepository();
    pack.commitFiles(smallPack);
    const config = join(pack.root, 'gitconfig');
    writeFileSync(config, `[url "file://${pack.root}/"]\n\tinsteadOf = https://packs.example/\n`);
    symlinkSync(pack.path, join(pack.root, 'by-name.git'));
    expectSmallPack(await fetched({ ...pack.env, GIT_CONFIG_GLOBAL: config }, { address: addressOf('https://packs.example/by-name.git') }));
  });
});
