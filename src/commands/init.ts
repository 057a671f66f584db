import { dirname, join, relative } from 'node:path';
import { Failure } from '../failure.js';
import { openRepository, type Repository } from '../git/repository.js';
import { shown } from '../install/by-hand.js';
import { type Plan, planHooks } from '../install/plan.js';
import { canSetUpHusky, missingPrepare, setUpHusky } from '../install/set-up-husky.js';
import { folderSteps, starterSteps } from '../install/starter.js';
import { type Change, changeOf, ownConfig, type Step, take } from '../install/steps.js';
import { allowOwnCommands } from './init-trust.js';
import type { Io } from './io.js';

export interface InitFlags {
  readonly cwd: string;
  readonly dryRun: boolean;
  /** Set husky up first. */
  readonly husky: boolean;
}

/**
 * `aynig init`: installs the client hooks so that those of others run too, and makes a starter `.aynig/` where there is none.
 * Twice is the same as once.
 */
export async function init(flags: InitFlags, io: Io): Promise<number> {
  const repository = await openRepository(flags.cwd);
  const root = workingTreeOf(repository);
  const withHusky = flags.husky && (await canSetUpHusky(repository, root));
  if (withHusky && !flags.dryRun) await setUpHusky(repository, root);
  const plan = await planHooks(repository, root, { husky: withHusky });
  if (plan.byHand.length > 0) throw leftToAPerson(plan, io);
  const starter = starterSteps(root);
  const steps = [...plan.steps, ...starter, ...(await folderSteps(repository, root))];
  if (withHusky) sayHusky(flags.dryRun, root, io);
  const config = await ownConfig(repository.git);
  const told = steps
    .map((step) => ({ step, change: changeOf(step, config) }))
    // What was to be removed and is not there is nothing to tell.
    .filter(({ step, change }) => change !== 'unchanged' || step.kind === 'write' || step.kind === 'set');
  for (const line of linesFor(told, repository, root, flags.dryRun)) io.out(line);
  if (!flags.dryRun) {
    await take(steps, repository.git);
    await allowOwnCommands(repository, io);
  }
  if (plan.afterwards !== undefined && !withHusky) throw notInEffect(plan, plan.afterwards);
  if (!flags.dryRun) sayWhatToCommit(plan, told, starter.length > 0, io);
  return 0;
}

function sayWhatToCommit({ tracked }: Plan, told: readonly { step: Step; change: Change }[], started: boolean, io: Io): void {
  const changed =
    tracked !== undefined &&
    told.some(({ step, change }) => change !== 'unchanged' && 'path' in step && dirname(step.path).endsWith(`/${tracked}`));
  const folders = [...(started ? ['.aynig'] : []), ...(changed ? [tracked] : [])].join(' ');
  if (folders === '') return;
  const then = started ? ' && aynig set-state hello' : '';
  io.out(`\nCommit it${started ? ', then try it' : ''}:\n  git add ${folders} && git commit -m "workflow"${then}`);
}

function sayHusky(dryRun: boolean, root: string, io: Io): void {
  io.out(dryRun ? 'would set up husky: core.hooksPath is .husky/_' : 'set up husky: core.hooksPath is .husky/_');
  const line = missingPrepare(root);
  if (line !== undefined) io.out(`for every other clone, add to the scripts in package.json: ${line}`);
}

/** Hooks of clients act in a working tree. */
export function workingTreeOf({ toplevel, mainRoot }: Repository): string {
  const root = toplevel ?? mainRoot;
  if (root === undefined)
    throw new Failure('bare-repository', 'Client hooks belong into a repository with a working tree, and this one is bare.', {
      hint: 'Run it in a clone; for a server: aynig init --bare <repository>, aynig uninstall --bare <repository>',
    });
  return root;
}

/** One line for one change, such as `would create .git/hooks/commit-msg`; one for a folder of files that nobody else looks into. */
export function linesFor(
  changes: readonly { readonly step: Step; readonly change: Change }[],
  { commonDir }: Repository,
  root: string,
  dryRun = false,
): string[] {
  const lines = changes.map(({ step, change }) => {
    const would = dryRun && change !== 'unchanged' ? 'would ' : '';
    if (step.kind === 'set' || step.kind === 'unset') return `${would}${change} the git config section ${step.section}`;
    const folder = dirname(step.path);
    return `${would}${change} ${relative(root, dirname(folder) === join(commonDir, 'aynig') ? `${folder}/*` : step.path)}`;
  });
  return [...new Set(lines)];
}

function leftToAPerson({ beside, byHand, afterwards }: Plan, io: Io): Failure {
  for (const each of byHand) io.out(shown(each));
  return new Failure('hooks-by-hand', `The hooks here belong to ${beside}, whose files are not ours to change. Nothing was changed.`, {
    hint: `Add the lines above, then: ${afterwards === undefined ? '' : `${afterwards} && `}aynig init`,
  });
}

const notInEffect = ({ beside }: Plan, afterwards: string): Failure =>
  new Failure('hooks-by-hand', `Our hooks are called by ${beside}, which has not installed its own hooks here yet.`, {
    hint: `Install them: ${afterwards}`,
  });
