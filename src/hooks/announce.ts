import { type BranchName, branchRef } from '../git/names.js';
import { openContext } from '../kernel/open-context.js';
import { requestedBy } from '../kernel/provenance.js';
import { survey } from '../kernel/survey.js';
import { printable } from '../printable.js';

/** One line about a request that a merge or pull brought to the current branch and that no hook will start; none otherwise. */
export async function announceArrival(cwd: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const context = await openContext({ cwd, environment, startedBy: 'hook' });
  try {
    const head = await context.repository.git([`--git-dir=${context.repository.gitDir}`, 'symbolic-ref', '--quiet', '--short', 'HEAD'], {
      ok: [0, 1],
    });
    if (head.exitCode !== 0) return [];
    const branch = head.stdout.toString('utf8').trim() as BranchName;
    const [found] = await survey(context, [branchRef(branch)]);
    if (found === undefined || 'failure' in found) return [];
    const { reading, tip } = found;
    if (reading.kind !== 'untrusted') return [];
    return [
      printable(
        `aynig: ${branch} asks for ${reading.state} (${requestedBy(tip.commit.author, tip.commit.oid)}); nothing was started, because ${reading.why}. Next: ${reading.next}`,
      ),
    ];
  } finally {
    await context.objects.close();
  }
}
