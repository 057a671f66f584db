import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isOpen } from '../../src/runner/open-file.js';
import { Child } from '../support/children.js';
import { temporaryDirectory } from '../support/scratch.js';

describe.runIf(process.platform === 'linux')('a file', () => {
  test('is open while a process has it open, by whatever name of its folder, and no longer', async () => {
    const folder = temporaryDirectory();
    symlinkSync(folder, join(folder, 'also'));
    const path = join(folder, 'index.lock');
    writeFileSync(path, '');
    writeFileSync(join(folder, 'other.lock'), '');
    expect(isOpen(path)).toBe(false);
    const child = new Child('/bin/sh', ['-c', 'exec 3>"$1"; echo ready; exec sleep 600', 'sh', path]);
    await child.hear();
    expect([isOpen(path), isOpen(join(folder, 'also', 'index.lock')), isOpen(join(folder, 'other.lock'))]).toEqual([true, true, false]);
    await child.end();
    expect(isOpen(path)).toBe(false);
  });

  test('is not open where there is none, nor its folder', () => {
    const folder = temporaryDirectory();
    expect([isOpen(join(folder, 'gone.lock')), isOpen(join(folder, 'gone', 'gone.lock'))]).toEqual([false, false]);
  });
});
