import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { lineOf } from '../git/gate.js';
import type { Oid } from '../git/names.js';
import type { Repository } from '../git/repository.js';

/** What git says of a commit's signature, in one word for people. */
const meanings: Readonly<Record<string, string>> = {
  B: 'its signature is bad or its key was revoked',
  U: 'its key is not among your allowed signers',
  X: 'its signature has expired',
  Y: 'its key has expired',
  R: 'its key was revoked',
  E: 'its signature could not be checked',
  N: 'it is not signed',
};

/**
 * Asks git whether a commit is signed by a key that you trust (git-log(1), `%G?`): undefined when it is, else why not. One
 * git process, and none for a commit without a signature. A file of allowed signers that lies in the working tree counts
 * for nothing: whoever makes a commit would choose the signers.
 */
export async function signatureProblem(
  { git, toplevel, mainRoot, commonDir }: Repository,
  commit: { readonly oid: Oid; readonly signed: boolean },
  allowedSigners: string | undefined,
): Promise<string | undefined> {
  if (!commit.signed) return meanings['N'];
  const tracked = [toplevel, mainRoot].some((root) => root !== undefined && lies(commonDir, allowedSigners, root));
  if (tracked) return 'the file of allowed signers (gpg.ssh.allowedSignersFile) is in the working tree, where any commit can change it';
  const answer = await git(['log', '-1', '--no-show-signature', '--format=%G?', commit.oid, '--'], { timeoutMs: 20_000 });
  const letter = lineOf(answer);
  return letter === 'G' ? undefined : (meanings[letter] ?? meanings['E']);
}

function lies(commonDir: string, setting: string | undefined, root: string): boolean {
  if (setting === undefined) return false;
  const path = setting.replace(/^~(?=\/)/, homedir());
  // git resolves a relative path against where it runs; from the root of a checkout that is a tracked file.
  if (!isAbsolute(path)) return true;
  const real = join(realOf(dirname(resolve(path))), path.slice(dirname(path).length + 1));
  return real.startsWith(realOf(root) + sep) && !real.startsWith(realOf(commonDir) + sep);
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there: then nothing can be signed by a key in it either.
    return path;
  }
}
