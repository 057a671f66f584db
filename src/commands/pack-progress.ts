import type { Here } from '../packs/here.js';
import { type Obtained, obtainPack, type PackRequest } from '../packs/obtain.js';
import { printable } from '../printable.js';
import type { Io } from './io.js';

/** A line on a terminal that says how far something is. */
export interface ProgressLine {
  draw(text: string): void;
  erase(): void;
}

export const progressLine = ({ errIsTerminal }: Pick<Io, 'errIsTerminal'>): ProgressLine =>
  errIsTerminal
    ? {
        draw: (text) => void process.stderr.write(`\r\x1b[K${printable(text).slice(0, width())}`),
        erase: () => void process.stderr.write('\r\x1b[K'),
      }
    : { draw: () => undefined, erase: () => undefined };

/** Obtains a pack, with a line on a terminal that says how far it is and is gone at the end. */
export async function obtainWithProgress(request: PackRequest, { base }: Pick<Here, 'base'>, io: Io): Promise<Obtained> {
  const line = progressLine(io);
  const name = request.address.shown;
  line.draw(`reading ${name} …`);
  try {
    return await obtainPack(request, {
      base,
      terminal: io.canAsk,
      progress: io.errIsTerminal ? ({ stage, percent }) => line.draw(`reading ${name}: ${stage} ${percent} %`) : undefined,
    });
  } finally {
    line.erase();
  }
}

// A terminal that does not know its width says 0.
const width = (): number => Math.max(20, (process.stderr.columns || 80) - 1);
