import stringWidth from 'string-width';

/** Columns that a text takes on a terminal: wide characters take two, combining ones none. The text is one line and printable. */
export const widthOf = (text: string): number => (plain.test(text) ? text.length : stringWidth(text));

const plain = /^[ -~]*$/;
let segmenter: Intl.Segmenter | undefined;

/** What a reader sees as one character each. */
const charactersOf = (text: string): string[] => {
  if (plain.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter('en');
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
};

/** More characters than any terminal has columns; what lies behind them is cut off unseen. */
const longest = 4096;

/** A text that takes at most `columns`, cut at its end with `…`. */
export function cutEnd(text: string, columns: number): string {
  if (text.length <= longest && widthOf(text) <= columns) return text;
  return columns < 1 ? '' : `${fitting(charactersOf(text.slice(0, longest)), columns - 1).join('')}…`;
}

/** A text that takes at most `columns`, with `…` in place of its middle: of a name both ends tell the most. */
export function cutMiddle(text: string, columns: number): string {
  if (text.length <= longest && widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  const head = fitting(charactersOf(text.slice(0, longest)), Math.ceil((columns - 1) / 2));
  const room = columns - 1 - widthOf(head.join(''));
  const tail = fitting(charactersOf(text.slice(-longest)).reverse(), room).reverse();
  return `${head.join('')}…${tail.join('')}`;
}

function fitting(characters: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let left = columns;
  for (const character of characters) {
    left -= widthOf(character);
    if (left < 0) break;
    taken.push(character);
  }
  return taken;
}

/** A text filled up with spaces to a number of columns. */
export const padTo = (text: string, columns: number): string =>
  columns === 0 ? text : text + ' '.repeat(Math.max(0, columns - widthOf(text)));
