import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../failure.js';
import { identityOf, type ProcessIdentity, presenceOf } from './process-identity.js';

/** What temporary folders are for; the sweep knows these. */
export type TemporaryName = 'pack' | 'objects' | 'merge' | 'status';

/** Which process made a folder: what it leaves when it is killed is found by this. */
const ownerFile = 'aynig-owner.json';
const owner = z.object({ pid: z.number(), startTime: z.string(), space: z.string() });
/** mkdtemp(3) puts six characters behind the name. */
const ours = /^aynig-(?:pack|objects|merge|status)-[A-Za-z0-9]{6}$/;
const oldMs = 60 * 60_000;
/** So many are removed at a time; the next command goes on. */
const mostRemoved = 16;
const mostLookedAt = 256;
/** Asking the system who we are may be a process of its own. */
let self: ProcessIdentity | undefined;

/** Makes a folder that only its owner can read (mkdtemp(3)), with one file in it. Throws {@link Failure} temporary-folder. */
export function makeTemporaryFolder(name: TemporaryName): string {
  try {
    const folder = mkdtempSync(join(tmpdir(), `aynig-${name}-`));
    self ??= identityOf(process.pid);
    writeFileSync(join(folder, ownerFile), JSON.stringify(self), { mode: 0o600 });
    return folder;
  } catch (cause) {
    if (!['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new Failure('temporary-folder', `No folder can be made in ${tmpdir()}, where temporary files go.`, {
      hint: 'Name a folder that is there and yours to write: TMPDIR=<folder> aynig …',
      cause,
    });
  }
}

/**
 * Removes what earlier commands of this user left that were killed: folders that are older than an hour and whose process is gone.
 * Says nothing of one that cannot be removed: it is in nobody's way.
 */
export function sweepTemporaryFolders(): void {
  let removed = 0;
  const names = namesIn(tmpdir()).filter((name) => ours.test(name));
  for (const name of names.slice(0, mostLookedAt)) {
    if (removed >= mostRemoved) return;
    const folder = join(tmpdir(), name);
    if (!isLeft(folder)) continue;
    removed += 1;
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Somebody else's by now, or of a disk that cannot be written to.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Whoever needs it says what is wrong with it.
    return [];
  }
}

/** A folder without a readable owner may be anybody's, whatever its name is. */
function isLeft(folder: string): boolean {
  try {
    const there = lstatSync(folder);
    if (!there.isDirectory() || there.uid !== process.getuid?.() || there.mtimeMs > Date.now() - oldMs) return false;
    const read = owner.safeParse(JSON.parse(readFileSync(join(folder, ownerFile), 'utf8')));
    return read.success && presenceOf(read.data) === 'dead';
  } catch {
    return false;
  }
}
