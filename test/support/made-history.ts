import type { Scratch } from './scratch.js';

/** A commit of a history that a test makes up. */
export interface Made {
  readonly branch: string;
  readonly message: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** What a new branch begins on: the title of an earlier commit. Without it a branch that is new has no parent. */
  readonly from?: string;
  /** Titles of earlier commits that are merged. */
  readonly merge?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

const who = 'Ana Example <ana@example.com>';
export const titleOf = (message: string): string => message.split('\n', 1)[0] ?? '';

/** A stream for git-fast-import(1). Commits are named by their titles, which are unique where they are named. */
export function* importLines(commits: Iterable<Made>): Generator<string> {
  const marks = new Map<string, number>();
  const branches = new Set<string>();
  let mark = 0;
  for (const { branch, message, at, from, merge = [], files = {} } of commits) {
    const bytes = Buffer.byteLength(message);
    yield `commit refs/heads/${branch}\nmark :${++mark}\nauthor ${who} ${at} +0000\ncommitter ${who} ${at} +0000\ndata ${bytes}\n${message}\n`;
    if (from !== undefined && !branches.has(branch)) yield `from :${marks.get(from)}\n`;
    for (const title of merge) yield `merge :${marks.get(title)}\n`;
    for (const [path, text] of Object.entries(files)) yield `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`;
    branches.add(branch);
    marks.set(titleOf(message), mark);
  }
}

/** Puts commits into a repository, beside what it has. */
export function importHistory(to: Scratch, commits: Iterable<Made>): void {
  to.gitAnswer(['fast-import', '--quiet', '--force'], { input: [...importLines(commits)].join(''), expected: 0 });
}

const runs = new Map<string, string>();
/** The id of a run that a test calls by a word. */
export function runOf(word: string): string {
  const known = runs.get(word) ?? `00000000-0000-4000-8000-${(runs.size + 1).toString(16).padStart(12, '0')}`;
  runs.set(word, known);
  return known;
}

const trailers = (pairs: Readonly<Record<string, string | number>>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `aynig-${key}: ${value}`)
    .join('\n');

/** A commit that asks for a state. */
export const asks = (state: string, title = `ask for ${state}`, more: Readonly<Record<string, string | number>> = {}): string =>
  `${title}\n\n${trailers({ ...more, state })}\n`;

/** A `working` commit without `aynig-parent`, which only a real parent could fill in. */
export const leases = (word: string, origin: string, title = `aynig: working on ${origin} (${word})`): string =>
  `${title}\n\n${trailers({ state: 'working', 'origin-state': origin, 'run-id': runOf(word), 'runner-id': 'host', 'lease-seconds': 600 })}\n`;

export const stalls = (word: string, origin: string, more: Readonly<Record<string, string | number>> = {}): string =>
  `aynig: ${origin} stalled (${word})\n\nThe command exited with 1.\n\n${trailers({ ...more, state: 'stalled', 'stalled-run': runOf(word), 'origin-state': origin })}\n`;
