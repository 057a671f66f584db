import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { Failure } from '../failure.js';
import { printable, quoted } from '../printable.js';

/** Where the repository of a pack is. Never holds a secret. */
export interface PackAddress {
  readonly kind: 'url' | 'ssh' | 'path';
  /** What git is given. */
  readonly url: string;
  /** What is written down; {@link parseAddress} reads it again. A relative path counts from {@link Standing.base}. */
  readonly source: string;
  /** For a person to read. */
  readonly shown: string;
}

/** Where somebody is who writes a path. */
export interface Standing {
  readonly cwd: string;
  /** The top of the main working tree: what is written down means the same in every linked one. */
  readonly base: string;
}

const maxLength = 2048;
const transports = ['https', 'ssh', 'git', 'file'];
const user = '[A-Za-z0-9_][A-Za-z0-9._+~-]*';
const host = '(?:[A-Za-z0-9_][A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\\])';
const urlPattern = new RegExp(`^(?:(${user})@)?(${host})(?::\\d{1,5})?(/.*)$`, 'su');
const scpPattern = new RegExp(`^(?:${user}@)?${host}:(.+)$`, 'su');
const gitHubPattern = /^([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))\/([A-Za-z0-9._-]{1,100})$/;

/**
 * Reads what a person, a lock file or a manifest calls the repository of a pack: a URL, `user@host:path`, a local path, or
 * `owner/name` for GitHub. A folder of that name wins over the last, as in git-clone(1). Throws {@link Failure} pack-address,
 * which never repeats a secret.
 */
export function parseAddress(text: string, standing: Standing): PackAddress {
  if (text.length > maxLength) throw refused(`is longer than ${maxLength} characters`);
  // Before anything else is cut off: a newline at the end is no slip of the keyboard either.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)) throw refused('has control or invisible characters in it');
  const address = text.trim();
  if (address === '') throw refused('is empty');
  if (address.startsWith('-')) throw refused('begins with a dash', address);
  const scheme = /^([A-Za-z0-9+.-]*):\/\/(.*)$/su.exec(address);
  if (scheme !== null) return ofUrl((scheme[1] ?? '').toLowerCase(), scheme[2] ?? '');
  if (/^[A-Za-z0-9+.-]*::/.test(address)) throw refused(`names a transport that is not allowed: ${transports.join(', ')} are`);
  if (/^(?:\.{0,2}\/|\.{1,2}$|~\/|~$)/.test(address) || isFolder(resolve(standing.cwd, address))) return ofPath(address, standing);
  if (address.startsWith('~')) throw refused('means the home of another user: write the whole path', address);
  if (/^[^/]*:/.test(address)) return ofScp(address);
  const [, owner, name = ''] = gitHubPattern.exec(address) ?? [];
  const repository = name.replace(/\.git$/, '');
  if (owner === undefined || /^\.*$/.test(repository)) throw refused('is no URL, no user@host:path, no folder, and no owner/name', address);
  return plain('url', `https://github.com/${owner}/${repository}.git`);
}

function ofUrl(scheme: string, rest: string): PackAddress {
  if (!transports.includes(scheme))
    throw refused(`uses the transport "${printable(scheme)}", which is not allowed: ${transports.join(', ')} are`);
  if (scheme === 'file') {
    // git takes what stands before the first slash for a part of the path.
    if (!rest.startsWith('/')) throw refused('names a host in a file URL');
    return plain('url', `file://${rest}`);
  }
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const login = authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
  if (login.includes(':') || /%3a/i.test(login)) throw secret('has a password in it');
  if (login !== '' && scheme === 'https') throw secret('has a user or a token in it');
  if (/[?#]/.test(rest)) throw secret('has a query or a fragment in it, where tokens are often kept');
  if (/^-|@-|^\[-/.test(authority)) throw refused('has a user or a host that begins with a dash');
  const [, name, , path = ''] = urlPattern.exec(rest) ?? [];
  if (path === '') throw refused('has no host or no path that git could use');
  if (name !== undefined && scheme === 'git') throw refused('names a user, which git:// does not know');
  if (/^\/+$/.test(path)) throw refused('names no repository');
  if (/%(?:[01][0-9a-f]|7f)/i.test(path)) throw refused('has control characters in it');
  return plain(scheme === 'ssh' ? 'ssh' : 'url', `${scheme}://${rest}`);
}

function ofScp(address: string): PackAddress {
  if (/^[^@/:]+:[^@/]*@[^@:/]+:/.test(address)) throw secret('has a password in it');
  if (/^-|@-/.test(address.split(':', 1)[0] ?? '')) throw refused('has a user or a host that begins with a dash');
  const path = scpPattern.exec(address)?.[1];
  if (path === undefined) throw refused('is no user@host:path that git could use', address);
  if (path.startsWith('-')) throw refused('has a path that begins with a dash');
  if (path.includes('\\')) throw refused('has a backslash in it');
  return plain('ssh', address);
}

function ofPath(address: string, { cwd, base }: Standing): PackAddress {
  if (address === '~' || address.startsWith('~/')) {
    const source = address.replace(/(?<=.)\/+$/, '');
    return { kind: 'path', url: join(homedir(), source.slice(1)), source, shown: source };
  }
  const url = resolve(cwd, address);
  if (isAbsolute(address)) return plain('path', url);
  const way = relative(base, url);
  const source = way === '' ? './' : way === '..' || way.startsWith('../') ? way : `./${way}`;
  return { kind: 'path', url, source: source === '..' ? '../' : source, shown: source };
}

/**
 * An address as a word of a shell command line that means the same in every directory. Quotes would keep the shell from finding
 * the home.
 */
export const asWord = ({ kind, url, shown }: PackAddress): string =>
  shown.startsWith('~/') ? `~/${quoted(shown.slice(2))}` : quoted(kind === 'path' ? url : shown);

const plain = (kind: PackAddress['kind'], url: string): PackAddress => ({ kind, url, source: url, shown: url });

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** `address`: repeated in the message, so only where it cannot be a URL. */
const refused = (why: string, address?: string): Failure =>
  new Failure('pack-address', `The address of a pack${address === undefined ? '' : ` "${printable(address.slice(0, 120))}"`} ${why}.`, {
    hint: 'Give an https, ssh, git or file URL, user@host:path, a local path, or owner/name for GitHub.',
  });

const secret = (why: string): Failure =>
  new Failure('pack-address', `The address of a pack ${why}; it would be written into the lock file for everybody to read.`, {
    hint: 'Leave it away and let git ask a credential helper: git help credentials; or use an ssh address.',
  });
