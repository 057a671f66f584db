import type { WriteStream } from 'node:tty';

/** A terminal that can move its cursor, as it is now. */
export interface Terminal {
  columns(): number;
  rows(): number;
  /** Text in a colour, where colours are wanted (no-color.org). */
  paint(colour: Colour, text: string): string;
}

const colours = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' } as const;
export type Colour = keyof typeof colours;

/** The terminal that a stream is shown on; undefined where it goes elsewhere, or to one that knows nothing but text. */
export function terminalOf(stream: WriteStream, environment: NodeJS.ProcessEnv): Terminal | undefined {
  if (stream.isTTY !== true || environment['TERM'] === 'dumb') return undefined;
  const coloured = !environment['NO_COLOR'];
  return {
    // A terminal that nobody has told its size says 0.
    columns: () => stream.columns || 80,
    rows: () => stream.rows || 24,
    paint: (colour, text) => (coloured ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text),
  };
}
