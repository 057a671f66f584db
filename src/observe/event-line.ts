import { shortOid } from '../git/names.js';
import type { RunEvent } from '../kernel/context.js';
import { printable } from '../printable.js';

/** One plain line for each event: the same in the hook's log and on a terminal. */
export function eventLine(event: RunEvent): string {
  return printable(textOf(event));
}

function textOf(event: RunEvent): string {
  switch (event.kind) {
    case 'started':
      return `${event.branch}: running ${event.state} (run ${event.runId.slice(0, 8)})`;
    case 'advanced':
      return `${event.branch}: ${event.state} -> ${event.next} (${shortOid(event.commit)}, ${event.seconds} s) ${event.title}`;
    case 'stalled':
      return `${event.branch}: ${event.state} stalled. ${event.why}${event.log === undefined ? '' : ` Log: ${event.log}`}`;
    case 'undelivered':
      return `${event.branch}: the result waits, because ${event.why}. Bring it in with: aynig land ${event.branch}`;
    case 'delivered':
      return `${event.branch}: delivered ${shortOid(event.commit)}`;
    case 'lost-branch':
      return `${event.branch}: the branch went another way during run ${event.runId.slice(0, 8)}; nothing was published`;
    case 'kept':
      return `${event.branch}: ${event.what} kept at ${event.ref}`;
    case 'worktree-left':
      return `${event.branch}: the worktree ${event.path} is left as it is: ${event.why}`;
    case 'announced':
      return `${event.branch}: asks for ${event.state}; not started, ${event.why}. Next: ${event.next}`;
    case 'trust-changed':
      return `${event.branch}: what you allowed was changed while run ${event.runId.slice(0, 8)} was running. If that was not you, look at it: aynig allow --list`;
    case 'no-heartbeats':
      return `${event.remote} takes no refs beside its branches, so leases there cannot be renewed: a command has two thirds of its lease (aynig.leaseSeconds), or calls aynig set-working. (${event.why})`;
    case 'not-there-yet':
      return `${event.branch}: asks for ${event.state} at ${event.remote}, which does not have it yet. Next: git push ${event.remote} ${event.branch}`;
    case 'busy':
      return `${event.branch}: left alone, ${event.operation} is in progress`;
    case 'invalid':
      return `${event.branch}: cannot be run: ${event.problems.map(({ rule, fix }) => `${rule}; ${fix}`).join('; ')}`;
    case 'tick-limit':
      return `${event.branch}: stopped after ${event.ticks} ticks (aynig.maxTicks). To go on: aynig run --branch ${event.branch}`;
    case 'failed':
      return `${event.branch === undefined ? '' : `${event.branch}: `}${event.why} [${event.code}] ${event.hint}`;
  }
}
