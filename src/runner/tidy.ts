import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeFile } from './durable-file.js';
import { dropDeadLock } from './lock.js';
import { isAlive } from './process-identity.js';

/** Files that a process makes for a moment: `<name>.<process>.tmp`, `.<process>.stale`, `.<process>.<count>`. */
const momentary = /\.(\d+)\.(?:tmp|stale|\d+)$/;
/** Locks are taken over when they are wanted; these are not wanted again by themselves. */
const locks = new Set(['worktree.lock', 'runner.lock']);

/** Removes what processes that died left in our own folder: half-written files and locks. */
export function tidy(own: string): void {
  for (const folder of [own, join(own, 'runs'), join(own, 'failures')]) {
    for (const name of namesIn(folder)) {
      const pid = momentary.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) removeFile(join(folder, name));
      if (locks.has(name)) dropDeadLock(join(folder, name));
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
