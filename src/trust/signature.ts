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

type Signable = { readonly oid: Oid; readonly signed: boolean };

/**
 * Asks git whether a commit is signed by a key that you trust (git-log(1), `%G?`): undefined when it is, else why not. One
 * git process, and none for a commit without a signature. A file of allowed signers that lies in the working tree counts
 * for nothing: whoever makes a commit would choose the signers.
 */
export async function signatureProblem(
  repository: Repository,
  commit: Signable,
  allowedSigners: string | undefined,
): Promise<string | undefined> {
  return (await signatureProblems(repository, [commit], allowedSigners)).get(commit.oid);
}

/** {@link signatureProblem} for some dozens of commits, by one git process: those with a problem, and what it is. */
export async function signatureProblems(
  { git, toplevel, mainRoot, commonDir }: Repository,
  commits: readonly Signable[],
  allowedSigners: string | undefined,
): Promise<ReadonlyMap<Oid, string>> {
  const problems = new Map<Oid, string>(commits.map(({ oid }) => [oid, meanings['N'] ?? '']));
  const signed = commits.filter((commit) => commit.signed);
  if (signed.length === 0) return problems;
  if ([toplevel, mainRoot].some((root) => root !== undefined && lies(commonDir, allowedSigners, root))) {
    const why = 'the file of allowed signers (gpg.ssh.allowedSignersFile) is in the working tree, where any commit can change it';
    for (const { oid } of signed) problems.set(oid, why);
    return problems;
  }
  const args = ['log', '--no-walk=unsorted', '--no-show-signature', '--format=%H %G?', '--stdin'];
  const answer = await git(args, {
    input: `${signed.map(({ oid }) => oid).join('\n')}\n`,
    timeoutMs: 20_000 + 2_000 * (signed.length - 1),
  });
  const letters = new Map(
    lineOf(answer)
      .split('\n')
      .map((line) => [line.slice(0, -2), line.slice(-1)]),
  );
  for (const { oid } of signed) {
    const letter = letters.get(oid) ?? 'E';
    if (letter === 'G') problems.delete(oid);
    else problems.set(oid, meanings[letter] ?? meanings['E'] ?? '');
  }
  return problems;
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
