import { openGit } from '../git/gate.js';
import { gitVersion } from '../git/repository.js';
import { jsonText } from '../printable.js';
import type { Io } from './io.js';

declare const AYNIG_VERSION: string;

/** This package's version. */
export const version = AYNIG_VERSION;

/** `aynig version`: what a bug report needs. */
export async function showVersion(flags: { readonly cwd: string; readonly json: boolean }, io: Io): Promise<number> {
  const git = await gitVersion(openGit({ cwd: flags.cwd }));
  const report = { schema: 'aynig.version/1', aynig: version, node: process.versions.node, git };
  io.out(flags.json ? jsonText(report) : `aynig ${version} (node ${report.node}, git ${git})`);
  return 0;
}
