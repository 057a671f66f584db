/** How often and how long something is tried that may fail for a moment. */
export interface RetryLimits {
  /** At least 1. */
  readonly attempts: number;
  /** Before the second attempt; twice as long before each further one, give or take a half, so that many do not come at once. */
  readonly firstWaitMs: number;
  /** Longest wait between two attempts, in milliseconds. Default 10 seconds. */
  readonly mostWaitMs?: number;
  /** Whether an error is worth another attempt. */
  readonly again: (error: unknown) => boolean;
}

/** Answers what `act` answers at its first success; throws its last error, or the first one that is not worth another attempt. */
export async function retry<T>(act: () => Promise<T>, limits: RetryLimits): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt >= limits.attempts || !limits.again(error)) throw error;
    }
    await pause(waitBefore(attempt, limits.firstWaitMs, limits.mostWaitMs));
  }
}

/** The wait after attempt number `attempt`, in milliseconds. */
export const waitBefore = (attempt: number, firstWaitMs: number, mostWaitMs = 10_000): number =>
  Math.min(firstWaitMs * 2 ** (attempt - 1), mostWaitMs) * (0.5 + Math.random());

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
