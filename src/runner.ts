import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { runOnce } from './hooks/run-once.js';

/**
 * The entry that hooks start detached: ticks until nothing is ready, then ends. Writes to the log in the git directory
 * only. With `--detach` it starts itself once more in a session of its own, for systems without setsid(1).
 */
if (process.argv.includes('--detach')) {
  const script = process.argv[1] ?? '';
  spawn(process.execPath, [script], { detached: true, stdio: 'ignore' }).unref();
} else {
  const gitDir = process.env['GIT_DIR'];
  void runOnce(process.cwd(), gitDir === undefined ? undefined : resolve(gitDir), process.env);
}
