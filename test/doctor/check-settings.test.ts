import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/doctor/check-settings.js';

describe('the nearest setting', () => {
  it.each([
    ['leasesecond', 'leaseSeconds'],
    ['maxparalel', 'maxParallel'],
    ['rol', 'role'],
    ['worktree', 'worktreeDir'],
    ['xyz', undefined],
    ['something.other', undefined],
  ])('to %s is %s', (text, name) => {
    expect(nearest(text)).toBe(name);
  });
});
