import { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import { lineOf } from '../git/gate.js';
import { type BranchName, branchRef, isNameable } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import { openRepository, type Repository } from '../git/repository.js';

/** The branch that a verb means: the one named, else the current one. Throws {@link Failure}: detached-head, unborn-branch, no-such-branch, branch-name. */
export async function branchArgument(repository: Repository, named?: string): Promise<BranchName> {
  if (named !== undefined) {
    const branch = named.replace(/^refs\/heads\//, '') as BranchName;
    if (!isNameable(branch)) throw badName(branch);
    if (await exists(repository, branch)) return branch;
    throw new Failure('no-such-branch', `There is no branch ${JSON.stringify(named)} here.`, { hint: 'List them with: git branch' });
  }
  const branch = await currentBranch(repository);
  if (branch === undefined)
    throw new Failure('detached-head', 'HEAD is detached, so there is no current branch.', {
      hint: 'Switch to one (git switch <branch>) or name one.',
    });
  if (!isNameable(branch)) throw badName(branch);
  if (!(await exists(repository, branch)))
    throw new Failure('unborn-branch', `The branch ${branch} has no commit yet.`, {
      hint: 'Make a first commit, for example: git commit --allow-empty -m start',
    });
  return branch;
}

const badName = (branch: BranchName): Failure =>
  new Failure('branch-name', `The name of the branch ${branch} is not valid UTF-8, so nothing is run on it.`, {
    hint: 'Rename it: git branch -m <new-name>; aynig doctor prints the whole command.',
  });

/** The branch of HEAD, born or not; undefined when HEAD is detached. */
export async function currentBranch({ git, gitDir }: Repository): Promise<BranchName | undefined> {
  const head = await git([`--git-dir=${gitDir}`, 'symbolic-ref', '--quiet', 'HEAD'], { ok: [0, 1] });
  return head.exitCode === 0 ? (lineOf(head).replace('refs/heads/', '') as BranchName) : undefined;
}

async function exists({ git }: Repository, branch: BranchName): Promise<boolean> {
  const ref = branchRef(branch);
  const found = await git(['show-ref', '--verify', '--quiet', ref], { ok: [0, 1, 128] });
  if (found.exitCode === 0) return true;
  // It says the same of a branch whose commit is damaged: that one is there, and what is wrong with it is said by whoever reads it.
  const listed = await git(['for-each-ref', '--format=%(refname)', '--', ref], { ok: [0, 128] });
  return listed.stdout.toString('utf8').split('\n').includes(ref);
}

/** For completion: the branches around a directory, or none where there is no repository. */
export async function branchNames(cwd: string): Promise<string[]> {
  try {
    return (await readBranchTips((await openRepository(cwd)).git)).map(({ branch }) => branch);
  } catch (error) {
    failureOrThrow(error);
    return [];
  }
}
