import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeFile, writeDurably } from '../../src/runner/durable-file.js';
import { Child, scriptOf } from '../support/children.js';
import { temporaryDirectory } from '../support/scratch.js';

describe('a durable file', () => {
  it.each([[true], [false]])('has the new content and is readable by its owner only (sync: %s)', (sync) => {
    const path = join(temporaryDirectory(), 'file');
    writeDurably(path, 'one', { sync });
    writeDurably(path, 'zwei 日本', { sync });
    expect(readFileSync(path, 'utf8')).toBe('zwei 日本');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing else behind', () => {
    const folder = temporaryDirectory();
    writeDurably(join(folder, 'file'), 'x');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('says so when its folder is missing', () => {
    expect(() => writeDurably(join(temporaryDirectory(), 'none/file'), 'x')).toThrow(/ENOENT/);
  });

  it('keeps its old content when the disk takes only a part of the new one', () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, 'old');
    const script = scriptOf({ writeDurably: 'src/runner/durable-file.ts' }, `writeDurably(${JSON.stringify(path)}, 'n'.repeat(100_000));`);
    // A limit of the file size acts as a full disk does: the first write is cut short, only the next one fails.
    const limited = spawnSync('/bin/sh', ['-c', 'ulimit -f 16; ulimit -c 0; exec "$0" "$1"', process.execPath, script]);
    expect(readFileSync(path, 'utf8').slice(0, 10)).toBe('old');
    expect(limited.status).not.toBe(0);
  });

  it('is at every moment whole, old or new, for whoever reads it meanwhile', async () => {
    const path = join(temporaryDirectory(), 'file');
    const content = (letter: string): string => letter.repeat(50_000);
    writeDurably(path, content('a'));
    const script = scriptOf(
      { writeDurably: 'src/runner/durable-file.ts' },
      // Without an end, so that it is at it for as long as somebody reads.
      `for (let at = 0; ; at++) writeDurably(${JSON.stringify(path)}, 'abc'[at % 3].repeat(50_000), { sync: false });`,
    );
    const writer = new Child(process.execPath, [script]);
    const seen = new Set<string>();
    for (let reads = 0; reads < 400 || seen.size < 3; reads++) {
      const text = readFileSync(path, 'utf8');
      expect([content('a'), content('b'), content('c')].includes(text)).toBe(true);
      seen.add(text);
      await new Promise((next) => setImmediate(next));
    }
    await writer.end();
  });
});

describe('removing a file', () => {
  it('is done whether it was there or not', () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, '');
    removeFile(path);
    expect(existsSync(path)).toBe(false);
    removeFile(path);
  });

  it('says so when it cannot be done', () => {
    const path = join(temporaryDirectory(), 'folder');
    mkdirSync(path);
    expect(() => removeFile(path)).toThrow();
  });
});
