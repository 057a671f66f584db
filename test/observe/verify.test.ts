import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openContext } from '../../src/kernel/open-context.js';
import { type AuditCounts, type AuditWalk, audit } from '../../src/observe/audit/audit.js';
import { type AuditFinding, type AuditId, auditKinds } from '../../src/observe/audit/finding.js';
import { Lines } from '../../src/observe/audit/lines.js';
import { verifyReport } from '../../src/observe/schemas.js';
import { commitOf } from '../support/commits.js';
import { type Linked, LinkedHistory, leased } from '../support/linked-history.js';
import { asks, runOf, stalls } from '../support/made-history.js';
import { type Scratch, scratch } from '../support/scratch.js';
import { skipBecause } from '../support/workspace.js';

const start = 1_700_000_000;
type Message = Linked['message'];
/** A commit: its message, and what is out of the ordinary. Each is ten seconds after the one before it. */
type Step = Message | (Omit<Linked, 'at'> & { readonly at?: number });

const asked = asks('build');
const made = (word: string, state = 'review'): string => asks(state, `made by ${word}`, { 'run-id': runOf(word) });
const stalledItself = (word: string): string => stalls(word, 'build', { 'run-id': runOf(word) });
const takenOver = (word: string): string => stalls(word, 'build');
const cancelled = (word: string): string => stalls(word, 'build', { 'cancelled-by': 'host' });
const work: Step = { message: 'work\n', file: 'worked' };

/** For each finding histories that have it and nothing else, by what is special about them, and ones that are just right. */
const cases: Readonly<
  Record<Exclude<AuditId, 'unsigned-request' | 'unsigned-of-run'>, { bad: readonly Step[][]; right: readonly Step[][] }>
> = {
  'two-states': {
    bad: [['x\n\naynig-state: one\naynig-state: two\n']],
    right: [['x\n\naynig-state: one\n'], ['x\n\naynig-state: one\n\naynig-state: two\n']],
  },
  'message-invalid': {
    bad: [['x\n\naynig-state: Not A State\n'], ['x\n\naynig-state: one\n more\n']],
    right: [['x\n\naynig-state: NotAState\n'], ['x\n\nstate: Not A State\n']],
  },
  'lease-malformed': {
    bad: ['aynig-run-id', 'aynig-runner-id', 'aynig-lease-seconds', 'aynig-origin-state', 'aynig-parent'].map((key) => [
      asked,
      leased(`without ${key}`, 'build', { [key]: undefined }),
    ]),
    right: [[asked, leased('well', 'build', { 'aynig-remote': 'origin' })]],
  },
  'lease-parents': {
    bad: [[asked, { message: leased('two parents'), merge: ['first'] }]],
    right: [[{ message: asked, merge: ['first'] }, leased('one parent')]],
  },
  'lease-changes-files': {
    bad: [
      [asked, { message: leased('changes'), file: 'changed' }],
      [asked, leased('c'), { message: leased('c'), file: 'changed' }],
    ],
    right: [[{ message: asked, file: 'changed' }, leased('does not')]],
  },
  'lease-copied': {
    bad: [[asked, leased('copied', 'build', { 'aynig-parent': 'a'.repeat(40) }), made('copied')]],
    right: [[asked, leased('original'), made('original')]],
  },
  'lease-not-on-request': {
    bad: [
      [asks('test'), leased('other')],
      ['plain\n', leased('plain')],
      [asked, 'plain\n', leased('not directly')],
    ],
    right: [[asks('Build'), leased('capitals')]],
  },
  'lease-buried': {
    bad: [[asked, leased('buried'), work]],
    right: [
      [asked, leased('dug out'), work, made('dug out'), 'plain\n'],
      [asked, leased('at work')],
    ],
  },
  'runs-overlap': {
    bad: [
      [asked, leased('one'), leased('another')],
      [asked, leased('three'), work, leased('four')],
    ],
    right: [
      [asked, leased('r'), leased('r'), work, leased('r'), made('r')],
      [asked, leased('five'), stalledItself('five'), asked, leased('six')],
      [asked, leased('in between'), made('in between', 'half'), leased('in between'), made('in between')],
      [asked, leased('no hooks'), asks('half'), leased('no hooks'), asks('whole')],
    ],
  },
  'run-id-reused': {
    bad: [[asked, leased('twice'), made('twice', 'build'), leased('between'), made('between', 'build'), leased('twice'), made('twice')]],
    right: [[asked, leased('1st'), made('1st', 'build'), leased('2nd'), made('2nd', 'build'), leased('3rd')]],
  },
  'not-by-holder': {
    bad: [
      [asked, leased('holder'), made('lost')],
      [asked, leased('h2'), stalls('h2', 'build', { 'run-id': runOf('lost too') })],
    ],
    right: [[asked, leased('h3'), made('h3')], [asked, leased('h4'), asks('review')], [made('of another branch')]],
  },
  'run-went-on': {
    bad: [
      [asked, leased('went'), cancelled('went'), made('went')],
      [asked, leased('on'), stalledItself('on'), asks('test'), made('on')],
      [asked, leased('dies twice'), stalledItself('dies twice'), stalledItself('dies twice')],
    ],
    right: [
      [asked, leased('ends'), cancelled('ends'), asks('test'), made('elsewhere')],
      [asked, leased('steps'), made('steps', 'half'), made('steps')],
      [asked, leased('falls'), made('falls', 'half'), stalledItself('falls')],
    ],
  },
  'stall-of-another-run': {
    bad: [
      [asked, leased('mine'), stalledItself('yours')],
      [asked, stalls('nobody', 'build')],
    ],
    right: [
      [asked, leased('own'), stalledItself('own')],
      [asked, leased('ours'), work, stalledItself('ours')],
      // A person landed what a lost run had made.
      [asked, { message: stalls('landed', 'build'), merge: ['first'], file: 'merged' }],
      [asks('stalled')],
    ],
  },
  'stall-changes-files': {
    bad: [[asked, leased('dirty'), { message: stalledItself('dirty'), file: 'changed' }]],
    right: [[asked, leased('clean'), work, stalledItself('clean')]],
  },
  'takeover-malformed': {
    bad: [
      [asked, leased('under work'), work, { message: takenOver('under work'), at: 1_000 }],
      [asked, leased('done'), made('done'), takenOver('done')],
    ],
    right: [[asked, leased('alone'), { message: takenOver('alone'), at: 1_000 }]],
  },
  'takeover-early': {
    bad: [
      [asked, { message: leased('early'), at: 20 }, { message: takenOver('early'), at: 620 }],
      [asked, { message: leased('renewed'), at: 20 }, { message: leased('renewed'), at: 500 }, { message: takenOver('renewed'), at: 700 }],
    ],
    right: [
      [asked, { message: leased('late'), at: 20 }, { message: takenOver('late'), at: 651 }],
      [asked, { message: leased('given up'), at: 20 }, { message: cancelled('given up'), at: 21 }],
    ],
  },
  'takeover-within-skew': {
    bad: [
      [asked, { message: leased('nearly'), at: 20 }, { message: takenOver('nearly'), at: 650 }],
      [asked, { message: leased('just'), at: 20 }, { message: takenOver('just'), at: 621 }],
    ],
    right: [[asked, { message: leased('quite'), at: 20 }, { message: takenOver('quite'), at: 651 }]],
  },
  'dates-backwards': {
    bad: [
      [
        { message: asked, at: 100 },
        { message: leased('past'), at: 69 },
      ],
      // A lease ahead of the clock of whoever takes over: when that first saw it nobody else knows.
      [asked, { message: leased('ahead'), at: 9_000 }, { message: takenOver('ahead'), at: 700 }],
    ],
    right: [
      [
        { message: asked, at: 100 },
        { message: leased('skewed'), at: 70 },
      ],
      [
        { message: 'plain\n', at: 5_000 },
        { message: 'older\n', at: 10 },
      ],
    ],
  },
  'attempts-exceeded': {
    bad: [[asks('build', 'x', { attempt: 4, 'max-attempts': 3 })]],
    right: [
      [asks('build', 'x', { attempt: 3, 'max-attempts': 3 })],
      [asks('build', 'x', { attempt: 4 })],
      [asks('build', 'x', { attempt: 'four', 'max-attempts': 3 })],
    ],
  },
};

/** Adds a branch; what it merges under the name `first` is the root of the branch. */
function tell(history: LinkedHistory, branch: string, steps: readonly Step[]): void {
  const first = history.add(branch, { message: `begin ${branch}\n`, at: start });
  steps.forEach((step, index) => {
    const { message, at = (index + 1) * 10, file, merge = [] } = typeof step === 'object' ? step : { message: step };
    history.add(branch, { message, at: start + at, ...(file === undefined ? {} : { file }), merge: merge.map(() => first) });
  });
}

interface Audited extends AuditCounts {
  readonly findings: readonly AuditFinding[];
  readonly ids: readonly string[];
}

type Audits = (walk: Partial<AuditWalk> & { readonly branches: readonly string[] }) => Promise<Audited>;

const audited = (made: Scratch, walk: Parameters<Audits>[0]): Promise<Audited> => audits(made, (one) => one(walk));

/** Several audits by one process that reads objects. */
async function audits<T>(made: Scratch, act: (one: Audits) => Promise<T>): Promise<T> {
  const context = await openContext({ cwd: made.path, startedBy: 'person', environment: made.env });
  const one: Audits = async (walk) => {
    const tips = walk.branches.map((lane) => ({ lane, oid: made.head(lane) as never, whole: true }));
    const generator = audit(context, { tips, ...walk });
    const findings: AuditFinding[] = [];
    for (let next = await generator.next(); ; next = await generator.next()) {
      if (next.done === true) return { ...next.value, findings, ids: findings.map(({ id }) => id) };
      findings.push(next.value);
    }
  };
  try {
    return await act(one);
  } finally {
    await context.objects.close();
  }
}

const all = Object.entries(cases).flatMap(([id, { bad, right }]) => [
  ...bad.map((steps, index) => ({ branch: `${id}.bad.${index}`, steps, expected: [id] })),
  ...right.map((steps, index) => ({ branch: `${id}.right.${index}`, steps, expected: [] as string[] })),
]);

describe('the audit', () => {
  test('finds what is wrong in each history, and nothing in one that is just right; alone and among all the others', async () => {
    expect(Object.keys(cases).length + 2).toBe(Object.keys(auditKinds).length);
    const repository = scratch();
    const history = new LinkedHistory();
    for (const { branch, steps } of all) tell(history, branch, steps);
    history.import(repository);
    const alone: Record<string, readonly string[]> = {};
    await audits(repository, async (one) => {
      for (const { branch } of all) alone[branch] = (await one({ branches: [branch] })).ids;
    });
    expect(alone).toEqual(Object.fromEntries(all.map(({ branch, expected }) => [branch, expected])));
    const together = await audited(repository, { branches: all.map(({ branch }) => branch) });
    const byBranch = all.map(({ branch }) => [
      branch,
      together.findings.filter((finding) => finding.branch === branch).map(({ id }) => id),
    ]);
    expect(Object.fromEntries(byBranch)).toEqual(alone);
    expect(together.commits).toBe(all.reduce((sum, { steps }) => sum + steps.length + 1, 0));
    for (const { commit, branch, severity, id } of together.findings) {
      expect(repository.git('log', '--format=%H', branch).split('\n')).toContain(commit);
      expect(severity).toBe(auditKinds[id].severity);
    }
  });

  test('judges what a branch begins on, where that is on another branch', async () => {
    const repository = scratch();
    const history = new LinkedHistory();
    tell(history, 'main', [asked, leased('held'), work]);
    const lease = history.add('main', { message: 'not seen\n', at: start + 90 });
    history.add('main', { message: made('held'), at: start + 100 });
    // Made from within the run: by the run itself, by a run that holds nothing, and with nothing of a workflow.
    history.add('main.own', { message: made('held', 'job'), at: start + 110 }, lease);
    history.add('main.other', { message: 'plain\n', at: start + 105 }, lease);
    history.add('main.other', { message: made('nobody', 'job'), at: start + 110 });
    history.add('main.plain', { message: 'plain\n', at: start + 110 }, lease);
    history.add('main.other.more', { message: leased('more', 'job'), at: start + 120 }, history.tip('main.other'));
    history.import(repository);
    const branches = ['main', 'main.own', 'main.other', 'main.plain', 'main.other.more'];
    const { findings, runs, unattributed } = await audited(repository, { branches });
    expect(findings.map(({ branch, id }) => `${branch} ${id}`)).toEqual(['main.other not-by-holder']);
    expect([runs, unattributed]).toEqual([2, 0]);
  });

  test('knows what a range stands on, and judges only what is in it', async () => {
    const repository = scratch();
    const history = new LinkedHistory();
    tell(history, 'main', [
      asks('x', 'x', { attempt: 2, 'max-attempts': 1 }),
      asked,
      leased('held'),
      work,
      made('lost'),
      asks('next', 'n', { attempt: 2, 'max-attempts': 1 }),
    ]);
    history.import(repository);
    const range = (from: string) => audited(repository, { branches: ['main'], except: [repository.head(from) as never] });
    expect([...(await range('main~2')).ids].sort()).toEqual(['attempts-exceeded', 'not-by-holder']);
    expect((await range('main~1')).ids).toEqual(['attempts-exceeded']);
    expect((await range('main~2')).commits).toBe(2);
    expect([...(await audited(repository, { branches: ['main'], since: start + 45 })).ids].sort()).toEqual([
      'attempts-exceeded',
      'not-by-holder',
    ]);
    expect((await audited(repository, { branches: ['main'] })).ids).toHaveLength(3);
  });

  test('says nothing of what a shallow clone does not have', async () => {
    const repository = scratch();
    const history = new LinkedHistory();
    tell(history, 'deep', [asked, leased('held'), work, stalledItself('held'), asks('stalled'), leased('second', 'stalled')]);
    history.import(repository);
    for (const depth of [1, 2, 3, 4, 5]) {
      const path = join(repository.root, `shallow-${depth}`);
      repository.git('clone', '--quiet', `--depth=${depth}`, '--branch=deep', `file://${repository.path}`, path);
      repository.git('-C', path, 'branch', 'same');
      for (const args of [['verify'], ['verify', '--all']]) {
        const { stderr } = repository.aynig(args, { cwd: path });
        expect(stderr).toMatch(
          new RegExp(
            `^Walked ${depth} commits? of (?:deep|2 branches), with ${depth > 4 ? '2 runs' : '1 run'}: 0 errors, 0 warnings[.]\n$`,
          ),
        );
      }
    }
  });

  test('walks what was committed, whatever this clone has in place of it', () => {
    const repository = scratch();
    const history = new LinkedHistory();
    tell(history, 'told', [asked, leased('one over'), leased('another over')]);
    history.import(repository);
    repository.git('replace', repository.head('told~1'), 'main');
    repository.write('.git/info/grafts', `${repository.head('told')}\n`);
    for (const what of ['told', '--all']) expect(repository.aynig(['verify', what], { expected: 1 }).stdout).toContain(' runs-overlap: ');
  });

  test('counts results that do not say which run made them, and does not call that a finding', async () => {
    const repository = scratch();
    const history = new LinkedHistory();
    tell(history, 'main', [asked, leased('hookless'), asks('review')]);
    history.import(repository);
    expect(await audited(repository, { branches: ['main'] })).toMatchObject({ ids: [], unattributed: 1 });
    expect(repository.aynig(['verify', 'main']).stderr).toContain('1 result does not say which run made it');
  });

  test('asks for signatures of what was run where the setting does, and not of what a run asked next', async (context) => {
    const repository = scratch();
    if (repository.program('sh', ['-c', 'command -v ssh-keygen'], { expected: 'any' }).exitCode !== 0)
      return skipBecause('signatures need ssh-keygen', context);
    const key = join(repository.root, 'key');
    repository.program('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key]);
    const signers = `ana@example.com ${repository.program('cat', [`${key}.pub`]).stdout}`;
    repository.program('sh', ['-c', 'printf %s "$1" >"$2"', 'sh', signers, join(repository.root, 'signers')]);
    for (const [name, value] of [
      ['gpg.format', 'ssh'],
      ['user.signingKey', key],
      ['gpg.ssh.allowedSignersFile', join(repository.root, 'signers')],
      ['aynig.trust', 'signed'],
    ] as const)
      repository.git('config', name, value);
    const commit = (message: string, ...options: string[]): void =>
      void repository.gitAnswer(['commit', '--quiet', '--allow-empty', '--file=-', ...options], { input: message, expected: 0 });
    const run = (word: string, origin = 'build'): void => commit(leased(word, origin)(repository.head()));
    commit(asked, '--gpg-sign');
    run('s1');
    commit(made('s1', 'check'));
    run('s2', 'check');
    commit(made('s2', 'review'));
    expect(await audited(repository, { branches: ['main'] })).toMatchObject({ ids: [], runs: 2 });
    commit(asked);
    expect((await audited(repository, { branches: ['main'] })).ids).toEqual([]);
    run('s3');
    commit(made('s3', 'done'));
    commit(asks('job', 'a job', { 'parent-run': runOf('s0') }));
    run('s4', 'job');
    expect((await audited(repository, { branches: ['main'] })).ids).toEqual(['unsigned-of-run', 'unsigned-request']);
    expect(repository.aynig(['verify'], { expected: 1 }).stdout).toMatch(
      /^[0-9a-f]{12} main unsigned-request: it was run, and it is not signed$/m,
    );
    repository.git('config', 'aynig.trust', 'pinned');
    expect((await audited(repository, { branches: ['main'] })).ids).toEqual([]);
  });
});

describe('lines that begin on one commit', () => {
  test('are judged as soon where there are tens of thousands and each goes over into the next', () => {
    const found: string[] = [];
    const lines = new Lines({
      rules: { skewSeconds: 30 },
      found: (lane, { id }) => void found.push(`${lane} ${id}`),
      claimed: () => undefined,
      unattributed: () => undefined,
    });
    const count = 20_000;
    const base = commitOf('base\n', { parents: [] });
    const all = { judged: true, whole: true };
    for (let index = count - 1; index >= 0; index--) {
      lines.take(`b${index}`, commitOf(`${index}\n\naynig-state: a\naynig-state: b\n`, { parents: [base.oid] }), all);
      if (index < count - 1) lines.join(`b${index + 1}`, `b${index}`);
    }
    lines.take('b0', base, all);
    lines.end('b0', 'root');
    expect(found).toHaveLength(count);
    expect(new Set(found).size).toBe(count);
  });
});

describe('aynig verify', () => {
  function broken(): Scratch {
    const repository = scratch();
    const history = new LinkedHistory();
    tell(history, 'topic', [asked, leased('a'), leased('b'), made('b')]);
    history.add('topic', { message: 'x\n\naynig-state: \u001b[31m\u202e bad\n', at: start + 60 });
    history.import(repository);
    return repository;
  }

  test('prints a line for each finding and exits with 1, and words about the whole go to standard error', () => {
    const repository = broken();
    const { stdout, stderr } = repository.aynig(['verify', 'topic'], { expected: 1 });
    const [first = '', second = ''] = stdout.split('\n');
    expect(first).toBe(
      `${repository.head('topic').slice(0, 12)} topic message-invalid: line 3: the value of aynig-state has characters that cannot be printed`,
    );
    expect(second).toMatch(/^[0-9a-f]{12} topic runs-overlap: run [0-9a-f]{8} claimed the branch, and run [0-9a-f]{8} held it$/);
    expect(stderr).toBe('Walked 6 commits of topic, with 2 runs: 2 errors, 0 warnings. What a finding means: aynig explain <id>\n');
    expect(stdout + stderr).not.toMatch(/[\u001b\u202e]/);
  });

  test('prints one document with --json, for every branch with --all', () => {
    const repository = broken();
    const { findings, counts } = verifyReport.parse(JSON.parse(repository.aynig(['verify', '--all', '--json'], { expected: 1 }).stdout));
    expect(findings.map(({ id, branch, runId }) => [id, branch, runId])).toEqual([
      ['message-invalid', 'topic', null],
      ['runs-overlap', 'topic', runOf('b')],
    ]);
    expect(counts).toEqual({ commits: 7, runs: 2, errors: 2, warnings: 0, unattributed: 0 });
  });

  test('exits with 0 where there are warnings alone, or nothing', () => {
    const repository = broken();
    expect(repository.aynig(['verify']).stderr).toBe('Walked 1 commit of main, with 0 runs: 0 errors, 0 warnings.\n');
    const history = new LinkedHistory();
    tell(history, 'warned', [asks('build', 'x', { attempt: 2, 'max-attempts': 1 })]);
    history.import(repository);
    expect(repository.aynig(['verify', '--branch', 'warned']).stdout).toContain(
      ' warned attempts-exceeded: it is attempt 2 of at most 1\n',
    );
  });

  test('names the branch that HEAD is on where a range ends there, and HEAD where it is on none', () => {
    const repository = broken();
    repository.git('switch', '--quiet', 'topic');
    for (const range of ['topic~1..HEAD', 'topic~1..', 'topic~1..@', 'HEAD'])
      expect(repository.aynig(['verify', range], { expected: 1 }).stdout, range).toMatch(/^([0-9a-f]{12} topic [a-z-]+: [^\n]+\n)+$/);
    repository.git('switch', '--quiet', '--detach');
    expect(repository.aynig(['verify', 'topic~1..'], { expected: 1 }).stdout).toMatch(/^[0-9a-f]{12} HEAD /);
    repository.git('symbolic-ref', 'HEAD', 'refs/heads/unborn');
    expect(repository.aynig(['verify', 'topic~1..'], { expected: 1 }).stderr).toContain('[no-such-branch]');
  });

  test('takes a range, a branch or a commit, and says what it cannot take', () => {
    const repository = broken();
    expect(repository.aynig(['verify', 'topic~1..topic'], { expected: 1 }).stderr).toContain('Walked 1 commit of topic~1..topic');
    expect(repository.aynig(['verify', 'topic~3']).stderr).toContain('Walked 3 commits of topic~3');
    expect(repository.aynig(['verify', 'no..topic'], { expected: 1 }).stderr).toContain('[no-such-branch]');
    for (const range of ['main...topic', 'main..topic..main', ''])
      expect(repository.aynig(['verify', range], { expected: 2 }).stderr, range).toContain('[usage]');
    for (const range of ['^main', '^main..topic', 'topic..^main', 'topic^@', 'topic^{tree}'])
      expect(repository.aynig(['verify', range], { expected: 1 }).stderr, range).toContain('[no-such-branch]');
    expect(repository.aynig(['verify', 'main', '--all'], { expected: 2 }).stderr).toContain('[usage]');
    expect(repository.aynig(['verify', '--', '--all'], { expected: 1 }).stderr).toContain('[no-such-branch]');
  });
});
