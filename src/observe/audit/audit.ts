import { parseCommit } from '../../git/commit.js';
import type { Oid } from '../../git/names.js';
import type { Context } from '../../kernel/context.js';
import { signatureProblems } from '../../trust/signature.js';
import { history } from '../history.js';
import type { LaneName } from '../lanes.js';
import { type AuditFinding, type AuditId, auditKinds } from './finding.js';
import { type Claimed, Lines } from './lines.js';

/** What is judged. */
export interface AuditWalk {
  /** `whole`: it is the tip of a branch, and not a commit somewhere in it. */
  readonly tips: readonly { readonly lane: LaneName; readonly oid: Oid; readonly whole: boolean }[];
  /** Not what these contain. */
  readonly except?: readonly Oid[];
  /** Seconds since the epoch: nothing that is older. */
  readonly since?: number;
  readonly trunk?: string;
}

export interface AuditCounts {
  readonly commits: number;
  readonly runs: number;
  readonly errors: number;
  readonly warnings: number;
  /** Results that do not say which run made them: nobody can tell whether it was the holder. */
  readonly unattributed: number;
}

/** So many older commits in a row end a walk that has a `since`: dates are not always in the order of history. */
const olderInARow = 1_000;
/** How far below what is judged a lease is looked for, in commits. */
const mostBelow = 1_000;
/** How many signatures one git process checks. */
const signaturesAtOnce = 64;

/**
 * Judges the commits of branches by the contract, newest first, along first parents, every one once. Streams: memory grows with
 * branches and runs (an id each), and not with the other commits. Throws as {@link history} does.
 */
export async function* audit(context: Context, { tips, since, ...walk }: AuditWalk): AsyncGenerator<AuditFinding, AuditCounts> {
  const found: AuditFinding[] = [];
  const claims: (Claimed & { readonly lane: LaneName })[] = [];
  const counts = { commits: 0, errors: 0, warnings: 0, unattributed: 0 };
  const { settings } = context;
  const say = (lane: LaneName, fault: { id: AuditId; commit: Oid; sentence: string; runId?: string | undefined }): void => {
    const { severity } = auditKinds[fault.id];
    counts[severity === 'error' ? 'errors' : 'warnings']++;
    found.push({ id: fault.id, severity, commit: fault.commit, branch: lane, sentence: fault.sentence, runId: fault.runId || null });
  };
  const lines = new Lines({
    rules: { skewSeconds: settings.skewSeconds },
    found: say,
    claimed(lane, claimed) {
      if (settings.trust === 'signed' && !claimed.ofRun) claims.push({ lane, ...claimed });
    },
    unattributed(count) {
      counts.unattributed += count;
    },
  });
  const whole = new Set(tips.filter((tip) => tip.whole).map(({ lane }) => lane));
  let older = 0;
  for await (const step of history(context, { ...walk, tips })) {
    if (step.kind === 'ended') {
      if (step.into === undefined) lines.end(step.lane, step.cut === true ? 'unknown' : 'root');
      else lines.join(step.lane, step.into);
    } else {
      const judged = since === undefined || step.commit.committedAt >= since;
      older = judged ? 0 : older + 1;
      if (judged) counts.commits++;
      lines.take(step.lane, step.commit, { judged, whole: whole.has(step.lane) });
      if (claims.length >= signaturesAtOnce) await checkSignatures(context, claims.splice(0), say);
    }
    yield* found.splice(0);
    if (older >= olderInARow) break;
  }
  await lookBelow(context, lines);
  await checkSignatures(context, claims, say);
  yield* found.splice(0);
  return { ...counts, runs: lines.runs };
}

/** Follows each line that has not come to its end until its lease is found: what is judged stands on it. */
async function lookBelow({ objects }: Context, lines: Lines): Promise<void> {
  for (const { lane, below, waits } of lines.waiting()) {
    let at = below;
    for (let steps = 0; waits && at !== undefined && steps < mostBelow && !(steps > 0 && lines.settled(lane)); steps++) {
      const read = await objects.read(at);
      // A shallow clone ends here.
      if (read.kind === 'missing' || read.type !== 'commit') break;
      const commit = parseCommit(at, read.bytes);
      lines.take(lane, commit, { judged: false, whole: false });
      at = commit.parents[0];
    }
    lines.end(lane, at === undefined ? 'root' : 'unknown');
  }
}

async function checkSignatures(
  { repository, settings }: Context,
  claims: readonly (Claimed & { readonly lane: LaneName })[],
  say: (lane: LaneName, fault: { id: AuditId; commit: Oid; sentence: string; runId?: string | undefined }) => void,
): Promise<void> {
  const problems = await signatureProblems(
    repository,
    claims.map(({ request }) => request.commit),
    settings.allowedSigners,
  );
  for (const { lane, request } of claims) {
    const problem = problems.get(request.commit.oid);
    if (problem === undefined) continue;
    const run = request.runId ?? request.parentRun;
    const fault = { commit: request.commit.oid, runId: run };
    if (run === undefined) say(lane, { ...fault, id: 'unsigned-request', sentence: `it was run, and ${problem}` });
    else
      say(lane, { ...fault, id: 'unsigned-of-run', sentence: `it was run, and ${problem}; it says that run ${run.slice(0, 8)} made it` });
  }
}
