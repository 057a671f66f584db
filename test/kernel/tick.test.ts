import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { oid, type RefName } from '../../src/git/names.js';
import { readBranchTips } from '../../src/git/refs.js';
import { openContext } from '../../src/kernel/open-context.js';
import { tick } from '../../src/kernel/tick.js';
import type { Journal } from '../../src/runner/journal.js';
import { groupIsAlive, identityOf } from '../../src/runner/process-identity.js';
import { Child } from '../support/children.js';
import { scratch } from '../support/scratch.js';

const runId = '5b0e7d3a-4c1d-4f7e-9a55-0123456789ab';
const main = 'refs/heads/main' as RefName;

describe('a lease whose runner on this host is dead', () => {
  it('is released only when nothing of its command runs any more', async () => {
    const repo = scratch();
    const request = oid(repo.request('build'));
    const lease = oid(
      repo.request('working', { trailers: [`aynig-run-id: ${runId}`, 'aynig-origin-state: build', 'aynig-lease-seconds: 600'] }),
    );
    const orphan = new Child('/bin/sh', ['-c', 'echo ready; exec sleep 600'], { detached: true });
    await orphan.hear();
    const context = await openContext({ cwd: repo.path, environment: repo.env, startedBy: 'person' });
    onTestFinished(() => context.objects.close());
    const journal: Journal = {
      version: 1,
      runId,
      branch: 'main' as Journal['branch'],
      ref: main,
      state: 'build',
      request,
      lease,
      runner: { ...identityOf(process.pid), startTime: '1' },
      command: identityOf(orphan.pid),
      phase: 'running',
      worktree: join(repo.path, '.worktrees', runId),
      startedAt: context.now(),
    };
    context.journals.write(journal);

    const [at] = await readBranchTips(context.repository.git, [main]);
    if (at === undefined) throw new Error('no branch');
    await tick(context, at, {});

    expect(groupIsAlive(orphan.pid)).toBe(repo.state() === 'working');
  });
});
