/**
 * Does `work` for every item, for `most` of them at the same time, and answers the results in the order of the items. After a failure
 * nothing more is begun; what is under way is waited for, and the first failure is thrown.
 */
export async function atOnce<Item, Result>(
  most: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  let failed = false;
  const go = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (failed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: most }, go));
  const first = ended.find((each) => each.status === 'rejected');
  if (first !== undefined) throw first.reason;
  return results;
}
