import { describe, expect, test } from 'vitest';
import { misspelledState } from '../../src/hooks/misspelled.js';
import { hooked } from '../support/workspace.js';

const said = (...keys: string[]) => misspelledState(keys.map((key) => ({ key, value: 'build' })));

describe('a trailer that was most likely meant to be aynig-state', () => {
  test.each(['aynig-stat', 'aynig-sate', 'aynig-satte', 'aynig-states', 'Aynig-Sttae', 'aynig-stte'])('%s is named', (key) => {
    expect(said('Signed-off-by', key)).toEqual([
      `aynig: "${key.toLowerCase()}" asks for nothing; the trailer is called aynig-state. Mend it with: git commit --amend`,
    ]);
  });

  test.each([
    ['beside the right one', ['aynig-stat', 'aynig-state']],
    ['that is another of ours', ['aynig-note', 'aynig-next', 'aynig-attempt']],
    ['of a person', ['state', 'status', 'Reviewed-by']],
    ['that is nowhere', []],
  ])('is not seen in one %s', (_, keys) => {
    expect(said(...keys)).toEqual([]);
  });

  test('is told of by git commit, which goes on', () => {
    const made = hooked('exit 1');
    const { stderr } = made.gitAnswer(['commit', '--allow-empty', '-m', 'ask', '-m', 'aynig-stat: build'], { expected: 0 });
    expect(stderr).toContain('the trailer is called aynig-state');
    expect(made.git('log', '-1', '--format=%s')).toBe('ask');
  });
});
