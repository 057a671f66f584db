import { describe, expect, it } from 'vitest';
import { printable } from '../src/printable.js';
import { fc } from './support/seeded.js';

describe('text from a commit', () => {
  it.each([
    ['plain text', 'plain text'],
    ['naïve 日本語 🙂 — “quoted”', 'naïve 日本語 🙂 — “quoted”'],
    ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
    ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['a\nb\r\tc', 'a\\x0ab\\x0d\\x09c'],
    ['\x9b31m', '\\x9b31m'],
    ['\x7f\0', '\\x7f\\x00'],
    ['abc\u202Edef\u2066x', 'abc\\u{202e}def\\u{2066}x'],
    ['zero\u200Bwidth\uFEFF', 'zero\\u{200b}width\\u{feff}'],
    ['soft\u00ADhyphen', 'soft\\xadhyphen'],
    ['line\u2028paragraph\u2029', 'line\\u{2028}paragraph\\u{2029}'],
    ['\u{E0041}tag', '\\u{e0041}tag'],
    ['\uE000private', '\\u{e000}private'],
    ['\uD800 alone', '\\u{d800} alone'],
  ])('%j is shown as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps newlines and tabs where lines are wanted, and nothing else', () => {
    expect(printable('a\n\tb\r\x1b', { lines: true })).toBe('a\n\tb\\x0d\\x1b');
  });

  it('never holds anything that a terminal would act upon', () => {
    const text = fc.string({ unit: fc.oneof(fc.nat({ max: 0x2ff }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code)) });
    fc.assert(
      fc.property(text, (raw) => {
        expect(printable(raw)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u);
        expect(printable(printable(raw))).toBe(printable(raw));
        expect(printable(raw, { lines: true })).not.toMatch(/[^\P{C}\n\t\p{Cn}]/u);
      }),
    );
  });
});
