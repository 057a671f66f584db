import { describe, expect, test } from 'vitest';
import { filesOf } from '../../src/trace-page/patch.js';
import { dayWords, duration, tickWords, utc } from '../../src/trace-page/time.js';
import { middleCut } from '../../src/trace-page/words.js';

describe('times', () => {
  test('are written in UTC, whatever a commit claims', () => {
    expect(utc(1_700_000_000)).toBe('2023-11-14 22:13:20');
    expect(utc(1e300)).toBe('+275760-09-13 00:00:00');
    expect(utc(-1e300)).toBe('-271821-04-20 00:00:00');
  });

  test.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [200, '3 min 20 s'],
    [7_200, '2 h'],
    [93_600, '1 d 2 h'],
  ])('of %i seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  test('of the axis are as exact as its marks are near', () => {
    const at = new Date(Date.UTC(2026, 0, 31, 4, 5, 6, 70));
    const steps = [500, 5_000, 300_000, 86_400_000, 30 * 86_400_000, 366 * 86_400_000];
    expect(steps.map((step) => tickWords(at, step))).toEqual(['04:05:06.070', '04:05:06', '04:05', '31 Jan', 'Jan 2026', '2026']);
    expect(dayWords(at)).toBe('31 Jan 2026');
  });
});

test('a long name is cut in its middle', () => {
  expect(middleCut('feature/a-long-name-1', 11)).toBe('featu…ame-1');
  expect(middleCut('main', 4)).toBe('main');
  expect(middleCut('name', 1)).toBe('n…');
});

test('a patch is taken apart by its files, and lines that look like headers stay where they are', () => {
  const patch = [
    'diff --git a/a b.txt b/a b.txt',
    'index 1..2 100644',
    '--- a/a b.txt',
    '+++ b/a b.txt',
    '@@ -1 +1,2 @@',
    '--- a/x',
    '+index',
    'diff --git a/old b/new',
    'similarity index 100%',
    'rename from old',
    'rename to new',
    'diff --git "a/t\\303\\266" "b/t\\303\\266"',
    'Binary files differ',
  ];
  expect(filesOf(patch.join('\n'))).toEqual([
    { name: 'a b.txt', lines: ['@@ -1 +1,2 @@', '--- a/x', '+index'] },
    { name: 'old → new', lines: ['similarity index 100%', 'rename from old', 'rename to new'] },
    { name: 't\\303\\266', lines: ['Binary files differ'] },
  ]);
  expect(filesOf('')).toEqual([]);
});
