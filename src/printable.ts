/** One JSON document in which the characters that {@link printable} shows as escapes are escaped in JSON's own way. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (visible.test(text)) return text;
  return text.replace(hidden, (char) =>
    Array.from({ length: char.length }, (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** Most texts, told by an expression that costs next to nothing. */
const visible = /^[ -~]*$/;

/** Control, format and private characters, and the separators of lines and paragraphs that are no newline. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/**
 * Text from commits, made harmless for a terminal: control characters, bidirectional overrides and invisible format
 * characters become visible escapes. Newlines and tabs stay only where the caller asks for lines.
 */
export function printable(text: string, { lines = false } = {}): string {
  if (visible.test(text)) return text;
  return text.replace(hidden, (char) => {
    if (lines && (char === '\n' || char === '\t')) return char;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** A word of a shell command line. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
