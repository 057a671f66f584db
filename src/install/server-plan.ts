import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Repository } from '../git/repository.js';
import type { ByHand } from './by-hand.js';
import { isExecutable, textOf } from './detect.js';
import { readHooksPath } from './hooks-path.js';
import { isShell } from './plan.js';
import { isOwnHook } from './rendered.js';
import { withServerBlock } from './server-block.js';
import { type ServerHookName, serverHookNames, serverHookText, serverRenderedFolder } from './server-hooks.js';
import { type Step, writing } from './steps.js';

/** What `init --bare` would do about hooks. */
export interface ServerPlan {
  /** Whose hooks these are, in words. */
  readonly beside: string;
  readonly steps: readonly Step[];
  /** What an admin has to do; then the steps change nothing. */
  readonly byHand: readonly ByHand[];
}

/** Plans how the hooks of this server and ours both run. Looks only. */
export async function planServer(repository: Repository): Promise<ServerPlan> {
  const { commonDir } = repository;
  const hooksPath = await readHooksPath(repository);
  if (hooksPath !== undefined && hooksPath.scope !== 'link')
    return byHand(
      `${hooksPath.folder} (core.hooksPath in ${hooksPath.origin})`,
      commonDir,
      hooksPath.folder,
      'one file for all repositories, or',
    );
  const hooks = join(commonDir, 'hooks');
  if (lstatSync(hooks, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    return byHand(`${realpathSync(hooks)}, which other repositories may share`, commonDir, hooks, 'called from there, or');
  if (
    serverHookNames.some((name) => isFolder(join(hooks, `${name}.d`))) &&
    serverHookNames.some((name) => /\.d\b/.test(textOf(join(hooks, name))))
  )
    return inFolders('Gitea or Forgejo', hooks);
  if (isFolder(join(commonDir, 'custom_hooks'))) return inFolders('GitLab', join(commonDir, 'custom_hooks'));
  if (/\/@hashed\//.test(`${commonDir}/`)) return gitlab(commonDir);
  if (serverHookNames.some((name) => isGitolite(join(hooks, name)))) return gitolite(hooks);
  return besidePlain(commonDir, hooks);
}

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** A folder of executables that another program runs one after another; its own files are made anew and never ours to change. */
const inFolders = (beside: string, folder: string): ServerPlan => ({
  beside,
  steps: serverHookNames.map((name) => writing(join(folder, `${name}.d`, 'aynig'), serverHookText(name), 0o755)),
  byHand: [],
});

function besidePlain(commonDir: string, hooks: string): ServerPlan {
  const steps: Step[] = [];
  const hand: ByHand[] = [];
  let called = false;
  for (const name of serverHookNames) {
    const path = join(hooks, name);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined || isOwnHook(path)) steps.push(writing(path, serverHookText(name), 0o755));
    else if (isShell(path) && isExecutable(path)) {
      called = true;
      steps.push(writing(path, withServerBlock(readFileSync(path, 'utf8'), name), 0o755, { keepMode: true }));
    } else hand.push(foreign(commonDir, path, name));
  }
  if (hand.length > 0) return { beside: 'another program', steps: [], byHand: hand };
  return { beside: 'the hooks that are here', steps: [...(called ? rendered(commonDir) : []), ...steps], byHand: [] };
}

const rendered = (commonDir: string): Step[] =>
  serverHookNames.map((name) => writing(join(commonDir, serverRenderedFolder, name), serverHookText(name), 0o755));

/** A hook that nothing can be added to keeps its content and gets another name beside one that calls both. */
function foreign(commonDir: string, path: string, name: ServerHookName): ByHand {
  const shown = relative(commonDir, path);
  if (lstatSync(path).isFile() && !isExecutable(path))
    return {
      file: shown,
      note: 'git ignores it, because it is not executable; in a shell, one of',
      lines: [`chmod +x ${path}`, `rm ${path}`],
    };
  return {
    file: shown,
    note: `a new executable file, after the one that is there got the name ${name}.theirs and ours was written to ${name}.aynig`,
    lines: ['#!/bin/sh', 'push=$(cat)', ...callBoth(name), `printf '%s\\n' "$push" | "$0.theirs"`, '', ...writeOurs(`${path}.aynig`, name)],
  };
}

const callBoth = (name: ServerHookName): string[] => [`printf '%s\\n' "$push" | "$0.aynig" || ${name === 'pre-receive' ? 'exit 1' : ':'}`];

/** What a person types to have our hook in a file. */
const writeOurs = (path: string, name: ServerHookName): string[] => [
  `# ours, in a shell: aynig init --print-hook ${name} >${path} && chmod +x ${path}`,
];

function byHand(beside: string, commonDir: string, folder: string, note: string): ServerPlan {
  return {
    beside,
    steps: [],
    byHand: serverHookNames.map((name) => ({
      file: join(folder, name),
      note: `${note} in this repository alone: git -C ${commonDir} config core.hooksPath ${join(commonDir, 'hooks')}, and init again`,
      lines: writeOurs(join(folder, name), name),
    })),
  };
}

const isGitolite = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
  (!existsSync(path) || /\/hooks\/(?:common|repo-specific)\//.test(realpathSync(path)));

/** Links into a folder that all repositories share: what is written through them would be every repository's. */
const gitolite = (hooks: string): ServerPlan => ({
  beside: 'gitolite',
  steps: [],
  byHand: [
    ...serverHookNames.map((name) => ({
      file: `$LOCAL_CODE/hooks/common/${name}`,
      note: 'for all repositories; then: gitolite setup --hooks-only. Never as "update", which is gitolite\'s own',
      lines: writeOurs(`$LOCAL_CODE/hooks/common/${name}`, name),
    })),
    ...serverHookNames.map((name) => ({
      file: `$LOCAL_CODE/hooks/repo-specific/aynig-${name}`,
      note: `for one repository, whose hook is ${join(hooks, name)}; with the feature 'repo-specific-hooks' in .gitolite.rc`,
      lines: [
        ...writeOurs(`$LOCAL_CODE/hooks/repo-specific/aynig-${name}`, name),
        `# in gitolite.conf, below the repository: option hook.${name} = aynig-${name}`,
      ],
    })),
  ],
});

const gitlab = (commonDir: string): ServerPlan => ({
  beside: 'GitLab',
  steps: [],
  byHand: [
    {
      file: 'a tar archive',
      note: 'on every Gitaly node, as the user git; docs/operate/server.md says more',
      lines: [
        ...serverHookNames.flatMap((name) => [`mkdir -p custom_hooks/${name}.d`, ...writeOurs(`custom_hooks/${name}.d/aynig`, name)]),
        'tar -cf aynig-hooks.tar custom_hooks',
        `gitaly hooks set --storage <storage> --repository ${/@hashed\/.*/.exec(commonDir)?.[0] ?? '<path>'} --config <gitaly.toml> <aynig-hooks.tar`,
      ],
    },
  ],
});
