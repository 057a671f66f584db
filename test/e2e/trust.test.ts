import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identify, projectRoot } from '../support/scratch.js';
import { completing, hooked, skipBecause, twoClones, Workspace, waitFor, workspace } from '../support/workspace.js';

const request = ['--message', 'ask for it', '--message', 'aynig-state: build'];
const recordFolder = (made: Workspace): string => join(made.root, 'state/aynig/trust');
const recordFile = (made: Workspace): string =>
  join(recordFolder(made), readdirSync(recordFolder(made)).find((file) => file.endsWith('.json')) ?? '');

/** What a hook starts, without a commit. */
async function look(made: Workspace): Promise<void> {
  made.program(process.execPath, [join(projectRoot, 'dist/runner.cjs')]);
  await made.untilStill();
}

/** A clone of a repository that somebody else made, with hooks and commands that nobody has looked at. */
function strangersClone(): Workspace {
  const seed = workspace('seed');
  seed.command('build', completing('review'));
  seed.git('clone', '--quiet', seed.path, join(seed.root, 'clone'));
  const clone = new Workspace(seed.root, join(seed.root, 'clone'), seed.env);
  identify((...args) => clone.git(...args));
  clone.git('switch', '--quiet', '--no-track', '--create', 'work');
  return clone;
}

describe('commands that came with a clone', () => {
  test('are started by no hook until a person allows them, and everyone says so', async () => {
    const clone = strangersClone();
    expect(clone.aynig(['init']).stdout).toMatch(/Others made commands .*\n {2}aynig allow/s);
    clone.git('commit', '--quiet', '--allow-empty', ...request);
    await clone.untilStill();
    expect(clone.ran()).toEqual([]);
    expect(clone.statusOf()).toMatchObject({ reading: 'untrusted', state: 'build' });
    expect(clone.aynig(['status']).stdout).toMatch(/you have not allowed its commands yet[\s\S]*aynig allow work/);
    expect(clone.hookLog()).toMatch(/work: asks for build; not started, you have not allowed its commands yet. Next: aynig allow work/);
    const allowed = clone.aynig(['allow', '--yes']);
    expect(allowed.stdout).toMatch(
      /nothing was allowed here before:\n {2}A \.aynig\/command\/build {2}\([0-9a-f]+ Ana Example, \d{4}-\d\d-\d\d: command build\)/,
    );
    expect(allowed.stdout).toContain('+++ b/.aynig/command/build');
    expect(allowed.stdout).toContain('work asks for build. Run it with: aynig run --branch work');
    await look(clone);
    expect(clone.ran()).toHaveLength(1);
    expect(clone.state('work')).toBe('review');
  });

  test('are run when a person types so', async () => {
    const clone = strangersClone();
    clone.init();
    clone.git('commit', '--quiet', '--allow-empty', ...request);
    await clone.untilStill();
    clone.aynig(['run', '--current-branch', 'only']);
    expect(clone.state()).toBe('review');
  });

  test('are not made allowed by an own commit that changes one of them', async () => {
    const clone = strangersClone();
    clone.init();
    clone.write('.aynig/command/mine', '#!/bin/sh\n', 0o755);
    clone.git('add', '.aynig');
    const answer = clone.gitAnswer(['commit', '--quiet', ...request], { expected: 0 });
    expect(answer.stderr).toMatch(/holds commands that you have not looked at, .*aynig allow/);
    await clone.untilStill();
    expect(clone.ran()).toEqual([]);
  });
});

describe('a commit of a person', () => {
  test('that changes the commands allows them, says so, and only once', async () => {
    const made = hooked();
    made.write('.aynig/command/build', `#!/bin/sh\n${completing('done')}\n`, 0o755);
    const answer = made.gitAnswer(['commit', '--quiet', '--all', ...request], { expected: 0 });
    expect(answer.stderr).toMatch(/^aynig: your commit changed the commands; hooks may run them as they are now/m);
    await made.untilState('done');
    expect(made.gitAnswer(['commit', '--quiet', '--amend', '--no-edit', '--allow-empty']).stderr).toBe('');
  });

  test('that only makes a command executable changes the commands', async () => {
    const made = hooked();
    made.write('.aynig/command/other', '#!/bin/sh\n');
    made.git('add', '.aynig');
    made.git('commit', '--quiet', '--message', 'a draft');
    made.git('update-index', '--chmod=+x', '.aynig/command/other');
    const answer = made.gitAnswer(['commit', '--quiet', '--message', 'now for real'], { expected: 0 });
    expect(answer.stderr).toContain('your commit changed the commands');
  });

  test('that changes a role changes the commands', async () => {
    const made = hooked();
    made.write('.aynig/roles/reviewer/command/build', '#!/bin/sh\n', 0o755);
    made.git('add', '.aynig');
    expect(made.gitAnswer(['commit', '--quiet', '--message', 'a role']).stderr).toContain('your commit changed the commands');
    made.git('switch', '--quiet', '--create', 'theirs');
    made.write('.aynig/roles/reviewer/command/build', '#!/bin/sh\n: theirs\n', 0o755);
    made.gitAnswer(['commit', '--quiet', '--all', ...request], { env: { AYNIG: '0' }, expected: 0 });
    await look(made);
    expect(made.statusOf('theirs')).toMatchObject({
      reading: 'untrusted',
      detail: expect.stringContaining('not the ones that you allowed'),
    });
  });

  test('that touches no command says nothing', () => {
    const made = hooked();
    made.write('src.txt', 'x');
    made.git('add', 'src.txt');
    expect(made.gitAnswer(['commit', '--quiet', '--message', 'work']).stderr).toBe('');
  });

  test('from a linked working tree allows for all of them', async () => {
    const made = hooked();
    const linked = made.linked('side');
    linked.write('.aynig/command/build', `#!/bin/sh\n${completing('done')}\n`, 0o755);
    expect(linked.gitAnswer(['commit', '--quiet', '--all', '--message', 'change']).stderr).toContain('your commit changed the commands');
    made.git('switch', '--quiet', '--create', 'main-work', 'side');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('done', 'main-work');
  });

  test('made before the hooks were installed counts, as long as no one else has a part in the commands', async () => {
    const made = workspace();
    made.command('build', completing('review'));
    made.command('other', 'true');
    expect(made.aynig(['init']).stdout).toContain('allowed the commands that you made here');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review');
  });
});

describe('a commit made inside a run', () => {
  const rewriting = completing(
    'second',
    `printf '#!/bin/sh\\necho evil >>"$HOME/evil"\\n' >.aynig/command/second; chmod +x .aynig/command/second; git add .aynig`,
  );

  test('allows nothing: the next state waits for a person', async () => {
    const made = hooked(rewriting);
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('second');
    await made.untilStill();
    await look(made);
    expect(made.noted('evil')).toBe(false);
    expect(made.statusOf()).toMatchObject({ reading: 'untrusted', detail: expect.stringContaining('a run changed the commands') });
  });

  test.each([
    ['pinned', 'main'],
    ['signed', ''],
  ])('allows nothing where aynig.trust is %s and the trusted ref is %j', async (trust, trustedRef) => {
    const made = hooked(rewriting);
    made.git('config', 'aynig.trustedRef', trustedRef || 'main');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('second');
    await made.untilStill();
    made.git('config', 'aynig.trust', trust);
    await look(made);
    expect(made.noted('evil')).toBe(false);
    expect(made.statusOf().reading).toBe('untrusted');
  });

  test('cannot allow by the verb, and a change of the record is noticed', async () => {
    const made = hooked(
      completing(
        'review',
        `node "$HOME/cli.js" allow --yes >"$HOME/answer" 2>&1 || echo refused >>"$HOME/answer"; sed -i.bak 's/"remotes": \\[/&{"name":"evil","url":"u","at":1}/' "$HOME"/state/aynig/trust/*.json`,
      ),
    );
    writeFileSync(join(made.root, 'cli.js'), `import(${JSON.stringify(join(projectRoot, 'dist/cli.js'))});\n`);
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('review');
    await made.untilStill();
    expect(made.note('answer')).toMatch(/\[inside-a-run\][\s\S]*refused/);
    expect(made.hookLog()).toContain('what you allowed was changed while run');
    expect(made.aynig(['allow', '--list']).stdout).toMatch(/^! this record changed while run [0-9a-f]{8} of build on main was running/m);
    made.aynig(['allow', '--revoke']);
    expect(made.aynig(['allow', '--list']).stdout).not.toMatch(/^!/m);
  });
});

test('a run beside one that changes the commands does not look as if it had changed the record', async () => {
  const made = hooked(
    completing(
      'review',
      `if [ "$AYNIG_BRANCH" = side ]; then : >"$HOME/started"; ${waitFor()}; else echo more >>.aynig/command/build; git commit --quiet --all --message more; fi`,
    ),
  );
  made.git('config', 'aynig.maxParallel', '2');
  const side = made.linked('side');
  side.git('commit', '--quiet', '--allow-empty', ...request);
  await made.until('the first has started', () => made.noted('started'));
  made.git('commit', '--quiet', '--allow-empty', ...request);
  await made.untilState('review');
  await made.until('what the second changed is distrusted', () => readFileSync(recordFile(made), 'utf8').includes('"runId"'));
  made.release();
  await made.untilState('review', 'side');
  await made.untilStill();
  expect(made.hookLog()).not.toContain('what you allowed was changed');
  expect(made.aynig(['allow', '--list']).stdout).not.toMatch(/^! this record changed/m);
});

test('a run whose command puts a folder in the place of the record still ends, and it is noticed', async () => {
  const made = hooked(completing('review', 'for record in "$HOME"/state/aynig/trust/*.json; do rm "$record"; mkdir "$record"; done'));
  made.git('commit', '--quiet', '--allow-empty', ...request);
  await made.untilState('review');
  await made.untilStill();
  expect(made.hookLog()).toContain('what you allowed was changed while run');
});

describe('aynig allow', () => {
  test('refuses without a terminal and without --yes, after it has shown everything', () => {
    const clone = strangersClone();
    const answer = clone.aynig(['allow'], { expected: 1 });
    expect(answer.stdout).toContain('+++ b/.aynig/command/build');
    expect(answer.stderr).toMatch(/\[not-allowed\]\nhint: .*aynig allow work --at [0-9a-f]{12} --yes/);
    expect(existsSync(recordFolder(clone))).toBe(false);
  });

  test('asks on a terminal, and takes only a yes for a yes', (context) => {
    const clone = strangersClone();
    if (clone.program('sh', ['-c', 'script -V 2>/dev/null | grep util-linux'], { expected: 'any' }).exitCode !== 0)
      return skipBecause('asking on a terminal needs script of util-linux', context);
    const ask = (answer: string): { exitCode: number; stdout: string } =>
      clone.program('script', ['-qec', `${process.execPath} ${projectRoot}/dist/cli.js allow`, '/dev/null'], {
        input: answer,
        expected: 'any',
      });
    expect(ask('n\n')).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('[y/N]') });
    expect(ask('\u0004').exitCode).toBe(1);
    expect(clone.aynig(['allow', '--list']).stdout).toContain('No commands are allowed here');
    expect(ask('y\n')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Allowed: the commands of work') });
  });

  test('shows only what changed since, with the commit that did it, and neutralises what it shows', () => {
    const made = hooked();
    made.write('.aynig/command/other', '#!/bin/sh\n# \u001b[31mred\u202e\n', 0o755);
    made.git('add', '.aynig');
    made.gitAnswer(['commit', '--quiet', '--message', 'Add \u001b]0;title\u0007 other'], { env: { AYNIG: '0' }, expected: 0 });
    const { stdout } = made.aynig(['allow', '--yes']);
    expect(stdout).toMatch(/against what was allowed on/);
    expect(stdout).toMatch(/^ {2}A \.aynig\/command\/other {2}\(.*Add .*other\)$/m);
    expect(stdout).not.toContain('command/build');
    expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/);
    expect(stdout).toContain('\\x1b[31mred\\u{202e}');
    expect(made.aynig(['allow']).stdout).toContain('allowed already');
  });

  test('lists as text and as JSON by its schema, and takes back', async () => {
    const made = hooked();
    expect(made.aynig(['allow', '--list']).stdout).toMatch(/^commands of [0-9a-f]{12} {2}.* yours when the hooks were installed$/m);
    const report = JSON.parse(made.aynig(['allow', '--list', '--json']).stdout) as { allowed: unknown[] };
    expect(report).toMatchObject({ schema: 'aynig.allow/1', remotes: [], broken: null });
    expect(report.allowed).toHaveLength(1);
    const schema = JSON.parse(made.aynig(['schema', 'allow']).stdout) as { properties: object };
    expect(Object.keys(report).sort()).toEqual(Object.keys(schema.properties).sort());
    made.aynig(['allow', '--revoke']);
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilStill();
    expect(made.ran()).toEqual([]);
  });

  test('trusts a remote by name, which starts what came from it and only with allowed commands', async () => {
    const { ana, bob } = twoClones(completing('review'));
    bob.git('switch', '--quiet', '--create', 'feature');
    bob.request('build');
    bob.git('push', '--quiet', 'origin', 'feature');
    ana.git('fetch', '--quiet');
    ana.git('switch', '--quiet', '--no-track', '--create', 'feature', 'origin/feature');
    ana.git('switch', '--quiet', '--no-track', '--create', 'renamed', 'origin/feature');
    await look(ana);
    expect(ana.ran()).toEqual([]);
    expect(ana.aynig(['allow', '--remote', 'nowhere', '--yes'], { expected: 2 }).stderr).toContain('There is no remote');
    ana.aynig(['allow', '--remote', 'origin', '--yes']);
    await look(ana);
    expect(
      ana
        .ran()
        .map(({ branch }) => branch)
        .sort(),
    ).toEqual(['feature', 'renamed']);
    ana.aynig(['allow', '--revoke', '--remote', 'origin']);
    ana.git('switch', '--quiet', '--no-track', '--create', 'again', 'origin/feature');
    await look(ana);
    expect(ana.statusOf('again').reading).toBe('untrusted');
  });

  test('has nothing to allow where there are no commands', () => {
    expect(workspace().aynig(['allow']).stdout).toContain('no commands');
  });
});

describe('the record', () => {
  test('is readable by its owner alone, lies outside the repository and is one for all working trees', () => {
    const made = hooked();
    expect(statSync(recordFile(made)).mode & 0o777).toBe(0o600);
    expect(statSync(recordFolder(made)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(recordFile(made), 'utf8'))).toMatchObject({ repository: made.common });
    const linked = made.linked('side');
    expect(linked.aynig(['allow']).stdout).toContain('allowed already');
    expect(readdirSync(recordFolder(made)).filter((file) => file.endsWith('.json'))).toHaveLength(1);
  });

  test('holds for no copy, and for no other repository in the same place', async () => {
    const made = hooked();
    cpSync(made.path, join(made.root, 'copy'), { recursive: true });
    const copy = new Workspace(made.root, join(made.root, 'copy'), made.env);
    copy.git('commit', '--quiet', '--allow-empty', ...request);
    await copy.untilStill();
    expect(copy.statusOf()).toMatchObject({ reading: 'untrusted' });
    renameSync(made.path, join(made.root, 'first'));
    renameSync(copy.path, made.path);
    await look(made);
    expect(made.statusOf()).toMatchObject({ reading: 'untrusted' });
    expect(made.ran()).toEqual([]);
  });

  test.each([
    ['cut short', (file: string) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 40))],
    ['emptied', (file: string) => writeFileSync(file, '')],
    ['of another form', (file: string) => writeFileSync(file, '{"version":1,"allowed":"all"}')],
  ])('that was %s allows nothing, is said so, and is put aside by the next yes', async (_, damage) => {
    const made = hooked();
    damage(recordFile(made));
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilStill();
    expect(made.ran()).toEqual([]);
    expect(made.statusOf()).toMatchObject({ reading: 'untrusted', detail: expect.stringContaining('cannot be read') });
    made.aynig(['allow', '--yes']);
    expect(readdirSync(recordFolder(made)).some((file) => file.includes('.broken-'))).toBe(true);
    await look(made);
    expect(made.state()).toBe('review');
  });

  test('keeps both of two yeses given at once', async () => {
    const made = hooked();
    const branches = ['a', 'b', 'c', 'd'];
    for (const branch of branches) {
      made.git('switch', '--quiet', '--create', branch, 'main');
      made.write('.aynig/command/other', `#!/bin/sh\n# ${branch}\n`, 0o755);
      made.git('add', '.aynig');
      made.gitAnswer(['commit', '--quiet', '--message', branch], { env: { AYNIG: '0' }, expected: 0 });
    }
    const children = branches.map((branch) => made.start(['allow', '--yes', branch]));
    await Promise.all(children.map((child) => new Promise((done) => child.on('close', done))));
    const { allowed } = JSON.parse(made.aynig(['allow', '--list', '--json']).stdout) as { allowed: unknown[] };
    expect(allowed).toHaveLength(1 + branches.length);
  });

  test('is whole whenever its writer is killed, and the next yes counts', async () => {
    const made = hooked();
    const kills = 8;
    for (let round = 0; round < kills; round++) {
      made.git('switch', '--quiet', '--create', `b${round}`, 'main');
      made.write('.aynig/command/other', `#!/bin/sh\n# ${round}\n`, 0o755);
      made.git('add', '.aynig');
      made.gitAnswer(['commit', '--quiet', '--message', 'x'], { env: { AYNIG: '0' }, expected: 0 });
      const child = made.start(['allow', '--yes']);
      const ended = new Promise((done) => child.once('exit', done));
      // In the middle of writing where it is seen there, else right after.
      await made.until('it writes or has ended', () => child.exitCode !== null || readdirSync(recordFolder(made)).length > 1);
      child.kill('SIGKILL');
      await ended;
      expect(JSON.parse(made.aynig(['allow', '--list', '--json']).stdout)).toMatchObject({ broken: null });
    }
    expect(made.aynig(['allow', '--yes']).exitCode).toBe(0);
    expect(made.aynig(['allow']).stdout).toContain('allowed already');
  });

  test('that cannot be written fails with a code, and the commit stands', () => {
    const made = hooked();
    mkdirSync(join(made.root, 'no-home'));
    writeFileSync(join(made.root, 'no-home/aynig'), 'a file in the way');
    const env = { XDG_STATE_HOME: join(made.root, 'no-home') };
    expect(made.aynig(['allow', '--yes'], { env, expected: 1 }).stderr).toMatch(/\[trust-record\]\nhint: /);
    made.write('.aynig/command/other', '#!/bin/sh\n', 0o755);
    made.git('add', '.aynig');
    const answer = made.gitAnswer(['commit', '--quiet', '--message', 'a command'], { env, expected: 0 });
    expect(answer.stderr).toContain('so hooks start none of them');
  });
});

describe('the setting', () => {
  test('aynig.trust = branch starts whatever stands on a branch', async () => {
    const clone = strangersClone();
    clone.init();
    clone.git('config', 'aynig.trust', 'branch');
    clone.git('commit', '--quiet', '--allow-empty', ...request);
    await clone.untilState('review');
  });

  test('aynig.trustedRef allows the commands of a branch, and no tag of that name', async () => {
    const clone = strangersClone();
    clone.init();
    clone.git('config', 'aynig.trustedRef', 'origin/main');
    clone.git('commit', '--quiet', '--allow-empty', ...request);
    await clone.untilState('review');
    clone.git('switch', '--quiet', '--create', 'evil');
    clone.write('.aynig/command/build', '#!/bin/sh\n: evil\n', 0o755);
    clone.gitAnswer(['commit', '--quiet', '--all', ...request], { env: { AYNIG: '0' }, expected: 0 });
    clone.git('tag', 'origin/main');
    await look(clone);
    expect(clone.statusOf('evil').reading).toBe('untrusted');
  });

  test('aynig.branches keeps hooks to the branches that it names', async () => {
    const made = hooked();
    made.git('config', 'aynig.branches', 'main feature/**');
    for (const branch of ['feature/a/b', 'other']) {
      made.git('switch', '--quiet', '--create', branch, 'main');
      made.git('commit', '--quiet', '--allow-empty', ...request);
    }
    await made.untilState('review', 'feature/a/b');
    await made.untilStill();
    expect(made.statusOf('other')).toMatchObject({ reading: 'untrusted', detail: expect.stringContaining('aynig.branches') });
    made.aynig(['run', '--branch', 'other', '--current-branch', 'include']);
    expect(made.state('other')).toBe('review');
  });

  test('gpg.ssh.allowedSignersFile inside the working tree counts for nothing', async () => {
    const made = hooked();
    made.git('config', 'aynig.trust', 'signed');
    made.git('config', 'gpg.format', 'ssh');
    made.git('config', 'gpg.ssh.allowedSignersFile', '.signers');
    made.request('build');
    await look(made);
    expect(made.statusOf()).toMatchObject({ reading: 'untrusted', detail: expect.stringContaining('not signed') });
    const commit = made
      .git('cat-file', 'commit', 'HEAD')
      .replace('\n\n', '\ngpgsig -----BEGIN SSH SIGNATURE-----\n -----END SSH SIGNATURE-----\n\n');
    const forged = made.gitAnswer(['hash-object', '-t', 'commit', '-w', '--stdin'], { input: `${commit}\n`, expected: 0 }).stdout.trim();
    made.git('update-ref', 'refs/heads/main', forged);
    await look(made);
    expect(made.statusOf().detail).toContain('is in the working tree');
  });
});

describe('an attack', () => {
  const evil = '#!/bin/sh\necho evil >>"$HOME/evil"\n';
  const expectNothing = (made: Workspace): void => {
    expect(made.noted('evil')).toBe(false);
    expect(made.ran()).toEqual([]);
  };

  test.each(['pinned', 'signed'])('by an expired lease that came with a merge starts no recovery (aynig.trust = %s)', async (trust) => {
    const made = hooked();
    made.command('stalled', evil.slice('#!/bin/sh\n'.length));
    made.git('config', 'aynig.trust', trust);
    made.git('switch', '--quiet', '--create', 'theirs');
    const message = [
      't',
      '',
      'aynig-state: working',
      'aynig-origin-state: build',
      'aynig-run-id: 0c9b7a52-3d1e-4f6a-8b2c-5d4e3f2a1b0c',
      'aynig-lease-seconds: 60',
    ];
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '--file=-'], {
      input: `${message.join('\n')}\n`,
      env: { AYNIG: '0', GIT_COMMITTER_DATE: '2020-01-01T00:00:00Z' },
      expected: 0,
    });
    made.git('switch', '--quiet', '--create', 'mine', 'main');
    made.git('merge', '--quiet', '--ff-only', 'theirs');
    made.git('branch', '--quiet', '--delete', '--force', 'theirs');
    await look(made);
    await look(made);
    expectNothing(made);
    expect(made.state('mine')).toBe('stalled');
    expect(made.statusOf('mine').reading).toBe('untrusted');
  });

  test('by a pick without a commit makes neither its commands nor its request mine', async () => {
    const made = hooked();
    made.git('switch', '--quiet', '--create', 'theirs');
    made.write('.aynig/command/build', evil, 0o755);
    made.gitAnswer(['commit', '--quiet', '--all', ...request], { env: { AYNIG: '0' }, expected: 0 });
    made.git('switch', '--quiet', '--create', 'same', 'main');
    made.gitAnswer(['commit', '--quiet', '--allow-empty', ...request], { env: { AYNIG: '0' }, expected: 0 });
    const commits = ['theirs', 'same'].map((branch) => made.head(branch));
    made.git('switch', '--quiet', 'main');
    made.git('branch', '--quiet', '--delete', '--force', 'theirs', 'same');
    for (const [index, commit] of commits.entries()) {
      made.git('switch', '--quiet', '--create', `picked-${index}`, 'main');
      made.git('cherry-pick', '--no-commit', commit);
      made.gitAnswer(['commit', '--quiet', '--allow-empty', '--no-edit', '--date=2020-01-01T00:00:00Z'], { expected: 0 });
      await made.untilStill();
      expect(made.statusOf(`picked-${index}`).reading).toBe('untrusted');
    }
    expectNothing(made);
  });

  test('by an amend of a commit that came from others makes no request mine', async () => {
    const made = hooked();
    made.git('switch', '--quiet', '--create', 'theirs');
    made.gitAnswer(['commit', '--quiet', '--allow-empty', ...request], { env: { AYNIG: '0' }, expected: 0 });
    made.git('switch', '--quiet', '--create', 'mine', 'main');
    made.git('merge', '--quiet', '--ff-only', 'theirs');
    made.git('branch', '--quiet', '--delete', '--force', 'theirs');
    made.gitAnswer(['commit', '--quiet', '--allow-empty', '--amend', '--message', 'mine now', '--message', 'aynig-state: build'], {
      expected: 0,
    });
    await made.untilStill();
    expectNothing(made);
    expect(made.statusOf('mine')).toMatchObject({
      reading: 'untrusted',
      detail: expect.stringContaining('amends a commit that was not made here'),
    });
  });

  test('by attributes that change a command on checkout starts nothing', async () => {
    const made = hooked();
    made.write('.gitattributes', '.aynig/command/build ident\n');
    made.git('add', '.gitattributes');
    made.command('build', 'echo "$Id$" >>"$HOME/evil"');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('stalled');
    await made.untilStill();
    expectNothing(made);
    expect(made.hookLog()).toContain('[command-altered]');
  });

  test('by a reflog that was cut short or made unreadable makes no commands mine', async () => {
    const clone = strangersClone();
    clone.write('.aynig/command/mine', '#!/bin/sh\n', 0o755);
    clone.git('add', '.aynig');
    clone.git('commit', '--quiet', '--message', 'mine \u2028 and more');
    clone.git('reflog', 'expire', '--expire=now', '--all');
    expect(clone.aynig(['init']).stdout).toContain('Others made commands');
    expect(clone.aynig(['allow', '--list']).stdout).toContain('No commands are allowed');
  });

  test('from inside a run that drops its variable allows nothing', async () => {
    const made = hooked(
      completing(
        'second',
        `printf '#!/bin/sh\\necho evil >>"$HOME/evil"\\n' >.aynig/command/second; chmod +x .aynig/command/second; git add .aynig; env -u AYNIG_RUN_ID git commit --quiet --message x; env -u AYNIG_RUN_ID node "$HOME/cli.js" allow --yes >"$HOME/answer" 2>&1 || :`,
      ),
    );
    writeFileSync(join(made.root, 'cli.js'), `import(${JSON.stringify(join(projectRoot, 'dist/cli.js'))});\n`);
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('second');
    await made.untilStill();
    await look(made);
    expect(made.noted('evil')).toBe(false);
    expect(made.note('answer')).toContain('[inside-a-run]');
    expect(made.statusOf().reading).toBe('untrusted');
  });

  test('by a branch that is called as the trusted one makes nothing trusted', async () => {
    const clone = strangersClone();
    clone.init();
    clone.git('config', 'aynig.trustedRef', 'origin/main');
    clone.write('.aynig/command/build', evil, 0o755);
    clone.gitAnswer(['commit', '--quiet', '--all', '--message', 'evil'], { env: { AYNIG: '0' }, expected: 0 });
    clone.git('branch', 'origin/main');
    clone.git('commit', '--quiet', '--allow-empty', ...request);
    await clone.untilStill();
    expectNothing(clone);
  });

  test('by moving a trusted remote elsewhere starts nothing', async () => {
    const { ana, bob } = twoClones(completing('review'));
    bob.git('switch', '--quiet', '--create', 'feature');
    bob.request('build');
    ana.aynig(['allow', '--remote', 'origin', '--yes']);
    ana.git('remote', 'set-url', 'origin', bob.path);
    ana.git('fetch', '--quiet');
    ana.git('switch', '--quiet', '--no-track', '--create', 'feature', 'origin/feature');
    await look(ana);
    expect(ana.ran()).toEqual([]);
  });

  test('on what a run changed does not succeed by a later own commit', async () => {
    const made = hooked(completing('wait', `printf 'echo evil >>"$HOME/evil"\\n' >>.aynig/command/ship; git add .aynig`));
    made.command('ship', 'true');
    made.git('config', 'aynig.trustedRef', 'main');
    made.git('commit', '--quiet', '--allow-empty', ...request);
    await made.untilState('wait');
    await made.untilStill();
    made.write('.aynig/command/other', '#!/bin/sh\n', 0o755);
    made.git('add', '.aynig');
    made.git('commit', '--quiet', '--message', 'another command', '--message', 'aynig-state: ship');
    await made.untilStill();
    expect(made.noted('evil')).toBe(false);
  });
});

test('aynig allow --at refuses when the commands are others by now', () => {
  const clone = strangersClone();
  const hint =
    /aynig allow work --at [0-9a-f]{12} --yes/
      .exec(clone.aynig(['allow'], { expected: 1 }).stderr)?.[0]
      .split(' ')
      .slice(1) ?? [];
  clone.write('.aynig/command/build', '#!/bin/sh\n: changed\n', 0o755);
  clone.git('commit', '--quiet', '--all', '--message', 'changed meanwhile');
  expect(clone.aynig(hint, { expected: 1 }).stderr).toMatch(/are not those of .*\[not-allowed\]/);
  clone.git('reset', '--quiet', '--hard', 'HEAD~1');
  expect(clone.aynig(hint).stdout).toContain('Allowed: the commands of work');
});
