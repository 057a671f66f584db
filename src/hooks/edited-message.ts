/** What git will make of a message file after the hook has seen it. */
export interface Cleanup {
  /** An editor was open: git then strips comments, which it leaves alone otherwise (githooks(5), GIT_EDITOR). */
  readonly edited: boolean;
  /** `commit.cleanup`: default, strip, whitespace, verbatim or scissors. */
  readonly mode: string;
  /** `core.commentString` or `core.commentChar`; `auto` is read from the file. */
  readonly comment: string;
}

const scissorsLine = /^(\S+) -{10,} >8 -{10,}$/;

/** The message as git will store it, as far as the state of it matters: without comments and without what scissors cut off. */
export function storedMessage(file: string, cleanup: Cleanup): string {
  const lines = file.replaceAll('\r\n', '\n').split('\n');
  if (cleanup.mode === 'verbatim') return file;
  const cutAt = lines.findIndex((line) => scissorsLine.test(line));
  const mayCut = cleanup.edited || cleanup.mode === 'scissors';
  const above = mayCut && cutAt >= 0 ? lines.slice(0, cutAt) : lines;
  const strips = cleanup.mode === 'strip' || (cleanup.mode === 'default' && cleanup.edited);
  if (!strips) return above.join('\n');
  const comment = commentOf(cleanup.comment, lines);
  return above.filter((line) => !line.startsWith(comment)).join('\n');
}

/** With `auto` git chooses a character that no line of the message began with; its own hints show which. */
function commentOf(setting: string, lines: readonly string[]): string {
  if (setting !== 'auto') return setting;
  const hint = lines.find((line) => scissorsLine.test(line) || /^\S Please enter the commit message/.test(line));
  return hint?.charAt(0) ?? '#';
}
