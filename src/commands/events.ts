import { type BranchName, branchRef } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import type { Context } from '../kernel/context.js';
import { openContext } from '../kernel/open-context.js';
import { readEvents, tipEvents } from '../observe/events.js';
import type { StateEvent } from '../observe/schemas.js';
import { timeOf } from '../observe/spans.js';
import { trunkOf } from '../observe/trunk.js';
import { jsonText, printable } from '../printable.js';
import { branchArgument } from './branch-argument.js';
import type { Io } from './io.js';
import { sinceArgument } from './since.js';

export interface EventsFlags {
  readonly cwd: string;
  readonly branch?: string | undefined;
  readonly all: boolean;
  readonly history: boolean;
  readonly merged: boolean;
  readonly since?: string | undefined;
  readonly correlation?: string | undefined;
  /** At most so many events. */
  readonly count?: number | undefined;
  readonly json: boolean;
  readonly jsonl: boolean;
}

/** How far below a tip is looked for what explains its event. */
const commitsBelowTip = 1_000;

/** `aynig events`: the state event of the tip, or those of the history, of a branch or of all. */
export async function events(flags: EventsFlags, io: Io): Promise<number> {
  const context = await openContext({ cwd: flags.cwd, startedBy: 'person' });
  try {
    const branch = flags.all ? undefined : await branchArgument(context.repository, flags.branch);
    const history = flags.history || flags.merged || flags.since !== undefined || flags.correlation !== undefined;
    const found = atMost(await wanted(context, flags, branch, history), flags.count ?? Number.POSITIVE_INFINITY);
    const count = flags.json ? await printJson(found, io) : await printLines(found, flags, io);
    if (count === 0 && !flags.json && !flags.jsonl) io.err(nothing(branch, history));
    return 0;
  } finally {
    await context.objects.close();
  }
}

async function wanted(
  context: Context,
  flags: EventsFlags,
  branch: BranchName | undefined,
  history: boolean,
): Promise<AsyncIterable<StateEvent>> {
  const tips = (await readBranchTips(context.repository.git, branch === undefined ? undefined : [branchRef(branch)])).map(
    ({ branch: lane, oid }) => ({ lane, oid }),
  );
  if (!history && flags.all) return tipEvents(context, tips);
  if (!history) return tipEvent(context, tips);
  const trunk = await trunkOf(context);
  return readEvents(context, {
    tips,
    merged: flags.merged,
    ...(trunk === undefined ? {} : { trunk }),
    ...(flags.since === undefined ? {} : { since: await sinceArgument(context.repository, flags.since) }),
    ...(flags.correlation === undefined ? {} : { correlation: flags.correlation }),
  });
}

async function* tipEvent(context: Context, tips: Parameters<typeof tipEvents>[1]): AsyncGenerator<StateEvent> {
  for await (const event of readEvents(context, { tips, commits: commitsBelowTip })) {
    if (tips.some(({ oid }) => oid === event.commit)) yield event;
    return;
  }
}

async function* atMost<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let given = 0;
  for await (const item of items) {
    yield item;
    if (++given >= count) return;
  }
}

/** How much is put together before it is written: one write for each event takes longer than reading them. */
const chunkLength = 64 * 1024;

/** Prints as it reads: a long history needs no more memory than a short one. Answers how many there were. */
async function print(found: AsyncIterable<StateEvent>, each: (event: StateEvent, index: number) => string, io: Io): Promise<number> {
  let count = 0;
  let text = '';
  for await (const event of found) {
    text += each(event, count++);
    if (text.length < chunkLength) continue;
    await io.write(text);
    text = '';
  }
  await io.write(text);
  return count;
}

async function printJson(found: AsyncIterable<StateEvent>, io: Io): Promise<number> {
  // With the first event: where none can be read, nothing is printed that only looks like a document.
  const head = '{"schema":"aynig.events/1","events":[';
  const count = await print(found, (event, index) => `${index === 0 ? head : ','}${jsonText(event)}`, io);
  await io.write(`${count === 0 ? head : ''}]}\n`);
  return count;
}

const printLines = (found: AsyncIterable<StateEvent>, { all, merged, jsonl }: EventsFlags, io: Io): Promise<number> =>
  print(found, (event) => `${jsonl ? jsonText({ schema: 'aynig.event/1', ...event }) : line(event, all || merged)}\n`, io);

function line(event: StateEvent, named: boolean): string {
  const time = timeOf(event.at);
  const state = event.state ?? 'invalid';
  const about = event.state === 'working' || event.state === 'stalled' ? `${state} (${event.originState ?? 'unknown'})` : state;
  const end = event.exitCode !== null ? `  exit ${event.exitCode}` : event.signal !== null ? `  ${event.signal}` : '';
  const took = event.runSeconds === null ? '' : `  after ${event.runSeconds} s`;
  const where = named ? `${event.branch.padEnd(16)}  ` : '';
  const problems = event.problems.length > 0 ? ` [${event.problems.join('; ')}]` : '';
  return printable(`${time}  ${event.commit.slice(0, 12)}  ${where}${about.padEnd(20)}${end}${took}  ${event.title}${problems}`);
}

function nothing(branch: BranchName | undefined, history: boolean): string {
  const where = branch === undefined ? 'the branches here' : branch;
  return history ? `No such state event in ${where}.` : `No state event at the tip of ${where}; look further back with --history.`;
}
