import { gitTrailers, separatorAt, unfold } from './git-trailers.js';

/** Largest message that is read, in bytes. */
export const maxMessageBytes = 1024 * 1024;
/** Longest value of an `aynig-` trailer, in bytes. */
export const maxValueBytes = 1024;

export interface Trailer {
  /** As written; compare with {@link trailerValue}, which ignores case. */
  readonly key: string;
  readonly value: string;
}

/** The three parts of a commit message: the title is for people, the body is the prompt, the trailers are data. */
export interface Message {
  readonly title: string;
  /** Never contains the title or the trailer block. */
  readonly body: string;
  readonly trailers: readonly Trailer[];
}

/** One broken rule: where it is, what the rule is, and how to mend it. */
export interface Problem {
  /** Line in the message, counted from 1; 0 when the whole message is meant. */
  readonly line: number;
  readonly rule: string;
  readonly fix: string;
}

export type ParsedMessage =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

interface Block {
  readonly firstLine: number;
  readonly trailers: readonly (Trailer & { readonly line: number; readonly folded: boolean })[];
}

const isBlank = (line: string): boolean => /^[ \t\r]*$/.test(line);
const isOurs = (key: string): boolean => /^aynig-/i.test(key);
const ourKeyAtLineStart = /^(aynig-[A-Za-z0-9-]*)[ \t]*:/i;
/** Printable: no control, format (this includes bidirectional overrides), surrogate, private or unassigned characters, no separators but the space. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;

/** The value of a trailer, or undefined. Keys compare without case, as git does; an `aynig-` key stands at most once. */
export const trailerValue = (trailers: readonly Trailer[], key: string): string | undefined =>
  trailers.find((trailer) => trailer.key.toLowerCase() === key)?.value;

/** The last paragraph when every line of it is a trailer, a folded continuation, or git's cherry-pick note. */
function readBlock(lines: readonly string[]): Block | undefined {
  let end = lines.length;
  while (end > 0 && isBlank(lines[end - 1] ?? '')) end--;
  let start = end;
  while (start > 0 && !isBlank(lines[start - 1] ?? '')) start--;
  if (start === 0 || lines.slice(0, start).every(isBlank)) return undefined;
  const trailers: { key: string; value: string; line: number; folded: boolean }[] = [];
  for (let index = start; index < end; index++) {
    const line = lines[index] ?? '';
    const last = trailers.at(-1);
    if (/^[ \t]/.test(line)) {
      if (last === undefined) return undefined;
      last.value += `\n${line}`;
      last.folded = true;
    } else if (!line.startsWith('(cherry picked from commit ')) {
      const colon = separatorAt(line);
      if (colon < 1) return undefined;
      trailers.push({ key: line.slice(0, colon).trim(), value: line.slice(colon + 1), line: index + 1, folded: false });
    }
  }
  return {
    firstLine: start,
    trailers: trailers.map((trailer) => ({ ...trailer, value: unfold(trailer.value) })),
  };
}

function problemsOfOurs(block: Block, rawLines: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const { key, value, line, folded } of block.trailers) {
    if (!isOurs(key)) continue;
    const name = key.toLowerCase();
    if (seen.has(name)) problems.push({ line, rule: `${name} stands more than once`, fix: 'keep one of the lines' });
    seen.add(name);
    if (folded) problems.push({ line, rule: `the value of ${name} is folded over several lines`, fix: 'write it on one line' });
    if (/[ \t]:/.test((rawLines[line - 1] ?? '').slice(0, key.length + 2)))
      problems.push({ line, rule: `white space stands before the colon of ${name}`, fix: `write "${name}: ${value}"` });
    if (value === '') problems.push({ line, rule: `${name} has no value`, fix: `write "${name}: <value>"` });
    if (unprintable.test(value) || value.includes('\uFFFD'))
      problems.push({ line, rule: `the value of ${name} has characters that cannot be printed`, fix: 'type the value again by hand' });
    if (Buffer.byteLength(value) > maxValueBytes)
      problems.push({ line, rule: `the value of ${name} is longer than ${maxValueBytes} bytes`, fix: 'put long text into the body' });
  }
  return problems;
}

const comparable = (trailers: readonly Trailer[]): string => JSON.stringify(trailers.map(({ key, value }) => [key.toLowerCase(), value]));

/**
 * Reads the bytes of a commit message. The grammar is frozen: no git configuration changes the answer. A message that
 * has nothing to do with AYNIG is never invalid; one that carries an `aynig-` trailer must obey the strict rules, and must
 * mean the same to git.
 */
export function parseMessage(bytes: Uint8Array): ParsedMessage {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8').replaceAll('\r\n', '\n');
  const mentions = /aynig-/i.test(text);
  if (bytes.byteLength > maxMessageBytes && mentions)
    return invalid({
      line: 0,
      rule: `the message is larger than ${maxMessageBytes} bytes`,
      fix: 'put large input into a file of the commit',
    });
  if (mentions && buffer.includes(0)) return invalid({ line: lineOfNul(text), rule: 'the message contains a NUL byte', fix: 'remove it' });
  const lines = text.split('\n');
  const block = readBlock(lines);
  const trailers = block?.trailers ?? [];
  if (mentions) {
    const problems = block === undefined ? [] : problemsOfOurs(block, lines);
    const theirs = gitTrailers(text);
    const concerned = [...trailers, ...theirs].some(({ key }) => isOurs(key));
    if (concerned && problems.length === 0 && comparable(trailers) !== comparable(theirs))
      problems.push({
        line: (block?.firstLine ?? 0) + 1,
        rule: 'git itself would read the trailers of this message differently',
        fix: 'make the last paragraph consist of "key: value" lines only, with nothing below it',
      });
    if (problems.length > 0) return { kind: 'invalid', problems };
  }
  const firstText = lines.findIndex((line) => !isBlank(line));
  if (firstText < 0) return { kind: 'message', message: { title: '', body: '', trailers: [] } };
  let titleEnd = firstText;
  while (titleEnd < lines.length && !isBlank(lines[titleEnd] ?? '')) titleEnd++;
  const title = lines.slice(firstText, titleEnd).join(' ').trim();
  const body = trimBlankLines(lines.slice(titleEnd, block?.firstLine ?? lines.length)).join('\n');
  return { kind: 'message', message: { title, body, trailers: trailers.map(({ key, value }) => ({ key, value })) } };
}

/**
 * Lines outside the trailer block that look like a request and would be ignored in silence. Only `commit-msg` asks:
 * quoting such a line in a stored commit is no error.
 */
export function strayRequests(text: string): Problem[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const end = readBlock(lines)?.firstLine ?? lines.length;
  return lines.slice(0, end).flatMap((line, index): Problem[] => {
    const key = ourKeyAtLineStart.exec(line)?.[1];
    if (key === undefined) return [];
    return [
      {
        line: index + 1,
        rule: `${key.toLowerCase()} stands outside the last paragraph and would be ignored`,
        fix: 'move the line into a last paragraph of trailers, after a title and a blank line, or indent it if it is quoted text',
      },
    ];
  });
}

/** Puts a message together so that {@link parseMessage} reads back the same parts. The caller has checked the trailers. */
export function renderMessage({ title, body, trailers }: Message): string {
  const paragraphs = [title.trim()];
  if (body.trim() !== '') paragraphs.push(trimBlankLines(body.split('\n')).join('\n'));
  if (trailers.length > 0) paragraphs.push(trailers.map(({ key, value }) => `${key}: ${value}`).join('\n'));
  return `${paragraphs.join('\n\n')}\n`;
}

const invalid = (problem: Problem): ParsedMessage => ({ kind: 'invalid', problems: [problem] });
const lineOfNul = (text: string): number => text.slice(0, text.indexOf('\0')).split('\n').length;

function trimBlankLines(lines: readonly string[]): string[] {
  let start = 0;
  let end = lines.length;
  while (start < end && isBlank(lines[start] ?? '')) start++;
  while (end > start && isBlank(lines[end - 1] ?? '')) end--;
  return lines.slice(start, end);
}
