import { readFileSync } from 'node:fs';
import { Failure } from '../failure.js';
import { maxMessageBytes, type Problem, parseMessage, renderMessage, strayRequests, type Trailer } from '../kernel/message.js';

/** The flags that `set-state` and `set-working` share. */
export interface MessageFlags {
  readonly subject?: string | undefined;
  readonly prompt?: string | undefined;
  readonly promptFile?: string | undefined;
  readonly promptStdin: boolean;
  readonly trailer: readonly string[];
}

/** The body that the flags ask for. Throws {@link Failure} usage when more than one source is named. */
export function bodyOf(flags: MessageFlags): string {
  const sources = [flags.prompt !== undefined, flags.promptFile !== undefined, flags.promptStdin].filter(Boolean).length;
  if (sources > 1)
    throw new Failure('usage', 'The body can come from one place only.', {
      hint: 'Give one of --prompt, --prompt-file and --prompt-stdin.',
    });
  if (flags.promptFile !== undefined) return readPrompt(flags.promptFile, flags.promptFile);
  if (flags.promptStdin) return readPrompt(0, 'standard input');
  return flags.prompt ?? '';
}

function readPrompt(source: string | number, name: string): string {
  try {
    return readFileSync(source, 'utf8');
  } catch (error) {
    throw new Failure('usage', `The prompt could not be read from ${name}: ${error instanceof Error ? error.message : String(error)}.`, {
      hint: 'Check the path and its permissions.',
      cause: error,
    });
  }
}

/** Trailers given as `key:value`. Throws {@link Failure} bad-trailer. */
export function trailersOf(given: readonly string[], reserved: readonly string[]): Trailer[] {
  return given.map((text) => {
    const match = /^([A-Za-z0-9-]+)\s*:\s*(.*)$/s.exec(text);
    const [key, value] = [match?.[1], match?.[2]?.trim()];
    if (key === undefined || value === undefined || value === '' || value.includes('\n'))
      throw new Failure('bad-trailer', `${JSON.stringify(text)} is not a trailer.`, {
        hint: 'Write it as key:value, for example: --trailer aynig-attempt:2',
      });
    if (reserved.includes(key.toLowerCase()))
      throw new Failure('bad-trailer', `${key.toLowerCase()} cannot be given as a trailer here.`, {
        hint: 'The verb writes it itself; name the state as its argument.',
      });
    return { key, value };
  });
}

/** Puts the message together and checks it as `commit-msg` would. Throws {@link Failure} bad-message. */
export function checkedMessage(message: { title: string; body: string; trailers: readonly Trailer[] }): string {
  if (message.title.trim() === '' || message.title.includes('\n'))
    throw new Failure('bad-message', 'The subject must be one line that is not empty.', { hint: 'Give one with --subject "…".' });
  const text = renderMessage(message);
  if (Buffer.byteLength(text) > maxMessageBytes)
    throw new Failure('bad-message', `The message is larger than ${maxMessageBytes} bytes.`, {
      hint: 'Commit large input as a file and name it in the prompt.',
    });
  const parsed = parseMessage(Buffer.from(text));
  const problems: readonly Problem[] = parsed.kind === 'invalid' ? parsed.problems : strayRequests(text);
  const [problem] = problems;
  if (problem !== undefined)
    throw new Failure('bad-message', `Line ${problem.line} of the message: ${problem.rule}.`, { hint: `To mend it, ${problem.fix}.` });
  return text;
}
