import { openObjects } from '../git/objects.js';
import type { Repository } from '../git/repository.js';
import { allowWhatWasMadeHere } from '../trust/own-commit.js';
import type { Io } from './io.js';

/** Part of `aynig init`: commands that the person made here are allowed; for others it says what to do. */
export async function allowOwnCommands(repository: Repository, io: Io): Promise<void> {
  const objects = openObjects(repository.commonDir);
  try {
    const now = Math.floor(Date.now() / 1000);
    const became = await allowWhatWasMadeHere({ repository, objects, environment: process.env, now });
    if (became.kind === 'allowed') io.out('allowed the commands that you made here; see: aynig allow --list');
    if (became.kind === 'not-allowed')
      io.out('\nOthers made commands that are in this repository. Hooks start none of them until you look and allow them:\n  aynig allow');
  } finally {
    await objects.close();
  }
}
