import { readFileSync } from 'node:fs';
import { judgeMessage } from './hooks/commit-msg.js';
import { printable } from './printable.js';

/** What the stub turns into a refusal; every other code lets the commit through (EX_DATAERR of sysexits.h). */
const refused = 65;

/** The entry of the `commit-msg` stub: `git cat-file commit HEAD | node hook.cjs <message file>`. A fault of ours never stops a commit; only a real violation does. */
async function main(messageFile: string): Promise<number> {
  try {
    const verdict = await judgeMessage(messageFile, readFileSync(0), process.cwd(), process.env);
    if (verdict.lines.length > 0) process.stderr.write(`${printable(verdict.lines.join('\n'), { lines: true })}\n`);
    return verdict.accepted ? 0 : refused;
  } catch (error) {
    process.stderr.write(
      `aynig: the commit-msg hook failed and let git go on: ${printable(error instanceof Error ? error.message : String(error))}\n`,
    );
    return 0;
  }
}

void main(process.argv[2] ?? '').then((code) => {
  process.exitCode = code;
});
