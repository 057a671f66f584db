import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Oid } from '../../git/names.js';
import { printable } from '../../printable.js';
import type { TraceLog } from '../../trace-page/data.js';

/** In bytes. */
export const logLimits = { each: 64 * 1024, total: 16 * 1024 * 1024 };

/** The end of what the command of a request printed in this clone, or null where no log can be read. */
export function readLog(folder: string, request: Oid, most: number): TraceLog | null {
  let file: number;
  try {
    // Another program may have put anything in its place: a link is not followed, and a pipe does not hold us up.
    file = openSync(join(folder, `${request}.log`), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile()) return null;
    const kept = Buffer.alloc(Math.min(found.size, most));
    const read = readSync(file, kept, 0, kept.length, found.size - kept.length);
    return { text: plain(kept.toString('utf8', 0, read)), bytes: found.size, cut: found.size - read };
  } finally {
    closeSync(file);
  }
}

/** As a person reads it: without colours, a progress line as lines. */
const plain = (text: string): string =>
  printable(stripVTControlCharacters(text).replace(/\r\n?/g, '\n').replace(/\n$/, ''), { lines: true });
