import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ageOf, quoted } from '../../src/doctor/finding.js';

describe('a word of a printed command', () => {
  it.each(['plain/path', "it's", 'two words', '$HOME', '`x`', 'a\nb', '-n', ''])('reaches the program as it is: %j', (text) => {
    expect(spawnSync('sh', ['-c', `printf '%s' ${quoted(text)}`]).stdout.toString()).toBe(text);
  });
});

describe('an age', () => {
  it.each([
    [-5, '0 seconds'],
    [0.9, '0 seconds'],
    [1, '1 second'],
    [59.9, '59 seconds'],
    [60, '1 minute'],
    [7_300, '2 hours'],
    [86_400, '1 day'],
  ])('of %d seconds is %s', (seconds, text) => {
    expect(ageOf(seconds)).toBe(text);
  });
});
