/** How large a pack may be. What is larger is refused whole: half a pack would be another one. */
export const packLimits = {
  fileBytes: 1024 * 1024,
  allBytes: 8 * 1024 * 1024,
  files: 500,
  /** Folders and files that are looked at, installed or not. */
  entries: 4000,
  /** Folders on the way to a file. */
  depth: 16,
  /** Of a path below `.aynig/`, in bytes: some file systems end at 255 for the whole. */
  pathBytes: 240,
  manifestBytes: 256 * 1024,
  /** Packs that one pack may build on. */
  packs: 16,
} as const;

/** What a transfer may cost. */
export interface TransferLimits {
  /** All of it, in milliseconds. */
  readonly timeMs: number;
  /** Without a word from git, in milliseconds. */
  readonly idleMs: number;
  /** On the disk: a shallow copy of the whole repository, not only of the pack. */
  readonly diskBytes: number;
}

export const transferLimits: TransferLimits = { timeMs: 10 * 60_000, idleMs: 60_000, diskBytes: 1024 * 1024 * 1024 };
/** For a question about refs. */
export const questionLimits: TransferLimits = { ...transferLimits, timeMs: 20_000, idleMs: 20_000 };
