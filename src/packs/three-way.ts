import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Git } from '../git/gate.js';
import { makeTemporaryFolder } from '../runner/temporary-folder.js';

/** The three contents of a file that changed on both sides. */
export interface Sides {
  readonly mine: Buffer;
  readonly base: Buffer;
  readonly theirs: Buffer;
}

/** The merged content; undefined where both sides changed the same lines, or the file is no text. */
export async function mergeThreeWay(git: Git, { mine, base, theirs }: Sides): Promise<Buffer | undefined> {
  const folder = makeTemporaryFolder('merge');
  try {
    const paths = Object.entries({ mine, base, theirs }).map(([name, bytes]) => {
      const path = join(folder, name);
      writeFileSync(path, bytes, { mode: 0o600 });
      return path;
    });
    // git-merge-file(1): the exit code is the number of conflicts, 127 at most; 255 says that it cannot merge.
    const ok = [...Array.from({ length: 128 }, (_, conflicts) => conflicts), 255];
    const merged = await git(['merge-file', '-p', '--quiet', ...paths], { ok });
    return merged.exitCode === 0 ? merged.stdout : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
