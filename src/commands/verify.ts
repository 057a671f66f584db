import { Failure } from '../failure.js';
import { lineOf } from '../git/gate.js';
import { branchRef, isOid, type Oid, oid } from '../git/names.js';
import { readBranchTips } from '../git/refs.js';
import type { Context } from '../kernel/context.js';
import { openContext } from '../kernel/open-context.js';
import { type AuditCounts, type AuditWalk, audit } from '../observe/audit/audit.js';
import type { AuditFinding } from '../observe/audit/finding.js';
import { trunkOf } from '../observe/trunk.js';
import { jsonText, printable } from '../printable.js';
import { branchArgument, currentBranch } from './branch-argument.js';
import type { Io } from './io.js';
import { sinceArgument } from './since.js';

export interface VerifyFlags {
  readonly cwd: string;
  /** `a..b`, a branch or a commit; default: the current branch. */
  readonly range?: string | undefined;
  readonly branch?: string | undefined;
  readonly all: boolean;
  readonly since?: string | undefined;
  readonly json: boolean;
}

/** `aynig verify`: what in the history of a branch breaks the contract. Exits with 1 where there is an error; warnings alone are 0. */
export async function verify(flags: VerifyFlags, io: Io): Promise<number> {
  const context = await openContext({ cwd: flags.cwd, startedBy: 'person' });
  try {
    const { walk, what } = await walkOf(context, flags);
    const trunk = await trunkOf(context);
    const since = flags.since === undefined ? undefined : await sinceArgument(context.repository, flags.since);
    const findings = audit(context, { ...walk, ...(trunk === undefined ? {} : { trunk }), ...(since === undefined ? {} : { since }) });
    const counts = flags.json ? await printJson(findings, io) : await printLines(findings, io);
    io.err(summary(counts, what));
    return counts.errors > 0 ? 1 : 0;
  } finally {
    await context.objects.close();
  }
}

async function walkOf(context: Context, { range, branch, all }: VerifyFlags): Promise<{ walk: AuditWalk; what: string }> {
  const { repository } = context;
  if (all) {
    const tips = (await readBranchTips(repository.git)).map(({ branch: lane, oid: tip }) => ({ lane, oid: tip, whole: true }));
    return { walk: { tips }, what: `${tips.length} ${tips.length === 1 ? 'branch' : 'branches'}` };
  }
  if (range === undefined) {
    const lane = await branchArgument(repository, branch);
    const tips = await readBranchTips(repository.git, [branchRef(lane)]);
    const tip = tips.find((each) => each.branch === lane)?.oid ?? (await commitOf(context, branchRef(lane)));
    return { walk: { tips: [{ lane, oid: tip, whole: true }] }, what: lane };
  }
  const parts = range.split('..');
  const [from, to] = parts.length === 1 ? [undefined, range] : parts;
  // git names no branch or commit with two dots in a row: what has more of them would be walked in part.
  if (range === '' || range.includes('...') || parts.length > 2 || to === undefined)
    throw new Failure('usage', `${JSON.stringify(range)} is no range that can be walked.`, {
      hint: 'Write it as <from>..<to>, or name a branch or a commit.',
    });
  const except = from === undefined ? [] : [await commitOf(context, from || 'HEAD')];
  // A finding names the branch that HEAD is on, as without a range.
  const lane = ['', 'HEAD', '@'].includes(to) ? ((await currentBranch(repository)) ?? 'HEAD') : to;
  const name = lane.replace(/^refs\/heads\//, '');
  const asBranch = await objectName(context, `refs/heads/${name}`);
  const tip = {
    lane: asBranch === undefined ? lane : name,
    oid: asBranch ?? (await commitOf(context, to || 'HEAD')),
    whole: asBranch !== undefined,
  };
  return { walk: { tips: [tip], except }, what: range };
}

async function objectName({ repository }: Context, name: string): Promise<Oid | undefined> {
  const found = await repository.git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], { ok: [0, 1, 128] });
  // What git answers to ^main is ^ and an object name.
  return found.exitCode === 0 && isOid(lineOf(found)) ? oid(lineOf(found)) : undefined;
}

async function commitOf(context: Context, name: string): Promise<Oid> {
  const found = await objectName(context, name);
  if (found !== undefined) return found;
  throw new Failure('no-such-branch', `${JSON.stringify(name)} is no branch and no commit here.`, {
    hint: 'List the branches with: git branch',
  });
}

type Findings = AsyncGenerator<AuditFinding, AuditCounts>;

/** Goes through all findings, and answers what the walk came to. */
async function each(findings: Findings, print: (finding: AuditFinding) => Promise<void>): Promise<AuditCounts> {
  for (let next = await findings.next(); ; next = await findings.next()) {
    if (next.done === true) return next.value;
    await print(next.value);
  }
}

async function printJson(findings: Findings, io: Io): Promise<AuditCounts> {
  // With the first finding: where nothing can be read, nothing is printed that only looks like a document.
  let separator = '{"schema":"aynig.verify/1","findings":[';
  const head = (): string => (separator === ',' ? '' : separator);
  const counts = await each(findings, async (finding) => {
    await io.write(separator + jsonText(finding));
    separator = ',';
  });
  await io.write(`${head()}],"counts":${jsonText(counts)}}\n`);
  return counts;
}

const printLines = (findings: Findings, io: Io): Promise<AuditCounts> =>
  each(findings, ({ commit, branch, id, sentence }) => io.write(`${printable(`${commit.slice(0, 12)} ${branch} ${id}: ${sentence}`)}\n`));

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function summary({ commits, runs, errors, warnings, unattributed }: AuditCounts, what: string): string {
  const walked = `Walked ${many(commits, 'commit')} of ${what}, with ${many(runs, 'run')}: ${many(errors, 'error')}, ${many(warnings, 'warning')}.`;
  const untold = `${many(unattributed, 'result')} ${unattributed === 1 ? 'does' : 'do'} not say which run made ${unattributed === 1 ? 'it' : 'them'}; whether it was the holder cannot be told.`;
  const next = errors + warnings > 0 ? ' What a finding means: aynig explain <id>' : '';
  return printable(`${walked}${unattributed > 0 ? ` ${untold}` : ''}${next}`);
}
