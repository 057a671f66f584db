import { announceArrival } from './hooks/announce.js';

/** The entry that says what a merge, pull or rebase brought. It has no say in whether git goes on. */
void announceArrival(process.cwd(), process.env).then(
  (lines) => {
    for (const line of lines) process.stderr.write(`${line}\n`);
  },
  (error: unknown) => {
    process.stderr.write(`aynig: could not look at what arrived: ${error instanceof Error ? error.message : String(error)}\n`);
  },
);
