import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRunId } from './names.js';

/**
 * The id of the run that a process is part of, by its environment; undefined outside of a run. In another repository than the
 * run's it is undefined too: what a command commits there is no part of its run, and nobody there knows the run.
 */
export function currentRun(commonDir: string, environment: NodeJS.ProcessEnv): string | undefined {
  const runId = (environment['AYNIG_RUN_ID'] ?? '').toLowerCase();
  if (!isRunId(runId)) return undefined;
  const bodyFile = environment['AYNIG_BODY_FILE'] ?? '';
  if (bodyFile === '') return runId;
  // The body lies beside the journal: <common git directory>/aynig/runs/<run>.body.
  const home = dirname(dirname(dirname(bodyFile)));
  return existsSync(home) && realpathSync(home) === realpathSync(commonDir) ? runId : undefined;
}
