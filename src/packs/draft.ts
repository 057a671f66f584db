import { isUtf8 } from 'node:buffer';
import { Failure } from '../failure.js';
import type { Oid } from '../git/names.js';
import { type Objects, openObjects } from '../git/objects.js';
import { quoted } from '../printable.js';
import { readState, type State } from '../state-name.js';
import { blobName, type ObjectFormat } from './blob.js';
import type { Here, HereFile } from './here.js';
import { emptyLock, type LockFile, lockFileName, lockText, readLock } from './lock-file.js';
import type { Change } from './plan.js';
import type { Edit } from './write.js';

/** Larger files are not merged. */
const maxBytes = 8 * 1024 * 1024;

/** `.aynig/` as it is to be, while one pack after another is planned: nothing is written here. */
export class Draft {
  readonly #here: Here;
  readonly #format: ObjectFormat;
  readonly #files: Map<string, HereFile>;
  readonly #edits = new Map<string, Edit>();
  readonly #contents = new Map<Oid, Buffer>();
  #objects: Objects | undefined;
  lock: LockFile;

  private constructor(here: Here, format: ObjectFormat, lock: LockFile) {
    this.#here = here;
    this.#format = format;
    this.#files = new Map(here.files);
    this.lock = lock;
  }

  /** Throws {@link Failure} pack-lock where the lock file cannot be read. */
  static async of(here: Here, format: ObjectFormat): Promise<Draft> {
    const draft = new Draft(here, format, emptyLock);
    const text = await draft.text(lockFileName);
    if (text !== undefined) draft.lock = readLock(text);
    return draft;
  }

  get files(): ReadonlyMap<string, HereFile> {
    return this.#files;
  }

  readonly nameOf = (bytes: Uint8Array): Oid => blobName(bytes, this.#format);

  /** Content of a file here or of one that was planned; undefined where the repository does not have it. */
  async content(blob: string): Promise<Buffer | undefined> {
    const planned = this.#contents.get(blob as Oid);
    if (planned !== undefined) return planned;
    if (this.#objects === undefined) return this.reading(() => this.content(blob));
    const found = await this.#objects.read(blob, maxBytes);
    return found.kind === 'missing' || found.type !== 'blob' || found.truncated ? undefined : found.bytes;
  }

  /** Does what asks for many contents: one process of git answers all of them, and ends with it. */
  async reading<T>(work: () => Promise<T>): Promise<T> {
    if (this.#objects !== undefined) return work();
    const objects = openObjects(this.#here.gitDir);
    this.#objects = objects;
    try {
      return await work();
    } finally {
      this.#objects = undefined;
      await objects.close();
    }
  }

  /** A text file here; undefined where there is none. Throws {@link Failure} pack-in-the-way for one that is no text. */
  async text(path: string): Promise<string | undefined> {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    const bytes = file.mode.startsWith('100') ? await this.content(file.blob) : undefined;
    if (bytes !== undefined && isUtf8(bytes)) return bytes.toString('utf8');
    throw new Failure('pack-in-the-way', `.aynig/${path} is not a text in UTF-8, so it is not changed; nothing was written.`, {
      hint: `Make it one and commit it, or move it away: git mv ${quoted(`.aynig/${path}`)} <name>`,
    });
  }

  take(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'delete') this.#drop(change.path);
      else if ('bytes' in change) this.#put(change.path, change.mode, change.bytes);
      else if (change.kind === 'mode') {
        const { path, mode, blob } = change;
        this.#files.set(path, { mode, blob });
        this.#edits.set(path, { path, mode, blob });
      }
    }
  }

  /** Writes a file of our own; with undefined it goes. */
  write(path: string, text: string | undefined): void {
    if (text === undefined) this.#drop(path);
    else if (this.#files.get(path)?.blob !== this.nameOf(Buffer.from(text)))
      this.#put(path, this.#files.get(path)?.mode ?? '100644', Buffer.from(text));
  }

  /** Puts the lock file with the rest; where no pack is left it goes. */
  finish(): void {
    this.write(lockFileName, Object.keys(this.lock.packs).length === 0 ? undefined : lockText(this.lock));
  }

  /** Every state that then has a command, with the command's path below `.aynig/`; of a role's commands those too. */
  states(): ReadonlyMap<State, string> {
    return Draft.statesIn(this.#files);
  }

  /** The states that have a command among these files. */
  static statesIn(files: ReadonlyMap<string, HereFile>): ReadonlyMap<State, string> {
    const found = new Map<State, string>();
    for (const [path, { mode }] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
      const name = /^(?:roles\/[^/]+\/)?command\/(.+)$/.exec(path)?.[1];
      const state = name === undefined ? undefined : readState(name);
      if (mode === '100755' && state !== undefined && state === name && !found.has(state)) found.set(state, path);
    }
    return found;
  }

  edits(): readonly Edit[] {
    return [...this.#edits.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  /**
   * Refuses what cannot stand beside each other: a file where another needs a folder, and names that differ by capitals alone,
   * of which many file systems keep one. What a person has there already is theirs to mend. Throws {@link Failure} pack-in-the-way.
   */
  refuseClashes(): void {
    const seen = new Map<string, Part>();
    for (const path of this.#files.keys()) {
      for (const part of partsOf(path, this.#edits.has(path))) {
        const key = part.name.normalize('NFC').toLowerCase();
        const other = seen.get(key);
        const same = other !== undefined && other.name === part.name && other.folder && part.folder;
        if (other !== undefined && !same && (other.planned || part.planned)) throw clash(part.name, other.name);
        if (other === undefined || part.planned) seen.set(key, part);
      }
    }
  }

  #put(path: string, mode: string, bytes: Buffer): void {
    const blob = this.nameOf(bytes);
    this.#contents.set(blob, bytes);
    this.#files.set(path, { mode, blob });
    this.#edits.set(path, { path, mode, blob, bytes });
  }

  #drop(path: string): void {
    if (!this.#files.delete(path)) return;
    if (this.#here.files.has(path)) this.#edits.set(path, { path });
    else this.#edits.delete(path);
  }
}

interface Part {
  readonly name: string;
  readonly folder: boolean;
  readonly planned: boolean;
}

/** A path and the folders above it. */
const partsOf = (path: string, planned: boolean): Part[] =>
  path.split('/').map((_, index, all) => ({ name: all.slice(0, index + 1).join('/'), folder: index + 1 < all.length, planned }));

const clash = (one: string, other: string): Failure =>
  new Failure('pack-in-the-way', `.aynig/${one} and .aynig/${other} cannot stand beside each other; nothing was written.`, {
    hint: `Rename yours and commit it, then try again: git mv ${quoted(`.aynig/${other}`)} <name>`,
  });
