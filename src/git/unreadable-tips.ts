import { failureOf } from './causes.js';
import type { Oid } from './names.js';
import type { Objects } from './objects.js';

/** Those of some tips whose commits git cannot read, at most `most` of them. One question for each commit, all to one git process. */
export async function unreadableTips<T extends { readonly oid: Oid }>(objects: Objects, tips: readonly T[], most: number): Promise<T[]> {
  const readable = new Map<Oid, boolean>();
  const found: T[] = [];
  for (const tip of tips) {
    const known = readable.get(tip.oid) ?? (await canRead(objects, tip.oid));
    readable.set(tip.oid, known);
    if (!known) found.push(tip);
    if (found.length >= most) break;
  }
  return found;
}

/** Whether git can read an object of that name. */
export async function canRead(objects: Objects, name: Oid): Promise<boolean> {
  try {
    return (await objects.read(name, 0)).kind === 'found';
  } catch (error) {
    // What is damaged, and not missing, ends the process that was asked.
    if (failureOf(error)?.code === 'corrupt-object') return false;
    throw error;
  }
}
