import { mkdirSync } from 'node:fs';
import { openGit } from '../git/gate.js';

/** Makes an empty bare repository without hooks or anything else of a template. */
export async function initBare(path: string, format: 'sha1' | 'sha256', inherited: NodeJS.ProcessEnv): Promise<void> {
  mkdirSync(path);
  const options = ['--quiet', '--bare', '--template=', '--initial-branch=main', `--object-format=${format}`];
  await openGit({ cwd: path }, inherited)(['init', ...options, path]);
}
