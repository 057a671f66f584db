/** A file of a diff. */
export interface FileDiff {
  readonly name: string;
  readonly lines: readonly string[];
}

/** Takes a patch apart. What git says before the first hunk is kept where it is more than the names. */
export function filesOf(text: string): FileDiff[] {
  const files: { name: string; lines: string[] }[] = [];
  let inHunk = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('diff --git ')) {
      files.push({ name: nameIn(line), lines: [] });
      inHunk = false;
      continue;
    }
    inHunk ||= line.startsWith('@@');
    const file = files.at(-1);
    if (file === undefined || (!inHunk && /^(?:index |--- |\+\+\+ )/.test(line))) continue;
    file.lines.push(line);
  }
  return files;
}

/** The new name in `diff --git a/old b/new`. Where the two are the same the line has it twice, and that is how it is found. */
function nameIn(line: string): string {
  const names = line.slice('diff --git '.length);
  const half = (names.length - 1) / 2;
  const [old, now] = [names.slice(0, half), names.slice(half + 1)];
  const bare = (name: string): string => name.replace(/^"?[ab]\//, '').replace(/"$/, '');
  return bare(old) === bare(now) ? bare(now) : names.replace(/^"?a\//, '').replace(/ ("?)b\//, ' → ');
}
