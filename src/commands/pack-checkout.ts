import { Failure } from '../failure.js';
import { openGit } from '../git/gate.js';
import { openRepository, type Repository } from '../git/repository.js';
import { objectFormat } from '../packs/blob.js';
import { bringBack, checkOut, healCheckout, lockCheckout } from '../packs/checkout.js';
import { Draft } from '../packs/draft.js';
import { type Here, type HereOptions, readHere } from '../packs/here.js';
import { treeWith } from '../packs/write.js';
import { sweepTemporaryFolders } from '../runner/temporary-folder.js';
import { isInsideRun } from '../trust/inside-run.js';
import type { Io } from './io.js';

/** The checkout that packs are installed into, and what it is to become. */
export interface PackCheckout {
  readonly repository: Repository;
  readonly here: Here;
  readonly draft: Draft;
}

/**
 * Opens the checkout for a change of its packs, after putting back what an install left that was killed. Throws {@link Failure}
 * inside-a-run, and what {@link readHere} throws.
 */
export async function openPackCheckout(cwd: string, io: Io, options?: HereOptions): Promise<PackCheckout> {
  if (process.env['AYNIG_RUN_ID']) throw insideARun();
  const repository = await openRepository(cwd);
  if (isInsideRun(repository)) throw insideARun();
  sweepTemporaryFolders();
  const here = await readLocked(repository, io, options);
  return { repository, here, draft: await Draft.of(here, await objectFormat(repository)) };
}

async function readLocked(repository: Repository, io: Io, options?: HereOptions): Promise<Here> {
  const { toplevel, gitDir } = repository;
  if (toplevel === undefined) return readHere(repository, options);
  const lock = await lockCheckout(repository);
  try {
    const left = await healCheckout(repository, { top: toplevel, git: openGit({ cwd: toplevel, gitDir }) });
    if (left !== undefined) io.err('An install that was killed here was put back.');
    for (const path of left ?? []) io.err(`${path} was changed meanwhile and is left as it is.`);
    return await readHere(repository, options);
  } finally {
    lock.release();
  }
}

/** Writes the draft, and what was deleted and may be, unless something changed since it was read. Throws {@link Failure} pack-changed, and what {@link checkOut} throws. */
export async function writePacks({ repository, here, draft }: PackCheckout): Promise<void> {
  // They reach us and not git, which is in a session of its own: what was begun is finished.
  let ended: NodeJS.Signals | undefined;
  const wait = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGINT') ended = signal;
  };
  for (const signal of signals) process.on(signal, wait);
  const lock = await lockCheckout(repository);
  try {
    const now = await readHere(repository, { mayBeDeleted: here.deleted.length > 0 });
    if (now.tree !== here.tree || now.deleted.some((path) => !here.deleted.includes(path)))
      throw new Failure('pack-changed', 'The branch or .aynig has changed meanwhile; nothing was written.', { hint: 'Run it again.' });
    await bringBack(here, now.deleted);
    const edits = draft.edits();
    if (edits.length > 0) await checkOut(repository, here, await treeWith(here, edits));
  } finally {
    lock.release();
    for (const signal of signals) process.off(signal, wait);
    // Who shut us down, or closed the terminal, hears that it was heard.
    if (ended !== undefined) process.kill(process.pid, ended);
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const insideARun = (): Failure =>
  new Failure('inside-a-run', 'A running command cannot install packs: it would rewrite its own orders.', {
    hint: 'Let a person run it in a terminal of their own.',
  });
