/**
 * git's own reading of a trailer block under its default configuration, without calling git: `git interpret-trailers`
 * hangs on crafted messages before 2.45 and obeys the reader's settings. It follows the rules of
 * git-interpret-trailers(1): the last paragraph is a block when all its lines are trailers, or when at least a quarter
 * are and one of them is written by git itself.
 */
export interface PlainTrailer {
  readonly key: string;
  readonly value: string;
}

const generatedByGit = ['Signed-off-by: ', '(cherry picked from commit '];
/** White space is what git takes for it: vertical tab and form feed are not. */
const isSpace = (char: string | undefined): boolean => char !== undefined && ' \t\n\r'.includes(char);
const isBlank = (line: string): boolean => /^[ \t\n\r]*$/.test(line);

/** Position of the colon when the line reads as `key:` or `key :`; -1 otherwise. */
export function separatorAt(line: string): number {
  const match = /^[A-Za-z0-9-]*(?:[ \t]+)?:/.exec(line);
  if (match === null) return -1;
  // git allows white space before the colon only behind at least one character of a key.
  return /^[ \t]/.test(line) ? -1 : match[0].length - 1;
}

/** Drops what git ignores at the end of a message: comments, blank lines, an old conflicts block, all below a scissors line. */
function withoutIgnoredTail(lines: readonly string[]): string[] {
  // Both marks count only with a newline behind them.
  const last = lines.length - 1;
  const at = lines.indexOf('# ------------------------ >8 ------------------------');
  const scissors = at < last ? at : -1;
  const body = scissors < 0 ? lines : lines.slice(0, scissors);
  // To git the first line of all is none: what begins there to be ignored is not, and a conflicts block there never ends.
  let firstIgnored = 0;
  let inConflicts = false;
  body.forEach((line, index) => {
    if (line.startsWith('#') || line === '') {
      if (firstIgnored === 0) firstIgnored = index;
    } else if (line === 'Conflicts:' && index < last) {
      inConflicts = true;
      if (firstIgnored === 0) firstIgnored = index;
    } else if (!(inConflicts && line.startsWith('\t')) && firstIgnored > 0) {
      firstIgnored = 0;
      inConflicts = false;
    }
  });
  return firstIgnored === 0 ? [...body] : body.slice(0, firstIgnored);
}

function startOfBlock(lines: readonly string[]): number {
  const titleEnd = lines.findIndex((line) => !line.startsWith('#') && isBlank(line));
  if (titleEnd < 0) return lines.length;
  let onlySpaces = true;
  let generated = false;
  let trailers = 0;
  let others = 0;
  let continuations = 0;
  for (let index = lines.length - 1; index >= titleEnd; index--) {
    const line = lines[index] ?? '';
    if (line.startsWith('#')) {
      others += continuations;
      continuations = 0;
    } else if (isBlank(line)) {
      if (onlySpaces) continue;
      others += continuations;
      const mixed = generated && trailers * 3 >= others;
      return mixed || (trailers > 0 && others === 0) ? index + 1 : lines.length;
    } else {
      onlySpaces = false;
      if (generatedByGit.some((prefix) => line.startsWith(prefix))) {
        trailers++;
        continuations = 0;
        generated = true;
      } else if (separatorAt(line) >= 1 && !isSpace(line[0])) {
        trailers++;
        continuations = 0;
      } else if (isSpace(line[0])) {
        continuations++;
      } else {
        others += 1 + continuations;
        continuations = 0;
      }
    }
  }
  return lines.length;
}

/** The trailers git itself would report for `message` (`%(trailers:only,unfold)` under default settings). */
export function gitTrailers(message: string): PlainTrailer[] {
  const allLines = message.split('\n');
  const firstText = allLines.findIndex((line) => !isBlank(line));
  if (firstText < 0) return [];
  const lines = withoutIgnoredTail(allLines.slice(firstText));
  const found: { key: string; value: string }[] = [];
  let last: { key: string; value: string } | undefined;
  for (const line of lines.slice(startOfBlock(lines))) {
    if (line.startsWith('#')) {
      last = undefined;
      continue;
    }
    if (last !== undefined && isSpace(line[0])) {
      last.value += `\n${line}`;
      continue;
    }
    const colon = separatorAt(line);
    if (colon >= 1) {
      last = { key: line.slice(0, colon).trim(), value: line.slice(colon + 1) };
      found.push(last);
    } else last = undefined;
  }
  return found.map(({ key, value }) => ({ key, value: unfold(value) }));
}

/** Joins a folded value into one line, as git's `unfold` does. */
export const unfold = (value: string): string => withoutSpaceAround(value.replace(/\n[ \t\r\n]*/g, ' '));

/** By hand: an expression for white space at the end begins anew at each space of a value, and a commit may have a million of them. */
function withoutSpaceAround(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text[start])) start++;
  while (end > start && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}
