import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Git } from './gate.js';
import type { RefName } from './names.js';

/** One entry of a reflog: what a ref was moved to, when (seconds since the epoch) and by what. */
export interface ReflogEntry {
  readonly oid: string;
  /** What it was moved from: all zeros where it was made; undefined where git does not say. */
  readonly before: string | undefined;
  readonly at: number;
  readonly message: string;
}

/** How much of a reflog's end is read at first; one entry takes about 200 bytes, and more where a title is long. */
const tailBytes = 32 * 1024;
const mostTailBytes = 2 * 1024 * 1024;

/**
 * The newest `count` entries of a ref's reflog, newest first; none when it has no reflog. Read from the file that
 * gitrepository-layout(5) names, where refs are stored as files: a git process costs more than all else a hook looks at.
 */
export async function readReflog(git: Git, gitDir: string, ref: RefName | 'HEAD', count: number): Promise<ReflogEntry[]> {
  for (let bytes = tailBytes; ; bytes *= 8) {
    const tail = readTail(join(gitDir, 'logs', ref), bytes);
    // A git process for each of thousands of branches is not asked in vain.
    if (tail === undefined) return keepsFiles(gitDir) ? [] : askGit(git, gitDir, ref, count);
    const entries = parseTail(tail.text, count);
    if (entries.length === count || tail.whole || bytes >= mostTailBytes) return entries;
  }
}

/** Whether refs are stored as files, so that a reflog which is no file is not there; the other way is `reftable` (git-config(1), `extensions.refStorage`). */
const keepsFiles = (gitDir: string): boolean => !existsSync(join(gitDir, 'reftable'));

function readTail(path: string, tailLength: number): { readonly text: string; readonly whole: boolean } | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, tailLength));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    const text = buffer.toString('utf8');
    // A tail that begins inside an entry begins at the next one.
    return size > buffer.length ? { text: text.slice(text.indexOf('\n') + 1), whole: false } : { text, whole: true };
  } finally {
    closeSync(file);
  }
}

function parseTail(text: string, count: number): ReflogEntry[] {
  return text
    .split('\n')
    .slice(-count - 1)
    .reverse()
    .filter((line) => line !== '')
    .map((line) => {
      const match = /^([0-9a-f]+) ([0-9a-f]+) [^\t]*> (\d+) [+-]\d+(?:\t(.*))?$/s.exec(line);
      // What cannot be read stays an entry, or the one before it would be taken for its neighbour.
      if (match?.[1] === undefined || match[2] === undefined) return { oid: '', before: undefined, at: 0, message: '' };
      return { oid: match[2], before: match[1], at: Number(match[3]), message: match[4] ?? '' };
    });
}

async function askGit(git: Git, gitDir: string, ref: RefName | 'HEAD', count: number): Promise<ReflogEntry[]> {
  // %gd prints the entry's time with --date=unix: `refs/heads/main@{1700000000}`.
  const format = ['--date=unix', '--format=%H%x00%gd%x00%gs'];
  const result = await git([`--git-dir=${gitDir}`, 'log', '--walk-reflogs', ...format, '-n', String(count), ref, '--'], { ok: [0, 128] });
  if (result.exitCode !== 0) return [];
  const entries = result.stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [entryOid, selector, message] = line.split('\0');
      if (entryOid === undefined || selector === undefined || message === undefined) return [];
      return [{ oid: entryOid, at: Number(/@\{(\d+)\}$/.exec(selector)?.[1] ?? 0), message }];
    });
  return entries.map((entry, index) => ({ ...entry, before: entries[index + 1]?.oid }));
}
