import fc from 'fast-check';

/** Lines that git, editors and people put into messages, chosen to sit on the edges of the trailer rules. */
export const messageLines = [
  '',
  '',
  '',
  ' ',
  '\t',
  ' \t ',
  '\r',
  '\v',
  '\f',
  '\rkey: after a carriage return',
  'a plain line of prose',
  'prose: with a colon and spaces',
  'aynig-state: build',
  'aynig-state: review',
  'Aynig-State: Build',
  'aynig-state : build',
  'aynig-state:build',
  'aynig-state:',
  'aynig-state=build',
  ' aynig-state: build',
  'aynig-note: hello world',
  'aynig-note: \u202Ereversed',
  'aynig-attempt: 2\r',
  'aynig-: nothing',
  'key: value',
  'key :v',
  'key\t: v',
  'key:',
  'key:\tvalue\t',
  ': no key',
  'a.b: c',
  'a_b: c',
  'schlüssel: wert',
  '-: dash',
  'https://example.com/path',
  'Signed-off-by: ',
  'Signed-off-by: Ana Example <ana@example.com>',
  'signed-off-by: small letters',
  'Signed-off-by:tight',
  '(cherry picked from commit ',
  '(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)',
  '(Cherry picked from commit 01234567)',
  ' folded with a space',
  '\tfolded with a tab',
  ' folded: looks like a trailer',
  '# x',
  '#',
  '# aynig-state: build',
  ' # indented',
  '; x',
  'Conflicts:',
  '# Conflicts:',
  '\tpath/of/a/conflict',
  '# ------------------------ >8 ------------------------',
  '------------------------ >8 ------------------------',
  '; ------------------------ >8 ------------------------',
  '---',
  '--- ',
  '-- ',
  'diff --git a/x b/x',
] as const;

const line = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...messageLines) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('a', '-', ':', ' ', '\t', '#', '\r', '\v', '=', '.', 'é'), maxLength: 8 }) },
);

/** A paragraph that is a block of trailers more often than chance would have it. */
const block = fc.array(
  fc.constantFrom(
    'aynig-state: build',
    'aynig-note: why',
    'key: value',
    'key :v',
    'Signed-off-by: Ana <ana@example.com>',
    '(cherry picked from commit 0123)',
    ' folded',
    'prose',
    '# x',
  ),
  { minLength: 1, maxLength: 5 },
);

/** Random commit messages, half of them with a title and a last paragraph of trailers, so that many are legal requests. */
export const anyMessage: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      fc.array(line, { maxLength: 12 }),
      fc
        .tuple(fc.array(line, { maxLength: 6 }), block, fc.array(line, { maxLength: 2 }))
        .map(([before, trailers, after]) => ['a title', '', ...before, '', ...trailers, ...after]),
      fc.tuple(fc.array(line, { maxLength: 5 }), block).map(([before, trailers]) => ['a title', '', ...before, '', ...trailers]),
    ),
    fc.constantFrom('\n', '\n', '\n', '\n', '\r\n'),
    fc.constantFrom('', '\n', '\n', '\n\n'),
  )
  .map(([lines, newline, end]) => lines.join(newline) + end);
