import { expect, test } from 'vitest';
import { pageMark, pageWith, scriptJson } from '../../src/observe/trace/page.js';
import type { TraceData } from '../../src/trace-page/data.js';
import { fc } from '../support/seeded.js';

const hostile = ['</script>', '<!--', '-->', '<script>', ']]>', '&lt;', '\u2028', '\u2029', '\u202e', '\u0000', '\u001b[31m', '\ud800'];

test('the data of a page means the same inside of a script element, and cannot end it', () => {
  const text = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...hostile))).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.dictionary(text, text), (value) => {
      const written = scriptJson(value);
      expect(written).not.toMatch(/[<>&\u2028\u2029\u202e\u0000\u001b]/);
      expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a page takes data at its one place, and is no page without it', () => {
  const data = { scope: '$& "the data"' } as TraceData;
  expect(pageWith(`${pageMark}<script>"the data"</script>`, data)).toBe(`${pageMark}<script>{"scope":"$\\u0026 \\"the data\\""}</script>`);
  for (const broken of ['', pageMark, '<p>"the data"', `${pageMark}"the data""the data"`])
    expect(() => pageWith(broken, data)).toThrow('incomplete');
});
