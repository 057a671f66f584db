import type { Failure } from '../failure.js';
import { failureOrThrow } from '../git/causes.js';
import type { Oid, RefName } from '../git/names.js';
import { type BranchTip, isAncestor, readBranchTips } from '../git/refs.js';
import { sourceOf } from '../trust/remotes.js';
import type { Context } from './context.js';
import { madeHere } from './provenance.js';
import { readRemoteTips } from './remote-view.js';
import type { RunOptions, RunSummary } from './run-options.js';
import { SeenTips } from './seen-tips.js';
import { StrayHeartbeats } from './stray-heartbeats.js';
import { type Surveyed, surveyRemote, surveyTips } from './survey.js';
import { sweep } from './sweep.js';

/** Where a run looks for work: this repository at once, remotes while it is already at work here. */
export interface Looker {
  /** What the branches of this repository mean; nothing where the run is for a remote's. */
  here(which?: Which): AsyncGenerator<Surveyed>;
  /**
   * Looks at the remotes that decide branches, those of the last look here or the one that the run is for: finishes what runs
   * of this clone left there, then reads all in one call for each remote. Undefined where no remote has a say.
   */
  there(take: (found: Surveyed) => void, ended: (entry: RunSummary['branches'][number]) => void, which?: Which): Promise<void> | undefined;
  /** The run is done with a branch, and left it at this tip. */
  leave(at: BranchTip, tip: Oid): void;
  /** Refs may have moved: the tips that were read while the context was opened are of no more use. */
  again(): void;
  /** Why the remote that the run is for could not be read, the last time. */
  failure(): Failure | undefined;
}

/** `moved`: only branches that are not where they were when they were last looked at, or left. What is as it was has been said. */
export type Which = 'all' | 'moved';

/** A branch here that a remote decides. */
interface Claimed {
  readonly at: BranchTip;
  readonly ref: RefName;
  readonly state: string;
}

export function lookerAt(context: Context, options: RunOptions): Looker {
  let first = context.tips;
  let decided = new Map<string, Claimed[]>();
  let failure: Failure | undefined;
  const { remote } = options;
  const seen = new SeenTips();
  const refsNow = (): readonly RefName[] | undefined => (typeof options.refs === 'function' ? options.refs() : options.refs);
  const namedByPushes = context.repository.bare && typeof options.refs === 'function';
  /** No push names a branch that a command has moved. */
  const refsFor = (which: Which): readonly RefName[] | undefined =>
    which === 'moved' && typeof options.refs === 'function' ? undefined : refsNow();
  /** A server looks at what was pushed; of other branches that happen to be ready it takes those that a run has made. */
  const isMeant = async (found: Surveyed): Promise<boolean> =>
    !namedByPushes || ('reading' in found && isAsked(found.reading.kind) && (await madeHere(context.repository, found.at)).by === 'run');
  return {
    failure: () => failure,
    leave: (at, tip) => seen.leave(at, tip),
    again() {
      first = undefined;
    },
    async *here(which = 'all') {
      decided = new Map();
      if (remote !== undefined) return;
      const told = which === 'all' ? await first : undefined;
      first = undefined;
      // Asked also where the tips are known already: who is asked takes note of what is looked at.
      const refs = refsFor(which);
      seen.begin();
      const read = told ?? (await readBranchTips(context.repository.git, refs));
      const tips = which === 'all' ? read : seen.news(read);
      seen.see(tips);
      for await (const found of surveyTips(context, tips)) {
        if (which === 'moved' && !(seen.isCurrent(found.at) && (await isMeant(found)))) continue;
        if ('reading' in found && found.reading.kind === 'remote' && options.select(found.at.branch)) {
          const { remote: decider, state } = found.reading;
          const claimed = { at: found.at, ref: refAt(context, found.at, decider), state };
          decided.set(decider, [...(decided.get(decider) ?? []), claimed]);
        } else yield found;
      }
    },
    there(take, ended, which = 'all') {
      // What could not be finished a moment ago is tried again by the next run.
      const left = which === 'all' && context.journals.all().some((journal) => journal.remote !== undefined);
      const remotes = remote === undefined ? [...decided.keys()] : [remote];
      if (!left && remotes.length === 0) return undefined;
      const local = decided;
      return (async () => {
        const swept = left ? await sweep(context, 'remotes') : { branches: [] };
        for (const { outcome, ...branch } of swept.branches) if (options.select(branch.branch)) ended({ ...branch, outcomes: [outcome] });
        try {
          failure = undefined;
          if (remote !== undefined && which === 'moved') await lookAtNews(context, remote, refsFor(which), seen, take);
          else if (remote !== undefined)
            await lookAtAll(context, remote, refsFor(which), (found) => {
              seen.see([found.at]);
              take(found);
            });
        } catch (error) {
          failure = failureOrThrow(error);
        }
        for (const [decider, claimed] of local) await lookAt(context, decider, claimed, take, ended);
      })();
    },
  };
}

async function lookAtAll(
  context: Context,
  remote: string,
  refs: readonly RefName[] | undefined,
  take: (found: Surveyed) => void,
): Promise<void> {
  const strays = new StrayHeartbeats();
  for await (const found of surveyRemote(context, remote, refs)) {
    strays.see(found);
    take(found);
  }
  if (refs === undefined) await strays.drop(context, remote);
}

async function lookAtNews(
  context: Context,
  remote: string,
  refs: readonly RefName[] | undefined,
  seen: SeenTips,
  take: (found: Surveyed) => void,
): Promise<void> {
  seen.begin();
  const tips = await readRemoteTips(context.repository.git, context.objects, remote, refs);
  for await (const found of surveyTips(context, seen.news(tips))) if (seen.isCurrent(found.at)) take(found);
}

/** What a command may have left for others, and what then has to be said of it. */
const isAsked = (kind: string): boolean => ['ready', 'untrusted', 'remote', 'invalid'].includes(kind);

/** Looks at the branches of one remote that decides some of ours. A remote that cannot be read is said once for each of them. */
async function lookAt(
  context: Context,
  remote: string,
  claimed: readonly Claimed[],
  take: (found: Surveyed) => void,
  ended: (entry: RunSummary['branches'][number]) => void,
): Promise<void> {
  try {
    const there = new Map<RefName, Surveyed>();
    const refs = [...new Set(claimed.map(({ ref }) => ref))];
    for await (const found of surveyRemote(context, remote, refs)) there.set(found.at.ref, found);
    for (const { at, ref, state } of claimed) {
      const found = there.get(ref);
      if (found === undefined || !(await isAncestor(context.repository.git, at.oid, found.at.oid)))
        context.report({ kind: 'not-there-yet', branch: at.branch, state, remote });
    }
    for (const found of there.values()) take(found);
  } catch (error) {
    const failure = failureOrThrow(error);
    for (const { at } of claimed) ended({ branch: at.branch, ref: at.ref, outcomes: [], failure });
    context.report({ kind: 'failed', code: failure.code, why: failure.message, hint: failure.hint });
  }
}

/** What a branch of ours is called at a remote: as its upstream says, else the same. */
export function refAt({ settings }: Context, at: BranchTip, remote: string): RefName {
  const source = at.upstream === undefined ? undefined : sourceOf(settings.remotes, at.upstream);
  return source?.remote === remote && source.ref.startsWith('refs/heads/') ? (source.ref as RefName) : at.ref;
}
