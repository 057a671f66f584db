import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { endAll } from '../../src/packs/end-all.js';

/**
 * Looks that find what stands here, one after another, and the last of them from then on; and what was sent. The clock goes on by
 * `tickMs` before each look, and not otherwise: how busy a machine is makes no difference.
 */
async function ended(looks: readonly (readonly number[])[], { graceMs = 1000, tickMs = 0 } = {}) {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  onTestFinished(() => void vi.useRealTimers());
  const sent: string[] = [];
  let looked = 0;
  const find = (): number[] => {
    vi.setSystemTime(Date.now() + tickMs);
    return [...(looks[Math.min(looked++, looks.length - 1)] ?? [])];
  };
  await endAll(find, graceMs, (pid, signal) => sent.push(`${signal} ${pid}`));
  return { sent, looked };
}

describe('ending processes', () => {
  test('goes on after a look that finds nothing, as of a process that becomes another program in that moment', async () => {
    const { sent, looked } = await ended([[1], [], [2], [], [], [3], []]);
    expect(sent).toEqual(['SIGTERM 1', 'SIGTERM 2', 'SIGTERM 3']);
    expect(looked).toBe(9);
  });

  test('kills what does not end when it is asked to, and gives up what cannot be killed', async () => {
    const { sent } = await ended([[1]], { tickMs: 400 });
    expect(sent).toEqual([...Array(2).fill('SIGTERM 1'), ...Array(3).fill('SIGKILL 1')]);
  });

  test('kills before it gives up, however late it comes to that', async () => {
    const { sent } = await ended([[1], []], { tickMs: 60_000 });
    expect(sent).toEqual(['SIGKILL 1']);
  });
});
