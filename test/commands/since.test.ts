import { expect, test } from 'vitest';
import { sinceArgument } from '../../src/commands/since.js';
import { openRepository } from '../../src/git/repository.js';
import { scratch } from '../support/scratch.js';

test('today begins at midnight, and is not taken for now', async () => {
  const made = scratch();
  const repository = await openRepository(made.path, made.env);
  const before = await sinceArgument(repository, 'midnight');
  const today = await sinceArgument(repository, ' Today');
  const after = await sinceArgument(repository, 'midnight');
  expect([before, after]).toContain(today);
});
