import { read } from 'node:fs';
import { type ConfigValue, parseConfig } from '../git/config.js';
import { type BranchTip, parseTips } from '../git/refs.js';

/** What a run reads first: the settings and the tips of all branches. */
export interface Told {
  readonly config: readonly ConfigValue[];
  readonly tips: readonly BranchTip[];
}

/** A git that takes longer is left to itself; the runner then asks again, with its own time limit. */
const limitMs = 10_000;

/**
 * Reads what the hook's shell asked git for while Node was starting: the values under `aynig.`, an empty record and the
 * exit code; then the tips, a NUL and the exit code. Undefined when a git failed, was cut short or is too slow: then the
 * runner asks for itself, and says what is wrong.
 */
export async function readTold(fd: number): Promise<Told | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined);
  });
  const bytes = await Promise.race([readAll(fd), late]);
  clearTimeout(timer);
  return bytes === undefined ? undefined : parseTold(bytes.toString('utf8'));
}

/** Everything up to the end of a pipe: a stream would take longer to load than to read. Undefined where it cannot be read. */
function readAll(fd: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const next = (): void => {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      read(fd, chunk, 0, chunk.length, null, (error, length) => {
        if (error !== null) return resolve(undefined);
        if (length === 0) return resolve(Buffer.concat(chunks));
        chunks.push(chunk.subarray(0, length));
        next();
      });
    };
    next();
  });
}

/** Exported for its test. */
export function parseTold(text: string): Told | undefined {
  // No record of git's is empty, so the first one that is was written by the shell.
  const configEnd = text.startsWith('\0') ? 0 : text.indexOf('\0\0') + 1;
  const [, configCode] = text.slice(configEnd, configEnd + 3).split('\0');
  const tipsEnd = text.lastIndexOf('\0');
  // git config ends with 1 when nothing is set.
  if ((configCode !== '0' && configCode !== '1') || text.slice(tipsEnd) !== '\x000' || tipsEnd < configEnd + 3) return undefined;
  return { config: parseConfig(text.slice(0, configEnd)), tips: parseTips(text.slice(configEnd + 3, tipsEnd)) };
}
