import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RefName } from '../../src/git/names.js';
import { openContext } from '../../src/kernel/open-context.js';
import { survey } from '../../src/kernel/survey.js';
import { cliPath, type Scratch } from '../support/scratch.js';
import { hooked, skipBecause } from '../support/workspace.js';

/** How many git processes a look at one branch starts. */
function gitCalls(made: Scratch, branch: string): number {
  const trace = join(made.root, `trace-${Math.random()}`);
  made.aynig(['status', branch], { env: { GIT_TRACE2_EVENT: trace } });
  return readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { event: string; sid: string })
    .filter(({ event, sid }) => event === 'start' && !sid.includes('/')).length;
}

test('asking whether a request is allowed takes one more git process at most', () => {
  const made = hooked();
  made.git('branch', 'seen');
  made.git('switch', '--quiet', 'seen');
  made.request('build');
  made.git('remote', 'add', 'theirs', made.path);
  made.git('fetch', '--quiet', 'theirs');
  // Came by a way that only a signature or a remote can vouch for.
  made.git('branch', 'brought', 'seen');
  made.git('config', 'aynig.trust', 'branch');
  const unasked = gitCalls(made, 'brought');
  made.git('config', 'aynig.trust', 'pinned');
  const counts = { local: gitCalls(made, 'seen') - unasked, brought: gitCalls(made, 'brought') - unasked, remote: 0, signed: 0 };
  made.aynig(['allow', '--remote', 'theirs', '--yes']);
  counts.remote = gitCalls(made, 'brought') - unasked;
  const commit = made
    .git('cat-file', 'commit', 'HEAD')
    .replace('\n\n', '\ngpgsig -----BEGIN SSH SIGNATURE-----\n x\n -----END SSH SIGNATURE-----\n\n');
  const signed = made.gitAnswer(['hash-object', '-t', 'commit', '-w', '--stdin'], { input: `${commit}\n`, expected: 0 }).stdout.trim();
  made.git('branch', 'signed', signed);
  counts.signed = gitCalls(made, 'signed') - unasked;
  process.stdout.write(`trust check, git processes more: ${JSON.stringify(counts)}\n`);
  expect(Math.max(...Object.values(counts))).toBeLessThanOrEqual(1);
  expect(counts).toMatchObject({ local: 0, signed: 1 });
});

test('the record of what is allowed is read once for all branches of a look', (context) => {
  const made = hooked();
  if (made.program('sh', ['-c', 'command -v strace'], { expected: 'any' }).exitCode !== 0)
    return skipBecause('counting how often the record of what is allowed is read, which needs strace', context);
  made.request('build');
  for (let at = 0; at < 5; at++) made.git('branch', `b${at}`);
  const trace = join(made.root, 'trace');
  const looked = made.program('strace', ['-f', '-qq', '-e', 'trace=openat', '-o', trace, process.execPath, cliPath, 'status', '--all']);
  expect(looked.stdout.match(/build/g)?.length).toBeGreaterThanOrEqual(6);
  expect(readFileSync(trace, 'utf8').match(/state\/aynig\/trust\/[0-9a-f]+\.json"/g)).toHaveLength(1);
});

test('what is allowed meanwhile counts at the next look', async () => {
  const made = hooked();
  made.request('build');
  made.aynig(['allow', '--revoke']);
  const context = await openContext({ cwd: made.path, environment: made.env, startedBy: 'hook' });
  onTestFinished(() => context.objects.close());
  const look = async (): Promise<string> => {
    const [found] = await survey(context, ['refs/heads/main' as RefName]);
    return found === undefined || 'failure' in found ? 'failed' : found.reading.kind;
  };
  expect(await look()).toBe('untrusted');
  made.aynig(['allow', '--yes']);
  expect(await look()).toBe('ready');
  made.aynig(['allow', '--revoke']);
  expect(await look()).toBe('untrusted');
});
