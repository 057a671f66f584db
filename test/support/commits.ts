import { createHash } from 'node:crypto';
import type { Commit } from '../../src/git/commit.js';
import type { Oid } from '../../src/git/names.js';

/** An object name made of a word, so that a failure shows two different ones. */
export const oidOf = (word: string): Oid => createHash('sha1').update(word).digest('hex') as Oid;

/** A commit as the kernel gets it, with the message given and everything else filled in. */
export const commitOf = (message: string, rest: Partial<Omit<Commit, 'message'>> = {}): Commit => ({
  oid: oidOf(`commit ${message}`),
  tree: oidOf('tree'),
  parents: [oidOf('parent')],
  author: 'Ana Example <ana@example.com>',
  committedAt: 1_700_000_000,
  signed: false,
  ...rest,
  message: Buffer.from(message),
});
