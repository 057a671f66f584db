import { describe, expect, test } from 'vitest';
import { fileOfBlock, hasBlock, withBlock, withoutBlock } from '../../src/install/block.js';
import { hookNames } from '../../src/install/call.js';
import { fc } from '../support/seeded.js';

/** Hooks as people write them: any first line, any line ends, with and without a last newline. */
const hookText = fc
  .tuple(
    fc.constantFrom('', '#!/bin/sh', '#!/bin/sh\n', '#!/usr/bin/env bash\r\n', '#!/bin/sh -e\n\n', '\n', '# no shebang\n'),
    fc.array(fc.constantFrom('exit 0', 'exec true', '', '# >>> other >>>', '# <<< aynig <<<', 'git lfs post-commit "$@"\r', 'ä'), {
      maxLength: 5,
    }),
    fc.constantFrom('', '\n', '\n\n'),
  )
  .map(([first, body, end]) => `${first}${body.join('\n')}${end}`);

describe('a block in a hook', () => {
  test('goes as it came, whatever the hook is', () => {
    fc.assert(
      fc.property(hookText, fc.constantFrom(...hookNames), (text, name) => {
        const made = withBlock(text, name);
        expect(hasBlock(made, name)).toBe(true);
        expect(withBlock(made, name)).toBe(made);
        expect(withoutBlock(made, name)).toBe(text);
        expect(withoutBlock(text, name)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('stands right after the first line, because the last one may never be reached', () => {
    expect(withBlock('#!/bin/sh\nexit 0\n', 'post-commit')).toMatch(
      /^#!\/bin\/sh\n# >>> aynig >>> .*\n\(h=.*\) \|\| :\n# <<< aynig <<<\nexit 0\n$/,
    );
    expect(withBlock('#!/bin/sh', 'commit-msg')).toMatch(/^#!\/bin\/sh\n# >>> aynig >>> .*\n\(h=.*\) \|\| exit 1\n# <<< aynig <<<$/);
  });

  test('of pre-push hands on what it reads, and is ours only as a whole', () => {
    const made = withBlock('#!/bin/sh\ngit lfs pre-push "$@"\n', 'pre-push');
    expect(made).toMatch(
      /^#!\/bin\/sh\n# >>> aynig >>> .*\naynig_in=\$\(cat\); \(h=[\s\S]*\naynig_in\n# <<< aynig <<<\ngit lfs pre-push "\$@"\n$/,
    );
    for (const changed of [made.replace('exec <<aynig_in', 'exec <<aynig_in # mine'), made.replace('# <<<', 'echo mine\n# <<<')]) {
      expect(hasBlock(changed, 'pre-push')).toBe(false);
      expect(withoutBlock(changed, 'pre-push')).toBe(changed);
    }
    const other = made.replace('$(cat); (h=', '$(cat); (h=x; h=');
    expect(withBlock(other, 'pre-push')).toBe(made);
  });

  test('is brought up to date where it stands', () => {
    const old = withBlock('#!/bin/sh\nexit 0\n', 'post-commit').replace('|| :', '|| true');
    expect(withBlock(old, 'post-commit')).toBe(withBlock('#!/bin/sh\nexit 0\n', 'post-commit'));
    expect(withoutBlock(old, 'post-commit')).toBe('#!/bin/sh\nexit 0\n');
  });

  test('alone in a file that we made takes the file with it, and only then', () => {
    const file = fileOfBlock('post-merge');
    expect(withoutBlock(file, 'post-merge')).toBeUndefined();
    expect(withoutBlock(`${file}echo mine\n`, 'post-merge')).toBe('echo mine\n');
    expect(withBlock(file, 'post-merge')).toBe(file);
    expect(withoutBlock(withBlock('', 'post-merge'), 'post-merge')).toBe('');
  });

  test('that somebody changed is not ours any more', () => {
    const changed = withBlock('#!/bin/sh\n', 'commit-msg').replace('# <<<', 'echo mine\n# <<<');
    expect(hasBlock(changed, 'commit-msg')).toBe(false);
    expect(withoutBlock(changed, 'commit-msg')).toBe(changed);
    const other = withBlock('#!/bin/sh\n', 'commit-msg');
    expect(withoutBlock(other, 'post-commit')).toBe(other);
  });
});
