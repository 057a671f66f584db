import { type Git, lineOf } from './gate.js';
import { type Oid, oid } from './names.js';

/** Name and email that a commit is made under. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

/**
 * Makes a commit object and touches no index, no worktree and no ref. The identity is the runner's own, never the one
 * that the triggering commit leaked into the environment.
 */
export async function commitTree(git: Git, commit: { tree: Oid; parent: Oid; message: string; identity: Identity }): Promise<Oid> {
  const { name, email } = commit.identity;
  const result = await git(['commit-tree', '-p', commit.parent, '-F', '-', commit.tree], {
    input: commit.message,
    env: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email },
  });
  return oid(lineOf(result));
}
