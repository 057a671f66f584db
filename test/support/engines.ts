import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { bareEnvironment, identify, projectRoot } from './scratch.js';
import { completing, home, type Workspace, workspace } from './workspace.js';

export const templatePath = (name: string): string => join(projectRoot, 'templates/engines', name);
export const templateText = (name: string): string => readFileSync(templatePath(name), 'utf8');
const yaml = <T>(name: string): T => parse(templateText(name)) as T;

export const workflow = () =>
  yaml<{ jobs: { run: { if: string; steps: { run?: string; uses?: string; with?: Record<string, unknown> }[] } } }>('github-actions.yml');
export const gitlabJob = () => yaml<{ aynig: { script: string[]; rules: unknown[] } }>('gitlab-ci.yml').aynig;
export const cronJob = () =>
  yaml<{ spec: { jobTemplate: { spec: { template: { spec: PodSpec } } } } }>('kubernetes-cronjob.yaml').spec.jobTemplate.spec.template.spec;

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly { command: string[]; args: string[]; env: { name: string; value?: string }[] }[];
}

/** What an engine would start: a program with its arguments, in its directory, with its variables. */
export interface Job {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
}

/** A machine of an engine: a directory of its own, a remote, and a package to install as `aynig`. */
export interface Machine {
  readonly root: string;
  readonly env: Record<string, string>;
  /** Address of the remote, ending in `.git`. */
  readonly remote: string;
  /** What `npm install` takes. */
  readonly package: string;
}

/** Makes a machine below the directory of the test, whose `$HOME` all machines share so that commands can leave notes there. */
export function machine(origin: { root: string; remote: string }, name: string, packed: string): Machine {
  const root = join(origin.root, `machine-${name}`);
  mkdirSync(root);
  const env = bareEnvironment(origin.root);
  return {
    root,
    remote: origin.remote,
    package: packed,
    env: {
      ...env,
      XDG_STATE_HOME: join(root, 'state'),
      npm_config_prefix: join(root, 'prefix'),
      npm_config_offline: 'true',
      npm_config_cache: join(origin.root, 'npm-cache'),
      npm_config_update_notifier: 'false',
      PATH: [join(root, 'prefix/bin'), env['PATH']].join(delimiter),
    },
  };
}

function checkout(from: Machine): string {
  const path = join(from.root, 'checkout');
  call(from, 'git', ['clone', '--quiet', from.remote, path], from.root);
  return path;
}

function call(from: Machine, file: string, args: readonly string[], cwd: string): void {
  const result = spawnSync(file, args, { cwd, env: from.env, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${file} ${args.join(' ')} exited with ${result.status}\n${result.stdout}\n${result.stderr}`);
}

const script = (from: Machine, text: string): string => {
  const path = join(from.root, 'job.sh');
  writeFileSync(path, text);
  return path;
};

/**
 * The job of each template as its engine would start it after its own checkout: `on GitHub`, a step is a file for `bash -e`;
 * on GitLab, the lines of a script are one program; systemd splits a line; Kubernetes starts command and arguments.
 */
export const jobs: Readonly<Record<string, (from: Machine) => Job>> = {
  'GitHub Actions': (from) => {
    const steps = workflow().jobs.run.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    const earlier = steps.slice(0, -1).map((step, index) => {
      const path = join(from.root, `step-${index}.sh`);
      writeFileSync(path, step);
      return path;
    });
    const env = { ...from.env, AYNIG_PACKAGE: from.package, GITHUB_RUN_ID: '77', GITHUB_RUN_ATTEMPT: '1' };
    const cwd = checkout(from);
    for (const step of earlier) call({ ...from, env }, 'bash', ['-e', step], cwd);
    return { file: 'bash', args: ['-e', script(from, steps.at(-1) ?? '')], cwd, env };
  },
  'GitLab CI': (from) => {
    const env = {
      ...from.env,
      AYNIG_PACKAGE: from.package,
      AYNIG_TOKEN: 'glpat-secret',
      CI_JOB_ID: '78',
      CI_PROJECT_URL: from.remote.replace(/\.git$/, ''),
      GITLAB_USER_NAME: 'Ana Example',
      GITLAB_USER_EMAIL: 'ana@example.com',
    };
    return {
      file: 'bash',
      args: ['-eo', 'pipefail', script(from, gitlabJob().script.join('\n'))],
      cwd: checkout({ ...from, remote: localPath(from) }),
      env,
    };
  },
  systemd: (from) => {
    call(from, 'npm', ['install', '--global', '--ignore-scripts', from.package], from.root);
    const cwd = checkout(from);
    const unit = templateText('systemd/aynig@.service');
    const [file = '', ...args] = (/^ExecStart=(.+)$/m.exec(unit)?.[1] ?? '').split(' ');
    const set = [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
    identify((...rest) => call(from, 'git', rest, cwd));
    call(from, 'git', ['config', 'aynig.runnerId', 'systemd-79'], cwd);
    // PATH and HOME are what /etc/aynig/NAME.env and the state directory stand for here.
    return { file, args, cwd, env: { ...Object.fromEntries(set), ...from.env } };
  },
  Kubernetes: (from) => {
    call(from, 'npm', ['install', '--global', '--ignore-scripts', from.package], from.root);
    const [runner] = cronJob().containers;
    if (runner === undefined) throw new Error('the pod has no container');
    const [file = '', ...args] = [...runner.command, ...runner.args];
    const set = runner.env.map(({ name, value }) => [name, value ?? '']);
    return {
      file,
      args,
      cwd: from.root,
      // The volume of the pod is its HOME; here it is the test's, by which processes and notes of the test are found.
      env: { ...Object.fromEntries(set), ...from.env, REPOSITORY: from.remote, POD_NAME: 'aynig-80-x1y2z' },
    };
  },
};

/** Who a job says it is, in its lease commits. */
export const runnerIds: Readonly<Record<string, string>> = {
  'GitHub Actions': 'github-77.1',
  'GitLab CI': 'gitlab-78',
  systemd: 'systemd-79',
  Kubernetes: 'kubernetes-aynig-80-x1y2z',
};

/** Where the repository of the job lies. */
export const cloneOf = (job: Job): string => (job.cwd.endsWith('/checkout') ? job.cwd : join(job.env['HOME'] ?? '', 'clone'));

const localPath = ({ remote }: Machine): string => remote.replace(/^http:\/\/[^/]+\//, '/');

/** A bare repository that stands for the server, with a command for `build`; `seed` is a person's clone. */
export function origin(command = completing('review')): { root: string; remote: string; seed: Workspace } {
  const seed = workspace('seed');
  seed.command('build', command);
  const remote = join(seed.root, 'origin.git');
  seed.git('clone', '--quiet', '--bare', seed.path, remote);
  seed.git('remote', 'add', 'origin', remote);
  return { root: seed.root, remote, seed };
}

/** Packs a directory as `npm pack` does and answers the tarball. */
export function pack(directory: string, into: string): string {
  const result = spawnSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', into, directory], {
    cwd: into,
    env: bareEnvironment(into),
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`npm pack: ${result.stderr}`);
  return join(into, readdirSync(into).find((name) => /^aynig-.*\.tgz$/.test(name)) ?? '');
}

/** A package whose `aynig` is the shell script, instead of ours. */
export function standIn(text: string): string {
  const root = home('aynig-stand-in-');
  const from = join(root, 'package');
  mkdirSync(from);
  writeFileSync(join(from, 'package.json'), JSON.stringify({ name: 'aynig', version: '0.0.0', bin: { aynig: 'aynig' } }));
  writeFileSync(join(from, 'aynig'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return pack(from, root);
}
