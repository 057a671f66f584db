import { shortOid } from '../git/names.js';
import { judgePush } from './fence.js';
import { openReceiver } from './git-receiver.js';
import { branchPrefix, parsePush, sorted } from './push.js';
import type { Refusal } from './receiver.js';

/** A push may break one rule in thousands of commits; the first ones say what is wrong. */
export const mostShown = 10;

/** Judges what `pre-receive` got on its standard input. Answers the lines for the person who pushed; none: accept. */
export async function checkPush(text: string, gitDir: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const push = sorted(parsePush(text));
  if (push.branches.length + push.leases.length === 0) return [];
  const receiver = await openReceiver(gitDir, push, environment);
  try {
    return linesFor(await judgePush(push, receiver), environment);
  } finally {
    await receiver.close();
  }
}

/** One line for each refusal, and one that says how to go on. */
export function linesFor(refusals: readonly Refusal[], environment: NodeJS.ProcessEnv): string[] {
  if (refusals.length === 0) return [];
  const hidden = refusals.length - mostShown;
  const lines = [
    ...refusals.slice(0, mostShown).map(lineFor),
    ...(hidden > 0 ? [`aynig: and ${hidden} more like these`] : []),
    'aynig: nothing of this push was taken. Get what is new with git pull --ff-only (or git pull --rebase), mend it, and push again.',
  ];
  return environment['GL_ID'] === undefined && environment['GL_REPOSITORY'] === undefined
    ? lines
    : lines.map((line) => `GL-HOOK-ERR: ${line}`);
}

function lineFor({ commit, ref, rule, fix }: Refusal): string {
  const what = [
    ...(commit === undefined ? [] : [`commit ${shortOid(commit.oid)} (${titleOf(commit.message)})`]),
    ...(ref === undefined ? [] : [ref.startsWith(branchPrefix) ? `branch ${ref.slice(branchPrefix.length)}` : ref]),
  ];
  return `aynig: refused ${what.join(' on ')}: ${rule}. What to do: ${fix}`;
}

const titleOf = (message: Uint8Array): string => (Buffer.from(message).toString('utf8').split('\n', 1)[0] ?? '').slice(0, 60);
