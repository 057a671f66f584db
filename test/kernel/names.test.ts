import { describe, expect, it } from 'vitest';
import { isRole, isRunId, maxStateLength, readState } from '../../src/kernel/names.js';

describe('a state name', () => {
  it.each([
    ['build', 'build'],
    ['a', 'a'],
    ['0', '0'],
    ['ops/triage', 'ops/triage'],
    ['a/b/c', 'a/b/c'],
    ['v1.2_x-y', 'v1.2_x-y'],
    ['BUILD', 'build'],
    ['Ops/Triage', 'ops/triage'],
    ['a.', 'a.'],
    ['a.lock', 'a.lock'],
    ['working', 'working'],
    ['x'.repeat(maxStateLength), 'x'.repeat(maxStateLength)],
  ])('may be %j', (text, state) => {
    expect(readState(text)).toBe(state);
  });

  it.each([
    [''],
    [' build'],
    ['build '],
    ['two words'],
    ['a\n'],
    ['a\nb'],
    ['.hidden'],
    ['-option'],
    ['_x'],
    ['a..b'],
    ['..'],
    ['../command'],
    ['a/../b'],
    ['a/.b'],
    ['/a'],
    ['a/'],
    ['a//b'],
    ['a\\b'],
    ['a:b'],
    ['a*'],
    ['ümlaut'],
    ['\u212Aelvin'],
    ['\u0130'],
    ['a\0'],
    ['x'.repeat(maxStateLength + 1)],
  ])('may not be %j', (text) => {
    expect(readState(text)).toBeUndefined();
  });
});

describe('a role', () => {
  it.each([['reviewer'], ['a'], ['qa-2'], ['x'.repeat(maxStateLength)]])('may be %j', (text) => {
    expect(isRole(text)).toBe(true);
  });

  it.each([[''], ['a/b'], ['..'], ['a..b'], ['Capital'], ['.x'], ['-x'], ['a b'], ['a\n'], ['x'.repeat(maxStateLength + 1)]])(
    'may not be %j',
    (text) => {
      expect(isRole(text)).toBe(false);
    },
  );
});

describe('a run id', () => {
  it('is a uuid in small letters', () => {
    expect(isRunId('0b0e7d3a-4c1d-4f7e-9a55-0123456789ab')).toBe(true);
  });

  it.each([
    [''],
    ['0B0E7D3A-4C1D-4F7E-9A55-0123456789AB'],
    ['0b0e7d3a4c1d4f7e9a550123456789ab'],
    ['0b0e7d3a-4c1d-4f7e-9a55-0123456789ab\n'],
    ['../../../../../../../../etc/passwd-x'],
    ['0b0e7d3a-4c1d-4f7e-9a55-0123456789abc'],
  ])('is not %j', (text) => {
    expect(isRunId(text)).toBe(false);
  });
});
