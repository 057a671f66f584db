import { isOid, type Oid, oid } from '../git/names.js';

export type RefKind = 'branch' | 'tag' | 'commit' | 'head';

/** Refs of somebody's repository: full names, and `<tag>^{}` for what an annotated tag stands for. */
export type RemoteRefs = ReadonlyMap<string, Oid>;

/** Reads what `git ls-remote` prints. Lines that are none are left out: they are somebody else's. */
export function parseRefs(text: string): Map<string, Oid> {
  const refs = new Map<string, Oid>();
  for (const line of text.split('\n')) {
    const [value = '', name] = line.split('\t');
    if (name !== undefined && isOid(value)) refs.set(name, oid(value));
  }
  return refs;
}

/** The full names that a name may stand for, the first that exists wins: a branch before a tag, as in `git clone --branch`. */
export function candidatesOf(ref: string): { readonly name: string; readonly kind: RefKind }[] {
  if (ref === 'HEAD') return [{ name: 'HEAD', kind: 'head' }];
  if (ref.startsWith('refs/heads/')) return [{ name: ref, kind: 'branch' }];
  if (ref.startsWith('refs/tags/')) return [{ name: ref, kind: 'tag' }];
  return [
    { name: `refs/heads/${ref}`, kind: 'branch' },
    { name: `refs/tags/${ref}`, kind: 'tag' },
  ];
}

/** An abbreviated name of a commit has at least seven digits here: fewer are more likely a name. */
export const isAbbreviation = (ref: string): boolean => /^[0-9a-fA-F]{7,63}$/.test(ref) && !isOid(ref);

const shownRefs = 8;

/** Some branches and tags, for somebody who got a name wrong. */
export function someOf(refs: RemoteRefs): string {
  const names = [...refs.keys()];
  const branches = names.flatMap((name) => /^refs\/heads\/(.*)$/.exec(name)?.[1] ?? []);
  const tags = names.flatMap((name) => /^refs\/tags\/(.*?)(?<!\^\{\})$/.exec(name)?.[1] ?? []);
  const all = [...branches, ...tags.map((tag) => `tag ${tag}`)];
  const more = all.length > shownRefs ? `, and ${all.length - shownRefs} more` : '';
  return all.length === 0 ? '' : `${all.slice(0, shownRefs).join(', ')}${more}`;
}
