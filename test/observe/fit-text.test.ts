import { describe, expect, test } from 'vitest';
import { cutEnd, cutMiddle, padTo, widthOf } from '../../src/observe/fit-text.js';
import { printable } from '../../src/printable.js';
import { fc } from '../support/seeded.js';

const title = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('日', 'a', 'e\u0301', '👩‍👩‍👧', '🇩🇪', 'ｶﾞ', '\u0300'), maxLength: 60 }),
);

describe('a text that is fitted to a terminal', () => {
  test.each([
    ['plain', 'plain', 5],
    ['日本語', '日本語', 6],
    ['cafe\u0301', 'cafe\u0301', 4],
    ['long enough', 'long e…', 7],
    ['日本語のタイトル', '日本…', 6],
    ['cafe\u0301 noir', 'cafe\u0301…', 5],
  ])('%s is shown as %s in %i columns', (text, shown, columns) => {
    expect(cutEnd(text, columns)).toBe(shown);
    expect(widthOf(shown)).toBeLessThanOrEqual(columns);
  });

  test('keeps both ends of a name', () => {
    expect(cutMiddle('feature/a-very-long-name-of-a-branch', 15)).toBe('feature…-branch');
    expect(cutMiddle('main', 15)).toBe('main');
    expect(cutMiddle('日本語日本語日本語', 9)).toBe('日本…本語');
  });

  test('never takes more columns than there are, whatever it is', () => {
    fc.assert(
      fc.property(title, fc.integer({ min: 0, max: 40 }), (text, columns) => {
        const clean = printable(text);
        for (const cut of [cutEnd(clean, columns), cutMiddle(clean, columns)]) expect(widthOf(cut)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  test('is filled up by its columns and not by its characters', () => {
    expect(padTo('日本', 6)).toBe('日本  ');
    expect(padTo('e\u0301', 3)).toBe('e\u0301  ');
    expect(padTo('longer', 3)).toBe('longer');
  });
});
