import { availableParallelism, hostname } from 'node:os';

/** Levels of what the runner and the verbs say, from most to least. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What holds where nothing is set. Apart from the schema, so that a clone without settings never loads zod: it takes longer than git. */
export const defaults = {
  leaseSeconds: 600,
  timeoutSeconds: 0,
  maxParallel: availableParallelism(),
  maxTicks: 50,
  skewSeconds: 30,
  logLevel: 'info' as LogLevel,
  runnerId:
    hostname()
      .replace(/[^\x21-\x7e]/g, '-')
      .slice(0, 128) || 'unknown',
  tick: 'auto' as 'auto' | 'off',
  whenNodeIsMissing: 'accept' as 'accept' | 'refuse',
  endStates: 'done cancelled',
  trust: 'pinned' as 'pinned' | 'branch' | 'signed',
};
