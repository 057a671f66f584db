import { Failure } from '../failure.js';
import { printable } from '../printable.js';
import { report } from './report.js';

/** Where a verb prints: results to `out`, words for people to `err`; what would act on a terminal is shown as text. */
export interface Io {
  out(text: string): void;
  /** Prints as it is and without a newline, and waits where the reader is slower. */
  write(text: string): Promise<void>;
  err(text: string): void;
  readonly errIsTerminal: boolean;
  /** Whether a person can be asked: standard input is a terminal, and so is where the question is shown. */
  readonly canAsk: boolean;
  /** Asks on the terminal; undefined when the person ended the input. Ctrl-C ends the process, as it does anywhere else. */
  ask(question: string): Promise<string | undefined>;
}

export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A reader that went away (`| head`) is no failure of ours.
      if (error.code === 'EPIPE') process.exit(0);
      // Where the words for people cannot be written there is nobody to tell.
      process.exit(stream === process.stdout ? report(unwritten(error), io, { debug: false }) : 1);
    });
  const io: Io = {
    out: (text) => process.stdout.write(`${printable(text, { lines: true })}\n`),
    async write(text) {
      if (!process.stdout.write(text)) await new Promise((resume) => process.stdout.once('drain', resume));
    },
    err: (text) => process.stderr.write(`${printable(text, { lines: true })}\n`),
    errIsTerminal: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    async ask(question) {
      const { createInterface } = await import('node:readline');
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      return new Promise((resolve) => {
        const ended = (): void => resolve(undefined);
        reader.once('close', ended);
        reader.once('SIGINT', () => {
          // Nothing goes on with what was not answered; closing gives the terminal back as it was.
          reader.removeListener('close', ended);
          reader.close();
          process.kill(process.pid, 'SIGINT');
        });
        reader.question(question, (answer) => {
          resolve(answer);
          reader.close();
        });
      });
    },
  };
  return io;
}

const unwritten = (cause: Error): Failure =>
  new Failure('output-stream', `Standard output cannot be written: ${cause.message}.`, {
    hint: 'See where it goes, and whether there is room: df -h; then run the same again.',
    cause,
  });
