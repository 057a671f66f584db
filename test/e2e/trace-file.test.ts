import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cliPath, type Scratch, scratch } from '../support/scratch.js';
import { dataOf } from '../support/trace-page.js';

describe('the file', () => {
  const asked = (): Scratch => {
    const made = scratch();
    made.request('build');
    return made;
  };

  test('is for its owner alone, and nothing else of the repository changes', () => {
    const made = asked();
    const before = [made.git('for-each-ref'), made.git('count-objects'), readdirSync(join(made.path, '.git')).join()];
    const path = join(made.root, 'page.html');
    expect(made.aynig(['trace', '-o', path]).stdout).toBe(`${path}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect([made.git('for-each-ref'), made.git('count-objects'), readdirSync(join(made.path, '.git')).join()]).toEqual(before);
    expect(existsSync(join(made.path, '.aynig'))).toBe(false);
    expect(made.git('status', '--porcelain')).toBe('');
    expect(readdirSync(made.root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('replaces a page that was made before, and nothing else unless it is forced to', () => {
    const made = asked();
    made.aynig(['trace']);
    made.request('check');
    made.aynig(['trace']);
    expect(dataOf(made.read('aynig-trace.html')).events).toHaveLength(2);
    made.write('other.html', 'mine\n');
    const refused = made.aynig(['trace', '-o', 'other.html'], { expected: 1 });
    expect(refused.stderr).toContain('[output-exists]');
    expect(made.read('other.html')).toBe('mine\n');
    made.aynig(['trace', '-o', 'other.html', '--force']);
    expect(dataOf(made.read('other.html')).events).toHaveLength(2);
  });

  test('is never a folder, a device, a link that leads nowhere, or in a folder that is not there', () => {
    const made = asked();
    mkdirSync(join(made.path, 'folder'));
    symlinkSync('/dev/null', join(made.path, 'device'));
    symlinkSync('nowhere', join(made.path, 'dangling'));
    made.write('plain', 'x');
    for (const [path, code] of [
      ['folder', 'output-exists'],
      ['device', 'output-exists'],
      ['dangling', 'output-exists'],
      ['absent/page.html', 'output-folder'],
      ['plain/page.html', 'output-folder'],
    ] as const) {
      const answer = made.aynig(['trace', '--force', '-o', path], { expected: 1 });
      expect(answer.stderr, path).toContain(`[${code}]`);
    }
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('has a name and a size that the file system takes', () => {
    const made = asked();
    symlinkSync('circle', join(made.path, 'circle'));
    for (const path of ['n'.repeat(300), 'circle/page.html', 'circle'])
      expect(made.aynig(['trace', '-o', path], { expected: 1 }).stderr, path).toMatch(
        /^aynig: [^\n]* cannot be written: (?:ENAMETOOLONG|ELOOP)\. \[output-folder\]\nhint: .*\n$/,
      );
    const limited = made.program('sh', ['-c', 'ulimit -f 20; exec "$0" "$@"', process.execPath, cliPath, 'trace'], { expected: 1 });
    expect(limited.stderr).toContain('aynig-trace.html cannot be written: EFBIG. [output-folder]');
    expect(readdirSync(made.path).filter((name) => name.includes('html'))).toEqual([]);
    const longest = `${'n'.repeat(250)}.html`;
    expect(made.aynig(['trace', '-o', longest]).stdout).toBe(`${join(made.path, longest)}\n`);
  });

  test('is written through a link to a page', () => {
    const made = asked();
    const real = join(made.root, 'real.html');
    made.aynig(['trace', '-o', real]);
    symlinkSync(real, join(made.path, 'link.html'));
    made.request('check');
    expect(made.aynig(['trace', '-o', 'link.html']).stdout).toBe(`${real}\n`);
    expect(dataOf(readFileSync(real, 'utf8')).events).toHaveLength(2);
  });

  test('is standard output where it is called -', () => {
    const made = asked();
    const { stdout } = made.aynig(['trace', '-o', '-']);
    expect(dataOf(stdout).events).toHaveLength(1);
    expect(stdout.startsWith('<!doctype html>')).toBe(true);
  });
});
