import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable } from './printable.js';
import { checkPush } from './server/check-push.js';

/** What the stub turns into a refusal (EX_DATAERR of sysexits.h). */
const refused = 65;
/** A fault of ours (EX_SOFTWARE): the stub asks the setting what to do then. */
const fault = 70;

/** The entry of the `pre-receive` stub: what git hands to that hook on standard input. It writes nothing. */
async function main(): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${printable(line)}\n`);
  try {
    const lines = await checkPush(readFileSync(0, 'utf8'), resolve(process.env['GIT_DIR'] ?? '.'), process.env);
    for (const line of lines) say(line);
    return lines.length > 0 ? refused : 0;
  } catch (error) {
    say(`aynig: ${error instanceof Error ? error.message : String(error)}`);
    return fault;
  }
}

void main().then((code) => {
  process.exitCode = code;
});
