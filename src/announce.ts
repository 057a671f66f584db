import { announceArrival } from './hooks/announce.js';
import { announceOwnCommands } from './hooks/own-commands.js';
import { printable } from './printable.js';

/**
 * The entry for what is said in the terminal before the hook returns: what a merge, pull or rebase brought, or, with the
 * word `own`, what became of commands that the commit just made has changed. It has no say in whether git goes on.
 */
const say = process.argv[2] === 'own' ? announceOwnCommands : announceArrival;
void say(process.cwd(), process.env).then(
  (lines) => {
    for (const line of lines) process.stderr.write(`${printable(line)}\n`);
  },
  (error: unknown) => {
    process.stderr.write(`aynig: could not look at the commit: ${printable(error instanceof Error ? error.message : String(error))}\n`);
  },
);
