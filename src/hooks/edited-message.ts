/** What git will make of a message file after the hook has seen it. */
export interface Cleanup {
  /** An editor was open: git then strips comments, which it leaves alone otherwise (githooks(5), GIT_EDITOR). */
  readonly edited: boolean;
  /** `commit.cleanup`: default, strip, whitespace, verbatim or scissors. */
  readonly mode: string;
  /** `core.commentString` or `core.commentChar`; `auto` is read from the file. */
  readonly comment: string;
}

const cutLine = '------------------------ >8 ------------------------';
const cutHint = 'Do not modify or remove the line above.';
const editorHint = 'Please enter the commit message';

/** The message as git will store it, as far as the state of it matters: without comments and without what scissors cut off. */
export function storedMessage(file: string, cleanup: Cleanup): string {
  const lines = file.split('\n');
  const comment = commentOf(cleanup, lines);
  const cutAt = cleanup.edited ? scissorsIn(lines, comment, cleanup.mode) : -1;
  const above = cutAt >= 0 ? [...lines.slice(0, cutAt), ''] : lines;
  const strips = cleanup.mode === 'strip' || (cleanup.mode === 'default' && cleanup.edited);
  const kept = strips ? above.filter((line) => !line.startsWith(comment)) : above;
  // Every mode but verbatim drops the white space at the end of a line.
  return (cleanup.mode === 'verbatim' ? kept : kept.map(withoutSpaceAtEnd)).join('\n');
}

/** By hand: an expression would begin anew at each space within a line. */
function withoutSpaceAtEnd(line: string): string {
  let end = line.length;
  while (' \t\r'.includes(line[end - 1] ?? '-')) end--;
  return line.slice(0, end);
}

/** Scissors mode cuts at the first line of that form; otherwise only a verbose commit does, whose diff git announces below its own line. */
function scissorsIn(lines: readonly string[], comment: string, mode: string): number {
  const cut = `${comment} ${cutLine}`;
  const first = lines.slice(0, -1).indexOf(cut);
  if (mode === 'scissors') return first;
  return lines.some((line, index) => line === cut && lines[index + 1] === `${comment} ${cutHint}`) ? first : -1;
}

/** With `auto` git chooses a character that no line of the message began with; its own hints show which. */
function commentOf({ comment, edited }: Cleanup, lines: readonly string[]): string {
  if (comment !== 'auto') return comment;
  if (edited) {
    const hint = lines.findLast((line) => line.startsWith(cutHint, 2) || line.startsWith(editorHint, 2));
    return hint?.charAt(0) ?? '#';
  }
  const used = new Set(lines.flatMap((line) => [line.charAt(0), ...[...line.matchAll(/\r(.)/gs)].map((match) => match[1])]));
  return [...'#;@!$%^&|:'].find((char) => !used.has(char)) ?? '#';
}
