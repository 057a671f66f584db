import { describe, expect, it } from 'vitest';
import { type Action, emptyTally, type Invariant, invariants, type Tally, type Variant, World } from '../support/protocol-world.js';
import { fc } from '../support/seeded.js';

const runs = 3000;

const action: fc.Arbitrary<Action> = fc.record({
  kind: fc.oneof(
    { weight: 30, arbitrary: fc.constant('step' as const) },
    { weight: 8, arbitrary: fc.constant('command' as const) },
    { weight: 1, arbitrary: fc.constant('user' as const) },
    { weight: 1, arbitrary: fc.constant('clock' as const) },
    { weight: 1, arbitrary: fc.constantFrom('renew' as const, 'crash' as const, 'restart' as const) },
  ),
  runner: fc.nat({ max: 2 }),
  pick: fc.nat({ max: 119 }),
});

const interleaving = fc.array(action, { minLength: 20, maxLength: 200, size: 'max' });

/** Plays random interleavings until one of the invariants is broken. */
const play = (variant: Variant, watched: readonly Invariant[], tally: Tally = emptyTally()) =>
  fc.check(
    fc.property(interleaving, (actions) => {
      const world = new World(variant, tally);
      for (const each of actions) {
        world.act(each);
        expect(watched.filter((invariant) => world.violations.has(invariant))).toEqual([]);
      }
    }),
    { numRuns: runs },
  );

describe('the protocol', () => {
  it('keeps every invariant in every interleaving of three runners, a person and their crashes', () => {
    const tally = emptyTally();
    const outcome = play('sound', invariants, tally);
    process.stdout.write(`protocol: ${outcome.numRuns} interleavings, ${JSON.stringify(tally)}\n`);
    expect(fc.defaultReportMessage(outcome)).toBeUndefined();
    for (const [what, count] of Object.entries(tally)) expect([what, count > 20]).toEqual([what, true]);
  });

  it.each<[Invariant, Variant]>([
    ['at most one live run holds the branch', 'a run is started without looking whether the claim won'],
    ['at most one live run holds the branch', 'moves set the ref without comparing'],
    ['at most one live run holds the branch', 'a takeover does not wait for the lease to end'],
    ['a ref moves only from the value that was read', 'moves set the ref without comparing'],
    ['nothing of a run is published after its end', 'settling takes whatever tip is there'],
    ['a run id executes at most once', 'a restart goes on with the run it finds'],
    ['our moves make no commit unreachable', 'moves set the ref without comparing'],
    ['our moves make no commit unreachable', 'settling takes whatever tip is there'],
  ])('would not keep "%s" if %s', (invariant, variant) => {
    expect(play(variant, [invariant]).failed).toBe(true);
  });
});
