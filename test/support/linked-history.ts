import { createHash } from 'node:crypto';
import { runOf } from './made-history.js';
import type { Scratch } from './scratch.js';

/** A commit that is added to a history whose commits name each other. */
export interface Linked {
  /** May name its parent, as leases do. */
  readonly message: string | ((parent: string) => string);
  /** Seconds since the epoch. */
  readonly at: number;
  /** Text of the one file; default: as in the parent. */
  readonly file?: string;
  /** Further parents. */
  readonly merge?: readonly string[];
}

const who = 'Ana Example <ana@example.com>';
const hashOf = (kind: string, content: Buffer | string): string =>
  createHash('sha1')
    .update(`${kind} ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest('hex');
const treeOf = (file: string): string =>
  hashOf('tree', Buffer.concat([Buffer.from('100644 file\0'), Buffer.from(hashOf('blob', file), 'hex')]));

/** Makes up histories with the object names that git will give them, so that a lease can name its parent; SHA-1 only. */
export class LinkedHistory {
  readonly #lines: string[] = [];
  readonly #files = new Map<string, string>();
  readonly #tips = new Map<string, string>();
  readonly #marks = new Map<string, string>();

  /** Adds a commit to a branch. `on`: what a new branch begins on; without it, on nothing. */
  add(branch: string, { message, at, file, merge = [] }: Linked, on?: string): string {
    const parent = this.#tips.get(branch) ?? on;
    const text = typeof message === 'string' ? message : message(parent ?? '');
    const content = file ?? (parent === undefined ? undefined : this.#files.get(parent)) ?? 'begin';
    const parents = [...(parent === undefined ? [] : [parent]), ...merge];
    const person = `${who} ${at} +0000`;
    const lines = [`tree ${treeOf(content)}`, ...parents.map((one) => `parent ${one}`), `author ${person}`, `committer ${person}`];
    const oid = hashOf('commit', `${lines.join('\n')}\n\n${text}`);
    this.#lines.push(
      `commit refs/heads/${branch}\nmark :${this.#marks.size + 1}\nauthor ${person}\ncommitter ${person}\ndata ${Buffer.byteLength(text)}\n${text}\n`,
      ...(parent === undefined ? [] : [`from ${this.#marks.get(parent)}\n`]),
      ...merge.map((one) => `merge ${this.#marks.get(one)}\n`),
      `M 100644 inline file\ndata ${Buffer.byteLength(content)}\n${content}\n`,
    );
    this.#marks.set(oid, `:${this.#marks.size + 1}`);
    this.#files.set(oid, content);
    this.#tips.set(branch, oid);
    return oid;
  }

  tip(branch: string): string {
    return this.#tips.get(branch) ?? '';
  }

  /** Puts all of it into a repository. */
  import(to: Scratch): void {
    to.gitAnswer(['fast-import', '--quiet', '--force'], { input: this.#lines.join(''), expected: 0 });
    for (const [branch, oid] of this.#tips) if (to.head(branch) !== oid) throw new Error(`${branch} is not what was made up`);
  }
}

type More = Readonly<Record<string, string | number | undefined>>;

/** A lease as the runner writes it, on its real parent; a trailer that is undefined is left out. */
export const leased =
  (word: string, origin = 'build', more: More = {}) =>
  (parent: string): string => {
    const trailers: More = {
      'aynig-state': 'working',
      'aynig-origin-state': origin,
      'aynig-run-id': runOf(word),
      'aynig-runner-id': 'host',
      'aynig-lease-seconds': 600,
      'aynig-parent': parent,
      ...more,
    };
    const lines = Object.entries(trailers).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
    return `aynig: working on ${origin}\n\n${lines.join('\n')}\n`;
  };
