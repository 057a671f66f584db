import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { changesFile, completing, skipBecause, Workspace, workspace } from '../support/workspace.js';

const page = readFileSync(join(projectRoot, 'docs/operate/engines.md'), 'utf8');

/** The setting that the page shows for a program, as a person would paste it. */
function shown(program: string): string {
  const line = [...page.matchAll(/^git config aynig\.wrapper '(.+)'$/gm)]
    .map(([, wrapper = '']) => wrapper)
    .find((wrapper) => wrapper.includes(program));
  if (line === undefined) throw new Error(`engines.md shows no wrapper with ${program}`);
  return line;
}

/** A repository whose commands run behind the wrapper; stand-ins for programs that are not here lie first on PATH. */
function wrapped(wrapper: string, standIns: Record<string, string> = {}): Workspace {
  const made = workspace();
  for (const [name, text] of Object.entries(standIns)) made.script(`bin/${name}`, text);
  made.git('config', 'aynig.wrapper', wrapper);
  return new Workspace(made.root, made.path, { ...made.env, PATH: `${made.root}/bin:${made.env['PATH']}` });
}

const runs = (made: Workspace) => made.aynig(['run', '--current-branch', 'only'], { expected: 'any' });

/** Says what it was started with, then starts the rest in its own place, as systemd-run does for a scope. */
const scope = `
printf '%s\\n' "$@" >"$HOME/arguments"
while [ "$1" != -- ]; do shift; done
shift
exec "$@"`;

/**
 * srun: starts the task elsewhere, that is in a session of its own, in the directory of --chdir, with an empty standard
 * input where --input=none says so; hands signals on and ends with the task's code.
 */
const srun = `#!${process.execPath}
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
writeFileSync(process.env.HOME + '/arguments', args.join('\\n') + '\\n');
const rest = args.findIndex((arg) => !arg.startsWith('--'));
const option = (name) => args.slice(0, rest).find((arg) => arg.startsWith(name + '='))?.slice(name.length + 1);
if (option('--input') !== 'none') throw new Error('a task would wait for input');
const task = spawn(args[rest], args.slice(rest + 1), { cwd: option('--chdir') ?? '/', stdio: ['ignore', 'inherit', 'inherit'], detached: true });
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => task.kill(signal));
task.on('exit', (code, signal) => process.exit(signal ? 143 : code));
`;

/**
 * kubectl: a pod has nothing of the caller's environment, does not get the caller's signals, and starts what its definition
 * says in the directory that it says. \`run --attach\` ends with the container's code, or leaves the pod when it is interrupted.
 */
const kubectl = `#!${process.execPath}
const { spawn } = require('node:child_process');
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const { HOME, PATH } = process.env;
const [verb, ...args] = process.argv.slice(2);
const named = (name) => args.find((arg) => arg.startsWith(name + '='))?.slice(name.length + 1);
if (verb === 'run') {
  const pod = args[0];
  const { spec } = JSON.parse(named('--overrides'));
  writeFileSync(HOME + '/overrides', JSON.stringify(spec));
  writeFileSync(HOME + '/run', args.filter((arg) => !arg.startsWith('--overrides=')).join('\\n') + '\\n');
  const [container] = spec.containers;
  // The pod is known before anything in it runs: who deletes it has to find it.
  const begin = ['-c', 'echo $$ >"$0"; exec "$@"', HOME + '/' + pod];
  const task = spawn('/bin/sh', [...begin, ...container.command], { cwd: container.workingDir ?? '/', env: { PATH, HOME }, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  task.on('exit', (code, signal) => process.exit(signal ? 137 : code));
} else {
  appendFileSync(HOME + '/deleted', args.join(' ') + '\\n');
  const file = HOME + '/' + args[1];
  if (existsSync(file)) try { process.kill(-Number(readFileSync(file, 'utf8')), 'SIGTERM'); } catch {}
}
`;

const behind: Record<string, { wrapper: string; standIns: Record<string, string>; usable?: string[] }> = {
  bwrap: { wrapper: shown('bwrap'), standIns: {}, usable: ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--unshare-net', 'true'] },
  'systemd-run': { wrapper: shown('systemd-run'), standIns: { 'systemd-run': scope } },
  srun: { wrapper: shown('srun'), standIns: { srun } },
  'kubectl-run': {
    wrapper: shown('kubectl-run').replace('/opt/aynig', join(projectRoot, 'templates/wrappers')),
    standIns: { kubectl },
  },
};

describe.each(Object.entries(behind))('behind %s', (name, { wrapper, standIns, usable }) => {
  const usableHere = usable === undefined || spawnSync(usable[0] ?? '', usable.slice(1)).status === 0;
  const why = `the wrapper needs ${name}`;

  test('a command works in its worktree, with an empty input and the facts of its run, and commits the next state', (context) => {
    if (!usableHere) return skipBecause(why, context);
    const made = wrapped(wrapper, standIns);
    made.command(
      'build',
      [
        'set -eu',
        'pwd >where.txt',
        'cat >input.txt',
        'printf "%s" "$AYNIG_BODY" >body.txt',
        'printf "%s\\n" "$AYNIG_STATE" "$AYNIG_TRAILER_AYNIG_NOTE" "$GIT_CEILING_DIRECTORIES" >facts.txt',
        'git add . && git commit -q -m done -m "aynig-state: review"',
      ].join('\n'),
    );
    const body = 'It\'s "quoted" `and` $HOME\n\nAYNIG_FAKE=1\nPATH=/nowhere\n\n  two\\n lines';
    made.request('build', { body, trailers: ["aynig-note: don't $(touch evil)"] });
    runs(made);
    expect(made.state()).toBe('review');
    const where = made.read('where.txt').trim();
    expect(where).toMatch(new RegExp(`^${made.path}/\\.worktrees/`));
    expect(made.read('input.txt')).toBe('');
    expect(made.read('body.txt')).toBe(body);
    expect(made.read('facts.txt')).toBe(`build\ndon't $(touch evil)\n${made.path}/.worktrees\n`);
    expect(made.exists('evil')).toBe(false);
  });

  test('the exit code of a command reaches the branch', (context) => {
    if (!usableHere) return skipBecause(why, context);
    const made = wrapped(wrapper, standIns);
    made.command('build', 'exit 7');
    made.request('build');
    runs(made);
    expect(made.state()).toBe('stalled');
    expect(made.trailer('aynig-exit-code')).toBe('7');
  });

  test('a command that is cancelled gets TERM, and nothing of it is left', async (context) => {
    if (!usableHere) return skipBecause(why, context);
    const made = wrapped(wrapper, standIns);
    // Notes lie in the git directory: the only place beside the worktree that each wrapper lets a command write to.
    made.command('build', `trap 'echo TERM >>../../.git/ended; exit 0' TERM\n: >../../.git/up\nwhile :; do sleep 0.05; done`);
    made.request('build');
    const runner = made.start(['run', '--current-branch', 'only']);
    await made.until('the command is up', () => made.exists('.git/up'));
    process.kill(runner.pid ?? 0, 'SIGTERM');
    await made.until('the run has ended', () => made.state() === 'stalled');
    await made.untilStill();
    // bwrap sends no signal on, and ends what is in it by KILL: see the page.
    if (name !== 'bwrap') expect(made.read('.git/ended')).toBe('TERM\n');
  });
});

test('systemd-run and srun get their own options first, then the command alone', () => {
  for (const name of ['systemd-run', 'srun']) {
    const { wrapper, standIns } = behind[name] ?? { wrapper: '', standIns: {} };
    const made = wrapped(wrapper, standIns);
    made.command('build', completing('review', changesFile));
    made.request('build');
    runs(made);
    const [own, command] = [made.note('arguments').trimEnd().split('\n').slice(0, -1), made.note('arguments').trimEnd().split('\n').at(-1)];
    expect(own.filter((arg) => !arg.startsWith('--'))).toEqual([]);
    expect(command).toMatch(/\/\.aynig\/command\/build$/);
    expect(made.read('built.txt')).toContain('built by');
  }
});

describe('kubectl-run', () => {
  const script = join(projectRoot, 'templates/wrappers/kubectl-run');
  const { wrapper, standIns } = behind['kubectl-run'] ?? { wrapper: '', standIns: {} };

  test('makes a pod that runs as the runner does, beside nothing but the volume of the repository', () => {
    const made = wrapped(wrapper, standIns);
    made.command('build', completing('review'));
    made.request('build', { body: 'secret prompt' });
    runs(made);
    const [ran] = made.ran();
    const spec = JSON.parse(made.note('overrides')) as Record<string, unknown> & { containers: Record<string, unknown>[] };
    expect(spec).toMatchObject({
      restartPolicy: 'Never',
      activeDeadlineSeconds: 3600,
      automountServiceAccountToken: false,
      securityContext: { runAsUser: process.getuid?.(), runAsGroup: process.getgid?.() },
      volumes: [{ name: 'repository', persistentVolumeClaim: { claimName: 'aynig-repository' } }],
    });
    expect(spec.containers).toHaveLength(1);
    expect(spec.containers[0]).toMatchObject({
      name: `aynig-${ran?.runId}`,
      image: 'registry.example.com/build:1',
      volumeMounts: [{ name: 'repository', mountPath: '/srv/aynig' }],
    });
    expect(made.note('overrides')).not.toContain('secret prompt');
    expect(made.note('run').split('\n')).toEqual(
      expect.arrayContaining([`aynig-${ran?.runId}`, '--restart=Never', '--attach', '--image=registry.example.com/build:1']),
    );
  });

  test('deletes its pod however the run ends, and leaves no file with facts of the run', () => {
    for (const command of [completing('review'), 'exit 7']) {
      const made = wrapped(wrapper, standIns);
      made.command('build', command);
      made.request('build');
      runs(made);
      expect(made.note('deleted')).toMatch(/^pod aynig-[0-9a-f-]{36} --ignore-not-found/);
      expect(readdirSync(join(made.path, '.git/aynig/runs')).filter((name) => name.endsWith('.sh'))).toEqual([]);
    }
  });

  test('fails the run and deletes the pod when the cluster cannot be reached', () => {
    const made = wrapped(wrapper, { kubectl: 'echo "$1" >>"$HOME/calls"; exit 1' });
    made.command('build', completing('review'));
    made.request('build');
    runs(made);
    expect(made.state()).toBe('stalled');
    expect(made.trailer('aynig-exit-code')).toBe('1');
    expect(made.note('calls')).toBe('run\ndelete\n');
    expect(made.ran()).toEqual([]);
  });

  test('says how it is used outside a run', () => {
    const made = workspace();
    writeFileSync(join(made.root, 'body'), '');
    expect(made.program(script, ['image', 'claim', '/mount', 'true'], { expected: 64 }).stderr).toContain('as aynig.wrapper');
    expect(made.program(script, ['image'], { env: { AYNIG_RUN_ID: 'x' }, expected: 64 }).stderr).toContain('as aynig.wrapper');
  });

  test('also works in a shell that is not dash', () => {
    for (const shell of ['bash --posix', 'busybox sh']) {
      const made = wrapped(wrapper.replace(script, `${shell} ${script}`), standIns);
      made.command('build', completing('review', 'printf "%s" "$AYNIG_BODY" >body.txt; git add body.txt'));
      made.request('build', { body: "It's\n\na $body\\n" });
      runs(made);
      expect(made.read('body.txt')).toBe("It's\n\na $body\\n");
    }
  });
});

test('SECURITY.md and the page show the same sandbox', () => {
  const security = readFileSync(join(projectRoot, 'SECURITY.md'), 'utf8');
  expect(security).toContain(shown('bwrap'));
});
