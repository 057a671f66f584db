import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Scratch } from '../support/scratch.js';
import { hooked } from '../support/workspace.js';

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
