import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOid } from '../git/names.js';
import type { Objects } from '../git/objects.js';
import type { Repository } from '../git/repository.js';
import { contentOf, hasCommands, noContent } from '../trust/content.js';
import { isAllowed, readRecord, recordPath } from '../trust/record.js';
import { readTampering, type Tampering } from '../trust/tampering.js';

/** What is known of the record of allowed commands. */
export interface Trust {
  readonly path: string;
  /** Whether the file is there and cannot be read. */
  readonly broken: boolean;
  /** Permission bits of the file and of its folder, where they are there. */
  readonly modes: readonly { readonly path: string; readonly mode: number; readonly wanted: number }[];
  readonly changes: readonly Tampering[];
  /** Whether the commit of HEAD has commands, and whether they are allowed. */
  readonly head: 'no-commands' | 'allowed' | 'not-allowed';
}

export async function readTrust(repository: Repository, objects: Objects, environment: NodeJS.ProcessEnv): Promise<Trust> {
  const { commonDir, gitDir, git } = repository;
  const path = await recordPath(commonDir, environment);
  const record = await readRecord(commonDir, environment);
  const head = await git([`--git-dir=${gitDir}`, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { ok: [0, 1, 128] });
  const name = head.stdout.toString('utf8').trim();
  const content = isOid(name) ? await contentOf(objects, name) : noContent;
  const modes = [
    { path, wanted: 0o600 },
    { path: dirname(path), wanted: 0o700 },
  ].flatMap(({ path: at, wanted }) => {
    const found = statSync(at, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path: at, mode: found.mode & 0o777, wanted }];
  });
  return {
    path,
    broken: record.broken !== undefined,
    modes,
    changes: readTampering(join(commonDir, 'aynig')),
    head: hasCommands(content) ? (isAllowed(record, content) ? 'allowed' : 'not-allowed') : 'no-commands',
  };
}
