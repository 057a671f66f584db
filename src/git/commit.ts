import { corruptObject } from './causes.js';
import { type Oid, oid } from './names.js';

/** A commit object as stored, with its message as raw bytes. */
export interface Commit {
  readonly oid: Oid;
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  /** `name <email>` as stored. */
  readonly author: string;
  /** Seconds since the epoch, as the committer's clock had it; what is further away than anything can be is {@link furthest} away. */
  readonly committedAt: number;
  /** The `encoding` header, where one is set; git writes none for UTF-8. */
  readonly encoding?: string;
  /** Whether it carries a signature; says nothing of whose. */
  readonly signed: boolean;
  readonly message: Uint8Array;
}

/** Takes the bytes of a commit object apart (git-cat-file(1), format of the object). Throws {@link Failure} corrupt-object when they are no commit. */
export function parseCommit(name: Oid, bytes: Buffer): Commit {
  const headerEnd = bytes.indexOf('\n\n');
  const header = bytes.subarray(0, headerEnd < 0 ? bytes.length : headerEnd).toString('latin1');
  let tree: Oid | undefined;
  let author = '';
  let committedAt: number | undefined;
  let encoding: string | undefined;
  let signed = false;
  const parents: Oid[] = [];
  for (const line of header.split('\n')) {
    if (line.startsWith('tree ')) tree ??= oid(line.slice(5));
    else if (line.startsWith('parent ')) parents.push(oid(line.slice(7)));
    else if (line.startsWith('author ')) author ||= identityOf(line.slice(7));
    else if (line.startsWith('committer ')) committedAt ??= possible(Number(/ (-?\d+) [+-]\d+$/.exec(line)?.[1] ?? Number.NaN));
    else if (/^gpgsig(?:-sha256)? /.test(line)) signed = true;
    else if (line.startsWith('encoding ')) encoding ??= line.slice(9);
  }
  if (tree === undefined || committedAt === undefined || Number.isNaN(committedAt))
    throw corruptObject(`${name} is not a well-formed commit`);
  const message = headerEnd < 0 ? Buffer.alloc(0) : bytes.subarray(headerEnd + 2);
  return { oid: name, tree, parents, author, committedAt, signed, message, ...(encoding === undefined ? {} : { encoding }) };
}

/** A hundred million years: the time between two of these is still a number that every reader of JSON has. */
const furthest = Math.floor(Number.MAX_SAFE_INTEGER / 2);
const possible = (seconds: number): number => Math.max(-furthest, Math.min(furthest, seconds));

const identityOf = (value: string): string => Buffer.from(value.replace(/ -?\d+ [+-]\d+$/, ''), 'latin1').toString('utf8');
