import { expect, test } from 'vitest';
import { scratch } from '../support/scratch.js';

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ');

test('help breaks its lines between words', () => {
  const { stdout } = scratch().aynig(['--help']);
  expect(inOneLine(stdout)).toContain('without a name, bring back what the lock file names');
  expect(inOneLine(stdout)).toContain('Look for what keeps hooks, settings, commands and runs from working');
});
