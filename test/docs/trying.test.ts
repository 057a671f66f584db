import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, test } from 'vitest';
import { type Page, stepsOf } from '../support/doc-pages.js';
import { commandLines, likeShown, typedIn, withoutPlaceholders } from '../support/doc-shell.js';
import { tryPage } from '../support/try-pages.js';

const page = (text: string): Page => ({ name: 'no such folder/page.md', text, tree: fromMarkdown(text) });
const block = (text: string, language = 'sh'): string => `\`\`\`${language}\n${text}\n\`\`\`\n`;

describe('a page that is tried', () => {
  test.each([
    ['has command lines in no world', block('true'), 'fixture'],
    ['has command lines in a block without a language', `<!-- try: fixture=repo -->\n${block('$ true', '')}`, 'console'],
    ['names a world that is not there', `<!-- try: fixture=mars -->\n${block('true')}`, 'mars'],
    ['has a command line that fails', `<!-- try: fixture=repo -->\n${block('true\nfalse')}`, 'false'],
    ['has one that does not fail as it should', `<!-- try: fixture=repo -->\n\n<!-- try: exits 1 -->\n${block('true')}`, 'true'],
    ['shows what is not printed', `<!-- try: fixture=repo -->\n${block('$ echo one\ntwo', 'console')}`, 'the page shows\ntwo'],
    [
      'has a block that no shell can read, though it is not run',
      `<!-- try: not here, because so -->\n${block("echo 'open")}`,
      'cannot read',
    ],
    ['has a comment that nobody understands', `<!-- try: fast -->\n${block('true')}`, 'fast'],
    ['ends the shell', `<!-- try: fixture=repo -->\n${block('exit 0')}`, 'the shell ended'],
  ])('does not pass where it %s', async (_what, text, why) => {
    await expect(tryPage(page(text))).rejects.toThrow(why);
  });

  test('counts what it ran and what it only parsed', async () => {
    const text = `<!-- try: fixture=repo\nmine=1\n-->\n${block('cd .git\ntest "$mine" = 1 # prepared')}\n<!-- try: not here, because it is far away -->\n${block('reboot')}`;
    expect(await tryPage(page(text))).toEqual({ executed: 2, parsed: 1, reasons: new Map([['it is far away', 1]]) });
  });
});

describe('a block', () => {
  test('is cut into command lines, which may go over several lines', () => {
    const text = "# a comment\none \\\n  two\n\nthree 'a\nb'\ncat <<END\n$x\nEND\nif true; then\n  four\nfi";
    expect(commandLines(text, '')).toEqual(['one \\\n  two', "three 'a\nb'", 'cat <<END\n$x\nEND', 'if true; then\n  four\nfi']);
  });

  test('is taken apart into what is typed and what is shown', () => {
    expect(typedIn("$ one 'a\nb'\nshown\n\nmore\n$ two", '')).toEqual([
      { line: "one 'a\nb'", shown: 'shown\n\nmore' },
      { line: 'two', shown: '' },
    ]);
  });

  test('has shell variables where it has words in angle brackets', () => {
    expect(withoutPlaceholders('land <run-id> <in >out')).toBe('land $run_id <in >out');
  });

  test('in a list, with its comment, is found too', () => {
    const steps = stepsOf(page(`1. One\n\n   <!-- try: exits 3 -->\n   ${block('true').replaceAll('\n', '\n   ')}`));
    expect(steps.map((step) => ('code' in step ? step.directive?.exits : step.exits))).toEqual([3, 3]);
  });
});

describe('output that a page shows', () => {
  test.each([
    ['a1b2c3d moved', 'ffffff1 moved'],
    ['run 0b5e7a52-8c5f-4c3c-9d9a-0d6a1b1f2a10', 'run 47ebcd65-ab5f-49e6-aaba-8ffff3bd537f'],
    ['since 2026-11-21 16:09:22 UTC', 'since 2030-01-02 03:04:05 UTC'],
    ['after 10 s, 629 s left', 'after 1 s, 2 s left'],
    ['AGE 1s', 'AGE 12m'],
    ['a   b', 'a      b'],
    ['one …', 'one two three'],
    ['first\n…\nlast', 'first\n2\n3\nlast'],
  ])('%j is like %j', (shown, printed) => {
    expect(printed).toMatch(likeShown(shown));
  });

  test.each([
    ['state review', 'state done'],
    ['3 files', '4 files'],
    ['one', 'one\ntwo'],
    ['first\n…\nlast', 'first\n2'],
    ['(a|b).*', 'a'],
  ])('%j is not like %j', (shown, printed) => {
    expect(printed).not.toMatch(likeShown(shown));
  });
});
