import { type ServerHookName, serverRenderedFolder } from './server-hooks.js';

const first = '# >>> aynig >>> (remove with: aynig uninstall --bare)';
const last = '# <<< aynig <<<';
const word = 'AYNIG_PUSH';

/**
 * Lines of POSIX sh for another one's hook. git tells such a hook what was pushed on its standard input, which can be read only
 * once: it is read here, handed to ours, and given back to the rest of the script. Only `pre-receive` may refuse.
 */
export const serverBlock = (name: ServerHookName): string =>
  [
    first,
    'aynig_push=$(cat)',
    `aynig_hook="\${GIT_DIR:-.}/${serverRenderedFolder}/${name}"`,
    `[ ! -x "$aynig_hook" ] || printf '%s\\n' "$aynig_push" | "$aynig_hook" || ${name === 'pre-receive' ? 'exit 1' : ':'}`,
    `exec <<${word}`,
    '$aynig_push',
    word,
    last,
  ].join('\n');

/** A shell hook with our block right after its first line: what stands at its end is not reached by one that ends in `exit`. */
export function withServerBlock(text: string, name: ServerHookName): string {
  const block = serverBlock(name);
  if (text.includes(block)) return text;
  if (!text.startsWith('#!')) return `${block}\n${text}`;
  const end = text.indexOf('\n');
  return end < 0 ? `${text}\n${block}` : `${text.slice(0, end)}\n${block}${text.slice(end)}`;
}

/** The hook as it was before {@link withServerBlock}. A block that somebody changed stays. */
export function withoutServerBlock(text: string, name: ServerHookName): string {
  const block = serverBlock(name);
  const at = text.indexOf(block);
  if (at < 0) return text;
  // One newline came with the block: the one before it, or at the start of a file the one behind.
  return at === 0 ? text.slice(block.length + 1) : `${text.slice(0, at - 1)}${text.slice(at + block.length)}`;
}
