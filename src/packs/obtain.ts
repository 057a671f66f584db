import { Failure } from '../failure.js';
import { printable } from '../printable.js';
import type { PackAddress, Standing } from './address.js';
import { fetchPack } from './fetch.js';
import { translate } from './from-dwp.js';
import { type NeededPack, type PackManifest, readManifest } from './manifest.js';
import { defaultName } from './pack-name.js';
import type { PackFile } from './read.js';
import type { Progress } from './transfer.js';

/** A pack that somebody asks for. */
export interface PackRequest {
  readonly address: PackAddress;
  /** A branch, tag or commit; undefined: what HEAD names there. */
  readonly ref: string | undefined;
  readonly subfolder: string;
  /** Undefined: what the pack calls itself, else its folder or repository. */
  readonly name: string | undefined;
  /** Translate it from the earlier naming. */
  readonly fromDwp: boolean;
}

/** A pack as it was read from where it comes from; checked, and nothing of it written or started. */
export interface Obtained {
  readonly commit: string;
  readonly files: readonly PackFile[];
  readonly manifest: PackManifest | undefined;
  readonly needs: readonly NeededPack[];
  /** Its COMMANDS.md. */
  readonly table: string | undefined;
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
  /** For people: what was passed over, and what could not be translated. */
  readonly notes: readonly string[];
  /** What it is called where nobody says. */
  readonly defaultName: string;
}

export interface Asking {
  /** From where relative addresses count that a lock file or a manifest names. */
  readonly base: string;
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Whether git and ssh may ask a person for a password. */
  readonly terminal: boolean;
}

/** Fetches a pack, checks all of it, and translates it where that is asked for. Throws what {@link fetchPack} and {@link readManifest} throw. */
export async function obtainPack(request: PackRequest, { base, progress, terminal }: Asking): Promise<Obtained> {
  const { address, ref, subfolder, fromDwp } = request;
  const fetched = await fetchPack({ address, ref, subfolder, progress, terminal, anyCase: fromDwp });
  const standing: Standing = { cwd: address.kind === 'path' ? address.url : base, base };
  const read = fetched.manifest === undefined ? undefined : readManifest(fetched.manifest, standing);
  for (const { address: needed } of read?.needs ?? []) refusePathsOfOthers(needed, address);
  const translated = fromDwp ? translatePack(fetched.files, fetched.map) : undefined;
  return {
    commit: fetched.commit,
    files: translated?.files ?? fetched.files,
    manifest: read?.manifest,
    needs: read?.needs ?? [],
    table: translated === undefined ? fetched.map : translated.table,
    leftOut: fetched.leftOut,
    notes: [...(read?.unknown ?? []).map((key) => `pack.json: ${key} is not known and says nothing`), ...(translated?.notes ?? [])],
    defaultName: defaultName(address, subfolder),
  };
}

/** A pack from elsewhere must not lead to a path of this machine. */
function refusePathsOfOthers(needed: PackAddress, by: PackAddress): void {
  const isPath = ({ kind, url }: PackAddress): boolean => kind === 'path' || url.startsWith('file:');
  if (!isPath(needed) || isPath(by)) return;
  throw new Failure('pack-refused', `The pack builds on ${printable(needed.shown)}, a path of some machine; nothing was written.`, {
    hint: 'Tell its author to name a URL.',
  });
}

const tablePath = 'COMMANDS.md';

function translatePack(
  files: readonly PackFile[],
  map: string | undefined,
): { files: PackFile[]; table: string | undefined; notes: string[] } {
  const table: PackFile[] = map === undefined ? [] : [{ path: tablePath, mode: '100644', bytes: Buffer.from(map) }];
  const { files: all, changes, leftOver, leftOverCount } = translate([...files, ...table]);
  const asFile = ({ path, mode, bytes }: (typeof all)[number]): PackFile => ({
    path,
    mode: mode === '100755' ? '100755' : '100644',
    bytes: Buffer.from(bytes),
  });
  const places = changes.reduce((sum, { count }) => sum + count, 0);
  const more = leftOverCount - leftOver.length;
  return {
    files: all.filter(({ path }) => path !== tablePath).map(asFile),
    table: map === undefined ? undefined : Buffer.from(all.find(({ path }) => path === tablePath)?.bytes ?? []).toString('utf8'),
    notes: [
      `translated from the earlier naming: ${places} ${places === 1 ? 'place' : 'places'} in ${changes.length} ${changes.length === 1 ? 'file' : 'files'}`,
      ...leftOver.map(({ path, line, text, why }) => `not translated: ${path}${line === 0 ? '' : `:${line}`}: ${text.trim()} (${why})`),
      ...(more > 0 ? [`not translated: ${more} places more`] : []),
    ],
  };
}
