import { Failure } from '../failure.js';
import { printable } from '../printable.js';

const maxLength = 255;

/**
 * A branch, a tag, a commit or an abbreviated commit, as a person named it; what is answered is safe to hand to git. Throws
 * {@link Failure} pack-ref by the rules of git-check-ref-format(1), and for a dash at its beginning.
 */
export function checkRef(text: string): string {
  const why = whyNot(text);
  if (why === undefined) return text;
  throw new Failure('pack-ref', `A branch, tag or commit cannot be called "${printable(text.slice(0, 80))}": it ${why}.`, {
    hint: 'Name a branch, a tag or a commit of the repository; git ls-remote <repo> lists them.',
  });
}

function whyNot(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.length > maxLength) return `is longer than ${maxLength} characters`;
  if (text.trim().startsWith('-')) return 'begins with a dash';
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFD]/u.test(text)) return 'has control or invisible characters in it';
  const bad = /[\s~^:?*[\\]|\.\.|@\{|\/\//u.exec(text)?.[0];
  if (bad !== undefined) return `has "${bad}" in it`;
  if (/^\/|\/$|\.$/.test(text)) return 'begins or ends with a slash, or ends with a dot';
  if (text === '@' || text.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock')))
    return 'is "@", or a part of it begins with a dot or ends with .lock';
  return undefined;
}
