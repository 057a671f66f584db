import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BranchName, RefName } from '../../src/git/names.js';
import { type Journal, openJournals } from '../../src/runner/journal.js';
import { identityOf } from '../../src/runner/process-identity.js';
import { oidOf } from '../support/commits.js';
import { temporaryDirectory } from '../support/scratch.js';

const runId = '0b0e7d3a-4c1d-4f7e-9a55-0123456789ab';
const journal: Journal = {
  version: 1,
  runId,
  branch: 'topic/ü' as BranchName,
  ref: 'refs/heads/topic/ü' as RefName,
  state: 'build',
  request: oidOf('request'),
  runner: identityOf(process.pid),
  phase: 'claiming',
  worktree: '/repo/.worktrees/a b\n"c"',
  startedAt: 1_700_000_000,
};

const opened = () => {
  const common = temporaryDirectory();
  return { journals: openJournals(common), folder: join(common, 'aynig/runs') };
};

describe('the journal of a run', () => {
  it('is read back as it was written, and is gone when it was removed', () => {
    const { journals } = opened();
    journals.write(journal);
    expect(journals.read(runId)).toEqual(journal);
    const later: Journal = { ...journal, phase: 'ended', lease: oidOf('lease'), end: { exitCode: 3 }, result: oidOf('result') };
    journals.write(later, { sync: false });
    expect(journals.read(runId)).toEqual(later);
    journals.remove(runId);
    expect(journals.read(runId)).toBeUndefined();
    journals.remove(runId);
  });

  it('is for its owner only', () => {
    const { journals, folder } = opened();
    journals.write(journal);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, `${runId}.json`)).mode & 0o777).toBe(0o600);
  });

  it('takes the files beside it along when it goes, but not a lock that a sweeper holds', () => {
    const { journals, folder } = opened();
    journals.write(journal);
    for (const kind of ['body', 'cancel', 'lock'] as const) writeFileSync(journals.fileFor(runId, kind), '');
    journals.remove(runId);
    expect(readdirSync(folder)).toEqual([`${runId}.lock`]);
  });

  it('shows the last sign of life', () => {
    const { journals, folder } = opened();
    expect(journals.touchedAt(runId)).toBeUndefined();
    journals.write(journal);
    utimesSync(join(folder, `${runId}.json`), 1_000_000, 1_000_000.9);
    expect(journals.touchedAt(runId)).toBe(1_000_000);
    const before = Math.floor(Date.now() / 1000);
    journals.touch(runId);
    expect(journals.touchedAt(runId)).toBeGreaterThanOrEqual(before);
    expect(journals.read(runId)).toEqual(journal);
  });

  it('is not brought back by a sign of life after its end', () => {
    const { journals, folder } = opened();
    journals.touch(runId);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('all journals of a clone', () => {
  it('are none where nothing ever ran', () => {
    expect(opened().journals.all()).toEqual([]);
  });

  it('are those of all runs, and nothing else that lies beside them', () => {
    const { journals, folder } = opened();
    const other = { ...journal, runId: '1b0e7d3a-4c1d-4f7e-9a55-0123456789ab' };
    journals.write(journal);
    journals.write(other);
    for (const name of [`${runId}.body`, `${runId}.lock`, `${runId}.json.4711.tmp`]) writeFileSync(join(folder, name), 'x');
    expect(journals.all().sort((a, b) => a.runId.localeCompare(b.runId))).toEqual([journal, other]);
  });

  it.each([
    ['empty', ''],
    ['cut short', '{"version":1,"runId":"0b0'],
  ])('are not hidden by one that a power cut left %s', (_, text) => {
    const { journals, folder } = opened();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '2b0e7d3a-4c1d-4f7e-9a55-0123456789ab.json'), text);
    journals.write(journal);
    expect(journals.all()).toEqual([journal]);
  });
});
