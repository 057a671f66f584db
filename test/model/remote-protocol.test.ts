import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/scratch.js';
import { fc, seed } from '../support/seeded.js';
import { explore, Healing } from './explore.js';
import { brokenIn, type Invariant, invariants, type Rules, start, successors } from './world.js';

/** Steps beyond the depth of each scenario: for a night, not for every push. */
const deeper = Number(process.env['AYNIG_MODEL_DEEPER'] ?? 0);

const protocol: Rules = {
  offsets: [0, 1],
  fence: 'none',
  commandsPush: false,
  renewals: false,
  push: 'exact',
  afterClaim: 'read',
  restart: 'settle',
  takeover: 'of the heartbeat that was read',
  settle: 'from the lease',
  judged: 'from what was published',
  heartbeats: 'never later than seen',
  leftLeases: 'collected',
  work: 'pinned',
  oldClaim: 'dropped',
  confirmed: 'from the date of the heartbeat',
  faults: 1,
  crashes: 1,
  personActs: 1,
  lastSecond: 7,
  tick: 2,
};
const alone = { faults: 0, crashes: 0, personActs: 0 };
const fenced: Partial<Rules> = { fence: 'complete', commandsPush: true };

const page = readFileSync(join(projectRoot, 'docs', 'protocol-model.md'), 'utf8');
const say = (line: string): boolean => process.stdout.write(`model: ${line}\n`);

interface Scenario {
  readonly name: string;
  readonly rules: Partial<Rules>;
  readonly depth: number;
  readonly except?: Invariant;
}

const scenarios: readonly Scenario[] = [
  { name: 'two runners, nothing goes wrong', rules: alone, depth: 60 },
  { name: 'two runners, a person, a crash and a bad network', rules: {}, depth: 9 },
  { name: 'the same with a fence and commands that push', rules: fenced, depth: 9 },
  { name: 'the same with commands that renew', rules: { renewals: true }, depth: 9 },
  { name: 'a fence, a person, and commands that push', rules: { ...fenced, ...alone, personActs: 1 }, depth: 12 },
  { name: 'three runners, nothing goes wrong', rules: { ...alone, offsets: [0, 1, 0] }, depth: 12 },
  { name: 'three runners, a person, a crash and a bad network', rules: { offsets: [0, 1, 0] }, depth: 7 },
  {
    name: 'a clock far ahead',
    rules: { ...alone, offsets: [0, 40], crashes: 1 },
    depth: 13,
    except: 'at most one live run holds the branch',
  },
  {
    name: 'a clock far behind',
    rules: { ...alone, offsets: [0, -40], crashes: 1 },
    depth: 13,
    except: 'at most one live run holds the branch',
  },
];

/** The protocol without one of its rules, and what that breaks. */
const controls: readonly (readonly [without: string, rules: Partial<Rules>, breaks: Invariant])[] = [
  ['a push that compares', { push: 'plain', personActs: 1 }, 'the branch moves only from the value that was read'],
  ['an exact expected value', { push: 'implicit' }, 'no accepted commit becomes unreachable except by a person'],
  [
    'reading after a push whose answer was lost',
    { afterClaim: 'believe the exit code', faults: 1 },
    'a healthy runner ends its run without waiting for a lease to expire',
  ],
  ['reading before the start', { afterClaim: 'start' }, 'a request is executed once unless a person or a stall lies between'],
  ['settling what a dead process left', { restart: 'start again', crashes: 1 }, 'a run id executes at most once'],
  ['comparing the heartbeat in a takeover', { takeover: 'of whatever heartbeat is there' }, 'at most one live run holds the branch'],
  [
    'counting from the date of the heartbeat',
    { confirmed: 'from reading it', tick: 1, lastSecond: 6 },
    'at most one live run holds the branch',
  ],
  ['refusing what a command pushes itself', { commandsPush: true }, 'no event of a run is published after its end'],
  ['settling from the own lease', { settle: 'from whatever is there' }, 'no event of a run is published after its end'],
  [
    'judging from what was published',
    { judged: 'from the claim', renewals: true },
    'no accepted commit becomes unreachable except by a person',
  ],
  ['pinning what a command made', { work: 'in its worktree only', personActs: 1 }, 'what a command committed is on the branch or pinned'],
  ['making an old claim anew', { oldClaim: 'pushed' }, 'a ready request is run in the end'],
  ['collecting lease refs', { leftLeases: 'left', personActs: 1 }, 'no lease ref outlives its run'],
  ['doubting the date of a heartbeat', { heartbeats: 'as dated', offsets: [0, 40], crashes: 1 }, 'the branch never stays leased'],
  [
    'a fence that looks at the branch of the run',
    { ...fenced, fence: 'believes a lease ref whose branch is gone', leftLeases: 'left', personActs: 1 },
    'no event of a run is published after its end',
  ],
  [
    'a fence that judges every commit of a run',
    { ...fenced, fence: 'judges only commits that name a state' },
    'no work of a run is published after its end',
  ],
  [
    'a fence that keeps an ended lease from returning',
    { ...fenced, fence: 'lets an ended lease return' },
    'no event of a run is published after its end',
  ],
];

describe('the remote protocol', () => {
  it.each(scenarios)(
    'keeps every invariant in every interleaving: $name',
    ({ name, rules, depth, except }) => {
      const found = explore(
        { ...protocol, ...rules },
        invariants.filter((each) => each !== except),
        depth + deeper,
      );
      const { states, complete } = found;
      say(
        `${name}: ${states} states, ${complete ? 'all there are' : `to depth ${found.depth}`}, ${found.broken === undefined ? 'no' : 'a'} violation`,
      );
      expect(found.broken).toBeUndefined();
      if (deeper === 0) expect(page).toContain(`| ${name} | ${complete ? 'all' : found.depth} | ${states} |`);
    },
    3_600_000,
  );

  it.each(controls)('would break without %s', (without, rules, breaks) => {
    const { broken, states } = explore({ ...protocol, ...alone, ...rules }, [breaks], 20);
    say(`without ${without}: "${breaks}" breaks after ${broken?.trace.length} steps, ${states} states`);
    expect(broken?.invariant).toBe(breaks);
  });

  const wide: Partial<Rules> = { offsets: [0, 1, 0], renewals: true, faults: 4, crashes: 4, personActs: 6, lastSecond: 60, tick: 1 };

  /** Plays long random interleavings. */
  const play = (rules: Rules, numRuns: number, from: number) => {
    let played = 0;
    const healing = new Healing(rules, invariants);
    const outcome = fc.check(
      fc.property(fc.array(fc.nat({ max: 2 ** 16 }), { minLength: 40, maxLength: 160, size: 'max' }), (picks) => {
        let state = start(rules);
        for (const pick of picks) {
          const all = [...successors(state, rules)];
          const each = all[pick % all.length];
          if (each === undefined) break;
          const broken = each.broken ?? brokenIn(each.state, rules);
          if (broken !== undefined) throw new Error(broken);
          state = each.state;
          played++;
        }
        expect(healing.broken(state)).toBeUndefined();
      }),
      { numRuns, seed: from },
    );
    return { outcome, played };
  };

  it.each<[string, Partial<Rules>]>([
    ['the hook in the clone', {}],
    ['a fence and commands that push', fenced],
  ])(
    'keeps every invariant in long random interleavings, with %s',
    (name, rules) => {
      const { outcome, played } = play({ ...protocol, ...wide, ...rules }, 500 * (1 + deeper), seed);
      say(`at random with ${name}: ${outcome.numRuns} interleavings, ${played} steps, seed ${seed}`);
      expect(fc.defaultReportMessage(outcome)).toBeUndefined();
      expect(played).toBeGreaterThan(20_000);
    },
    3_600_000,
  );

  it('would find a restart that starts again also at random', () => {
    expect(play({ ...protocol, ...wide, restart: 'start again' }, 500, 1).outcome.failed).toBe(true);
  });
});
