import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { workspace } from '../support/workspace.js';

test('the packed package, installed without the source tree, runs a commit', { timeout: 300_000 }, async () => {
  const made = workspace();
  const { root } = made;
  const packed = made.program(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--no-audit', '--no-fund', '--pack-destination', root, projectRoot],
    {
      cwd: root,
    },
  );
  const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['dist/cli.js', 'dist/trace-page.html', 'hooks/launch', 'hooks/post-commit', 'templates/starter/command/hello']),
  );
  expect(paths.filter((path) => /^(src|test|bench|scripts|node_modules)\//.test(path))).toEqual([]);

  const prefix = join(root, 'prefix');
  made.program('npm', ['install', '--global', '--offline', '--no-audit', '--no-fund', '--prefix', prefix, join(root, filename)], {
    cwd: root,
  });
  const installed = join(prefix, 'lib/node_modules/aynig');
  expect(existsSync(join(installed, 'node_modules'))).toBe(false);
  for (const name of readdirSync(installed, { recursive: true, encoding: 'utf8' }))
    if (/\.(c?js|json)$|^hooks\//.test(name)) expect(readFileSync(join(installed, name)).includes(projectRoot), name).toBe(false);

  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  const aynig = join(prefix, 'bin/aynig');
  expect(made.program(aynig, ['version']).stdout).toContain(`aynig ${version} `);

  // In a mount namespace of its own the source tree can be covered, so that nothing of it can be read by accident.
  const cover = 'mount -t tmpfs aynig-test "$1" && shift && exec "$@"';
  const covered = made.program('unshare', ['--mount', 'sh', '-c', cover, 'cover', projectRoot, 'true'], { expected: 'any' }).exitCode === 0;
  if (!covered) process.stdout.write('skipped: covering the source tree, because no mount namespace can be made here\n');
  const away = (...args: string[]) =>
    covered
      ? made.program('unshare', ['--mount', 'sh', '-c', cover, 'cover', projectRoot, ...args])
      : made.program(args[0] ?? '', args.slice(1));
  if (covered) expect(away('ls', '-A', projectRoot).stdout).toBe('');

  away(aynig, 'init');
  for (const name of readdirSync(join(made.path, '.git/hooks'))) {
    // It needs nothing of the package.
    if (name !== 'pre-push') expect(made.read(`.git/hooks/${name}`)).toContain(installed);
    expect(made.read(`.git/hooks/${name}`)).not.toContain(projectRoot);
  }
  away('git', 'add', '--all');
  away('git', 'commit', '--quiet', '--message', 'workflow');
  away('git', 'commit', '--quiet', '--allow-empty', '--message', 'greet', '--message', 'To the reader.', '--message', 'aynig-state: hello');
  await made.untilState('review');
  await made.untilStill();
  expect(made.read('hello.txt')).toBe('Hello from hello\nTo the reader.\n');
  expect(made.git('status', '--porcelain')).toBe('');
  expect(away(aynig, 'status').stdout).toContain('waiting');
  const page = join(root, 'page.html');
  expect(away(aynig, 'trace', '-o', page).stdout).toBe(`${page}\n`);
  expect(readFileSync(page, 'utf8')).toContain('Mike Bostock');
  expect(away(aynig, 'uninstall').exitCode).toBe(0);
  expect(readdirSync(join(made.path, '.git/hooks'))).toEqual([]);
});
