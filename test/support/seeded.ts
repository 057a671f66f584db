import fc from 'fast-check';

/**
 * Where the made-up inputs of all tests begin: the same ones every time, so that a test which has passed does not fail by chance.
 * `AYNIG_TEST_SEED` is for looking at others.
 */
export const seed = Number(process.env['AYNIG_TEST_SEED'] ?? 20_261_122);

fc.configureGlobal({ seed });

export { fc };
