/** Where a verb prints: results to `out`, words for people to `err`. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly errIsTerminal: boolean;
}

export function processIo(): Io {
  // A reader that went away (`| head`) is no failure of ours.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    errIsTerminal: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
  };
}
