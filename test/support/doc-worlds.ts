import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bareEnvironment, cliPath, identify, projectRoot, type Scratch, templateRepository } from './scratch.js';
import { home, Workspace } from './workspace.js';

/** What a page finds before its first command line. */
export interface DocWorld {
  readonly root: string;
  readonly cwd: string;
  readonly env: Record<string, string>;
}

const worlds: Readonly<Record<string, (root: string, env: Record<string, string>) => string>> = {
  /** A home directory with a repository in it that has one commit. */
  home: (root, env) => {
    repository(root, env, 'your-repository');
    return root;
  },
  /** That repository. */
  repo: (root, env) => repository(root, env, 'your-repository').path,
  /** The same with hooks and three commands: `build`, `fails`, and `slow`, which waits for the file `~/go`. */
  workflow: (root, env) => workflow(root, env).path,
  /** The same with the ops pack. */
  pack: (root, env) => withPack(workflow(root, env)).path,
  /** The workflow, and in `~/aynig` what a clone of this project has of packs. */
  project: (root, env) => {
    const there = repository(root, env, 'aynig');
    cpSync(join(projectRoot, 'ops-workflow-pack'), join(there.path, 'ops-workflow-pack'), { recursive: true });
    there.git('add', '--all');
    there.git('commit', '--quiet', '--message', 'The ops pack');
    return workflow(root, env).path;
  },
  /** `origin.git` and two clones of it, `ana` and `bob`, both with hooks; in `ana`. */
  team: (root, env) => {
    const seed = workflow(root, env);
    seed.git('clone', '--quiet', '--bare', seed.path, join(root, 'origin.git'));
    const [ana] = ['ana', 'bob'].map((name) => {
      seed.git('clone', '--quiet', '--template=', join(root, 'origin.git'), join(root, name));
      const clone = new Workspace(root, join(root, name), env);
      settle(clone, `${name}-laptop`);
      clone.git('config', 'user.name', `${name === 'ana' ? 'Ana' : 'Bob'} Example`);
      clone.init();
      clone.aynig(['allow', '--yes']);
      return clone;
    });
    rmSync(seed.path, { recursive: true });
    return ana?.path ?? root;
  },
  /** A bare repository `/srv/git/project.git` and `/srv/aynig`; in a home directory with a clone of it. */
  server: (root, env) => {
    const seed = workflow(root, env);
    mkdirSync(join(root, 'srv/git'), { recursive: true });
    mkdirSync(join(root, 'srv/aynig/project'), { recursive: true });
    seed.git('clone', '--quiet', '--bare', seed.path, join(root, 'srv/git/project.git'));
    return root;
  },
};

export const worldNames: readonly string[] = Object.keys(worlds);

/** Makes a world of that name. It goes, with every process in it, when the test ends. */
export function docWorld(name: string): DocWorld {
  const root = home('aynig-docs-');
  const env = { ...bareEnvironment(root), PATH: `${join(root, 'bin')}:${process.env['PATH']}` };
  const made = worlds[name];
  if (made === undefined) throw new Error(`no page can ask for a world called ${name}; there are: ${worldNames.join(', ')}`);
  new Workspace(root, root, env).script('bin/aynig', `exec '${process.execPath}' '${cliPath}' "$@"`);
  return { root, cwd: made(root, env), env };
}

function repository(root: string, env: Record<string, string>, name: string): Workspace {
  const path = join(root, name);
  cpSync(templateRepository(), path, { recursive: true });
  const made = new Workspace(root, path, env);
  settle(made, 'ana-laptop');
  return made;
}

function settle(made: Scratch, runner: string): void {
  identify((...args) => made.git(...args));
  made.git('config', 'aynig.runnerId', runner);
}

function workflow(root: string, env: Record<string, string>): Workspace {
  const made = repository(root, env, 'your-repository');
  const commit = (title: string, next: string): string => `git commit --quiet -m '${title}' -m 'aynig-state: ${next}'`;
  const commands = {
    build: `set -eu\necho "building for $AYNIG_BRANCH"\nprintf '%s\\n' "$AYNIG_BODY" >built.txt\ngit add built.txt\n${commit('Build it', 'review')}`,
    fails: 'echo "3 tests failed"\nexit 3',
    slow: `set -eu\necho "waiting"\nuntil [ -e "$HOME/go" ]; do sleep 0.05; done\necho slow >slow.txt\ngit add slow.txt\n${commit('Take time', 'review')}`,
  };
  for (const [state, script] of Object.entries(commands)) made.write(`.aynig/command/${state}`, `#!/bin/sh\n${script}\n`, 0o755);
  made.git('add', '.aynig');
  made.git('commit', '--quiet', '--message', 'Add commands');
  made.init();
  made.git('add', '--all');
  if (made.git('status', '--porcelain') !== '') made.git('commit', '--quiet', '--message', 'Add the rest of .aynig');
  return made;
}

function withPack(made: Workspace): Workspace {
  cpSync(join(projectRoot, 'ops-workflow-pack/command'), join(made.path, '.aynig/command'), { recursive: true });
  cpSync(join(projectRoot, 'ops-workflow-pack/COMMANDS.md'), join(made.path, '.aynig/COMMANDS.md'));
  made.git('add', '--all', '--', '.aynig');
  made.git('commit', '--quiet', '--message', 'Install ops');
  return made;
}
