import { join } from 'node:path';
import { parseAddress } from '../packs/address.js';
import { type Here, notCommitted } from '../packs/here.js';
import { lockFileName } from '../packs/lock-file.js';
import type { PackRequest } from '../packs/obtain.js';
import { type Change, ownerBeside, type PlanOptions } from '../packs/plan.js';
import { mergeTable, type PreparedPack, preparePacks, tablePath } from '../packs/prepare.js';
import { restorePack } from '../packs/restore.js';
import { installedStates } from '../packs/rows.js';
import { checkSubfolder } from '../packs/subfolder.js';
import { mergeThreeWay } from '../packs/three-way.js';
import { convertedCommands } from '../packs/will-run.js';
import type { Edit } from '../packs/write.js';
import { printable, quoted } from '../printable.js';
import type { Io } from './io.js';
import { openPackCheckout, type PackCheckout, writePacks } from './pack-checkout.js';
import { commitHint, confirmed } from './pack-confirm.js';
import { obtainWithProgress, progressLine } from './pack-progress.js';
import { changeLines, closingLines, packLines } from './pack-summary.js';

/** What `install` and `update-pack` have in common. */
export interface PackFlags {
  readonly cwd: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  /** Take the pack's version of files that differ. */
  readonly force: boolean;
  /** Keep one's own version of files that differ, as if they were merged. */
  readonly keepMine: boolean;
}

export interface InstallFlags extends PackFlags {
  /** Without it: what the lock file names. */
  readonly repo?: string | undefined;
  readonly ref?: string | undefined;
  readonly subfolder?: string | undefined;
  readonly name?: string | undefined;
  readonly fromDwp: boolean;
}

/** `aynig install`: puts the commands of a pack beside one's own, once a person has seen them. Exits with 1 when a file was left. */
export async function install(flags: InstallFlags, io: Io): Promise<number> {
  if (flags.repo === undefined) return restore(flags, io);
  const checkout = await openPackCheckout(flags.cwd, io);
  const request: PackRequest = {
    address: parseAddress(flags.repo, { cwd: flags.cwd, base: checkout.here.base }),
    ref: flags.ref === 'HEAD' ? undefined : flags.ref,
    subfolder: checkSubfolder(flags.subfolder ?? (flags.fromDwp ? '.dwp' : '.aynig')),
    name: flags.name,
    fromDwp: flags.fromDwp,
  };
  return installPacks(flags, checkout, [request], { restore: true, io });
}

const differingOf = ({ force, keepMine }: Pick<PackFlags, 'force' | 'keepMine'>): PlanOptions['differing'] =>
  force ? 'force' : keepMine ? 'keep-mine' : undefined;

/** Plans, shows, asks, writes. */
export async function installPacks(
  flags: PackFlags,
  checkout: PackCheckout,
  requests: readonly PackRequest[],
  { restore: restoring, io }: { readonly restore: boolean; readonly io: Io },
): Promise<number> {
  const { draft, here } = checkout;
  const line = progressLine(io);
  const packs = await preparePacks(
    {
      draft,
      options: { restore: restoring, differing: differingOf(flags) },
      obtain: (request) => obtainWithProgress(request, here, io),
      merge: (mine, base, theirs) => mergeThreeWay(here.git, { mine, base, theirs }),
      progress: (pack, planned, of) => line.draw(`comparing ${pack}: ${planned} of ${of} files`),
    },
    requests,
  ).finally(() => line.erase());
  draft.finish();
  draft.refuseClashes();
  io.out(packs.map((pack) => packLines(pack).join('\n')).join('\n\n'));
  const converted = await convertedCommands(here, draft.edits().flatMap(asFile));
  if (converted.length > 0) io.out(lineEndsNote(here.top, converted));
  // A file that a person deleted, or has for themselves now, is settled: the pack has nothing for it that could be taken or refused.
  const left = packs.flatMap(({ changes }) => changes.filter((change) => change.kind === 'left' && change.theirs !== undefined));
  if (draft.edits().length === 0) io.out('\nNothing to change.');
  else {
    for (const line of closingLines(checkout)) io.out(line);
    const question = `${packs.length === 1 ? 'Install it' : 'Install them'} as shown?`;
    if (!(await confirmed(checkout, question, flags, io))) return left.length > 0 ? 1 : 0;
    await writePacks(checkout);
    io.out(commitHint(whatToSay(packs)));
  }
  if (left.length > 0)
    io.err(
      `${left.length === 1 ? 'One file was' : `${left.length} files were`} left as shown above. To take the pack's: --force; to keep yours for good: --keep-mine`,
    );
  return left.length > 0 ? 1 : 0;
}

const asFile = ({ path, mode, bytes }: Edit): Parameters<typeof convertedCommands>[1] =>
  bytes === undefined || (mode !== '100755' && mode !== '100644') ? [] : [{ path, mode, bytes }];

const lineEndsNote = (top: string, [first, ...more]: readonly string[]): string =>
  printable(
    `  note: git writes .aynig/${first}${more.length === 0 ? '' : ` and ${more.length} more`} with CRLF here (core.autocrlf, or an attribute), and a run refuses a command that is not as it is committed; this keeps line ends as they are: echo '* text eol=lf' >>${quoted(join(top, '.aynig/.gitattributes'))}`,
  );

const whatToSay = (packs: readonly PreparedPack[]): string =>
  packs
    .map(
      ({ name, locked: { version }, previous }) =>
        `${previous === undefined ? 'Install' : 'Update'} ${name}${version === null ? '' : ` ${version}`}`,
    )
    .map((text) => printable(text).replaceAll("'", ''))
    .join(', ');

/** `aynig install` alone: what the lock file names and is not there comes back; without a network where this repository has it. */
async function restore(flags: InstallFlags, io: Io): Promise<number> {
  const checkout = await openPackCheckout(flags.cwd, io, { mayBeDeleted: true });
  const { draft, here } = checkout;
  const names = Object.keys(draft.lock.packs).sort();
  const others = here.deleted.filter(
    (path) => path !== lockFileName && path !== tablePath && ownerBeside(draft.lock, '', path) === undefined,
  );
  if (others.length > 0) throw notCommitted(others);
  if (names.length === 0) {
    io.out('No pack is installed here. Install one with: aynig install <repo>');
    return 0;
  }
  if (here.deleted.length > 0)
    io.out(`deleted, and that is not committed\n${changeLines(here.deleted.map((path) => asCommitted(path, here))).join('\n')}`);
  for (const name of names) {
    const pack = draft.lock.packs[name];
    if (pack === undefined) continue;
    const { source, ref: _, subfolder, fromDwp, commit } = pack;
    const changes = await restorePack(draft, name, pack, async () => {
      const address = parseAddress(source, { cwd: here.base, base: here.base });
      return (await obtainWithProgress({ address, ref: commit, subfolder, name, fromDwp }, here, io)).files;
    });
    if (changes.length === 0) continue;
    await mergeTable(draft, installedStates(pack), pack);
    io.out(`${name}\n${changeLines(changes).join('\n')}`);
  }
  draft.finish();
  draft.refuseClashes();
  if (draft.edits().length === 0 && here.deleted.length === 0) {
    io.out(
      `Nothing to bring back: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} here as the lock file says. See changes with: aynig packs`,
    );
    return 0;
  }
  for (const line of closingLines(checkout)) io.out(line);
  if (!(await confirmed(checkout, 'Bring them back?', flags, io))) return 0;
  await writePacks(checkout);
  io.out(draft.edits().length > 0 ? commitHint('Bring back files of packs') : 'They are back as they are committed.');
  return 0;
}

const asCommitted = (path: string, { files }: Here): Change => ({ kind: 'back', path, mode: files.get(path)?.mode ?? '100644' });
