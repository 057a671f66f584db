import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RefName } from '../../src/git/names.js';
import type { Context } from '../../src/kernel/context.js';
import type { Reading } from '../../src/kernel/decide.js';
import { openContext } from '../../src/kernel/open-context.js';
import { type Surveyed, survey, surveyEach } from '../../src/kernel/survey.js';
import { identityOf } from '../../src/runner/process-identity.js';
import { type Scratch, scratch } from '../support/scratch.js';

async function contextOf(repo: Scratch, startedBy: Context['startedBy'] = 'person'): Promise<Context> {
  const context = await openContext({ cwd: repo.path, environment: repo.env, startedBy });
  onTestFinished(() => context.objects.close());
  return context;
}

async function all(context: Context): Promise<Surveyed[]> {
  const surveyed: Surveyed[] = [];
  for await (const found of surveyEach(context)) surveyed.push(found);
  return surveyed;
}

/** What each branch means, by name; the code of the failure for one that cannot be read. */
async function readings(context: Context): Promise<Record<string, Reading | string>> {
  const surveyed = await all(context);
  return Object.fromEntries(surveyed.map((found) => [found.at.branch, 'failure' in found ? found.failure.code : found.reading]));
}

/** Damages a loose object in place. */
function corrupt(repo: Scratch, name: string): void {
  const file = join(repo.path, '.git/objects', name.slice(0, 2), name.slice(2));
  repo.program('chmod', ['u+w', file]);
  writeFileSync(file, 'this is no object');
}

describe('what the tips of a repository mean', () => {
  it('is read for every branch at once', async () => {
    const repo = scratch();
    repo.command('build', 'true');
    repo.git('branch', 'plain');
    repo.request('build');
    repo.git('checkout', '--quiet', '-b', 'waits', 'plain');
    repo.request('review');
    repo.git('checkout', '--quiet', '-b', 'held', 'plain');
    repo.request('working', { trailers: ['aynig-lease-seconds: 600'] });
    repo.git('checkout', '--quiet', '-b', 'wrong', 'plain');
    repo.request('a', { trailers: ['aynig-state: b'] });
    repo.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    expect(await readings(await contextOf(repo))).toMatchObject({
      main: { kind: 'ready', state: 'build' },
      plain: { kind: 'idle' },
      waits: { kind: 'waiting', why: 'no-command' },
      held: { kind: 'leased' },
      wrong: { kind: 'invalid' },
    });
    expect(Object.keys(await readings(await contextOf(repo)))).toHaveLength(5);
  });

  it('is read for the branches that are asked for only', async () => {
    const repo = scratch();
    repo.git('branch', 'other');
    const found = await survey(await contextOf(repo), ['refs/heads/other' as RefName]);
    expect(found.map(({ at }) => at.branch)).toEqual(['other']);
  });

  it('is not hidden by one damaged branch', async () => {
    const repo = scratch();
    for (const branch of ['a', 'b', 'c']) {
      repo.git('checkout', '--quiet', '-b', branch, 'main');
      repo.request('build', { title: branch });
    }
    repo.git('checkout', '--quiet', 'main');
    corrupt(repo, repo.head('b'));
    expect(await readings(await contextOf(repo))).toMatchObject({
      a: { kind: 'waiting' },
      b: 'corrupt-object',
      c: { kind: 'waiting' },
      main: { kind: 'idle' },
    });
  });

  it('is untrusted for a hook when the request was not committed here, and ready when it was', async () => {
    const repo = scratch();
    repo.command('build', 'true');
    repo.request('build');
    repo.git('branch', 'copied');
    repo.aynig(['allow', '--yes']);
    expect(await readings(await contextOf(repo, 'hook'))).toMatchObject({ main: { kind: 'ready' }, copied: { kind: 'untrusted' } });
    expect(await readings(await contextOf(repo, 'person'))).toMatchObject({ copied: { kind: 'ready' } });
  });

  it('is for the remote to decide once it has the request', async () => {
    const repo = scratch();
    repo.command('build', 'true');
    repo.git('clone', '--quiet', '--bare', repo.path, join(repo.root, 'remote.git'));
    repo.git('remote', 'add', 'origin', join(repo.root, 'remote.git'));
    repo.request('build');
    expect(await readings(await contextOf(repo))).toMatchObject({ main: { kind: 'ready' } });
    repo.git('push', '--quiet', '--set-upstream', 'origin', 'main');
    expect(await readings(await contextOf(repo))).toMatchObject({ main: { kind: 'remote', remote: 'origin' } });
  });

  it('follows what the journal knows of the run that a lease names', async () => {
    const repo = scratch();
    const runId = '0b0e7d3a-4c1d-4f7e-9a55-0123456789ab';
    const lease = repo.request('working', { trailers: [`aynig-run-id: ${runId}`, 'aynig-lease-seconds: 600'] });
    const context = await contextOf(repo);
    const journal = {
      version: 1,
      runId,
      branch: 'main',
      ref: 'refs/heads/main',
      state: 'build',
      request: repo.head('HEAD~1'),
      lease,
      runner: identityOf(process.pid),
      phase: 'running',
      worktree: join(repo.root, 'none'),
      startedAt: 0,
    } as unknown as Parameters<Context['journals']['write']>[0];
    const kind = async (changes: Partial<typeof journal>): Promise<string> => {
      context.journals.write({ ...journal, ...changes });
      const found = (await readings(context))['main'];
      return typeof found === 'string' ? found : (found?.kind ?? 'none');
    };
    const dead = { ...journal.runner, startTime: '1' };
    expect(await kind({})).toBe('leased');
    expect(await kind({ runner: dead })).toBe('expired');
    expect(await kind({ runner: { ...dead, space: 'another host\nboot\npid:[1]' } })).toBe('leased');
    expect(await kind({ runner: dead, ref: 'refs/heads/other' as RefName })).toBe('leased');
    expect(await kind({ runner: dead, lease: journal.request })).toBe('leased');
    expect(await kind({ runner: dead, phase: 'undelivered', result: journal.request })).toBe('undelivered');
    expect(readdirSync(join(repo.path, '.git/aynig/runs'))).toEqual([`${runId}.json`]);
  });
});

describe('the configuration of the reader', () => {
  it.each<[string, string]>([
    ['core.commentChar', ';'],
    ['core.commentChar', 'a'],
    ['trailer.separators', '='],
    ['trailer.foo.key', 'aynig-state'],
    ['trailer.aynig-state.ifexists', 'replace'],
    ['i18n.logOutputEncoding', 'UTF-16'],
    ['i18n.commitEncoding', 'ISO-8859-1'],
    ['log.showSignature', 'true'],
    ['core.quotePath', 'true'],
    ['core.abbrev', '4'],
  ])('does not change what a commit means: %s=%s', async (key, value) => {
    const repo = scratch();
    repo.command('build', 'true');
    repo.request('build', { title: 'prüfe', body: '# keep this line\n; and this', trailers: ['aynig-note: für dich', 'foo= x: y'] });
    repo.git('checkout', '--quiet', '-b', 'legal');
    repo.request('build', { title: 'prüfe', body: '# keep this line\n; and this', trailers: ['aynig-note: für dich'] });
    repo.git('config', key, value);
    const surveyed = await all(await contextOf(repo));
    expect(surveyed.map((found) => ('tip' in found ? found.tip : found.failure))).toMatchObject([
      {
        kind: 'request',
        state: 'build',
        message: {
          title: 'prüfe',
          body: '# keep this line\n; and this',
          trailers: [
            { key: 'aynig-state', value: 'build' },
            { key: 'aynig-note', value: 'für dich' },
          ],
        },
      },
      { kind: 'plain' },
    ]);
  });

  it('does not change what a commit means when objects are replaced', async () => {
    const repo = scratch();
    repo.command('build', 'true');
    const plain = repo.head();
    const request = repo.request('build');
    repo.git('replace', request, plain);
    expect(await readings(await contextOf(repo))).toMatchObject({ main: { kind: 'ready' } });
  });
});
