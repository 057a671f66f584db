import { existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { completing, skipBecause, snapshot, Workspace, workspace } from '../support/workspace.js';

/** Somebody else's hooks in a repository. */
interface Neighbour {
  readonly name: string;
  /** A program that has to be installed. */
  readonly needs?: string;
  /** Their own hooks, installed by their own means; each notes its name in `$HOME/theirs`. */
  prepare(made: Workspace): void;
  /** Which of theirs an ordinary commit runs. */
  readonly theirs: readonly string[];
  /** Whether theirs runs at a push, and whether it is given the lines that git tells its hook; by default both. */
  readonly atPush?: 'lines' | 'no lines' | 'nothing';
  /** Which of theirs it runs in a linked working tree, where that differs. */
  readonly theirsInLinked?: readonly string[];
  prepareLinked?(linked: Workspace): void;
  /** Adds the lines that `init` printed, as a person would. */
  add?(made: Workspace, printed: readonly Printed[]): void;
  /** Their own installation, once more. */
  reinstall(made: Workspace): void;
}

interface Printed {
  readonly file: string;
  readonly lines: string;
}

const bin = (name: string): string => join(projectRoot, 'node_modules/.bin', name);
/** A program that comes as one package for each platform. */
const platformBinary = (folder: string, prefix: string, path: string): string | undefined => {
  const packages = join(projectRoot, 'node_modules', folder);
  return (existsSync(packages) ? readdirSync(packages) : [])
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(packages, name, path))
    .find((file) => existsSync(file));
};
const lefthook = platformBinary('', 'lefthook-', 'bin/lefthook') ?? 'lefthook';
const prek = platformBinary('@j178', 'prek-', 'prek') ?? 'prek';
/** What a hook of theirs does; at a push it keeps what git tells it. */
const note = (name: string): string => `echo ${name} >>"$HOME/theirs"${name === 'pre-push' ? '; cat >>"$HOME/pushed"' : ''}`;
const both = ['commit-msg', 'post-commit'] as const;
const theirHooks = [...both, 'pre-push'] as const;
const nothing = (): void => undefined;

const plain = (name: string, text: (hook: string) => string): Neighbour => {
  const prepare = (made: Workspace): void => {
    for (const hook of theirHooks) made.write(`.git/hooks/${hook}`, text(hook), 0o755);
  };
  return { name, prepare, theirs: both, reinstall: nothing };
};

/** The hook that is there gets another name, and a new one calls both. */
const wrap = (made: Workspace, printed: readonly Printed[]): void => {
  for (const { file, lines } of printed) {
    renameSync(join(made.path, file), join(made.path, `${file}.theirs`));
    made.write(file, `${lines}\n`, 0o755);
  }
};

const husky = (name: string, folder: string, more: Partial<Neighbour> = {}): Neighbour => {
  const install = (made: Workspace): void =>
    void made.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js'), ...(folder === '.husky' ? [] : [folder])]);
  return {
    name,
    prepare(made) {
      made.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n');
      for (const hook of theirHooks) made.write(`${folder}/${hook}`, `${note(hook)}\n`);
      install(made);
      commitAll(made);
    },
    theirs: both,
    theirsInLinked: [],
    reinstall: install,
    ...more,
  };
};

const preCommitConfig = [
  'repos:',
  '  - repo: local',
  '    hooks:',
  ...theirHooks.flatMap((hook) => [
    `      - id: theirs-${hook}`,
    `        name: theirs ${hook}`,
    '        language: system',
    `        entry: sh -c '${note(hook)}'`,
    `        stages: [${hook.replace('pre-', '')}]`,
    '        always_run: true',
    '        pass_filenames: false',
  ]),
  '',
].join('\n');
const stages = ['-t', 'commit-msg', '-t', 'post-commit', '-t', 'post-merge', '-t', 'post-rewrite', '-t', 'pre-push'];

const preCommit = (name: string, needs: string, program: string): Neighbour => ({
  name,
  needs,
  prepare(made) {
    made.write('.pre-commit-config.yaml', preCommitConfig);
    commitAll(made);
    made.program(program, ['install', ...stages]);
  },
  theirs: both,
  atPush: 'no lines',
  add: (made, printed) => {
    for (const { file, lines } of printed) made.write(file, `${made.read(file)}${lines}\n`);
  },
  reinstall: (made) => void made.program(program, ['install', ...stages]),
});

const neighbours: readonly Neighbour[] = [
  { name: 'nobody', prepare: nothing, theirs: [], atPush: 'nothing', reinstall: nothing },
  plain('a shell hook that ends in exit 0', (hook) => `#!/bin/sh\n${note(hook)}\nexit 0\n`),
  plain('a shell hook that ends in exec, without a last newline', (hook) => `#!/usr/bin/env bash\n${note(hook)}\nexec true`),
  plain('a shell hook that stops at errors', (hook) => `#!/bin/sh -eu\n${note(hook)}\n`),
  plain('a hook without a first line for its shell', (hook) => `${note(hook)}\n`),
  {
    ...plain(
      'a hook in JavaScript',
      (hook) => `#!/usr/bin/env node\nrequire('node:child_process').execSync(${JSON.stringify(note(hook))}, { stdio: 'inherit' });\n`,
    ),
    add: wrap,
  },
  {
    name: 'a symbolic link to a tracked hook',
    prepare(made) {
      for (const hook of theirHooks) {
        made.write(`scripts/${hook}`, `#!/bin/sh\n${note(hook)}\n`, 0o755);
        rmSync(join(made.path, '.git/hooks', hook), { force: true });
        symlinkSync(`../../scripts/${hook}`, join(made.path, '.git/hooks', hook));
      }
    },
    theirs: both,
    add: wrap,
    reinstall: nothing,
  },
  {
    name: 'git-lfs',
    needs: 'git-lfs',
    prepare: (made) => void made.program('git', ['lfs', 'install', '--local', '--force']),
    theirs: ['post-commit'],
    // It leaves its hooks alone once another line is in them.
    reinstall: (made) => void made.program('git', ['lfs', 'install', '--local'], { expected: 'any' }),
  },
  {
    name: 'a tracked folder named by core.hooksPath',
    prepare(made) {
      for (const hook of theirHooks) made.write(`githooks/${hook}`, `#!/bin/sh\n${note(hook)}\n`, 0o755);
      commitAll(made);
      made.git('config', 'core.hooksPath', 'githooks');
    },
    theirs: both,
    add: (made, printed) => {
      for (const { file, lines } of printed)
        made.write(file, made.exists(file) ? made.read(file).replace('\n', `\n${lines}\n`) : `#!/bin/sh\n${lines}\n`, 0o755);
    },
    reinstall: nothing,
  },
  husky('husky', '.husky'),
  husky('husky in another folder', 'config/husky'),
  husky('husky, installed in the linked working tree too', '.husky', {
    theirsInLinked: both,
    prepareLinked: (linked) => void linked.program(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js')]),
  }),
  {
    name: 'lefthook',
    needs: lefthook,
    prepare(made) {
      made.write(
        'lefthook.yml',
        theirHooks.map((hook) => `${hook}:\n  jobs:\n    - run: ${note(hook)}\n      use_stdin: ${hook === 'pre-push'}\n`).join(''),
      );
      commitAll(made);
      made.program(lefthook, ['install', '--force']);
    },
    theirs: both,
    add: (made, printed) => made.write('lefthook-local.yml', `${printed.map(({ lines }) => lines).join('\n')}\n`),
    reinstall: (made) => void made.program(lefthook, ['install', '--force']),
  },
  preCommit('pre-commit', 'pre-commit', 'pre-commit'),
  preCommit('prek', prek, prek),
  {
    name: 'simple-git-hooks',
    prepare(made) {
      const commands = Object.fromEntries(theirHooks.map((hook) => [hook, note(hook)]));
      made.write('package.json', `${JSON.stringify({ 'simple-git-hooks': commands }, undefined, 2)}\n`);
      commitAll(made);
      made.program(bin('simple-git-hooks'), []);
    },
    theirs: both,
    add: (made, printed) => {
      const config = JSON.parse(made.read('package.json')) as { 'simple-git-hooks': object };
      for (const { lines } of printed) Object.assign(config['simple-git-hooks'], JSON.parse(`{${lines.replace(/,$/, '')}}`));
      made.write('package.json', `${JSON.stringify(config, undefined, 2)}\n`);
    },
    reinstall: (made) => void made.program(bin('simple-git-hooks'), []),
  },
];

function commitAll(made: Workspace): void {
  made.git('add', '--all');
  made.gitAnswer(['-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--allow-empty', '--message', 'theirs'], {
    env: { AYNIG: '0' },
    expected: 0,
  });
}

/** What `init` asked a person to add. */
const printedBy = (stdout: string): Printed[] =>
  [...stdout.matchAll(/^Add to (.+?)(?: \(.*\))?:\n\n([\s\S]+?)\n(?=\n|$)/gm)].map(([, file = '', lines = '']) => ({ file, lines }));

/** What belongs to somebody else: their files with their modes, and the configuration of the repository. */
const theirFiles = (whole: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(whole).filter(
      ([path, content]) =>
        /^(?:\.git\/(?:hooks|config)|\.husky|config|githooks|scripts|lefthook|\.pre-commit|package\.json)/.test(path) &&
        !Buffer.from(content.split(' ')[1] ?? '', 'base64')
          .toString('utf8')
          .startsWith('#!/bin/sh\n# aynig hook '),
    ),
  );

/** A git that runs hooks named in its configuration has ours there when we came first. */
function withoutOurKeys(files: Record<string, string>): Record<string, string> {
  const [mode = '', content = ''] = files['.git/config']?.split(' ') ?? [];
  const text = Buffer.from(content, 'base64').toString('utf8');
  const rest = text.replace(/\[hook "aynig-.*\n(?:\t.*\n)*/g, '');
  return { ...files, '.git/config': `${mode} ${Buffer.from(rest).toString('base64')}` };
}

/** Lets our hooks count how often they run, wherever they were put. */
function countOurs(made: Workspace): void {
  for (const folder of ['aynig/hooks', 'hooks']) {
    const path = join(made.common, folder);
    for (const name of existsSync(path) ? readdirSync(path) : []) {
      const text = readFileSync(join(path, name), 'utf8');
      if (!text.startsWith('#!/bin/sh\n# aynig hook ')) continue;
      const [hook = ''] = name.split('.');
      const what = hook === 'post-rewrite' ? `${hook} $1` : hook;
      writeFileSync(join(path, name), text.replace(/\n(?!#)/, `\necho "${what}" >>"$HOME/ours"\n`));
    }
  }
}

const emptied = (made: Workspace): void => {
  for (const name of ['theirs', 'ours', 'pushed']) writeFileSync(join(made.root, name), '');
};
const lines = (made: Workspace, name: string): string[] => made.note(name).split('\n').slice(0, -1).sort();

/** An ordinary commit runs theirs and ours once each. */
function expectEachOnce(at: Workspace, theirs: readonly string[]): void {
  emptied(at);
  at.git('commit', '--quiet', '--allow-empty', '--message', 'ordinary');
  expect({ theirs: lines(at, 'theirs'), ours: lines(at, 'ours') }).toEqual({ theirs: [...theirs].sort(), ours: both });
}

/** That, and a request is run; a message that breaks the rules is refused. */
async function expectBoth(at: Workspace, branch: string, theirs: readonly string[]): Promise<void> {
  expectEachOnce(at, theirs);
  const before = at.head();
  expect(at.gitAnswer(['commit', '--quiet', '--allow-empty', '--message', 'bad', '--message', 'aynig-state: working']).exitCode).not.toBe(
    0,
  );
  expect(at.head()).toBe(before);
  const ran = at.ran().length;
  at.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
  await at.untilState('review', branch);
  await at.untilStill();
  expect(at.ran().length).toBe(ran + 1);
}

/** A rebase and a merge reach our hooks too, and the former says that it is one. */
function expectTheOtherHooks(at: Workspace): void {
  const commit = (title: string): void => void at.git('commit', '--quiet', '--allow-empty', '--message', title);
  at.git('switch', '--quiet', '--create', 'topic');
  commit('topic');
  at.git('switch', '--quiet', 'main');
  commit('main');
  emptied(at);
  // What init changed in tracked files may not be committed yet.
  at.git('rebase', '--quiet', '--autostash', 'main', 'topic');
  at.git('switch', '--quiet', 'main');
  at.git('merge', '--quiet', '--ff-only', 'topic');
  expect(lines(at, 'ours').filter((line) => /merge|rewrite/.test(line))).toEqual(['post-merge', 'post-rewrite rebase']);
}

/**
 * At a push theirs and ours are told the same, once; a lease that no remote decides is not published, neither to a branch that
 * is there nor to a new one.
 */
function expectPush(at: Workspace, atPush: Neighbour['atPush'] = 'lines'): void {
  const remote = join(at.root, 'remote.git');
  if (!existsSync(remote)) at.git('init', '--quiet', '--bare', remote);
  const branch = `refs/heads/from-${at.git('branch', '--show-current')}`;
  const there = (): string => at.git('ls-remote', remote);
  const old = at.git('ls-remote', remote, branch).split('\t')[0] || '0'.repeat(40);
  at.git('commit', '--quiet', '--allow-empty', '--message', 'to push');
  emptied(at);
  at.git('push', '--quiet', remote, `HEAD:${branch}`);
  const theirs = atPush === 'nothing' ? [] : ['pre-push'];
  expect({ theirs: lines(at, 'theirs'), ours: lines(at, 'ours') }).toEqual({ theirs, ours: ['pre-push'] });
  expect(at.note('pushed')).toBe(atPush === 'lines' ? `HEAD ${at.head()} ${branch} ${old}\n` : '');
  const pushed = there();
  const trailers = 'aynig-state: working\naynig-runner-id: here\naynig-lease-seconds: 600';
  const lease = at.git('commit-tree', '-p', 'HEAD', '-m', 'aynig: working on build', '-m', trailers, 'HEAD^{tree}');
  for (const target of [branch, `${branch}-too`]) {
    const answer = at.gitAnswer(['push', remote, `${lease}:${target}`]);
    expect(`${answer.exitCode === 0} ${answer.stdout}${answer.stderr}`).toMatch(/^false [\s\S]*the lease of a run[\s\S]*AYNIG=0 git push/);
    expect(there()).toBe(pushed);
  }
}

const tried: string[] = [];
afterAll(() => void process.stdout.write(`init beside others: ${tried.length} combinations (${tried.join('; ')})\n`));

/** With a git-lfs that notes its hooks before it does its work. */
function made(neighbour: Neighbour): Workspace {
  const plainly = workspace();
  const lfs = plainly.program('sh', ['-c', 'command -v git-lfs'], { expected: 'any' }).stdout.trim();
  plainly.script(
    'bin/git-lfs',
    [
      'case $1 in',
      'post-*) echo "$1" >>"$HOME/theirs" ;;',
      'pre-push)',
      '  echo "$1" >>"$HOME/theirs"',
      '  cat >>"$HOME/pushed"',
      '  exec <"$HOME/pushed"',
      '  ;;',
      'esac',
      `exec ${lfs} "$@"`,
    ].join('\n'),
  );
  const env = neighbour.name === 'git-lfs' ? { ...plainly.env, PATH: `${plainly.root}/bin:${plainly.env['PATH']}` } : plainly.env;
  const it = new Workspace(plainly.root, plainly.path, env);
  it.command('build', completing('review'));
  return it;
}

const orders = ['theirs first', 'ours first'] as const;

describe.each(orders)('aynig init beside others, %s', (order) => {
  test.for(neighbours.map((neighbour) => [neighbour.name, neighbour] as const))('%s', async ([name, neighbour], context) => {
    const repo = made(neighbour);
    if (neighbour.needs !== undefined && repo.program('sh', ['-c', `command -v ${neighbour.needs}`], { expected: 'any' }).exitCode !== 0)
      return skipBecause(`init beside ${name}, which is not here`, context);
    if (order === 'ours first') repo.init();
    neighbour.prepare(repo);

    let whole = snapshot(repo.path);
    repo.aynig(['init', '--dry-run'], { expected: 'any' });
    expect(snapshot(repo.path)).toEqual(whole);
    const first = repo.aynig(['init'], { expected: 'any' });
    if (first.exitCode !== 0) {
      expect(first.stderr).toContain('[hooks-by-hand]');
      expect(snapshot(repo.path)).toEqual(whole);
      neighbour.add?.(repo, printedBy(first.stdout));
      commitAll(repo);
      neighbour.reinstall(repo);
    }
    const untouched = withoutOurKeys(theirFiles(first.exitCode === 0 ? whole : snapshot(repo.path)));
    if (first.exitCode !== 0) repo.init();

    whole = snapshot(repo.path);
    expect(repo.aynig(['init']).stdout).not.toMatch(/create|update|remove/);
    expect(snapshot(repo.path)).toEqual(whole);

    countOurs(repo);
    const linked = repo.linked('side');
    neighbour.prepareLinked?.(linked);
    await expectBoth(repo, 'main', neighbour.theirs);
    await expectBoth(linked, 'side', neighbour.theirsInLinked ?? neighbour.theirs);
    // Who came first makes no difference to these.
    if (order === 'theirs first') {
      expectTheOtherHooks(repo);
      expectPush(repo, neighbour.atPush);
      expectPush(linked, neighbour.theirsInLinked?.length === 0 ? 'nothing' : neighbour.atPush);
    }
    neighbour.reinstall(repo);
    await expectBoth(repo, 'main', neighbour.theirs);
    expectEachOnce(linked, neighbour.theirsInLinked ?? neighbour.theirs);
    expectPush(repo, neighbour.atPush);

    repo.aynig(['uninstall']);
    expect(theirFiles(snapshot(repo.path))).toEqual(untouched);
    expect(existsSync(join(repo.path, '.git/aynig/hooks'))).toBe(false);
    emptied(repo);
    const ran = repo.ran().length;
    repo.git('commit', '--quiet', '--allow-empty', '--message', 'ask', '--message', 'aynig-state: build');
    await repo.untilStill();
    expect({ theirs: lines(repo, 'theirs'), ours: lines(repo, 'ours') }).toEqual({ theirs: [...neighbour.theirs].sort(), ours: [] });
    expect(repo.ran().length).toBe(ran);
    tried.push(`${name}, ${order}`);
  });
});
