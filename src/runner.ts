import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { runOnce } from './hooks/run-once.js';
import { readTold } from './hooks/told.js';

/**
 * The entry that hooks start detached: ticks until nothing is ready, then ends. Writes to the log in the git directory
 * only. With `--pushed` it looks at the branches that a push has left for it, and at no others. With `--told`, standard input is what the hook's shell read meanwhile. With `--detach` it starts itself once more in a session of its own, for systems without setsid(1).
 */
const pushed = process.argv.includes('--pushed');
if (process.argv.includes('--detach')) {
  const script = process.argv[1] ?? '';
  spawn(process.execPath, [script, ...(pushed ? ['--pushed'] : [])], { detached: true, stdio: 'ignore' }).unref();
} else {
  const gitDir = process.env['GIT_DIR'];
  const told = process.argv.includes('--told') ? () => readTold(0) : undefined;
  void runOnce(process.cwd(), gitDir === undefined ? undefined : resolve(gitDir), process.env, told, { pushed });
}
