import type { ConfigValue } from '../git/config.js';

/** A remote as git's configuration has it. */
export interface Remote {
  readonly name: string;
  /** All its addresses, one a line. */
  readonly url: string;
  /** Its refspecs for fetching (git-fetch(1)). */
  readonly fetch: readonly string[];
}

/** The keys that {@link remotesOf} wants, as a part of an extended regular expression. */
export const remoteKeys = 'remote\\..*\\.(url|fetch)';

export function remotesOf(values: readonly ConfigValue[]): Remote[] {
  const found = new Map<string, { urls: string[]; fetch: string[] }>();
  for (const { key, value = '' } of values) {
    const match = /^remote\.(.+)\.(url|fetch)$/s.exec(key);
    if (match?.[1] === undefined) continue;
    const remote = found.get(match[1]) ?? { urls: [], fetch: [] };
    found.set(match[1], remote);
    (match[2] === 'url' ? remote.urls : remote.fetch).push(value);
  }
  return [...found].map(([name, { urls, fetch }]) => ({ name, url: urls.join('\n'), fetch }));
}

/**
 * Whether a remote-tracking ref can only be a branch of this remote. Its refspecs may fetch more under the same prefix, such
 * as what strangers proposed (`refs/pull/*`), and another remote's name may begin with this one's.
 */
export function isBranchOf(remotes: readonly Remote[], name: string, ref: string): boolean {
  const sources = remotes.flatMap((remote) =>
    remote.fetch.flatMap((refspec) => {
      const [source = '', target = ''] = refspec.replace(/^\+/, '').split(':');
      return covers(target, ref) ? [{ remote: remote.name, source }] : [];
    }),
  );
  return sources.length > 0 && sources.every(({ remote, source }) => remote === name && source.startsWith('refs/heads/'));
}

/** The remote and the ref there that a remote-tracking ref follows, as the refspecs for fetching say; undefined where none does. */
export function sourceOf(remotes: readonly Remote[], tracking: string): { readonly remote: string; readonly ref: string } | undefined {
  for (const { name, fetch } of remotes) {
    for (const refspec of fetch) {
      const [source = '', target = ''] = refspec.replace(/^\+/, '').split(':');
      if (!covers(target, tracking)) continue;
      const [before = '', after = ''] = target.split('*');
      const middle = target.includes('*') ? tracking.slice(before.length, tracking.length - after.length) : '';
      return { remote: name, ref: source.replace('*', () => middle) };
    }
  }
  return undefined;
}

function covers(target: string, ref: string): boolean {
  const [before = '', after] = target.split('*');
  return after === undefined ? target === ref : ref.startsWith(before) && ref.endsWith(after) && ref.length >= before.length + after.length;
}
