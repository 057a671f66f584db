/** One word of a shell line: quotes, expansions and escapes are taken as a whole. Bounded: a quote may never be closed. */
const word =
  /(?:'[^']{0,4000}'|"(?:\\[\s\S]|[^"\\]){0,4000}"|\$\([^()]{0,4000}\)|\$\{[^{}]{0,4000}\}|\\[^\r\n]|[^\s;|&()<>'"\\`]){1,4000}/y;
const gap = /(?:[ \t]|\\\r?\n)+/y;
/** More words than this in one call are not looked at. */
const maxWords = 200;

interface Word {
  /** Where the space before it begins. */
  readonly gapStart: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The words of a call behind its verb, up to the end of the command. */
function wordsFrom(text: string, from: number): Word[] {
  const words: Word[] = [];
  let at = from;
  while (words.length < maxWords) {
    gap.lastIndex = at;
    if (!gap.test(text)) break;
    word.lastIndex = gap.lastIndex;
    const found = word.exec(text);
    // Another call begins: its words are its own.
    if (found === null || /^(?:.*\/)?aynig$/.test(found[0])) break;
    words.push({ gapStart: at, start: found.index, end: word.lastIndex, text: found[0] });
    at = word.lastIndex;
  }
  return words;
}

const callOf = (verb: string): RegExp => new RegExp(`(?<![A-Za-z0-9_.-])aynig[ \\t]+${verb}(?![A-Za-z0-9_-])`, 'g');

/** A piece of a text and what comes in its place. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `set-state --dwp-state X …`: the state is an argument now. Anything but flags and their values before it is prose. */
function stateEdits(text: string): Edit[] {
  return [...text.matchAll(callOf('set-state'))].flatMap((call): Edit[] => {
    const verbEnd = call.index + call[0].length;
    const words = wordsFrom(text, verbEnd);
    const at = words.findIndex(({ text: each }) => /^--dwp-state(?:=|$)/.test(each));
    const flag = words[at];
    if (flag === undefined) return [];
    const before = words.slice(0, at);
    if (before.some(({ text: each }, index) => !each.startsWith('-') && !before[index - 1]?.text.startsWith('-'))) return [];
    const inside = flag.text.startsWith('--dwp-state=');
    const value = inside ? flag : words[at + 1];
    const state = value?.text.slice(inside ? '--dwp-state='.length : 0);
    if (value === undefined || state === undefined || state === '' || state.startsWith('-')) return [];
    return [
      { start: verbEnd, end: verbEnd, text: ` ${state}` },
      { start: flag.gapStart, end: value.end, text: '' },
    ];
  });
}

/** `run --dwp-remote X`: the flag has another name. */
function remoteEdits(text: string): Edit[] {
  return [...text.matchAll(callOf('run'))].flatMap((call) =>
    wordsFrom(text, call.index + call[0].length)
      .filter((each) => /^--dwp-remote(?:=|$)/.test(each.text))
      .map(({ start }) => ({ start, end: start + '--dwp-remote'.length, text: '--aynig-remote' })),
  );
}

/** Calls can stand inside the words of calls; deeper than this they stay. */
const maxDepth = 8;

/** Gives flags of `aynig` their form of now, in shell lines and in lists of arguments, and says how many. */
export function translateFlags(text: string): { text: string; count: number } {
  let [done, count] = [text, 0];
  for (let depth = 0; depth < maxDepth && done.includes('--dwp-'); depth++) {
    const once = translateOnce(done);
    if (once.count === 0) break;
    done = once.text;
    count += once.count;
  }
  return { text: done, count };
}

function translateOnce(text: string): { text: string; count: number } {
  const edits = [...stateEdits(text), ...remoteEdits(text)].sort((one, other) => one.start - other.start);
  let [done, count, at] = ['', 0, 0];
  for (const edit of edits) {
    // It stands in a word that has just been moved.
    if (edit.start < at) continue;
    done += text.slice(at, edit.start) + edit.text;
    at = edit.end;
    if (edit.text !== '') count++;
  }
  done += text.slice(at);
  const lists: readonly [RegExp, string][] = [
    [/((['"])set-state\2\s*,\s*)(['"])--dwp-state\3\s*,\s*/g, '$1'],
    [/((['"])set-state\2\s*,\s*)(['"])--dwp-state=/g, '$1$3'],
    [/((['"])run\2\s*,[^\])]{0,500}?['"]--)dwp(?=-remote(?:['"]|=))/g, '$1aynig'],
  ];
  for (const [expression, instead] of lists) {
    count += [...done.matchAll(expression)].length;
    done = done.replace(expression, instead);
  }
  return { text: done, count };
}
