import { Failure } from '../failure.js';
import { printable } from '../printable.js';
import { isRole, readState } from '../state-name.js';
import { gitFileOf, isDotGit } from './dot-git.js';
import { packLimits } from './limits.js';
import { type Entry, isFile, isFolder, pathOf, useOf } from './listing.js';

/** Something in a pack that is never installed. */
export interface Refusal {
  /** Below the folder of the pack; empty where the pack as a whole is meant. */
  readonly path: string;
  /** Goes on from the path: "is a symbolic link". */
  readonly why: string;
}

const maxShown = 20;

/** All that was found, not only the first; the message shows the first twenty. */
export class PackRefusal extends Failure {
  readonly refusals: readonly Refusal[];
  constructor(refusals: readonly Refusal[], cause?: unknown) {
    const shown = refusals
      .slice(0, maxShown)
      .map(({ path, why }) => (path === '' ? why : `${printable(path.length > 200 ? `${path.slice(0, 200)}…` : path)} ${why}`));
    const more = refusals.length > maxShown ? `; and ${refusals.length - maxShown} more` : '';
    super('pack-refused', `The pack was refused and nothing was written: ${shown.join('; ')}${more}.`, {
      hint: 'Tell the author of the pack. A pack is regular files below its folder, with plain names, and not too many.',
      ...(cause === undefined ? {} : { cause }),
    });
    this.refusals = refusals;
  }
}

/** What is wrong with the folder of a pack; it may be installed where nothing is. A function of the listing alone. */
export const refusalsOf = (entries: readonly Entry[], { anyCase = false } = {}): Refusal[] => [
  ...entries.flatMap((entry) => {
    const path = pathOf(entry);
    // One reason for each: a name that nobody should write down needs no second one.
    const why = badKind(entry) ?? badName(entry.name) ?? badPlace(entry, path, anyCase) ?? badSize(entry);
    return why === undefined ? [] : [{ path, why }];
  }),
  ...collisionsOf(entries),
  ...totalsOf(entries),
];

function badKind(entry: Entry): string | undefined {
  if (isFolder(entry) || isFile(entry)) return undefined;
  if (entry.mode === '120000') return 'is a symbolic link';
  if (entry.mode === '160000') return 'is a submodule';
  return `is neither a file nor a folder (mode ${printable(entry.mode.slice(0, 12))})`;
}

const devices = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])$/i;

function badName(name: string): string | undefined {
  if (name === '') return 'has no name';
  if (name === '.' || name === '..' || name.includes('/')) return 'leads out of the folder';
  if (isDotGit(name)) return 'is .git in one of its spellings';
  const gitFile = gitFileOf(name);
  if (gitFile === '.gitmodules') return 'names submodules';
  if (gitFile !== undefined && gitFile !== name) return `is ${gitFile} in another spelling`;
  if (name.includes('\\')) return 'has a backslash in its name';
  if (/\p{Cc}/u.test(name)) return 'has control characters in its name';
  if (/[\uFFFD\p{Cs}]/u.test(name)) return 'has a name that is not UTF-8';
  if (/[\p{Cf}\p{Zl}\p{Zp}\p{Co}]/u.test(name)) return 'has invisible characters or writing directions in its name';
  if (name.startsWith('-')) return 'has a name that begins with a dash';
  if (devices.test((name.split('.')[0] ?? '').trimEnd())) return 'has the name of a Windows device';
  if (/[<>:"|?*]/.test(name)) return 'has characters in its name that Windows does not take';
  if (/[. ]$|^ /.test(name)) return 'has a name that ends with a dot, or begins or ends with a space';
  return undefined;
}

function badPlace(entry: Entry, path: string, anyCase: boolean): string | undefined {
  if (path.split('/').length - 1 > packLimits.depth) return `lies deeper than ${packLimits.depth} folders`;
  if (Buffer.byteLength(path) > packLimits.pathBytes) return `has a path of more than ${packLimits.pathBytes} bytes`;
  if (useOf(entry) !== 'installed' || isFolder(entry)) return undefined;
  const [, role, command] = /^(?:roles\/([^/]*)\/)?command\/(.*)$/s.exec(path) ?? [];
  if (role !== undefined && !isRole(role)) return 'belongs to a role that no run can have';
  // What a name with a dot in front holds is shared code: no state begins so.
  if (command === undefined || command.split('/').some((part) => part.startsWith('.'))) return undefined;
  if (command.toLowerCase() === 'working') return 'would be the command of "working", which is the state of a run';
  const state = readState(command);
  if (state === undefined || (state !== command && !anyCase)) return 'is named like no state: small letters, digits, ".", "_", "-"';
  return undefined;
}

function badSize(entry: Entry): string | undefined {
  const { size = 0 } = entry;
  const use = useOf(entry);
  if (use === 'manifest' && size > packLimits.manifestBytes) return `is larger than ${inKib(packLimits.manifestBytes)}`;
  if (typeof use === 'string' && size > packLimits.fileBytes) return `is larger than ${inKib(packLimits.fileBytes)}`;
  return undefined;
}

const inKib = (bytes: number): string => `${bytes / 1024} KiB`;

/** As file systems compare names that do not tell case or forms of Unicode apart. */
const folded = (path: string): string => path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');

function collisionsOf(entries: readonly Entry[]): Refusal[] {
  const first = new Map<string, string>();
  return entries.flatMap((entry) => {
    const path = pathOf(entry);
    const other = first.get(folded(path));
    if (other === undefined) first.set(folded(path), path);
    else if (other === path) return [{ path, why: 'is there twice' }];
    // What lies in two such folders collides with them.
    else if (other.split('/').slice(0, -1).join('/') === entry.folder)
      return [{ path, why: `is the same as ${printable(other)} where capitals or forms of Unicode do not count` }];
    return [];
  });
}

function totalsOf(entries: readonly Entry[]): Refusal[] {
  const files = entries.filter((entry) => isFile(entry) && typeof useOf(entry) === 'string');
  const bytes = files.reduce((sum, { size = 0 }) => sum + size, 0);
  return [
    ...(files.length > packLimits.files ? [{ path: '', why: `it has ${files.length} files, more than ${packLimits.files}` }] : []),
    ...(bytes > packLimits.allBytes ? [{ path: '', why: `its files together are larger than ${inKib(packLimits.allBytes)}` }] : []),
  ];
}
