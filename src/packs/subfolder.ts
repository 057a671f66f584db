import { Failure } from '../failure.js';
import { printable } from '../printable.js';
import { isDotGit } from './dot-git.js';
import { packLimits } from './limits.js';

/** Where a pack lies in its repository when nobody says otherwise. */
export const defaultSubfolder = '.aynig';

/** A folder of a repository as `a/b`, or `.` for its top. Throws {@link Failure} pack-subfolder. */
export function checkSubfolder(text: string): string {
  const why = whyNot(text);
  if (why !== undefined)
    throw new Failure('pack-subfolder', `The folder of a pack cannot be "${printable(text.slice(0, 80))}": it ${why}.`, {
      hint: 'Give a path inside the repository, such as .aynig or packs/ops; a single dot means its top.',
    });
  return partsOf(text).join('/') || '.';
}

const partsOf = (text: string): string[] =>
  text
    .replace(/\/+$/, '')
    .split('/')
    .filter((part) => part !== '.');

function whyNot(text: string): string | undefined {
  if (text.trim() === '') return 'is empty';
  if (Buffer.byteLength(text) > packLimits.pathBytes) return `is longer than ${packLimits.pathBytes} bytes`;
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFD]/u.test(text)) return 'has control or invisible characters in it';
  if (text.includes('\\')) return 'has a backslash in it';
  if (text.trim().startsWith('/')) return 'is an absolute path';
  const parts = partsOf(text);
  if (parts.some((part) => part.trim() === '')) return 'has an empty part';
  if (parts.some((part) => part.trim() === '..')) return 'leads out of the repository';
  if (parts.some((part) => part.trim().startsWith('-'))) return 'has a part that begins with a dash';
  if (parts.some(isDotGit)) return 'leads into a .git directory';
  if (parts.length > packLimits.depth) return `is deeper than ${packLimits.depth} folders`;
  return undefined;
}
