import { parseMessage, trailerValue } from '../kernel/message.js';

/**
 * A message file with `aynig-run-id` right behind the `aynig-state` that counts; every other byte stays. `stored` says what git
 * will make of a file: comments and what stands below scissors may look like trailers too. Undefined where no place does.
 */
export function withRunId(file: Buffer, runId: string, stored: (file: string) => string): Buffer | undefined {
  // A character for each byte: the message may be in any encoding.
  const text = file.toString('latin1');
  for (const { 0: line, index } of [...text.matchAll(/^aynig-state[ \t]*:[^\n]*/gim)].reverse()) {
    const end = index + line.length;
    const lineEnd = line.endsWith('\r') ? '\r' : '';
    const made = Buffer.from(`${text.slice(0, end)}\naynig-run-id: ${runId}${lineEnd}${text.slice(end)}`, 'latin1');
    if (carries(stored(made.toString('utf8')), runId)) return made;
  }
  return undefined;
}

function carries(text: string, runId: string): boolean {
  const parsed = parseMessage(Buffer.from(text));
  return (
    parsed.kind === 'message' &&
    trailerValue(parsed.message.trailers, 'aynig-state') !== undefined &&
    trailerValue(parsed.message.trailers, 'aynig-run-id') === runId
  );
}
