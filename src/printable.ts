/**
 * Text from commits, made harmless for a terminal: control characters, bidirectional overrides and invisible format
 * characters become visible escapes. Newlines and tabs stay only where the caller asks for lines.
 */
export function printable(text: string, { lines = false } = {}): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, (char) => {
    if (lines && (char === '\n' || char === '\t')) return char;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
