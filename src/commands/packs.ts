import { failureOrThrow } from '../git/causes.js';
import { shortOid } from '../git/names.js';
import { openRepository } from '../git/repository.js';
import type { InstalledPack } from '../observe/schemas.js';
import { parseAddress } from '../packs/address.js';
import { atOnce } from '../packs/at-once.js';
import { objectFormat } from '../packs/blob.js';
import { Draft } from '../packs/draft.js';
import { newestCommit } from '../packs/fetch.js';
import { type Here, readCommitted } from '../packs/here.js';
import { type LockedPack, lockFileName } from '../packs/lock-file.js';
import { differingFiles } from '../packs/survey.js';
import { jsonText, printable } from '../printable.js';
import { sweepTemporaryFolders } from '../runner/temporary-folder.js';
import type { Io } from './io.js';

/** Most packs come from few servers; and each question listens for signals, of which Node warns from the eleventh on. */
const askedAtOnce = 8;

export interface PacksFlags {
  readonly cwd: string;
  /** Ask nobody whether there is a newer one. */
  readonly offline: boolean;
  readonly json: boolean;
}

/** `aynig packs`: what is installed, from where, changed or not, and whether there is a newer one. */
export async function packs(flags: PacksFlags, io: Io): Promise<number> {
  sweepTemporaryFolders();
  const repository = await openRepository(flags.cwd);
  const here = await readCommitted(repository);
  const { lock } = await Draft.of(here, await objectFormat(repository));
  const found = [
    ...(await atOnce(askedAtOnce, Object.entries(lock.packs), async ([name, pack]): Promise<InstalledPack> => {
      const { source, ref, subfolder, commit, version, fromDwp, uses } = pack;
      const files = differingFiles(pack, here.files);
      const newest = flags.offline ? { commit: null, problem: null } : await newestOf(pack, here.base);
      const newer = newest.commit !== null && newest.commit !== commit ? newest.commit : null;
      return { name, version, source, ref, subfolder, commit, fromDwp, uses, files, newer, problem: newest.problem };
    })),
  ];
  if (repository.toplevel !== undefined && (await isChanged(here)))
    io.err('What is installed has changes that are not committed; this is what is committed.');
  found.sort((one, other) => (one.name < other.name ? -1 : 1));
  if (flags.json) io.out(jsonText({ schema: 'aynig.packs/1', packs: found }));
  else if (found.length === 0) io.out('No pack is installed here. Install one with: aynig install <repo>');
  else for (const pack of found) for (const line of lines(pack)) io.out(printable(line));
  return 0;
}

async function isChanged({ git }: Here): Promise<boolean> {
  const status = await git(['status', '--porcelain', '-z', '--untracked-files=all', '--', `.aynig/${lockFileName}`]);
  return status.stdout.length > 0;
}

async function newestOf({ source, ref }: LockedPack, base: string): Promise<{ commit: string | null; problem: string | null }> {
  try {
    const newest = await newestCommit({ address: parseAddress(source, { cwd: base, base }), ref: ref ?? undefined });
    return { commit: newest ?? null, problem: null };
  } catch (error) {
    return { commit: null, problem: failureOrThrow(error).message };
  }
}

function lines({ name, version, source, ref, subfolder, commit, files, newer, problem, uses }: InstalledPack): string[] {
  const changed = files.length === 0 ? 'as installed' : `${files.length} ${files.length === 1 ? 'file differs' : 'files differ'}`;
  return [
    `${name}${version === null ? '' : ` ${version}`}  ${shortOid(commit)}  ${changed}`,
    `  from ${source} ${ref ?? 'HEAD'} ${subfolder}${uses.length === 0 ? '' : `; builds on ${uses.join(', ')}`}`,
    ...files.map(({ path, state }) => `  ${words[state]}  .aynig/${path}`),
    ...(newer === null ? [] : [`  newer: ${shortOid(newer)}; look at it with: aynig update-pack ${name} --dry-run --diff`]),
    ...(problem === null ? [] : [`  whether there is a newer one is not known: ${problem}`]),
  ];
}

const words = {
  changed: 'changed here  ',
  missing: 'missing here  ',
  left: 'not merged yet',
} as const;
