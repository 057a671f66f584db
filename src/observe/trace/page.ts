import { jsonText } from '../../printable.js';
import type { TraceData } from '../../trace-page/data.js';

/** Where the built page gets its data. */
const place = '"the data"';

/** Stands at the beginning of every page that this verb makes, and in no other file. */
export const pageMark = '<!doctype html><!-- made by aynig trace -->';

/** The whole page: the built one with its data. Throws a plain Error where the built one is not as it should be. */
export function pageWith(built: string, data: TraceData): string {
  const [before, after, ...more] = built.split(place);
  if (before === undefined || after === undefined || more.length > 0 || !before.startsWith(pageMark))
    throw new Error('this installation of aynig is incomplete: its trace page cannot be used');
  return `${before}${scriptJson(data)}${after}`;
}

/** JSON that means the same inside of a `<script>` element, and cannot end it or begin a comment in it. */
export const scriptJson = (value: unknown): string =>
  jsonText(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
