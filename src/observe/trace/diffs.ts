import { failureOrThrow } from '../../git/causes.js';
import { gitLines } from '../../git/lines.js';
import type { Oid } from '../../git/names.js';
import type { Context } from '../../kernel/context.js';
import { printable } from '../../printable.js';
import type { TraceDiff } from '../../trace-page/data.js';

/** Two trees that are compared. */
export interface Change {
  readonly from: Oid;
  readonly to: Oid;
}

/** In characters. */
export interface DiffLimits {
  readonly each: number;
  readonly total: number;
}

export const diffLimits: DiffLimits = { each: 64 * 1024, total: 16 * 1024 * 1024 };

/** So much of one diff is read to count its lines; beyond that git is started anew at the next one. */
const readAtMost = 4 * 1024 * 1024;
/** A longer line says nothing to a reader. */
const longestLine = 2_000;

/**
 * The differences between pairs of trees, in their order, through one git process for as many as it can serve. What is cut says
 * so. Ends early where `total` is used up or an object cannot be read; the reason is returned.
 */
export async function* diffsOf(
  context: Context,
  changes: readonly Change[],
  limits = diffLimits,
): AsyncGenerator<{ readonly change: Change; readonly diff: TraceDiff }, string | undefined> {
  let left = limits.total;
  let next = 0;
  try {
    while (next < changes.length) {
      const batch = changes.slice(next);
      for await (const { change, diff } of readSome(context, batch, () => Math.min(limits.each, left))) {
        next++;
        left -= diff.text.length;
        yield { change, diff };
        if (left <= 0) return next < changes.length ? 'the page holds no more' : undefined;
      }
    }
    return undefined;
  } catch (error) {
    return failureOrThrow(error).message;
  }
}

/** Ends after a diff that is too long to be read to its end: whoever calls goes on behind it. */
async function* readSome(
  context: Context,
  changes: readonly Change[],
  room: () => number,
): AsyncGenerator<{ readonly change: Change; readonly diff: TraceDiff }> {
  const { gitDir } = context.repository;
  const input = changes.map(({ from, to }) => `${from} ${to}\n`).join('');
  let at = 0;
  let reading: Reading | undefined;
  for await (const line of gitLines({ cwd: gitDir, gitDir }, diffArguments, input)) {
    // Lines of a diff never begin like this, whatever files hold: git puts a sign before each.
    if (/^[0-9a-f]{40,64} [0-9a-f]{40,64}$/.test(line)) {
      if (reading !== undefined) yield reading.whole();
      // Over a tree that is not there git goes on without a word.
      for (let change = changes[at]; change !== undefined && `${change.from} ${change.to}` !== line; change = changes[++at])
        yield unreadable(change);
      const change = changes[at++];
      if (change === undefined) return;
      reading = new Reading(change, room());
    } else if (reading !== undefined) {
      reading.take(line);
      if (reading.read > readAtMost) {
        yield reading.whole(true);
        return;
      }
    }
  }
  if (reading !== undefined) yield reading.whole();
  for (const change of changes.slice(at)) yield unreadable(change);
}

const unreadable = (change: Change): { readonly change: Change; readonly diff: TraceDiff } => ({
  change,
  diff: { text: '', files: 0, added: 0, removed: 0, cut: 'git cannot read what is compared here: git fsck --full says what is missing.' },
});

const diffArguments = [
  // What git holds to be big it does not compare line by line (git-config(1)), so a line has an end.
  '-c',
  'core.bigFileThreshold=1m',
  'diff-tree',
  '--stdin',
  '-r',
  '--patch',
  '--find-renames',
  '-l200',
  '--no-color',
  // A repository must not name a program that we start.
  '--no-ext-diff',
  '--no-textconv',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];

/** A diff on its way: keeps what there is room for and counts the rest. */
class Reading {
  readonly #change: Change;
  #room: number;
  #lines: string[] = [];
  #dropped = 0;
  #files = 0;
  #added = 0;
  #removed = 0;
  #inHunk = false;
  /** Characters that were read. */
  read = 0;

  constructor(change: Change, room: number) {
    this.#change = change;
    this.#room = room;
  }

  take(line: string): void {
    this.read += line.length + 1;
    if (line.startsWith('diff --git ')) {
      this.#files++;
      this.#inHunk = false;
    } else if (line.startsWith('@@')) this.#inHunk = true;
    else if (this.#inHunk && line.startsWith('+')) this.#added++;
    else if (this.#inHunk && line.startsWith('-')) this.#removed++;
    const rest = line.length - longestLine;
    const shown = printable(rest > 0 ? `${line.slice(0, longestLine)} … ${rest} more characters` : line, { lines: true });
    if (this.#dropped > 0 || shown.length + 1 > this.#room) this.#dropped++;
    else {
      this.#lines.push(shown);
      this.#room -= shown.length + 1;
    }
  }

  whole(endless = false): { readonly change: Change; readonly diff: TraceDiff } {
    const cut = endless ? 'Cut: the rest is too long to be read.' : this.#dropped > 0 ? `Cut: ${this.#dropped} more lines.` : null;
    return {
      change: this.#change,
      diff: { text: this.#lines.join('\n'), files: this.#files, added: this.#added, removed: this.#removed, cut },
    };
  }
}
