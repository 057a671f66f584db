import { expect, test } from 'vitest';
import { atOnce } from '../../src/packs/at-once.js';

/** A promise and the word that ends it. */
function pending<T>() {
  let end: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    end = { resolve, reject };
  });
  return { promise, resolve: (value: T) => end?.resolve(value), reject: (error: Error) => end?.reject(error) };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('no more than so many are under way, and results stand in the order of the items', async () => {
  const work = [0, 1, 2, 3].map(() => pending<string>());
  const begun: number[] = [];
  const all = atOnce(2, [0, 1, 2, 3], (item) => {
    begun.push(item);
    return work[item]?.promise ?? Promise.reject(new Error('no such work'));
  });
  await turn();
  expect(begun).toEqual([0, 1]);
  work[1]?.resolve('b');
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  for (const [item, text] of [
    [2, 'c'],
    [3, 'd'],
    [0, 'a'],
  ] as const)
    work[item]?.resolve(text);
  expect(await all).toEqual(['a', 'b', 'c', 'd']);
});

test('after a failure nothing more is begun, and what is under way is waited for', async () => {
  const slow = pending<void>();
  const begun: number[] = [];
  let ended = false;
  const all = atOnce(2, [0, 1, 2, 3], async (item) => {
    begun.push(item);
    if (item === 0) throw new Error('the first');
    await slow.promise;
    ended = true;
  });
  const failure = expect(all.then(() => undefined)).rejects.toThrow('the first');
  await turn();
  expect(begun).toEqual([0, 1]);
  slow.resolve();
  await failure;
  expect(ended).toBe(true);
  expect(begun).toEqual([0, 1]);
});
