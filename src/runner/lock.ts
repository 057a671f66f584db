import { linkSync, readFileSync, writeFileSync } from 'node:fs';
import { Failure } from '../failure.js';
import { removeFile } from './durable-file.js';
import { identityOf, type ProcessIdentity, presenceOf } from './process-identity.js';

/** A lock file that this process holds. */
export interface Lock {
  release(): void;
}

/**
 * Takes a lock file or says who has it. A file of a dead process is taken over. Locks here save work or keep git calls
 * apart; no safety rests on them, since every ref moves by compare-and-swap.
 */
export function tryLock(path: string): Lock | { readonly holder: ProcessIdentity } {
  return withMark(path, (mark, own) => {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (linked(mark, path)) return { release: () => releaseOwn(path, own) };
      const held = readHolder(path);
      if (held === undefined) continue;
      if (presenceOf(held.identity) !== 'dead') return { holder: held.identity };
      // Another process is at it; whether it wants the lock or only tidies up shows in a moment.
      if (dropStale(path, held.text, mark) !== undefined) pause();
    }
    throw lockTimeout(path);
  });
}

/** Whether a process that is not dead holds the lock now. */
export function isLocked(path: string): boolean {
  const held = readHolder(path);
  return held !== undefined && presenceOf(held.identity) !== 'dead';
}

/** Removes the lock of a process that died. Nobody holds it in between: who asks then finds it free, never taken by a tidier. */
export function dropDeadLock(path: string): void {
  const held = readHolder(path);
  if (held !== undefined && presenceOf(held.identity) === 'dead') withMark(path, (mark) => dropStale(path, held.text, mark));
}

/** Waits up to `limitMs` for the lock. Throws {@link Failure} lock-timeout. */
export async function waitForLock(path: string, limitMs: number): Promise<Lock> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const lock = tryLock(path);
    if ('release' in lock) return lock;
    if (Date.now() > deadline) throw lockTimeout(path, lock.holder.pid);
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
  }
}

let counter = 0;
const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);

/** link(2) creates the file with its content in one step, or fails because another was first. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): { readonly identity: ProcessIdentity; readonly text: string } | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return { identity: JSON.parse(text) as ProcessIdentity, text };
  } catch {
    // Not written by us in one piece: nobody can be holding it.
    return { identity: { pid: 0, startTime: '', space: identityOf(process.pid).space }, text };
  }
}

/**
 * Takes a dead holder's file away. Only who holds the guard file may do so, and only while the stale file is still there:
 * nobody else can change a file whose owner is dead. `mark` is a file that names this process. Answers who else is at it.
 */
function dropStale(path: string, stale: string, mark: string): ProcessIdentity | undefined {
  const guard = `${path}.takeover`;
  if (!linked(mark, guard)) {
    const other = readHolder(guard);
    if (other !== undefined && presenceOf(other.identity) !== 'dead') return other.identity;
    removeFile(guard);
    return undefined;
  }
  try {
    if (readHolder(path)?.text === stale) removeFile(path);
  } finally {
    removeFile(guard);
  }
  return undefined;
}

/** Does something with a file of this process's own that says who it is. */
function withMark<T>(path: string, use: (mark: string, own: string) => T): T {
  const own = JSON.stringify({ ...identityOf(process.pid), token: `${process.pid}-${counter++}` });
  const mark = `${path}.${process.pid}.${counter}`;
  writeFileSync(mark, own, { mode: 0o600 });
  try {
    return use(mark, own);
  } finally {
    removeFile(mark);
  }
}

function releaseOwn(path: string, own: string): void {
  if (readHolder(path)?.text === own) removeFile(path);
}

const lockTimeout = (path: string, pid?: number): Failure =>
  new Failure('lock-timeout', `${path} was not free in time${pid === undefined ? '' : ` (held by process ${pid})`}.`, {
    hint: 'See which run is busy with: aynig status --all',
  });
