import { callLines, callsOurs, type HookName } from './call.js';

const first = '# >>> aynig >>> (remove with: aynig uninstall)';
/** Tells a file that we made from one that was there, also for a colleague who uninstalls. */
const firstOfOurFile = '# >>> aynig >>> (made this file; remove with: aynig uninstall)';
const last = '# <<< aynig <<<';
const blocks = /# >>> aynig >>> .*\n(?:(?!# >>> aynig >>>).*\n)*?# <<< aynig <<</g;

const blockOf = (name: HookName, start: string): string => [start, ...callLines(name), last].join('\n');

/** A hook of ours and nothing else, for a manager that runs files without looking at their first line. */
export const fileOfBlock = (name: HookName): string => `${blockOf(name, firstOfOurFile)}\n`;

/**
 * A shell hook with our block right after its first line: what stands at the end is not reached by a hook that ends in `exit`
 * or `exec`. A block that is there is brought up to date where it stands.
 */
export function withBlock(text: string, name: HookName): string {
  if (hasBlock(text, name)) return text.replace(blocks, (block) => (isWhole(block, name) ? blockOf(name, startOf(block)) : block));
  const block = blockOf(name, first);
  if (!text.startsWith('#!')) return `${block}\n${text}`;
  const end = text.indexOf('\n');
  return end < 0 ? `${text}\n${block}` : `${text.slice(0, end)}\n${block}${text.slice(end)}`;
}

/** The hook as it was before {@link withBlock}; undefined where nothing is left of a file that we made. A block that somebody changed stays. */
export function withoutBlock(text: string, name: HookName): string | undefined {
  let made = false;
  const rest = text.replace(new RegExp(`(?<before>\\n?)${blocks.source}(?<after>\\n?)`, 'g'), (...match) => {
    const { before = '', after = '' } = match.at(-1) as { before?: string; after?: string };
    const block = match[0].slice(before.length, match[0].length - after.length);
    if (!isWhole(block, name)) return match[0];
    made ||= startOf(block) === firstOfOurFile;
    // One newline came with the block: the one before it, or at the start of a file the one behind.
    return before === '' ? '' : after;
  });
  return made && rest.trim() === '' ? undefined : rest;
}

/** Whether our block is in a hook, as a version of ours wrote it. */
export const hasBlock = (text: string, name: HookName): boolean => [...text.matchAll(blocks)].some(([block]) => isWhole(block, name));

const startOf = (block: string): string => (block.startsWith(firstOfOurFile) ? firstOfOurFile : first);

/** Only lines of ours between the marks, the first of which calls our hook: whatever else somebody wrote there is not ours to change. */
function isWhole(block: string, name: HookName): boolean {
  const [start = '', line = '', ...more] = block.split('\n');
  const [call = '', ...others] = callLines(name);
  return (
    (start === first || start === firstOfOurFile) &&
    line.startsWith(call.slice(0, call.indexOf('(h=') + '(h='.length)) &&
    callsOurs(line, name) &&
    more.join('\n') === [...others, last].join('\n')
  );
}
