import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { endProcessesWithHome } from './processes.js';

/** A file system of its own, as large as `options` say. Undefined, with the reason, where this user may not mount one. */
export function smallDisk(root: string, options: string): { path: string; unmount: () => void } | { why: string } {
  const path = join(root, 'disk');
  mkdirSync(path);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'aynig-test', path]);
  if (mounted.status !== 0) return { why: `no tmpfs can be mounted here (${mounted.stderr?.toString().trim() || mounted.error?.message})` };
  let there = true;
  const unmount = (): void => {
    endProcessesWithHome(root);
    if (there && spawnSync('umount', [path]).status !== 0) spawnSync('umount', ['--lazy', path]);
    there = false;
  };
  onTestFinished(unmount);
  return { path, unmount };
}

/** Writes zeros until only `leaveBytes` are left, and answers how to take them away again. */
export function fill(disk: string, leaveBytes: number): () => void {
  const path = join(disk, 'filler');
  const file = openSync(path, 'a');
  const page = Buffer.alloc(4096);
  try {
    while (free(disk) > leaveBytes) writeSync(file, page);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  closeSync(file);
  return () => rmSync(path);
}

const free = (disk: string): number => {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
};
