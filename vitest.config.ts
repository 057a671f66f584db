import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { AYNIG_VERSION: JSON.stringify('0.0.0-test') },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-once.ts'],
    environment: 'node',
    reporters: ['default', ['json', { outputFile: 'node_modules/.vitest/results.json' }]],
    pool: 'forks',
    // Two more than the processors: tests wait for leases, tries and programs, a third of their time.
    maxWorkers: Math.min(availableParallelism() + 2, 8),
    // Ends what hangs, and nothing else: a machine that others use too has kept a test of ten seconds for a minute.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // An environment built from nothing is made by test/support; this only keeps the runner's own git calls apart from the machine's.
    env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C', TZ: 'UTC' },
  },
});
