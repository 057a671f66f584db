import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Whether a living process of this machine has a file open, by its open files (proc_pid_fd(5)). Of other users' processes only root sees
 * them. Linux only; elsewhere nothing is found.
 */
export function isOpen(path: string): boolean {
  if (process.platform !== 'linux') return false;
  const real = unlessGone(() => join(realpathSync(dirname(path)), basename(path)));
  if (real === undefined) return false;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `/proc/${pid}/fd`)
    .some((folder) => unlessGone(() => readdirSync(folder))?.some((name) => unlessGone(() => readlinkSync(join(folder, name))) === real));
}

/** A process may end, and belong to another user, at any moment. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
