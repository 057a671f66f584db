import { openContext } from '../kernel/open-context.js';
import { eventsOf } from '../observe/events.js';
import type { StateEvent } from '../observe/schemas.js';
import { jsonText, printable } from '../printable.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';

export interface EventsFlags {
  readonly cwd: string;
  readonly branch?: string | undefined;
  readonly history: boolean;
  readonly count: number;
  readonly json: boolean;
}

/** `aynig events`: the state event of the tip, or those of the branch's recent history. */
export async function events(flags: EventsFlags, io: Io): Promise<number> {
  const context = await openContext({ cwd: flags.cwd, startedBy: 'person' });
  try {
    const branch = await branchArgument(context.repository, flags.branch);
    const found = await eventsOf(context, branch, flags.history ? flags.count : 1);
    if (flags.json) io.out(jsonText({ schema: 'aynig.events/1', events: found }));
    else if (found.length === 0)
      io.err(
        `${branch} has no state event ${flags.history ? `in its last ${flags.count} commits` : 'at its tip; look further back with --history'}.`,
      );
    else for (const event of found) io.out(line(event));
    return 0;
  } finally {
    await context.objects.close();
  }
}

function line(event: StateEvent): string {
  const time = new Date(event.at * 1000).toISOString().replace('T', ' ').slice(0, 19);
  const state = event.state ?? 'invalid';
  const about = event.originState === null ? state : `${state} (${event.originState})`;
  const end = event.exitCode !== null ? ` exit ${event.exitCode}` : event.signal !== null ? ` ${event.signal}` : '';
  return printable(
    `${time}  ${event.commit.slice(0, 12)}  ${about.padEnd(20)}${end}  ${event.title}${event.problems.length > 0 ? ` [${event.problems.join('; ')}]` : ''}`,
  );
}
