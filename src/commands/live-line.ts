import { printable } from '../printable.js';
import type { Io } from './io.js';

/** Lines for people while branches run: on a terminal with a last line that shows what is under way and for how long. */
export interface LiveLine {
  print(line: string): void;
  start(branch: string, state: string): void;
  finish(branch: string): void;
  end(): void;
}

const frameMs = 200;
/** Longest live line; a wrapped one could not be taken back. */
const columns = (): number => Math.max(20, (process.stderr.columns ?? 80) - 1);

export function liveLine(io: Io): LiveLine {
  if (!io.errIsTerminal) return { print: io.err, start: () => undefined, finish: () => undefined, end: () => undefined };
  const active = new Map<string, { state: string; since: number }>();
  let timer: NodeJS.Timeout | undefined;
  const erase = (): void => void process.stderr.write('\r\x1b[K');
  const draw = (): void => {
    if (active.size === 0) return;
    const parts = [...active].map(([branch, { state, since }]) => `${branch}: ${state} ${Math.round((Date.now() - since) / 1000)} s`);
    process.stderr.write(`\r\x1b[K${printable(`… ${parts.join('   ')}`).slice(0, columns())}`);
  };
  return {
    print(line) {
      erase();
      io.err(line);
      draw();
    },
    start(branch, state) {
      active.set(branch, { state, since: Date.now() });
      timer ??= setInterval(draw, frameMs);
    },
    finish(branch) {
      active.delete(branch);
    },
    end() {
      clearInterval(timer);
      timer = undefined;
      if (active.size > 0) erase();
      active.clear();
    },
  };
}
